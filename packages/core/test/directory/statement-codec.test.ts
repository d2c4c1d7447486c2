import { asPlaintext } from "@selkie/crypto";
import { parseStatementId } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeCbor } from "../../src/cbor.ts";
import type { Statement } from "../../src/directory/statement.ts";
import { decodeStatement, encodeStatement } from "../../src/directory/statement-codec.ts";
import { pad } from "../../src/sealing/padme.ts";
import { codeOf } from "../codes.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const name = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => !/\p{Cc}/u.test(text));
const ids = fc.array(bytes(32).map(parseStatementId), { maxLength: 5 });
const version = fc.record({ keyId: bytes(16), commitment: bytes(32) });
const history = fc.constantFrom("full" as const, "from-now" as const);

const anyStatement: fc.Arbitrary<Statement> = fc.oneof(
  fc.record({
    type: fc.constant("found" as const),
    name,
    tenantSecret: bytes(32),
    directoryKey: version,
    defaultKey: version,
    history,
  }),
  fc.record({
    type: fc.constant("grant" as const),
    name,
    role: fc.constantFrom("admin" as const, "editor" as const, "reader" as const),
    after: ids,
    userKem: bytes(1_216),
    deviceSign: bytes(32),
    deviceKem: bytes(1_216),
    slot: bytes(32),
    slotSalt: bytes(16),
    keys: fc.array(bytes(16), { maxLength: 4 }),
  }),
  fc.record({ type: fc.constant("addDevice" as const), deviceSign: bytes(32), deviceKem: bytes(1_216) }),
  fc.record({ type: fc.constant("createKey" as const), nonce: bytes(16), name, commitment: bytes(32) }),
  fc.record({ type: fc.constant("share" as const), keyId: bytes(16), to: ids }),
  fc.record({
    type: fc.constant("permit" as const),
    history,
    versions: fc.array(fc.record({ keyId: bytes(16), version: bytes(32) }), { maxLength: 4 }),
    to: fc.array(
      fc.oneof(
        fc.record({ type: fc.constant("statement" as const), id: bytes(32).map(parseStatementId) }),
        fc.record({ type: fc.constant("part" as const), index: fc.nat(4_096) }),
      ),
      { maxLength: 4 },
    ),
  }),
  fc.record({ type: fc.constant("accessList" as const), list: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({
    type: fc.constant("settings" as const),
    over: ids,
    values: fc
      .uniqueArray(fc.tuple(name, fc.oneof(fc.maxSafeInteger(), name)), { maxLength: 5, selector: ([key]) => key })
      .map((entries) => new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)))),
  }),
  fc.tuple(fc.integer({ min: 9, max: 255 }), fc.uint8Array({ maxLength: 100 })).map(([code, rest]) => {
    const encoded = encodeCbor([code, rest]);
    return { type: "unknown" as const, code, bytes: encoded };
  }),
);

const asFrame = (cbor: Uint8Array) =>
  pad(
    Uint8Array.from(
      cbor.length < 128 ? [cbor.length, ...cbor] : [(cbor.length & 127) | 128, cbor.length >> 7, ...cbor],
    ),
  );

test("decode gives back what encode was given", () => {
  fc.assert(
    fc.property(anyStatement, (statement) => {
      expect(decodeStatement(encodeStatement(statement))).toEqual(statement);
    }),
  );
});

test("B1 random bytes are refused with a typed error, or are exactly what encode writes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.uint8Array({ maxLength: 200 }), (code, rest) => {
      const frame = asFrame(Uint8Array.from([0x83, code, ...rest]));
      const refusal = codeOf(() => {
        expect(encodeStatement(decodeStatement(frame))).toEqual(frame);
      });
      expect([null, "STATEMENT_MALFORMED"]).toContain(refusal);
    }),
    { numRuns: 500 },
  );
});

test("B1 a statement with one byte changed is refused, or is exactly what encode writes", () => {
  fc.assert(
    fc.property(anyStatement, fc.nat(), fc.integer({ min: 1, max: 255 }), (statement, at, flip) => {
      const frame = encodeStatement(statement).slice();
      const index = at % Math.min(frame.length, 400);
      frame[index] = (frame[index] ?? 0) ^ flip;
      const refusal = codeOf(() => {
        expect(encodeStatement(decodeStatement(asPlaintext(frame)))).toEqual(frame);
      });
      expect([null, "STATEMENT_MALFORMED", "PART_MALFORMED"]).toContain(refusal);
    }),
    { numRuns: 300 },
  );
});

