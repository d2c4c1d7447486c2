import { asPlaintext } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { ByteWriter, concatBytes, limits, parseDatabaseId, parseStatementId, toHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CborValue, encodeCbor } from "../../src/cbor.ts";
import { cutsField, maxCuts } from "../../src/directory/cuts.ts";
import type { PurgeStatement, RevokeStatement, Statement } from "../../src/directory/statement.ts";
import { decodeStatement, encodeStatement, statementIn } from "../../src/directory/statement-codec.ts";
import { maxPurgedParts } from "../../src/directory/tenant-codec.ts";
import { identityKeyName } from "../../src/keys/identity-key.ts";
import { pad } from "../../src/sealing/padme.ts";
import { codeOf } from "../codes.ts";
import { pattern } from "../fixture.ts";
import { anyStatement, cutsOf } from "./any-statement.ts";

const asFrame = (cbor: Uint8Array) => pad(new ByteWriter(cbor.length + 8).uleb(cbor.length).bytes(cbor).finish());

test("decode gives back what encode was given", () => {
  fc.assert(
    fc.property(anyStatement, (statement) => {
      expect(decodeStatement(encodeStatement(statement))).toEqual(statement);
    }),
  );
});

test("what was read when a statement was encoded is what its bytes say", () => {
  fc.assert(
    fc.property(anyStatement, (statement) => {
      const plaintext = encodeStatement(statement);
      expect(statementIn(plaintext)).toEqual(decodeStatement(plaintext));
      expect(statementIn(asPlaintext(plaintext.slice()))).toEqual(decodeStatement(plaintext));
    }),
  );
});

test("B1 random bytes are refused with a typed error, or are exactly what encode writes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 23 }), fc.uint8Array({ maxLength: 200 }), (code, rest) => {
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
      const index = at % Math.min(frame.length, 700);
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
  const share = [5, new Uint8Array(16), [], 0];
  const [a, b, keyId] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2), new Uint8Array(16)];
  const cutsIn = (database: Uint8Array, cuts: number) =>
    cutsField([cutsOf(parseDatabaseId(database), cuts)]) as CborValue[];
  const row = new Uint8Array(136);
  const part = new Uint8Array(34);
  const sealed = new Uint8Array(80);
  test.each([
    ["a field too many", encodeCbor([...share, 0])],
    ["a field too few", encodeCbor(share.slice(0, 3))],
    ["a history of another kind", encodeCbor([5, new Uint8Array(16), [], 2])],
    ["a key id of 15 bytes", encodeCbor([5, new Uint8Array(15), [], 0])],
    ["a number where an id is due", encodeCbor([5, new Uint8Array(16), [1], 0])],
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
    ["a name with a line break", encodeCbor([4, new Uint8Array(16), "a\nb", new Uint8Array(32), 0])],
    ["a name that reads from right to left", encodeCbor([4, new Uint8Array(16), "a\u202eb", new Uint8Array(32), 0])],
    ["an empty name", encodeCbor([4, new Uint8Array(16), "", new Uint8Array(32), 0])],
    ["a name of 201 characters", encodeCbor([4, new Uint8Array(16), "x".repeat(201), new Uint8Array(32), 0])],
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
    ["a permit to no device", encodeCbor([6, 0, [], [[]]])],
    ["a permit to two devices at once", encodeCbor([6, 0, [], [[1, 2]]])],
    ["a revocation of nobody", encodeCbor([9, [], [], [], []])],
    ["targets out of order", encodeCbor([9, [b, a], [], [], []])],
    ["a target twice", encodeCbor([9, [a, a], [], [], []])],
    ["an identity key twice", encodeCbor([9, [], [a, a], [], []])],
    ["two delays", encodeCbor([9, [a], [], [], [1, 2]])],
    ["a delay of 2^32 seconds", encodeCbor([9, [a], [], [], [2 ** 32]])],
    ["databases out of order", encodeCbor([9, [a], [], [...cutsIn(b, 1), ...cutsIn(a, 1)], []])],
    ["a database without cuts", encodeCbor([9, [a], [], [[a, new Uint8Array()]], []])],
    ["half a cut", encodeCbor([9, [a], [], [[a, new Uint8Array(68)]], []])],
    ["a writer cut twice", encodeCbor([9, [a], [], [[a, concatBytes(row, row)]], []])],
    ["a cut beyond 2^53 - 1", encodeCbor([9, [a], [], [[a, row.with(33, 0x20)]], []])],
    ["6,145 cuts", encodeCbor([9, [a], [], [...cutsIn(a, 6_144), ...cutsIn(b, 1)], []])],
    ["a change that leaves no device", encodeCbor([10, [a], [], [], [], "x", 1, [], []])],
    ["a change that names a device twice", encodeCbor([10, [a], [], [], [], "x", 1, [], [a, a]])],
    ["a rotation that replaces one version twice", encodeCbor([11, keyId, [a, a], a, []])],
    [
      "links out of order",
      encodeCbor([
        11,
        keyId,
        [],
        a,
        [
          [b, sealed],
          [a, sealed],
        ],
      ]),
    ],
    ["a link of 79 bytes", encodeCbor([11, keyId, [], a, [[b, sealed.subarray(1)]]])],
    ["a purge of one part twice", encodeCbor([13, a, [], concatBytes(part, part)])],
    ["half a part", encodeCbor([13, a, [], part.subarray(1)])],
    ["a purge of a document twice", encodeCbor([13, a, [keyId, keyId], part])],
    ["minimum version 0", encodeCbor([14, 0])],
    ["minimum version 256", encodeCbor([14, 256])],
    ["a user key of 1,215 bytes", encodeCbor([15, new Uint8Array(1_215), [], []])],
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
      history: "full",
    };
    expect(codeOf(() => encodeStatement(nameless))).toBe("STATEMENT_MALFORMED");
    const [cut] = cutsOf(parseDatabaseId(a), 1).cuts;
    if (cut === undefined) return expect.fail("a cut");
    const database = parseDatabaseId(a);
    const nowhere: Statement = { type: "readmit", lifts: [], cuts: [{ database, cuts: [{ ...cut, seq: -1 }] }] };
    expect(codeOf(() => encodeStatement(nowhere))).toBe("STATEMENT_MALFORMED");
  });
});

