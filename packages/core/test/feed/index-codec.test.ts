import { expect, test } from "vitest";
import { docIdOfBytes } from "../../src/document/doc-id.ts";
import { documentRows } from "../../src/feed/document-notes.ts";
import { decodeHead, encodeHead } from "../../src/feed/index-codec.ts";
import { revisionId, revisionRows } from "../../src/feed/revision-notes.ts";
import type { SeenState } from "../../src/feed/sight.ts";
import { pattern } from "../fixture.ts";

const hex = (name: string): string => Buffer.from(pattern(name, 16)).toString("hex");
const states: readonly SeenState[] = ["changed", "deleted", "hidden", "revealed", "purged"];
const rows = states.map((state, at) => ({
  ...{ id: docIdOfBytes(pattern(state, 32)), state, digest: hex(`digest of ${state}`) },
  stamp: 1 + at * 2 ** 40,
}));
const head = {
  stretches: [
    { id: hex("first"), from: 1 },
    { id: hex("second"), from: 2 ** 40 },
  ],
  keys: new Set([hex("key"), hex("other key")]),
};

const document = docIdOfBytes(pattern("document", 32));
const revisions = [true, false].map((counts, at) => ({
  ...{ id: revisionId(document, hex("a change").repeat(2)), document, counts },
  stamp: 7 + at,
}));
const damaged = expect.objectContaining({ code: "LOCAL_STATE_DAMAGED" });

test("reads what it wrote, and refuses another format, and what is too short or too long", () => {
  expect(documentRows.decode(documentRows.encode(rows))).toEqual(rows);
  expect(revisionRows.decode(revisionRows.encode(revisions))).toEqual(revisions);
  expect(decodeHead(encodeHead(head))).toEqual(head);
  const pieces = [
    [documentRows.encode(rows), documentRows.decode],
    [revisionRows.encode(revisions), revisionRows.decode],
    [encodeHead(head), decodeHead],
  ] as const;
  for (const [bytes, decode] of pieces) {
    expect(() => decode(bytes.subarray(1))).toThrow(damaged);
    expect(() => decode(bytes.subarray(0, -1))).toThrow(damaged);
    expect(() => decode(Uint8Array.of(...bytes, 0))).toThrow(damaged);
    expect(() => decode(Uint8Array.of(2, ...bytes.subarray(1)))).toThrow(damaged);
  }
});

test("refuses a state that it does not know", () => {
  const [row, revision] = [documentRows.encode(rows.slice(0, 1)), revisionRows.encode(revisions.slice(0, 1))];
  row[3 + 32] = states.length;
  expect(() => documentRows.decode(row)).toThrow(damaged);
  revision[3 + 64] = 2;
  expect(() => revisionRows.decode(revision)).toThrow(damaged);
});
