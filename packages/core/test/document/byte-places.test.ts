import fc from "fast-check";
import { expect, test } from "vitest";
import { BytePlaces } from "../../src/document/byte-places.ts";

test("byte strings are found again, wherever they lie", () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(fc.array(fc.tuple(bytes, fc.nat(8), fc.boolean()), { maxLength: 200 }), (given) => {
      const places = new BytePlaces();
      let room = new Uint8Array(40 * given.length);
      let used = 0;
      const added = given.map(([some, gap, isMoving]) => {
        if (isMoving) [room, used] = [new Uint8Array(40 * given.length), 0];
        const start = Math.min(used + gap, room.length - some.length);
        const view = room.subarray(start, start + some.length);
        view.set(some);
        used = start + some.length;
        return [places.add(view), view] as const;
      });
      for (const [number, view] of added) expect(places.at(number)).toEqual(view);
    }),
  );
});
