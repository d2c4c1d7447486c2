// Pieces of blobs, and what opens an HTTP door: the questions and the answers. docs/spec/sync.md section 3.
import { type ByteReader, type ByteWriter, limits, parseBlobHash } from "@selkie/entry";
import { SyncError } from "../sync-error.ts";
import { MAX_BLOB_PIECE, TICKET_BYTES } from "./bounds.ts";
import type { BlobMessage, FetchBlob, TicketMessage } from "./message.ts";
import { readOptional, writeOptional } from "./optional.ts";
import { readFlag } from "./wanted-codec.ts";

/** How many bytes of a blob of this size are the answer. */
export function bytesDue({ from, length }: FetchBlob, size: number): number {
  return Math.min(length, Math.max(0, size - from));
}

export function writeFetchBlob(writer: ByteWriter, { hash, from, length }: FetchBlob): void {
  writer.bytes(hash).uleb(from).uleb(length);
}

/** @throws EntryError | SyncError for what cannot be read */
export function readFetchBlob(reader: ByteReader): FetchBlob {
  // A copy: it outlives the message.
  const hash = parseBlobHash(reader.bytes(32).slice());
  const from = reader.uleb(limits.blobBytes);
  const length = reader.uleb(MAX_BLOB_PIECE);
  if (length === 0) throw new SyncError("BAD_MESSAGE", "no byte at all");
  return { type: "fetchBlob", hash, from, length };
}

export function writeBlob(writer: ByteWriter, { piece }: BlobMessage): void {
  writeOptional(writer, piece?.size ?? null);
  if (piece !== null) writer.bytes(piece.bytes);
}

/** The bytes are a view of the frame. @throws EntryError | SyncError for what cannot be read */
export function readBlob(reader: ByteReader): BlobMessage {
  const size = readOptional(reader);
  if (size === null) return { type: "blob", piece: null };
  const bytes = reader.bytes(reader.remaining);
  if (size > limits.blobBytes || bytes.length > Math.min(size, MAX_BLOB_PIECE))
    throw new SyncError("BAD_MESSAGE", "more than a blob has, or than one message gives");
  return { type: "blob", piece: { size, bytes } };
}

export function writeTicket(writer: ByteWriter, { ticket }: TicketMessage): void {
  writer.u8(ticket === null ? 0 : 1);
  if (ticket !== null) writer.bytes(ticket);
}

/** @throws EntryError | SyncError for what cannot be read */
export function readTicket(reader: ByteReader): TicketMessage {
  return { type: "ticket", ticket: readFlag(reader) ? reader.bytes(TICKET_BYTES).slice() : null };
}
