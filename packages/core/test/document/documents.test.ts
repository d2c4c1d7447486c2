import { nativeCrypto } from "@selkie/crypto/native";
import { fromHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { parseChange } from "../../src/automerge/change-chunk.ts";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { DocHandle } from "../../src/document/doc-handle.ts";
import type { DocumentRecord } from "../../src/document/document-record.ts";
import { Documents } from "../../src/document/documents.ts";
import { alice } from "../automerge/hand-made-change.ts";
import { sha256 } from "../automerge/sha256.ts";
import { pattern } from "../fixture.ts";

const keyId = pattern("a key", 16);

function made(documents: Documents, at: number): DocumentRecord {
  const record = documents.ensure({ stem: pattern(`document ${at}`, 16), keyId });
  documents.admit(record, parseChange(writeFirstChange(fromHex(alice), { at }, sha256), sha256), "create");
  return record;
}

test("a document that was packed is as it was for whoever asks, and from then on the same for everybody", () => {
  const documents = new Documents(nativeCrypto);
  const records = [0, 1, 2].map((at) => made(documents, at));
  documents.pack(records);
  for (const { name, changes } of records) {
    expect(documents.peek(name)).toMatchObject({ name, keyId, changes, deleted: false });
    const record = documents.require(name);
    expect(record).toMatchObject({ name, keyId, changes });
    expect([documents.get(name), documents.find(name), documents.peek(name)]).toEqual([record, record, record]);
    expect(documents.get(name)).toBe(record);
    expect(documents.has(record, parseChange(changes[0] as Uint8Array, sha256).hash)).toBe(true);
  }
});

test("packed documents are listed, and go, as others do", () => {
  const documents = new Documents(nativeCrypto);
  const [packed, other] = [made(documents, 0), made(documents, 1)];
  const empty = documents.ensure({ stem: pattern("empty", 16), keyId });
  documents.pack([packed, empty]);
  const names = (deleted: boolean): readonly string[] => [...documents.names({ deleted })];
  expect(names(false)).toEqual([packed.name, other.name]);
  expect([...documents.all()].map(({ name }) => name)).toEqual([packed.name, other.name, empty.name]);
  expect(documents.size).toBe(3);
  other.deleted = true;
  expect(names(false)).toEqual([packed.name]);
  expect(names(true)).toEqual([packed.name, other.name]);
  documents.forget(documents.require(packed.name));
  expect(documents.peek(packed.name)).toBeUndefined();
});

test("what is more than one change, or is held by somebody, is not packed", () => {
  const documents = new Documents(nativeCrypto);
  const [deleted, held, edited] = [0, 1, 2].map((at) => made(documents, at)) as [
    DocumentRecord,
    DocumentRecord,
    DocumentRecord,
  ];
  deleted.marks = [{ hash: pattern("a change", 32), deleted: true }];
  held.handle = new WeakRef(new DocHandle(held.name, { data: () => ({}), deleted: false, heads: [] }, () => undefined));
  edited.changes.push(edited.changes[0] as Uint8Array);
  documents.pack([deleted, held, edited]);
  for (const record of [deleted, held, edited]) expect(documents.peek(record.name)).toBe(record);
});

test("documents under one key share the array of its id, packed or not, wherever they were named from", () => {
  const documents = new Documents(nativeCrypto);
  const [first, packed] = [made(documents, 0), made(documents, 1)];
  documents.pack([packed]);
  const other = documents.ensure({ stem: pattern("named elsewhere", 16), keyId: keyId.slice() });
  for (const record of [documents.require(packed.name), other]) expect(record.keyId).toBe(first.keyId);
  expect(documents.ensure({ stem: pattern("other", 16), keyId: pattern("another key", 16) }).keyId).not.toEqual(keyId);
});
