import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { isIdentified, withSignature } from "../src/entry.ts";
import {
  type Entry,
  encodeHeaderPrefix,
  entrySize,
  identifyEntry,
  parseEntryId,
  parseKeyTag,
  parseSalt,
  portableVerifier,
  toHex,
  ZERO_ENTRY_ID,
} from "../src/index.ts";
import { nativeVerifier } from "../src/native-node.ts";
import {
  otherDatabase,
  pattern,
  richEntry,
  sealedPart,
  secondTag,
  testChain,
  testEntry,
  testTag,
  testWriter,
} from "./chain.ts";
import { codeOf } from "./codes.ts";

/** The specification once more, by node:crypto and string joining: an oracle that shares no code with src. */
function idBySpecification(entry: Entry): string {
  const h = (label: string, ...parts: readonly (Uint8Array | string)[]): Buffer => {
    const hasher = createHash("sha256").update(`selkie/1/${label}\0`);
    for (const part of parts) hasher.update(typeof part === "string" ? Buffer.from(part, "hex") : part);
    return hasher.digest();
  };
  const number = (value: number, size: number): string => value.toString(16).padStart(2 * size, "0");
  const { header, table, parts } = entry;
  const prefix = [
    number(1, 1),
    number(1, 1),
    number(header.type, 1),
    number(header.control ? 1 : 0, 1),
    toHex(header.database),
    toHex(header.writer),
    number(header.seq, 8),
    toHex(header.prev),
    toHex(header.salt),
  ].join("");
  const tableHash = h("table", number(table.length, 1), ...table);
  const frames = parts.map((part) => {
    const length = part.type === "hole" ? part.length : part.ciphertext.length;
    const digest = part.type === "hole" ? part.hash : h("ct", part.ciphertext);
    return number(part.kind, 1) + number(part.table, 1) + number(length, 4) + Buffer.from(digest).toString("hex");
  });
  const root = h("root", tableHash, number(parts.length, 2), frames.join(""));
  return h("entry", h("prefix", prefix), root).toString("hex");
}

test("the id is what the specification says, computed by other code", () => {
  for (const entry of [
    testEntry(),
    richEntry(),
    ...testChain({ length: 3 }),
    testEntry({ table: [testTag, secondTag] }),
  ]) {
    expect(toHex(identifyEntry(portableVerifier, entry).id)).toBe(idBySpecification(entry));
    expect(toHex(identifyEntry(nativeVerifier, entry).id)).toBe(idBySpecification(entry));
  }
});

test("K-8 B8 the id is computed from content: what an entry claims to be is not read", () => {
  const genuine = identifyEntry(portableVerifier, testEntry());
  const junk = { ...genuine, parts: [sealedPart("junk")] };
  expect(junk.id).toEqual(genuine.id);
  expect(isIdentified(junk)).toBe(false);
  expect(identifyEntry(portableVerifier, junk).id).not.toEqual(genuine.id);
});

test("K-8 key tags are hashed by what they are when asked, though one list of them was hashed before", () => {
  const table = [parseKeyTag(testTag.slice())];
  const entry = { ...testEntry(), table };
  const before = identifyEntry(nativeVerifier, { ...entry });
  table[0]?.set([1, 2, 3]);
  const after = identifyEntry(nativeVerifier, { ...entry });
  expect(toHex(after.id)).not.toBe(toHex(before.id));
  expect(toHex(after.id)).toBe(idBySpecification(entry));
});

test("the signature is not part of the id", () => {
  const entry = identifyEntry(portableVerifier, testEntry());
  const signed = withSignature(entry, testWriter().sign(entry));
  expect(signed.id).toEqual(entry.id);
  expect(signed.signature).not.toBe(null);
  expect(isIdentified(signed)).toBe(true);
  expect(withSignature(signed, null).signature).toBe(null);
  expect(codeOf(() => withSignature({ ...entry }, testWriter().sign(entry)))).toBe("NOT_IDENTIFIED");
});

test("B1 B2 B3 every field changes the id", () => {
  const rich = richEntry();
  const [control, first, hole, third] = rich.parts;
  if (control === undefined || first === undefined || hole?.type !== "hole" || third === undefined) {
    throw new Error("the rich entry has four parts, the third a hole");
  }
  const parts = (...changed: Entry["parts"]): Entry => ({ ...rich, parts: changed });
  const variants: readonly Entry[] = [
    { ...rich, header: { ...rich.header, database: otherDatabase } },
    { ...rich, header: { ...rich.header, writer: testWriter("other").key } },
    { ...rich, header: { ...rich.header, seq: 1, prev: parseEntryId(pattern("prev", 32)) } },
    { ...rich, header: { ...rich.header, seq: 2, prev: parseEntryId(pattern("prev", 32)) } },
    { ...rich, header: { ...rich.header, seq: 1, prev: parseEntryId(pattern("prev 2", 32)) } },
    { ...rich, header: { ...rich.header, salt: parseSalt(pattern("salt", 24)) } },
    { ...rich, header: { ...rich.header, control: false }, parts: [first] },
    parts(control),
    { ...rich, table: [testTag, parseKeyTag(pattern("third tag", 16))] },
    { ...rich, table: [secondTag, testTag] },
    { ...rich, table: [...rich.table, testTag] },
    parts(control, first, hole),
    parts(control, third, hole, first),
    parts(control, { ...first, table: 0 }, hole, third),
    parts(control, first, { ...hole, length: 301 }, third),
    parts(control, first, { ...hole, hash: pattern("other hole", 32) }, third),
    parts(control, sealedPart("other", { table: 1 }), hole, third),
  ];
  const ids = [rich, ...variants].map((entry) => toHex(identifyEntry(portableVerifier, entry).id));
  expect(new Set(ids).size).toBe(ids.length);
});

test("B3 a statement entry and a change entry with the same bytes have different ids", () => {
  const change = encodeHeaderPrefix(testEntry().header);
  const statement = encodeHeaderPrefix(testEntry({ type: 1 }).header);
  expect(change.filter((byte, index) => byte !== statement[index])).toHaveLength(1);
});

test("the declared size counts a hole like the part it replaces", () => {
  const entry = testEntry({ parts: [sealedPart("a", { length: 300 })] });
  expect(entrySize(entry)).toBe(132 + 32 + 64 + 1 + 16 + 2 + 6 + 300);
  const hole = { type: "hole", kind: 1, table: 0, length: 300, hash: new Uint8Array(32) } as const;
  expect(entrySize({ ...entry, parts: [hole] })).toBe(entrySize(entry));
});

test("an identified entry is given back as it is", () => {
  const entry = identifyEntry(portableVerifier, testEntry());
  expect(identifyEntry(nativeVerifier, entry)).toBe(entry);
  expect(entry.header.prev).toBe(ZERO_ENTRY_ID);
});

test("a tag or signature of another length is refused", () => {
  const entry = testEntry();
  expect(codeOf(() => identifyEntry(portableVerifier, { ...entry, table: [new Uint8Array(15) as never] }))).toBe(
    "BAD_LENGTH",
  );
  expect(codeOf(() => identifyEntry(portableVerifier, { ...entry, signature: new Uint8Array(63) as never }))).toBe(
    "BAD_LENGTH",
  );
});
