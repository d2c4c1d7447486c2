import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";
import {
  adoptOwnRun,
  concatBytes,
  type EntryType,
  entryType,
  identifyEntry,
  type KeyTag,
  labelled,
  type Part,
  parseCiphertext,
  parseSalt,
  partKind,
  portableVerifier,
  recipientName,
  recipientTag,
  tableIndex,
  type VerifiedRun,
  verifyRuns,
  wantedParts,
  withFilled,
} from "../src/index.ts";
import { pattern, sealedPart, secondTag, testEntry, testTag, testWriter } from "./chain.ts";
import { codeOf } from "./codes.ts";

const salt = parseSalt(pattern("salt", 24));
const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) =>
  recipientName(portableVerifier, pattern(`kem of ${name}`, 1_216)),
) as [Uint8Array, Uint8Array, Uint8Array];

function permitFor(recipient: Uint8Array): Part {
  const tag = recipientTag(portableVerifier, recipient, salt);
  const ciphertext = parseCiphertext(concatBytes(tag, pattern("wrapped", 1_170)));
  return { type: "sealed", kind: partKind.permit, table: tableIndex.hpke, ciphertext };
}

const bundle = sealedPart("bundle", { kind: partKind.permit, table: tableIndex.bundle, length: 272 });
const control = sealedPart("control", { kind: partKind.control });
const statement = sealedPart("statement", { kind: partKind.statement });

function runWith(
  parts: readonly Part[],
  type: EntryType,
  table: readonly KeyTag[] = [testTag, secondTag],
): VerifiedRun {
  const writer = testWriter();
  const entry = identifyEntry(
    portableVerifier,
    testEntry({ writer: writer.key, type, control: parts[0] === control, table, parts, salt: "salt" }),
  );
  return adoptOwnRun([entry], writer.sign(entry));
}

const typesOf = (run: VerifiedRun) => run.entries.flatMap(({ parts }) => parts.map(({ type }) => type));

test("a recipient's tag is the HMAC of the salt under its name", () => {
  const expected = hmac(sha256, alice, labelled("mac-recipient-tag", salt)).subarray(0, 16);
  expect(recipientTag(portableVerifier, alice, salt)).toEqual(expected);
});

describe("what is wanted of an entry", () => {
  const directory = [control, statement, permitFor(alice), permitFor(bob), bundle];

  test("are the permits for those who are named, and the bundle with them", () => {
    const run = runWith(directory, entryType.statement);
    const wanted = wantedParts(portableVerifier, { recipients: [carol, bob], tags: [], contentsOnly: false })(run);
    expect(typesOf(wanted)).toEqual(["sealed", "sealed", "hole", "sealed", "sealed"]);
  });

  test("are neither permits nor bundles where nobody who is named has one; statements and control parts always are", () => {
    const run = runWith(directory, entryType.statement);
    const wanted = wantedParts(portableVerifier, { recipients: [carol], tags: [], contentsOnly: false })(run);
    expect(typesOf(wanted)).toEqual(["sealed", "sealed", "hole", "hole", "hole"]);
  });

  test("are the parts of documents under the tags that are named", () => {
    const run = runWith([sealedPart("a"), sealedPart("b", { table: 1 }), sealedPart("c")], entryType.change);
    const wanted = wantedParts(portableVerifier, { recipients: [alice], tags: [secondTag], contentsOnly: false })(run);
    expect(typesOf(wanted)).toEqual(["hole", "sealed", "hole"]);
  });

  test("leaves ids and signature as they are: the run verifies, and what is a hole stays one", async () => {
    const run = runWith(directory, entryType.statement);
    const wanted = wantedParts(portableVerifier, { recipients: [], tags: [], contentsOnly: false })(run);
    const again = wantedParts(portableVerifier, { recipients: [alice], tags: [], contentsOnly: false })(wanted);
    expect(again.entries.map(({ id }) => id)).toEqual(run.entries.map(({ id }) => id));
    const copied = again.entries.map(({ header, table, parts, signature }) => ({ header, table, parts, signature }));
    const [verdict] = await verifyRuns(portableVerifier, [{ ...again, entries: copied }]);
    expect(verdict?.type === "verified" && verdict.run.entries.map(({ id }) => id)).toEqual(
      run.entries.map(({ id }) => id),
    );
    expect(typesOf(again)).toEqual(["sealed", "sealed", "hole", "hole", "hole"]);
  });

  test("costs nothing where everything is wanted: the very entries are given", () => {
    const run = runWith([sealedPart("a")], entryType.change, [testTag]);
    const wanted = wantedParts(portableVerifier, { recipients: [], tags: [testTag], contentsOnly: false })(run);
    expect(wanted.entries[0]).toBe(run.entries[0]);
  });

  test("is the contents of changes in their place, where it says so and there are some", async () => {
    const change = (table: number): Part => sealedPart(`change ${table}`, { table });
    const told = sealedPart("contents", { kind: partKind.contents });
    const run = runWith([change(0), change(1), change(0), told], entryType.change);
    const wants = { recipients: [], tags: [testTag, secondTag], contentsOnly: true };
    const wanted = wantedParts(portableVerifier, wants)(run);
    expect(typesOf(wanted)).toEqual(["hole", "sealed", "hole", "sealed"]);
    expect(await verifyRuns(portableVerifier, [wanted])).toMatchObject([{ type: "verified" }]);
    const other = wantedParts(portableVerifier, { ...wants, tags: [secondTag] })(run);
    expect(typesOf(other)).toEqual(["hole", "sealed", "hole", "hole"]);
  });
});

describe("a hole", () => {
  test("B2 takes the part that it stands for, and nothing else", () => {
    const [one, two] = [sealedPart("one"), sealedPart("two")];
    const run = runWith([one, two], entryType.change, [testTag]);
    const [holed] = wantedParts(portableVerifier, { recipients: [], tags: [], contentsOnly: false })(run).entries;
    if (holed === undefined) throw new RangeError("no entry");
    const filled = withFilled(portableVerifier, holed, new Map([[1, two.ciphertext]]));
    expect(filled.parts).toEqual([holed.parts[0], two]);
    expect(filled.id).toEqual(holed.id);
    for (const bytes of [one.ciphertext, two.ciphertext.slice(0, 143), new Uint8Array()])
      expect(codeOf(() => withFilled(portableVerifier, holed, new Map([[1, bytes]])))).toMatch(/^BAD_/);
  });
});
