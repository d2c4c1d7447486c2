// What lies in the sealed local state of the snapshots of a database: of each document what Automerge saved, and in a second row the changes
// after that; and an index of the documents that have any. ADR 65.
import { ByteWriter, fromHex, toHex } from "@selkie/entry";
import { changeHashLength } from "../automerge/change-limits.ts";
import { type DocId, docIdOfBytes } from "../document/doc-id.ts";
import { documentIdBytes } from "../sealing/document-id.ts";
import { decodedRow } from "./decoded-row.ts";

/** Part of what a document is loaded from. */
export interface SnapshotPiece {
  /** In hex, ascending: the newest changes, with this piece and what comes before it. */
  readonly heads: readonly string[];
  /** How many changes are in it. */
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Of the rows, and of what Automerge saves. */
const FORMAT = 1;

export function encodePiece({ heads, count, bytes }: SnapshotPiece): Uint8Array {
  const writer = new ByteWriter(bytes.length + heads.length * changeHashLength + 16).u8(FORMAT).uleb(count);
  writer.uleb(heads.length);
  for (const head of heads) writer.bytes(fromHex(head));
  return writer.bytes(bytes).finish();
}

/** Null for what is no piece of this format. */
export function decodePiece(row: Uint8Array): SnapshotPiece | null {
  return decodedRow(row, FORMAT, (reader) => {
    const count = reader.uleb();
    const heads = Array.from({ length: reader.uleb(row.length) }, () => toHex(reader.bytes(changeHashLength)));
    return { count, heads, bytes: reader.bytes(reader.remaining) };
  });
}

export function encodeIndex(names: Iterable<DocId>): Uint8Array {
  const writer = new ByteWriter().u8(FORMAT);
  for (const name of names) writer.bytes(fromHex(name));
  return writer.finish();
}

/** Null for what is no index of this format. */
export function decodeIndex(row: Uint8Array): ReadonlySet<DocId> | null {
  return decodedRow(row, FORMAT, (reader) => {
    const names = new Set<DocId>();
    while (reader.remaining > 0) names.add(docIdOfBytes(reader.bytes(documentIdBytes)));
    return names;
  });
}
