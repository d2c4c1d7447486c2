// A manifest and blobs become bytes again, each chunk only after it was authenticated.
import { asPlaintext, type Plaintext } from "@selkie/crypto";
import { type BlobHash, equalBytes } from "@selkie/entry";
import { AttachmentError } from "../errors.ts";
import { type ChunkKeys, hasId, isPadded, openChunk, sliceOf } from "./chunk.ts";
import {
  CHUNK_BYTES,
  chunkCount,
  chunkLength,
  levelLengths,
  paddedLength,
  ROW_BYTES,
  SLOT_BYTES,
  sealedLength,
} from "./layout.ts";
import type { Manifest } from "./manifest.ts";
import { PieceReader } from "./piece-reader.ts";
import { readAhead } from "./read-ahead.ts";
import { decodeRow, type Row } from "./table.ts";

/** Runs of chunks that are fetched before they are asked for. */
const RUNS_AHEAD = 2;

/** Bytes of a blob, and whether its hash vouches for them. */
export interface BlobBytes {
  readonly bytes: Uint8Array;
  readonly isHashed: boolean;
}

/** The same in pieces. */
export interface BlobPieces {
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Whether nobody else has the memory of these. */
  readonly areOwn: boolean;
  readonly isHashed: boolean;
}

/** Where blobs come from: this device, or whoever is in reach. */
export interface BlobSource {
  /**
   * Bytes `from` (inclusive) to `to` (exclusive) of a blob, fewer at its end. `whole` asks for bytes that a hash vouches for.
   * @throws AttachmentError ATTACHMENT_UNREACHABLE when nobody in reach has it
   */
  read(hash: BlobHash, range: readonly [from: number, to: number], whole: boolean): Promise<BlobPieces>;
}

/** Chunks that lie one after the other in one blob. */
interface Run {
  readonly blob: BlobHash;
  readonly rows: readonly Row[];
  /** Index of the first in its content. */
  readonly first: number;
  readonly range: readonly [from: number, to: number];
}

/** Reads one content. */
export class ContentReader {
  readonly #chunks: ChunkKeys;
  readonly #manifest: Manifest;
  readonly #blobs: BlobSource;
  readonly #lengths: readonly number[];

  constructor(chunks: ChunkKeys, manifest: Manifest, blobs: BlobSource) {
    this.#chunks = chunks;
    this.#manifest = manifest;
    this.#blobs = blobs;
    this.#lengths = levelLengths(manifest.length);
  }

  /** The content and the tables above it that have chunks. */
  get levels(): number {
    return this.#lengths.length;
  }

