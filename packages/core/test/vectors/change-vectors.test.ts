import * as Automerge from "@automerge/automerge";
import { fromHex, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { bundleChanges, unbundleChanges } from "../../src/automerge/bundle.ts";
import { parseChange } from "../../src/automerge/change-chunk.ts";
import { refusalOf } from "../../src/automerge/change-error.ts";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { packChanges, unpackChanges } from "../../src/automerge/packed-changes.ts";
import { reauthorChanges } from "../../src/automerge/reauthor.ts";
import { inOwnEntry } from "../automerge/in-own-entry.ts";
import { judge } from "../automerge/judge.ts";
import { sha256 } from "../automerge/sha256.ts";
import { bytesOf, casesOf, committedFile, fieldOf, listOf, textOf } from "./committed.ts";
import type { Json, VectorCase } from "./format.ts";
import { makeChangeVectors } from "./make-change.ts";

const parse = (bytes: Json): ReturnType<typeof parseChange> => parseChange(fromHex(String(bytes)), sha256);
const hexOf = (changes: readonly { readonly bytes: Uint8Array }[]): readonly string[] =>
  changes.map(({ bytes }) => toHex(bytes));

test("the committed vectors are those that this code makes", () => {
  for (const [name, file] of Object.entries(makeChangeVectors())) expect(committedFile("change", name)).toEqual(file);
});

test.each(casesOf("change", "chunk"))("chunk: $comment", (one: VectorCase) => {
  const read = refusalOf(() => parse(textOf(one, "bytes")));
  if (typeof read === "string") return expect(read).toBe(one.code);
  const { hash, deps, actor, otherActors, seq, startOp, opCount, time, message } = read;
  const fields = { hash: toHex(hash), deps: deps.map(toHex), actor: toHex(actor), otherActors: otherActors.map(toHex) };
  expect({
    comment: one.comment,
    bytes: textOf(one, "bytes"),
    ...fields,
    seq,
    startOp,
    opCount,
    time,
    message,
  }).toEqual(one);
});

describe.each(casesOf("change", "gate"))("gate: $comment", (one: VectorCase) => {
  const steps = listOf(one, "steps");

  test("gives these verdicts", () => {
    const history = new DocumentHistory();
    for (const step of steps)
      expect(judge(history, bytesOf(step, "change"), textOf(step, "actor"))).toBe(fieldOf(step, "verdict"));
  });

  test("lets pass what Automerge applies, saves and loads", () => {
    const passed = steps.filter((step) => fieldOf(step, "verdict") === "pass").map((step) => bytesOf(step, "change"));
    const [doc] = Automerge.applyChanges(Automerge.init(), passed);
    expect(Automerge.getAllChanges(Automerge.load(Automerge.save(doc))).map(toHex)).toEqual(passed.map(toHex));
  });
});

describe.each([
  { name: "packed", decode: unpackChanges, encode: packChanges },
  { name: "bundle", decode: unbundleChanges, encode: bundleChanges },
])("$name", ({ name, decode, encode }) => {
  test.each(casesOf("change", name))("$comment", (one: VectorCase) => {
    const read = refusalOf(() => decode(bytesOf(one, "payload"), inOwnEntry(bytesOf(one, "actor"), sha256)));
    if (typeof read === "string") return expect(read).toBe(one.code);
    expect(hexOf(read)).toEqual(one["changes"]);
    expect(toHex(encode(listOf(one, "changes").map(parse)) ?? new Uint8Array())).toBe(one["payload"]);
  });
});

test.each(casesOf("change", "first"))("first change: $comment", (one: VectorCase) => {
  const data = fieldOf(one, "data");
  if (typeof data !== "object" || data === null) return expect.unreachable();
  expect(toHex(writeFirstChange(bytesOf(one, "actor"), data, sha256))).toBe(one["bytes"]);
});

test.each(casesOf("change", "reauthor"))("new actor: $comment", (one: VectorCase) => {
  const author = { actor: bytesOf(one, "to"), firstSeq: 1 };
  expect(hexOf(reauthorChanges(listOf(one, "changes").map(parse), author, sha256))).toEqual(one["rewritten"]);
});