describe("what is not the one encoding is refused", () => {
  const share = [5, new Uint8Array(16), []];
  test.each([
    ["a field too many", encodeCbor([...share, 0])],
    ["a field too few", encodeCbor(share.slice(0, 2))],
    ["a key id of 15 bytes", encodeCbor([5, new Uint8Array(15), []])],
    ["a number where an id is due", encodeCbor([5, new Uint8Array(16), [1]])],
    ["no array", encodeCbor(5)],
    ["an empty array", encodeCbor([])],
    ["a code that is text", encodeCbor(["found"])],
    ["a code above 255", encodeCbor([256])],
    ["a code in two bytes where one does", Uint8Array.of(0x83, 0x18, 5, 0x50, ...new Uint8Array(16), 0x80)],
    ["an indefinite length", Uint8Array.of(0x9f, 5, 0x50, ...new Uint8Array(16), 0x80, 0xff)],
    ["bytes after the end", Uint8Array.of(...encodeCbor(share), 0)],
    [
      "a role that is none",
      encodeCbor([
        2,
        "x",
        3,
        [],
        new Uint8Array(1_216),
        new Uint8Array(32),
        new Uint8Array(1_216),
        new Uint8Array(32),
        new Uint8Array(16),
        [],
      ]),
    ],
    ["a name with a line break", encodeCbor([4, new Uint8Array(16), "a\nb", new Uint8Array(32)])],
    ["a name that reads from right to left", encodeCbor([4, new Uint8Array(16), "a\u202eb", new Uint8Array(32)])],
    ["an empty name", encodeCbor([4, new Uint8Array(16), "", new Uint8Array(32)])],
    ["a name of 201 characters", encodeCbor([4, new Uint8Array(16), "x".repeat(201), new Uint8Array(32)])],
    [
      "a name that is not UTF-8",
      Uint8Array.of(0x84, 4, 0x50, ...new Uint8Array(16), 0x61, 0xff, 0x58, 32, ...new Uint8Array(32)),
    ],
    [
      "settings out of order",
      encodeCbor([
        8,
        [],
        [
          ["b", 1],
          ["a", 1],
        ],
      ]),
    ],
    [
      "a setting twice",
      encodeCbor([
        8,
        [],
        [
          ["a", 1],
          ["a", 1],
        ],
      ]),
    ],
    ["a setting that is a list", encodeCbor([8, [], [["a", []]]])],
    ["a setting with two values", encodeCbor([8, [], [["a", 1, 2]]])],
    ["a permit to a negative part", encodeCbor([6, 0, [], [-1]])],
  ])("%s", (_, cbor) => {
    expect(codeOf(() => decodeStatement(asFrame(cbor)))).toBe("STATEMENT_MALFORMED");
  });

  test("nesting as deep as an entry allows is refused, not a stack overflow", () => {
    const deep = new Uint8Array(200_000).fill(0x81);
    deep.set([0x83, 5]);
    const frame = pad(Uint8Array.from([0xc0, 0x9a, 0x0c, ...deep]));
    expect(codeOf(() => decodeStatement(frame))).toBe("STATEMENT_MALFORMED");
  });

  test("a statement that no device would read is not written", () => {
    const nameless: Statement = {
      type: "createKey",
      nonce: new Uint8Array(16),
      name: "",
      commitment: new Uint8Array(32),
    };
    expect(codeOf(() => encodeStatement(nameless))).toBe("STATEMENT_MALFORMED");
  });
});

test("a statement of a later version is kept, byte for byte", () => {
  const bytes = encodeCbor([9, "revoke", [1, 2, 3]]);
  const statement = decodeStatement(asFrame(bytes));
  expect(statement).toEqual({ type: "unknown", code: 9, bytes });
  expect(encodeStatement(statement)).toEqual(asFrame(bytes));
});

test("E1 grants of names of any length have one of few lengths", () => {
  const lengths = new Set(
    Array.from(
      { length: 200 },
      (_, at) =>
        encodeStatement({
          type: "grant",
          name: "x".repeat(at + 1),
          role: "reader",
          after: [],
          userKem: new Uint8Array(1_216),
          deviceSign: new Uint8Array(32),
          deviceKem: new Uint8Array(1_216),
          slot: new Uint8Array(32),
          slotSalt: new Uint8Array(16),
          keys: [],
        }).length,
    ),
  );
  expect(lengths.size).toBeLessThanOrEqual(3);
});
