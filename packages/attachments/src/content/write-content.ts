// A source becomes blobs and a manifest.
import { type BlobHash, toHex } from "@selkie/entry";
import { type AddBlob, BlobPacker, type PackedChunk } from "./blob-packer.ts";
import { type ChunkKeys, chunkId, sealChunk } from "./chunk.ts";
import { type ChunkAddress, KnownChunks } from "./known-chunks.ts";
import { INLINE_TABLE_BYTES, ROW_BYTES, tableLength } from "./layout.ts";
import { encodeManifest, type Manifest } from "./manifest.ts";
import { chunksOf, type Source, type SourceChunk } from "./source.ts";
import { encodeRow } from "./table.ts";

/** Where blobs go, and what is there already. */
export interface BlobSink {
  readonly add: AddBlob;
  /** Whether this device has the blob, undamaged, and keeps it. */
  has(hash: BlobHash): Promise<boolean>;
  readonly known: KnownChunks;
}

export interface WriteOptions {
  /** 32 bytes: then no chunk is shared with anything. */
  readonly salt: Uint8Array | null;
  readonly signal?: AbortSignal | undefined;
  /** Gets the true bytes that were read so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** A content whose blobs are durable on this device. */
export interface WrittenContent {
  readonly manifest: Manifest;
  /** All that it refers to, each once. */
  readonly blobs: readonly BlobHash[];
}

/**
 * Stores a source. When it rejects nothing refers to what was stored by then.
 * @throws AttachmentError SOURCE_FAILED | SOURCE_CHANGED | ATTACHMENT_TOO_LARGE; what the store throws; the signal's reason
 */
export async function writeContent(
  chunks: ChunkKeys,
  sink: BlobSink,
  source: Source,
  { salt, signal, onProgress }: WriteOptions,
): Promise<WrittenContent> {
  const blobs = new Map<string, BlobHash>();
  const write = (level: number, from: Source, report?: (bytes: number) => void): Promise<WrittenLevel> =>
    new LevelWriter({ chunks, sink, salt, level, signal, report, blobs }).write(from);
  let level = await write(0, source, onProgress);
  const { length } = level;
  for (let above = 1; tableLength(level.length) > INLINE_TABLE_BYTES; above++) level = await write(above, level.table);
  const manifest = { version: chunks.keys.version, length, salt, table: level.table };
  return { manifest, blobs: [...blobs.values()] };
}

/** The manifest as a document holds it. */
export const manifestBytes = ({ manifest }: WrittenContent): Uint8Array => encodeManifest(manifest);

interface WrittenLevel {
  readonly length: number;
  readonly table: Uint8Array;
}

interface LevelOptions {
  readonly chunks: ChunkKeys;
  readonly sink: BlobSink;
  readonly salt: Uint8Array | null;
  readonly level: number;
  readonly signal: AbortSignal | undefined;
  readonly report: ((bytes: number) => void) | undefined;
  /** Gets all that the level refers to, by hex. */
  readonly blobs: Map<string, BlobHash>;
}

/** Writes the content itself or one of the tables above it. */
class LevelWriter {
  readonly #options: LevelOptions;
  readonly #packer: BlobPacker;
  /** Of this content, stored or not. */
  readonly #packed = new KnownChunks<PackedChunk>();
  readonly #rows: { readonly id: Uint8Array; readonly at: ChunkAddress | PackedChunk; readonly isNew: boolean }[] = [];

  constructor(options: LevelOptions) {
    this.#options = options;
    this.#packer = new BlobPacker(options.sink.add);
  }

  async write(source: Source): Promise<WrittenLevel> {
    const { signal, report } = this.#options;
    let length = 0;
    try {
      for await (const chunk of chunksOf(source, signal)) {
        await this.#place(chunk);
        length += chunk.length;
        report?.(length);
        signal?.throwIfAborted();
      }
      await this.#packer.finish();
      signal?.throwIfAborted();
    } catch (error) {
      await this.#packer.abandon(error);
      throw error;
    }
    return { length, table: this.#table() };
  }

  async #place({ padded }: SourceChunk): Promise<void> {
    const { chunks, salt, level } = this.#options;
    const id = await chunkId(chunks, { salt, level, index: this.#rows.length }, padded);
    const found = salt === null ? (this.#packed.find(id) ?? (await this.#findKept(id))) : undefined;
    const at = found ?? (await this.#packer.put(await sealChunk(chunks, id, padded)));
    this.#rows.push({ id, at, isNew: found === undefined });
    if (found === undefined && "hash" in at.blob) this.#packed.learn(id, { blob: at.blob, slot: at.slot });
  }

  async #findKept(id: Uint8Array): Promise<ChunkAddress | undefined> {
    const { sink, blobs } = this.#options;
    const address = sink.known.find(id);
    if (address === undefined) return undefined;
    return blobs.has(toHex(address.blob)) || (await sink.has(address.blob)) ? address : undefined;
  }

  /** The rows, once every blob has its name. */
  #table(): Uint8Array {
    const { sink, blobs, salt } = this.#options;
    const table = new Uint8Array(this.#rows.length * ROW_BYTES);
    for (const [index, { id, at, isNew }] of this.#rows.entries()) {
      const blob = "hash" in at.blob ? at.blob.hash : at.blob;
      if (blob === null) throw new RangeError("a blob was stored without a name");
      blobs.set(toHex(blob), blob);
      if (isNew && salt === null) sink.known.learn(id, { blob, slot: at.slot });
      table.set(encodeRow({ id, blob, slot: at.slot }), index * ROW_BYTES);
    }
    return table;
  }
}
