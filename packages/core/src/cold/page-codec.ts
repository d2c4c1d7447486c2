// What lies in the sealed local state of the projections of a database: pages of documents whose ids begin with the same bits, each with its
// listing apart, and a head that says what they came from. ADR 56, ADR 70.
import { type ByteReader, ByteWriter, fromHex, toHex } from "@selkie/entry";
import { actorLength, changeHashLength } from "../automerge/change-limits.ts";
import type { DocId } from "../document/doc-id.ts";
import { type Covered, readCovered, writeCovered } from "./covered.ts";
import { decodedRow } from "./decoded-row.ts";
import { type Listing, pageFormat, type RowState, stampBytes } from "./listing-codec.ts";

/**
 * All changes of a document, dependencies first; or the 16-byte actor of its only one, where that says what is shown and no more: the first
 * change of a document is made of its data always the same way.
 */
export type Ground = { readonly changes: readonly Uint8Array[] } | { readonly actor: Uint8Array };

/** A document as it was. */
export interface Row {
  readonly id: DocId;
  readonly state: RowState;
  /** The hashes of its newest changes, one after the other. */
  readonly heads: Uint8Array;
  /** Of what is shown: `decodeProjection` reads it. */
  readonly projection: Uint8Array;
  /** What it follows from, to be edited; null where that is much. */
  readonly ground: Ground | null;
}

/** What the rows came from, and the pages that they are on. */
export interface Head extends Covered {
  /** There are 2 to the power of this pages. */
  readonly bits: number;
  /** Of each page, in hex; empty for one that is not there. */
  readonly stamps: readonly string[];
}

const MOST_BITS = 20;

/** What the documents of a listing show, in its order. */
export function encodeRows(stamp: string, rows: readonly Row[]): Uint8Array {
  const size = rows.reduce((bytes, row) => bytes + row.heads.length + contentBytes(row) + 32, 32);
  const writer = new ByteWriter(size).u8(pageFormat).bytes(fromHex(stamp));
  for (const { heads, projection, ground } of rows) {
    writer
      .uleb(heads.length / changeHashLength)
      .bytes(heads)
      .uleb(projection.length)
      .bytes(projection);
    encodeGround(writer, ground);
  }
  return writer.finish();
}

/** Null for what are no rows of this format, or are those of another listing. */
export function decodeRows(bytes: Uint8Array, { stamp, ids, states }: Listing): readonly Row[] | null {
  return decodedRow(bytes, pageFormat, (reader) => {
    if (toHex(reader.bytes(stampBytes)) !== stamp) return null;
    const rows: Row[] = [];
    for (const [at, id] of ids.entries()) {
      const heads = reader.bytes(reader.uleb() * changeHashLength);
      const projection = reader.bytes(reader.uleb());
      rows.push({ id, state: states[at] ?? "unread", heads, projection, ground: decodeGround(reader) });
    }
    return rows;
  });
}

export function encodeHead(head: Head): Uint8Array {
  const { bits, stamps } = head;
  const writer = new ByteWriter(64 + stamps.length * stampBytes).u8(pageFormat).u8(bits);
  for (const stamp of stamps) writer.bytes(stamp === "" ? NO_STAMP : fromHex(stamp));
  writeCovered(writer, head);
  return writer.finish();
}

/** Null for what is no head of this format. */
export function decodeHead(bytes: Uint8Array): Head | null {
  return decodedRow(bytes, pageFormat, (reader) => {
    const bits = reader.u8();
    if (bits > MOST_BITS) return null;
    const stamps = Array.from({ length: 2 ** bits }, () => {
      const stamp = reader.bytes(stampBytes);
      return stamp.every((byte) => byte === 0) ? "" : toHex(stamp);
    });
    return { ...readCovered(reader), bits, stamps };
  });
}

const ONE_ACTOR = 1;

/** How many changes there are, and one more; 0 where nothing is kept, 1 for an actor. */
function encodeGround(writer: ByteWriter, ground: Ground | null): void {
  if (ground === null) writer.uleb(0);
  else if ("actor" in ground) writer.uleb(ONE_ACTOR).bytes(ground.actor);
  else {
    writer.uleb(ONE_ACTOR + ground.changes.length);
    for (const change of ground.changes) writer.uleb(change.length).bytes(change);
  }
}

function decodeGround(reader: ByteReader): Ground | null {
  const count = reader.uleb();
  if (count === 0) return null;
  if (count === ONE_ACTOR) return { actor: reader.bytes(actorLength) };
  const changes: Uint8Array[] = [];
  for (let left = count - ONE_ACTOR; left > 0; left--) changes.push(reader.bytes(reader.uleb()));
  return { changes };
}

/** Bytes of what a row says of a document: what it shows, and its changes. */
export function contentBytes({ projection, ground }: Row): number {
  if (ground === null || "actor" in ground) return projection.length;
  return ground.changes.reduce((sum, { length }) => sum + length, projection.length);
}

const NO_STAMP = new Uint8Array(stampBytes);
