import { asPlaintext } from "@selkie/crypto";
import { parseWriterKey } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  alsoReplaced,
  type ChangePart,
  claimedTime,
  decodeChangePart,
  encodeChangePart,
  latestTime,
  mergeReplacements,
  mostReplaced,
  type Replacement,
} from "../../src/sealing/change-part.ts";
import { codeOf } from "../codes.ts";
import { pattern } from "../fixture.ts";

const stem = pattern("document", 16);
const one = { writer: parseWriterKey(pattern("writer", 32)), seq: 1, last: 2 };
const plain: ChangePart = {
  kind: "change",
  codec: 0,
  document: { type: "stem", stem },
  branch: null,
  time: 1_700_000_000_000,
  metadata: null,
  payload: pattern("change", 40),
};

const replacements = fc
  .array(
    fc
      .record({
        writer: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(parseWriterKey),
        seq: fc.integer({ min: 1 }),
        more: fc.nat(),
      })
      .map(({ writer, seq, more }) => ({ writer, seq, last: seq + more })),
    { minLength: 1, maxLength: mostReplaced },
  )
  .map(mergeReplacements);

const plainPart = {
  kind: fc.constantFrom<ChangePart["kind"][]>("create", "change", "delete", "undelete", "manifest"),
  codec: fc.constantFrom<ChangePart["codec"][]>(0, 1, 2),
  document: fc.oneof(
    fc.record({ type: fc.constant("counter" as const), counter: fc.maxSafeNat() }),
    fc.record({ type: fc.constant("stem" as const), stem: fc.uint8Array({ minLength: 16, maxLength: 16 }) }),
  ),
  branch: fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 })),
  time: fc.integer({ min: 0, max: latestTime }),
  metadata: fc.option(fc.uint8Array({ maxLength: 300 })),
  payload: fc.uint8Array({ maxLength: 1_000 }),
};
const anyPart: fc.Arbitrary<ChangePart> = fc.oneof(
  fc.record<ChangePart>(plainPart),
  fc.record<ChangePart>({ ...plainPart, replaces: replacements }),
);

test("decode gives back what encode was given", () => {
  fc.assert(
    fc.property(anyPart, (part) => {
      expect(decodeChangePart(encodeChangePart(part))).toEqual(part);
    }),
  );
});

test("E1 encode pads: a part has one of few lengths, bundles at least 256 bytes", () => {
  const short = { ...plain, payload: new Uint8Array(1) };
  const longer = { ...plain, payload: new Uint8Array(20) };
  expect(encodeChangePart(short).length).toBe(128);
  expect(encodeChangePart(longer).length).toBe(128);
  expect(encodeChangePart({ ...short, codec: 2 }).length).toBe(256);
  expect(encodeChangePart({ ...plain, payload: new Uint8Array(300) }).length).toBe(336);
});

test("B1 random bytes are refused with a typed error, or are exactly what encode writes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const code = codeOf(() => {
        const part = decodeChangePart(asPlaintext(bytes));
        expect(encodeChangePart(part)).toEqual(bytes);
      });
      expect([null, "PART_MALFORMED", "UPDATE_NEEDED"]).toContain(code);
    }),
  );
});

test("B1 a valid part with one byte changed is refused, or is exactly what encode writes", () => {
  fc.assert(
    fc.property(anyPart, fc.nat(), fc.integer({ min: 1, max: 255 }), (part, at, flip) => {
      const bytes = encodeChangePart(part).slice();
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ flip;
      const code = codeOf(() => {
        expect(encodeChangePart(decodeChangePart(asPlaintext(bytes)))).toEqual(bytes);
      });
      expect([null, "PART_MALFORMED", "UPDATE_NEEDED"]).toContain(code);
    }),
  );
});

