import type { EntryId } from "@selkie/entry";
import { expect, test } from "vitest";
import { docIdOfBytes } from "../../src/document/doc-id.ts";
import { documentRows } from "../../src/feed/document-notes.ts";
import {
  decodeHead,
  decodeRows,
  encodeHead,
  encodeRows,
  type RowFormat,
  type Stamped,
} from "../../src/feed/index-codec.ts";
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
  generation: "0123456789abcdef",
  stretches: [
    { id: hex("first"), from: 1 },
    { id: hex("second"), from: 2 ** 40 },
  ],
  keys: new Set([hex("key"), hex("other key")]),
  mark: null,
};
const mark = {
  ...{ newest: 2 ** 40, segment: 7, size: 650, basis: hex("basis").repeat(2), ended: [hex("ended").repeat(2)] },
  vector: new Map([[hex("writer").repeat(2), { seq: 12, id: pattern("entry", 32) as EntryId }]]),
};

const document = docIdOfBytes(pattern("document", 32));
const revisions = [true, false].map((counts, at) => ({
  ...{ id: revisionId(document, hex("a change").repeat(2)), document, counts },
  stamp: 7 + at,
}));
const damaged = expect.objectContaining({ code: "LOCAL_STATE_DAMAGED" });

const written = <Note>(format: RowFormat<Note>, some: readonly Stamped<Note>[]) => ({
  bytes: encodeRows(format, head.generation, some),
  decode: (bytes: Uint8Array) => decodeRows(format, head.generation, bytes),
});

test("reads what it wrote, and refuses another format, and what is too short or too long", () => {
  const [ofRows, ofRevisions] = [written(documentRows, rows), written(revisionRows, revisions)];
  expect(ofRows.decode(ofRows.bytes)).toEqual(rows);
  expect(ofRevisions.decode(ofRevisions.bytes)).toEqual(revisions);
  const heads = [head, { ...head, mark }];
  for (const one of heads) expect(decodeHead(encodeHead(one))).toEqual(one);
  const pieces = [ofRows, ofRevisions, ...heads.map((one) => ({ bytes: encodeHead(one), decode: decodeHead }))];
  for (const { bytes, decode } of pieces) {
    expect(() => decode(bytes.subarray(1))).toThrow(damaged);
    expect(() => decode(bytes.subarray(0, -1))).toThrow(damaged);
    expect(() => decode(Uint8Array.of(...bytes, 0))).toThrow(damaged);
    expect(() => decode(Uint8Array.of(1, ...bytes.subarray(1)))).toThrow(damaged);
  }
});

test("refuses rows of another generation", () => {
  const { bytes } = written(documentRows, rows);
  expect(() => decodeRows(documentRows, "fedcba9876543210", bytes)).toThrow(damaged);
});

test("refuses a state that it does not know", () => {
  const [row, revision] = [written(documentRows, rows.slice(0, 1)), written(revisionRows, revisions.slice(0, 1))];
  row.bytes[11 + 32] = states.length;
  expect(() => row.decode(row.bytes)).toThrow(damaged);
  revision.bytes[11 + 64] = 2;
  expect(() => revision.decode(revision.bytes)).toThrow(damaged);
});
