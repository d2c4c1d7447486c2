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
} from "../src/index.ts";
import { pattern, sealedPart, secondTag, testEntry, testTag, testWriter } from "./chain.ts";

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
    const wanted = wantedParts(portableVerifier, { recipients: [carol, bob], tags: [] })(run);
    expect(typesOf(wanted)).toEqual(["sealed", "sealed", "hole", "sealed", "sealed"]);
  });

  test("are neither permits nor bundles where nobody who is named has one; statements and control parts always are", () => {
    const run = runWith(directory, entryType.statement);
    const wanted = wantedParts(portableVerifier, { recipients: [carol], tags: [] })(run);
    expect(typesOf(wanted)).toEqual(["sealed", "sealed", "hole", "hole", "hole"]);
  });

  test("are the parts of documents under the tags that are named", () => {
    const run = runWith([sealedPart("a"), sealedPart("b", { table: 1 }), sealedPart("c")], entryType.change);
    const wanted = wantedParts(portableVerifier, { recipients: [alice], tags: [secondTag] })(run);
    expect(typesOf(wanted)).toEqual(["hole", "sealed", "hole"]);
  });

  test("leaves ids and signature as they are: the run verifies, and what is a hole stays one", async () => {
    const run = runWith(directory, entryType.statement);
    const wanted = wantedParts(portableVerifier, { recipients: [], tags: [] })(run);
    const again = wantedParts(portableVerifier, { recipients: [alice], tags: [] })(wanted);
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
    const wanted = wantedParts(portableVerifier, { recipients: [], tags: [testTag] })(run);
    expect(wanted.entries[0]).toBe(run.entries[0]);
  });
});
