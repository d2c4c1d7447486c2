import { concatBytes } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { decodeMessage, encodeMessage } from "../../../sync-protocol/src/message/codec.ts";
import type { Ack, Message } from "../../../sync-protocol/src/message/message.ts";
import { maliciousRelay } from "../../src/malicious-relay.ts";
import { Scene } from "../support/scene.ts";

const TAG_BYTES = 8;
const [ENTRIES, ACK] = [8, 9];

/** Gives a device nothing of what others wrote, and says that it has everything up to a position. */
class Liar {
  /** Acknowledgements that told a position. */
  lies = 0;
  readonly #position: (honest: number) => number;

  constructor(position: (honest: number) => number) {
    this.#position = position;
  }

  fromRelay = (frame: Uint8Array): readonly Uint8Array[] => {
    if (frame[0] === ENTRIES) return [];
    if (frame[0] !== ACK) return [frame];
    const ack: Message = decodeMessage(frame.subarray(0, -TAG_BYTES));
    if (ack.type !== "ack") throw new TypeError("no acknowledgement");
    this.lies += ack.reached.length;
    const reached = ack.reached.map((item): Ack["reached"][number] => ({
      ...item,
      position: this.#position(item.position),
    }));
    return [concatBytes(encodeMessage({ ...ack, reached }), frame.subarray(-TAG_BYTES))];
  };
}

describe("B5 a relay that says a device has everything up to a position", () => {
  // What comes after a position may not follow on what is there: a gap, with its place. Where nothing comes, vectors are compared.
  for (const [what, position, alarms] of [
    ["that it has, but for what was withheld", (honest: number) => honest, ["GAP"]],
    ["that it does not have yet", (honest: number) => honest + 3, []],
    ["that no relay will ever have", () => Number.MAX_SAFE_INTEGER - 1, []],
  ] as const)
    for (const isRestarted of [false, true])
      test(`B5 ${what}, hides nothing beyond that meeting${isRestarted ? ", nor from a device that was started again" : ""}`, async () => {
        const scene = await Scene.begin(`B5 position ${what}`);
        const { alice, bob, world } = scene;
        await scene.run(bob.database.createDocument({ title: "seen" }));
        await world.settle();
        await scene.run(alice.disconnect());
        const liar = new Liar(position);
        const line = await scene.run(alice.connectRelay(world.relay, maliciousRelay(world.relay.accept, liar)));
        await scene.run(line.synced());
        await scene.run(bob.database.createDocument({ title: "withheld" }));
        await scene.run(world.clock.pause(2_000));
        await scene.run(alice.database.createDocument({ title: "by Alice" }));
        await scene.run(world.clock.pause(5_000));
        expect(liar.lies).toBeGreaterThan(0);
        expect(await scene.show(alice)).toHaveLength(2);
        await scene.run(alice.disconnect());
        if (isRestarted) {
          await scene.run(alice.close());
          await scene.run(alice.start());
        }

        // The relay has grown past the first two lies by now: it streams what came after them.
        for (let index = 0; index < 5; index++) await scene.run(bob.database.createDocument({ index }));
        await world.settle();
        await scene.run(alice.database.createDocument({ title: "later, by Alice" }));
        await scene.reconnect();
        expect(await scene.shared()).toHaveLength(9);
        expect(scene.alarms(alice)).toEqual(alarms);
      });
});