describe("what is not valid", () => {
  const bytes = encodeChangePart(plain);
  test.each([
    ["an unknown flag", bytes.with(2, 16), "PART_MALFORMED"],
    ["a part that replaces nothing and says that it does", bytes.with(2, 8).with(27, 0), "PART_MALFORMED"],
    ["a kind of a later version", bytes.with(0, 7), "UPDATE_NEEDED"],
    ["a history that is carried by anybody else than the creator", bytes.with(0, 6), "PART_MALFORMED"],
    ["a codec of a later version", bytes.with(1, 3), "UPDATE_NEEDED"],
    ["kind 0", bytes.with(0, 0), "UPDATE_NEEDED"],
    ["a bundle padded as a change", bytes.with(1, 2), "PART_MALFORMED"],
  ])("is refused when read: %s", (_, damaged, code) => {
    expect(codeOf(() => decodeChangePart(asPlaintext(damaged)))).toBe(code);
  });

  test.each([
    ["a stem of 15 bytes", { document: { type: "stem", stem: stem.slice(1) } }],
    ["a history that is carried by anybody else than the creator", { kind: "carry" }],
    ["two words about one writer", { replaces: [one, one] }],
    ["work that is replaced from before its beginning", { replaces: [{ ...one, seq: 0 }] }],
    ["work that is replaced up to before where it begins", { replaces: [{ ...one, seq: 3 }] }],
    ["work that is replaced up to no number", { replaces: [{ ...one, last: 2 ** 53 }] }],
    [
      "a history that replaces something",
      { kind: "carry", document: { type: "counter", counter: 1 }, replaces: [one] },
    ],
    ["a branch of 17 bytes", { branch: new Uint8Array(17) }],
    ["a time that is no number", { time: Number.NaN }],
    ["a time before 1970", { time: -1 }],
    ["a time beyond every Date", { time: latestTime + 1 }],
  ] satisfies [string, Partial<ChangePart>][])("is refused when written: %s", (_, change) => {
    expect(codeOf(() => encodeChangePart({ ...plain, ...change }))).toBe("PART_MALFORMED");
  });
});

describe("claimed times", () => {
  test.each([0, 1, Date.UTC(1970, 0, 2), Date.UTC(9999, 11, 31), latestTime])(
    "B12 a claimed time of %i is carried as it is",
    (time) => {
      const { time: read } = decodeChangePart(encodeChangePart({ ...plain, time }));
      expect(read).toBe(time);
      expect(new Date(read).getTime()).toBe(time);
    },
  );

  test("B12 a claimed time that no Date can hold is refused: a reader can always show the time", () => {
    const beyond = encodeChangePart({ ...plain, time: latestTime }).slice();
    // The time follows kind, codec, flags and the id; its lowest group is raised by one.
    beyond[19] = (beyond[19] ?? 0) + 1;
    expect(codeOf(() => decodeChangePart(asPlaintext(beyond)))).toBe("PART_MALFORMED");
  });

  test.each([
    [Number.NaN, 0],
    [-1, 0],
    [-0, 0],
    [Number.NEGATIVE_INFINITY, 0],
    [Number.POSITIVE_INFINITY, latestTime],
    [1.9, 1],
    [8.7e15, latestTime],
  ])("B12 a clock that says %d claims %d", (clock, time) => {
    expect(claimedTime(clock)).toBe(time);
  });
});

test("what a part replaces names the last chain, however many others there are", () => {
  const chain = (at: number) => ({ writer: parseWriterKey(new Uint8Array(32).fill(at)), seq: at, last: at });
  for (const now of [chain(1), chain(99)]) {
    const all = Array.from({ length: 20 }, (_, at) => chain(at + 2)).reduce<readonly Replacement[]>(alsoReplaced, []);
    expect(all.length).toBe(mostReplaced);
    const more = alsoReplaced(all, now);
    expect([more.length, more.some(({ seq }) => seq === now.seq)]).toEqual([mostReplaced, true]);
    expect(alsoReplaced([now], { ...now, last: 100 })).toEqual([{ ...now, last: 100 }]);
  }
});
