// Vectors of headers, entries and bodies.
import {
  type Entry,
  encodeEntryBody,
  encodeHeaderPrefix,
  entrySize,
  entryType,
  hash,
  headerPrefixHash,
  identifyEntry,
  type Part,
  parseEntryId,
  partHash,
  partKind,
  portableVerifier,
  tableIndex,
  toHex,
} from "../../src/index.ts";
import { pattern, richEntry, sealedPart, secondTag, testEntry, testTag, testWriter } from "../chain.ts";
import { type BodyCase, type EntryCase, entryToFields, type HeaderCase, headerToFields } from "./format.ts";

const verifier = portableVerifier;
const writer = testWriter();
const prev = parseEntryId(pattern("prev", 32));

export function makeHeaderCases(): readonly HeaderCase[] {
  const valid: readonly [string, Entry["header"]][] = [
    ["a change entry, the first of its chain", testEntry().header],
    ["a change entry with a control part, seq 2^40 + 3", testEntry({ control: true, seq: 2 ** 40 + 3, prev }).header],
    [
      "a statement entry, the last seq there is",
      testEntry({ type: entryType.statement, seq: Number.MAX_SAFE_INTEGER, prev }).header,
    ],
    ["a founding entry", testEntry({ type: entryType.founding, control: true }).header],
  ];
  const bytes = encodeHeaderPrefix(testEntry().header);
  const later = encodeHeaderPrefix(testEntry({ seq: 7, prev }).header);
  const invalid: readonly [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(), "TRUNCATED"],
    ["131 bytes", bytes.subarray(0, 131), "TRUNCATED"],
    ["133 bytes", new Uint8Array([...bytes, 0]), "TRAILING_BYTES"],
    ["version 0", bytes.with(0, 0), "UNSUPPORTED_VERSION"],
    ["version 2", bytes.with(0, 2), "UNSUPPORTED_VERSION"],
    ["suite 0", bytes.with(1, 0), "UNSUPPORTED_SUITE"],
    ["suite 2", bytes.with(1, 2), "UNSUPPORTED_SUITE"],
    ["type 3", bytes.with(2, 3), "BAD_TYPE"],
    ["flag bit 1", bytes.with(3, 2), "BAD_FLAGS"],
    ["seq 2^53", bytes.with(69, 0x20), "TOO_LARGE"],
    ["seq 1 without a predecessor", bytes.with(75, 1), "BAD_POSITION"],
    ["seq 0 with a predecessor", later.with(75, 0), "BAD_POSITION"],
    ["a founding entry at seq 7", later.with(2, 0), "BAD_POSITION"],
  ];
  return [
    ...valid.map(([comment, header]) => ({
      comment,
      bytes: toHex(encodeHeaderPrefix(header)),
      header: headerToFields(header),
      hash: toHex(headerPrefixHash(verifier, header)),
    })),
    ...invalid.map(([comment, bad, code]) => ({ comment, bytes: toHex(bad), code })),
  ];
}

export function makeEntryCases(): readonly EntryCase[] {
  const control = sealedPart("control", { kind: partKind.control });
  const statement = sealedPart("statement", { kind: partKind.statement });
  const permit = sealedPart("permit", { kind: partKind.permit, table: tableIndex.hpke, length: 1_186 });
  const bundle = sealedPart("bundle", { kind: partKind.permit, table: tableIndex.bundle });
  const change = sealedPart("change");
  const contents = sealedPart("contents", { kind: partKind.contents });
  const hole: Part = { type: "hole", kind: partKind.change, table: 0, length: 300, hash: pattern("hole", 32) };
  const two = [testTag, secondTag];
  const statements = { type: entryType.statement } as const;
  return [
    valid("one change, the smallest entry", testEntry()),
    valid("a chain goes on", testEntry({ seq: 1, prev: identifyEntry(verifier, testEntry()).id })),
    valid("a control part, changes under two tags, a hole", richEntry()),
    valid(
      "a control part and a change under the same, only tag",
      testEntry({ control: true, parts: [control, change] }),
    ),
    valid(
      "changes that go back and forth between tags",
      testEntry({ table: two, parts: [change, { ...change, table: 1 }, change] }),
    ),
    valid(
      "changes under two tags, and contents for each",
      testEntry({ table: two, parts: [change, { ...change, table: 1 }, contents, { ...contents, table: 1 }] }),
    ),
    valid(
      "a statement, its permit and the permit's bundle",
      testEntry({ ...statements, parts: [statement, permit, bundle] }),
    ),
    valid("permits only, no key tag", testEntry({ ...statements, table: [], parts: [permit, permit, bundle] })),
    valid("a founding entry", testEntry({ type: entryType.founding, control: true, parts: [control, statement] })),
    invalid("no part", testEntry({ parts: [] }), "BAD_PART"),
    invalid("a control part the header does not announce", testEntry({ parts: [control, change] }), "BAD_PART"),
    invalid("a control part is announced and missing", testEntry({ control: true, parts: [change] }), "BAD_PART"),
    invalid("a second control part", testEntry({ control: true, parts: [control, control] }), "BAD_PART"),
    invalid(
      "a control part that is a hole",
      testEntry({ control: true, parts: [{ ...hole, kind: partKind.control }] }),
      "BAD_PART",
    ),
    invalid("a statement in a change entry", testEntry({ parts: [statement] }), "BAD_PART"),
    invalid("contents in a statement entry", testEntry({ ...statements, parts: [contents] }), "BAD_PART"),
    invalid("a permit in a change entry", testEntry({ parts: [permit] }), "BAD_PART"),
    invalid("a change in a statement entry", testEntry({ ...statements, parts: [change] }), "BAD_PART"),
    invalid("a table index beyond the tags", testEntry({ parts: [{ ...change, table: 1 }] }), "BAD_PART"),
    invalid("a change that claims to be sealed by HPKE", testEntry({ parts: [{ ...change, table: 255 }] }), "BAD_PART"),
    invalid("a permit under a key tag", testEntry({ ...statements, parts: [{ ...permit, table: 0 }] }), "BAD_PART"),
    invalid("a part below the padding floor", testEntry({ parts: [sealedPart("x", { length: 143 })] }), "BAD_PART"),
    invalid("a hole below the padding floor", testEntry({ parts: [{ ...hole, length: 143 }] }), "BAD_PART"),
    invalid("a hole above 1 MiB", testEntry({ parts: [{ ...hole, length: 1_048_577 }] }), "BAD_PART"),
    invalid(
      "a hole of 1 MiB, too large with its frame",
      testEntry({ parts: [{ ...hole, length: 1_048_576 }] }),
      "TOO_LARGE",
    ),
    invalid(
      "two holes above 1 MiB together",
      testEntry({ parts: [0, 1].map(() => ({ ...hole, length: 600_000 })) }),
      "TOO_LARGE",
    ),
    invalid(
      "65 permits",
      testEntry({ ...statements, parts: Array.from({ length: 65 }, () => ({ ...hole, kind: 3, table: 255 })) }),
      "TOO_LARGE",
    ),
  ];
}

