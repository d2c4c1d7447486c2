// Which documents are on a page of projections, apart from what they show: a list of all documents is made of these rows alone.
import { ByteWriter, fromHex, toHex } from "@selkie/entry";
import { type DocId, docIdAt } from "../document/doc-id.ts";
import { documentIdBytes, stemBytes } from "../sealing/document-id.ts";
import { decodedRow } from "./decoded-row.ts";

/** What a document was when its row was written: `unread` where its entries have to be asked. */
export type RowState = "shown" | "deleted" | "unread";

/** The documents of a page, in order. */
export interface Listing {
  /** In hex: what the head says that the page is. Another copy of it, however genuine, has another. */
  readonly stamp: string;
  readonly ids: readonly DocId[];
  /** Of each of these. */
  readonly states: readonly RowState[];
}

/** Of the pages, and of the rules by which documents follow from entries. */
export const pageFormat = 4;
export const stampBytes = 8;
const STATES: readonly RowState[] = ["shown", "deleted", "unread"];
const keyIdBytes = documentIdBytes - stemBytes;
const keyIdDigits = 2 * keyIdBytes;

/** @param rows of the page; the id of a key is said once for all its documents, which most databases have one of */
export function encodeListing(
  stamp: string,
  rows: readonly { readonly id: DocId; readonly state: RowState }[],
): Uint8Array {
  const keyIds = [...new Set(rows.map(({ id }) => id.slice(-keyIdDigits)))];
  const writer = new ByteWriter(64 + rows.length * (stemBytes + 2)).u8(pageFormat).bytes(fromHex(stamp));
  writer.uleb(keyIds.length);
  for (const keyId of keyIds) writer.bytes(fromHex(keyId));
  writer.uleb(rows.length);
  for (const { id } of rows) writer.bytes(fromHex(id.slice(0, -keyIdDigits)));
  for (const { id, state } of rows) writer.uleb(keyIds.indexOf(id.slice(-keyIdDigits))).u8(STATES.indexOf(state));
  return writer.finish();
}

/** Null for what is no listing of this format. */
export function decodeListing(bytes: Uint8Array): Listing | null {
  return decodedRow(bytes, pageFormat, (reader) => {
    const stamp = toHex(reader.bytes(stampBytes));
    const keyIds = Array.from({ length: reader.uleb(bytes.length) }, () => reader.bytes(keyIdBytes));
    const count = reader.uleb();
    const stems = reader.bytes(count * stemBytes);
    const [ids, states]: [DocId[], RowState[]] = [[], []];
    for (let at = 0; at < count; at++) {
      const keyId = keyIds[reader.uleb()];
      const state = STATES[reader.u8()];
      if (keyId === undefined || state === undefined) return null;
      ids.push(docIdAt(stems, at * stemBytes, keyId));
      states.push(state);
    }
    return { stamp, ids, states };
  });
}