test("a statement of a later version is kept, byte for byte", () => {
  const bytes = encodeCbor([23, "later", [1, 2, 3]]);
  const statement = decodeStatement(asFrame(bytes));
  expect(statement).toEqual({ type: "unknown", code: 23, bytes });
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

describe("the largest statements", () => {
  const target = parseStatementId(pattern("target", 32));
  const room = limits.entryBytes - limits.permitsPerEntry * 1_192 - 4_096;

  test("6,144 cuts fit into an entry beside 64 permits", () => {
    const largest: RevokeStatement = {
      type: "revoke",
      targets: [target],
      identityKeys: [],
      cuts: [cutsOf(parseDatabaseId(pattern("database", 32)), maxCuts)],
      wipe: null,
    };
    const plaintext = encodeStatement(largest);
    expect(plaintext.length).toBeLessThan(room);
    expect(decodeStatement(plaintext)).toEqual(largest);
  });

  test("24,576 purged parts fit as well, and one more is refused", () => {
    const entry = cutsOf(parseDatabaseId(pattern("database", 32)), 1).cuts[0]?.id ?? expect.fail("a cut");
    const parts = Array.from({ length: maxPurgedParts }, (_, part) => ({ entry, part }));
    const database = parseDatabaseId(pattern("database", 32));
    const largest: PurgeStatement = { type: "purge", database, documents: [], parts };
    expect(encodeStatement(largest).length).toBeLessThan(room);
    const beyond = { ...largest, parts: [...parts, { entry, part: maxPurgedParts }] };
    expect(codeOf(() => encodeStatement(beyond))).toBe("STATEMENT_MALFORMED");
  });
});

test("names of identity keys tell keys apart, whatever their kind", () => {
  const keys = [pattern("device", 32), pattern("device", 1_216), pattern("user", 1_216)];
  expect(new Set(keys.map((key) => toHex(identityKeyName(nativeCrypto, key)))).size).toBe(3);
});
