import { describe, expect, test } from "vitest";
import {
  type Ciphertext,
  type EntryType,
  entryType,
  holeOf,
  identifyEntry,
  limits,
  type Part,
  type PartKind,
  partHash,
  partKind,
  partLength,
  portableVerifier,
  tableIndex,
} from "../src/index.ts";
import { pattern, sealedPart, secondTag, testEntry, testTag } from "./chain.ts";
import { codeOf } from "./codes.ts";

function codeOfParts(parts: readonly Part[], options: { type?: EntryType; control?: boolean; tags?: number } = {}) {
  const { type = entryType.change, control = false, tags = 2 } = options;
  const table = [testTag, secondTag].slice(0, tags);
  return codeOf(() => identifyEntry(portableVerifier, testEntry({ type, control, table, parts })));
}

describe("B3 parts that do not fit their entry", () => {
  test.each([
    [entryType.change, partKind.change, 0, null],
    [entryType.change, partKind.statement, 0, "BAD_PART"],
    [entryType.change, partKind.permit, tableIndex.hpke, "BAD_PART"],
    [entryType.statement, partKind.statement, 0, null],
    [entryType.statement, partKind.permit, tableIndex.hpke, null],
    [entryType.statement, partKind.permit, tableIndex.bundle, null],
    [entryType.statement, partKind.change, 0, "BAD_PART"],
    [entryType.founding, partKind.statement, 0, null],
    [entryType.founding, partKind.permit, tableIndex.bundle, null],
    [entryType.founding, partKind.change, 0, "BAD_PART"],
    [entryType.change, 0 as PartKind, 0, "BAD_PART"],
    [entryType.change, partKind.contents, 0, null],
    [entryType.statement, partKind.contents, 0, "BAD_PART"],
    [entryType.change, 6 as PartKind, 0, "BAD_PART"],
  ] as const)("B3 in an entry of type %d a part of kind %d, table %d: %s", (type, kind, table, code) => {
    expect(codeOfParts([sealedPart("x", { kind, table })], { type })).toBe(code);
  });

  test("B3 part 0 is a control part exactly when the header says so, and no other part is", () => {
    const control = sealedPart("control", { kind: partKind.control });
    const change = sealedPart("change");
    expect(codeOfParts([control, change], { control: true })).toBe(null);
    expect(codeOfParts([control], { control: true })).toBe(null);
    expect(codeOfParts([control, change])).toBe("BAD_PART");
    expect(codeOfParts([change], { control: true })).toBe("BAD_PART");
    expect(codeOfParts([change, control], { control: true })).toBe("BAD_PART");
    expect(codeOfParts([change, control])).toBe("BAD_PART");
    expect(codeOfParts([control, control], { control: true })).toBe("BAD_PART");
  });

  test("a control part may not be a hole", () => {
    const control = sealedPart("control", { kind: partKind.control });
    const hole: Part = { type: "hole", kind: partKind.control, table: 0, length: 144, hash: pattern("hole", 32) };
    expect(codeOfParts([hole], { control: true })).toBe("BAD_PART");
    expect(codeOf(() => holeOf(portableVerifier, control))).toBe("BAD_PART");
  });

  test.each([
    [partKind.change, 0, 0, "BAD_PART"],
    [partKind.change, 0, 1, null],
    [partKind.change, 1, 1, "BAD_PART"],
    [partKind.change, 1, 2, null],
    [partKind.change, tableIndex.bundle, 2, "BAD_PART"],
    [partKind.change, tableIndex.hpke, 2, "BAD_PART"],
    [partKind.change, -1, 2, "BAD_PART"],
    [partKind.change, 0.5, 2, "BAD_PART"],
  ] as const)("a part of kind %d with table index %d of %d tags: %s", (kind, table, tags, code) => {
    expect(codeOfParts([sealedPart("x", { kind, table })], { tags })).toBe(code);
  });

  test("a permit names no key tag", () => {
    const options = { type: entryType.statement };
    expect(codeOfParts([sealedPart("x", { kind: partKind.permit, table: 0 })], options)).toBe("BAD_PART");
    expect(codeOfParts([sealedPart("x", { kind: partKind.permit, table: 255 })], { ...options, tags: 0 })).toBe(null);
  });
});