  /** Chunks of the content (0) or of a table above it. */
  chunkCount(level: number): number {
    return chunkCount(this.#lengthOf(level));
  }

  /** Bytes of a chunk in its blob. */
  sealedLength(level: number, index: number): number {
    return sealedLength(chunkLength(this.#lengthOf(level), index));
  }

  /**
   * Bytes `from` to `to` of the content, in pieces of at most one chunk. A chunk that is not the author's is never given out, nor anything after it.
   * @throws AttachmentError ATTACHMENT_DAMAGED | ATTACHMENT_UNREACHABLE
   */
  async *read(from: number, to: number, level = 0): AsyncGenerator<Plaintext, void> {
    const end = Math.min(to, this.#lengthOf(level));
    if (from >= end) return;
    const runs = this.#runs(level, Math.floor(from / CHUNK_BYTES), chunkCount(end));
    const load = async (run: Run) => ({ run, loaded: await this.#blobs.read(run.blob, run.range, false) });
    for await (const { run, loaded } of readAhead(runs, load, RUNS_AHEAD)) {
      await using sealed = new PieceReader(loaded);
      for (const [at, row] of run.rows.entries()) {
        const index = run.first + at;
        const length = this.sealedLength(level, index);
        const bytes = await sealed.next(length);
        // What ends early may have been swept meanwhile: no hash vouches for it, and it is asked for again.
        const isHashed = loaded.isHashed && bytes.length === length;
        const opened = await this.open(level, index, row, { bytes, isHashed });
        const start = index * CHUNK_BYTES;
        yield sliceOf(opened, Math.max(0, from - start), Math.min(end - start, CHUNK_BYTES));
      }
    }
  }

  /** The rows of chunks `first` to `end` of a level. @throws AttachmentError ATTACHMENT_DAMAGED | ATTACHMENT_UNREACHABLE */
  async *rows(level: number, first: number, end: number): AsyncGenerator<Row, void> {
    if (level + 1 === this.#lengths.length) {
      for (let index = first; index < end; index++) yield decodeRow(this.#manifest.table, index * ROW_BYTES);
      return;
    }
    let rest = new Uint8Array();
    for await (const piece of this.read(first * ROW_BYTES, end * ROW_BYTES, level + 1)) {
      const table = new Uint8Array(rest.length + piece.length);
      table.set(rest);
      table.set(piece, rest.length);
      let at = 0;
      for (; at + ROW_BYTES <= table.length; at += ROW_BYTES) yield decodeRow(table, at);
      rest = table.slice(at);
    }
  }

  /**
   * The true bytes of a chunk, of which `sealed` are the first bytes.
   * SECURITY: one answer for whatever is wrong. Tests: "C1 ...".
   * @throws AttachmentError ATTACHMENT_DAMAGED
   */
  async open(level: number, index: number, row: Row, { bytes, isHashed }: BlobBytes): Promise<Plaintext> {
    const length = chunkLength(this.#lengthOf(level), index);
    const sealedBytes = sealedLength(length);
    const place = { salt: this.#manifest.salt, level, index };
    const padded =
      bytes.length < sealedBytes ? null : await openChunk(this.#chunks, row.id, bytes.subarray(0, sealedBytes));
    if (padded !== null && isPadded(padded, length)) {
      if (isHashed || (await hasId(this.#chunks, place, row.id, padded))) return sliceOf(padded, 0, length);
    }
    if (isHashed)
      throw new AttachmentError(
        "ATTACHMENT_DAMAGED",
        `chunk ${index} of level ${level} is not what its author attached`,
      );
    // Who answered with a part of the blob may have lied; the whole of it has a hash.
    const range = [row.slot * SLOT_BYTES, row.slot * SLOT_BYTES + sealedBytes] as const;
    await using whole = new PieceReader(await this.#blobs.read(row.blob, range, true));
    return await this.open(level, index, row, { bytes: await whole.next(sealedBytes), isHashed: true });
  }

  /** Whether a chunk is the one of its name; for `verify`, which trusts no hash. */
  async isNamed(level: number, index: number, row: Row, opened: Plaintext): Promise<boolean> {
    const padded = new Uint8Array(paddedLength(opened.length));
    padded.set(opened);
    return hasId(this.#chunks, { salt: this.#manifest.salt, level, index }, row.id, asPlaintext(padded));
  }

  async *#runs(level: number, first: number, end: number): AsyncGenerator<Run, void> {
    let rows: Row[] = [];
    let index = first;
    for await (const row of this.rows(level, first, end)) {
      const last = rows.at(-1);
      if (last !== undefined && !(equalBytes(last.blob, row.blob) && row.slot === last.slot + 1)) {
        yield this.#runOf(level, index - rows.length, rows);
        rows = [];
      }
      rows.push(row);
      index += 1;
    }
    if (rows.length > 0) yield this.#runOf(level, index - rows.length, rows);
  }

  #runOf(level: number, first: number, rows: readonly Row[]): Run {
    const [start] = rows;
    if (start === undefined) throw new RangeError("a run has a first chunk");
    const from = start.slot * SLOT_BYTES;
    const last = sealedLength(chunkLength(this.#lengthOf(level), first + rows.length - 1));
    return { blob: start.blob, rows, first, range: [from, from + (rows.length - 1) * SLOT_BYTES + last] };
  }

  #lengthOf(level: number): number {
    return this.#lengths[level] ?? 0;
  }
}