function valid(comment: string, entry: Entry): EntryCase {
  const identified = identifyEntry(verifier, entry);
  const tags = new Uint8Array([entry.table.length, ...entry.table.flatMap((tag) => [...tag])]);
  return {
    comment,
    seed: toHex(writer.seed),
    entry: entryToFields(entry),
    prefixHash: toHex(identified.prefixHash),
    tableHash: toHex(hash(verifier, "table", tags)),
    partHashes: entry.parts.map((part) => toHex(partHash(verifier, part))),
    root: toHex(identified.root),
    id: toHex(identified.id),
    signature: toHex(writer.sign(identified)),
    size: entrySize(entry),
    body: toHex(encodeEntryBody(entry)),
  };
}

function invalid(comment: string, entry: Entry, code: string): EntryCase {
  return { comment, seed: toHex(writer.seed), entry: entryToFields(entry), code };
}

export function makeBodyCases(): readonly BodyCase[] {
  const salt = "5a".repeat(24);
  const tag = "a7".repeat(16);
  const part = toHex(pattern("part", 144));
  const head = `020001${tag}${salt}`;
  const body = (comment: string, text: string, code: string): BodyCase => ({ comment, body: text, code });
  // A length of 144 is written as 144 x 4 = 576 = ULEB128 c004; with an explicit frame c104; as a hole c204.
  return [
    body("nothing", "", "TRUNCATED"),
    body("an unknown entry type", `0300${head.slice(4)}01c004${part}`, "BAD_TYPE"),
    body("an unknown record bit", `0208${head.slice(4)}01c004${part}`, "BAD_FLAGS"),
    body("a signature", `020201${tag}${salt}${"00".repeat(64)}01c004${part}`, "BAD_FLAGS"),
    body("255 key tags", "0200ff", "TOO_LARGE"),
    body("a key tag is cut short", `020001${tag.slice(2)}`, "TRUNCATED"),
    body("an empty table spelled out: the record before has none", `020000${salt}01c004${part}`, "NOT_MINIMAL"),
    body("4,097 parts", `${head}8120`, "TOO_LARGE"),
    body("a part above 1 MiB", `${head}0184808002`, "TOO_LARGE"),
    body("a part count that is not minimal", `${head}8100c004${part}`, "NOT_MINIMAL"),
    body("a part length that is not minimal", `${head}01c08400${part}`, "NOT_MINIMAL"),
    body("a ciphertext is cut short", `${head}01c004${part.slice(2)}`, "TRUNCATED"),
    body("a byte follows", `${head}01c004${part}00`, "TRAILING_BYTES"),
    body("an implied frame spelled out", `${head}01c1040100${part}`, "NOT_MINIMAL"),
    body("a part of kind 6", `${head}01c1040600${part}`, "BAD_PART"),
    body("a ciphertext shorter than its tag", `${head}013c${part.slice(0, 30)}`, "BAD_LENGTH"),
    body("a hash of a hole is cut short", `${head}01c204${part.slice(0, 62)}`, "TRUNCATED"),
  ];
}