describe("sizes", () => {
  test("a part is never shorter than the padding floor and its tag, a hole neither", () => {
    expect(codeOfParts([sealedPart("x", { length: limits.partBytesMin })])).toBe(null);
    expect(codeOfParts([sealedPart("x", { length: limits.partBytesMin - 1 })])).toBe("BAD_PART");
    const hole = { type: "hole", kind: partKind.change, table: 0, hash: pattern("hole", 32) } as const;
    expect(codeOfParts([{ ...hole, length: limits.partBytesMin }])).toBe(null);
    for (const length of [limits.partBytesMin - 1, 200.5, -1, Number.NaN, 2 ** 32]) {
      expect(codeOfParts([{ ...hole, length }])).toBe("BAD_PART");
    }
    expect(codeOfParts([{ ...hole, length: 200, hash: new Uint8Array(31) }])).toBe("BAD_PART");
  });

  test("an entry has at least one part, at most 4,096, at most 254 tags, and at most 1 MiB, holes counted", () => {
    expect(codeOfParts([])).toBe("BAD_PART");
    const part = sealedPart("x");
    const of = (count: number): Part[] => Array.from({ length: count }, () => part);
    expect(codeOfParts(of(limits.partsPerEntry))).toBe(null);
    expect(codeOfParts(of(limits.partsPerEntry + 1))).toBe("TOO_LARGE");
    const tags = (count: number) => testEntry({ table: Array.from({ length: count }, () => testTag) });
    expect(codeOf(() => identifyEntry(portableVerifier, tags(limits.tagsPerEntry)))).toBe(null);
    expect(codeOf(() => identifyEntry(portableVerifier, tags(limits.tagsPerEntry + 1)))).toBe("TOO_LARGE");
    // 228 header and signature, 1 + 2 counts, two tags, one frame
    const room = limits.entryBytes - 228 - 1 - 2 * 16 - 2 - 6;
    const big = (length: number) => ({ ...part, ciphertext: new Uint8Array(length) as Ciphertext });
    expect(codeOfParts([big(room)])).toBe(null);
    expect(codeOfParts([big(room + 1)])).toBe("TOO_LARGE");
    expect(codeOfParts([holeOf(portableVerifier, big(room + 1))])).toBe("TOO_LARGE");
  });

  test("an entry has at most 64 permits", () => {
    const permits = (count: number): Part[] => [
      sealedPart("bundle", { kind: partKind.permit, table: tableIndex.bundle }),
      ...Array.from({ length: count }, () => sealedPart("permit", { kind: partKind.permit, table: tableIndex.hpke })),
    ];
    expect(codeOfParts(permits(limits.permitsPerEntry), { type: entryType.statement })).toBe(null);
    expect(codeOfParts(permits(limits.permitsPerEntry + 1), { type: entryType.statement })).toBe("TOO_LARGE");
  });
});

test("a hole keeps frame, length and hash, so the entry keeps its id", () => {
  const parts = [sealedPart("a"), sealedPart("b", { table: 1, length: 300 }), sealedPart("c")];
  const table = [testTag, secondTag];
  const whole = identifyEntry(portableVerifier, testEntry({ table, parts }));
  for (const [index, part] of parts.entries()) {
    const hole = holeOf(portableVerifier, part);
    expect([partLength(hole), partHash(portableVerifier, hole)]).toEqual([
      partLength(part),
      partHash(portableVerifier, part),
    ]);
    expect(holeOf(portableVerifier, hole)).toEqual(hole);
    const purged = identifyEntry(portableVerifier, testEntry({ table, parts: parts.with(index, hole as never) }));
    expect(purged.id).toEqual(whole.id);
  }
});
