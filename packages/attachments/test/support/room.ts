// A device's blobs without a database: a store in memory, and keys that are given.

import type { BlobRoom } from "@selkie/core";
import { type CryptoProvider, portableCrypto } from "@selkie/crypto";
import { type BlobHash, concatBytes, parseBlobHash, parseTenantId } from "@selkie/entry";
import { type BlobStore, memoryStore } from "@selkie/store";
import type { ChunkKeys } from "../../src/content/chunk.ts";
import { KnownChunks } from "../../src/content/known-chunks.ts";
import type { Manifest } from "../../src/content/manifest.ts";
import { ContentReader } from "../../src/content/read-content.ts";
import { RoomBlobSource } from "../../src/content/room-blobs.ts";
import type { Source } from "../../src/content/source.ts";
import {
  type BlobSink,
  type WriteOptions,
  type WrittenContent,
  writeContent,
} from "../../src/content/write-content.ts";
import { noise } from "./noise.ts";

const TENANT = parseTenantId(new Uint8Array(32).fill(7));

async function keysOf(crypto: CryptoProvider, fill = 5): Promise<ChunkKeys> {
  const chunks = await crypto.importSecret(new Uint8Array(32).fill(fill));
  return { crypto, keys: { version: new Uint8Array(32).fill(fill + 1), chunks } };
}

export const portable = (): CryptoProvider => portableCrypto({ random: (length) => noise(length, 99) });

/** A device. `from` is who it can ask. */
export class TestRoom implements Pick<BlobRoom, "blobs" | "fetch"> {
  readonly chunks: ChunkKeys;
  readonly blobs: BlobStore;
  readonly sink: BlobSink;
  from: TestRoom | null = null;
  /** What was asked of others: bytes of a range, or null for a whole blob. */
  readonly asked: (number | null)[] = [];

  constructor(chunks: ChunkKeys) {
    this.chunks = chunks;
    const { crypto } = chunks;
    this.blobs = blobsOf(crypto);
    this.sink = {
      known: new KnownChunks(),
      has: (hash) => this.blobs.has(hash),
      add: (pieces) => this.blobs.add(pieces),
    };
  }

  static async create(crypto: CryptoProvider, fill?: number): Promise<TestRoom> {
    return new TestRoom(await keysOf(crypto, fill));
  }

  write(source: Source, options: Partial<WriteOptions> = {}): Promise<WrittenContent> {
    return writeContent(this.chunks, this.sink, source, { salt: null, ...options });
  }

  reader(manifest: Manifest, { keep = false, signal }: { keep?: boolean; signal?: AbortSignal } = {}): ContentReader {
    return new ContentReader(this.chunks, manifest, new RoomBlobSource(this, { keep, signal }));
  }

  async fetch(hash: BlobHash, range: readonly [number, number] | null): Promise<Uint8Array | null> {
    this.asked.push(range === null ? null : range[1] - range[0]);
    const pieces = await this.from?.blobs.get(hash, range ?? undefined);
    return pieces === undefined ? null : join(pieces);
  }

  async held(): Promise<readonly Uint8Array[]> {
    const all: Uint8Array[] = [];
    for await (const { hash } of this.blobs.list()) {
      const pieces = await this.blobs.get(hash);
      if (pieces !== undefined) all.push(await join(pieces));
    }
    return all;
  }
}

function blobsOf(crypto: CryptoProvider): BlobStore {
  const store = memoryStore({ verifier: crypto, random: (length) => crypto.randomBytes(length) });
  return store.blobs(TENANT);
}

export async function join(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece.slice());
  return concatBytes(...all);
}

export const hashOf = (crypto: CryptoProvider, bytes: Uint8Array): BlobHash => parseBlobHash(crypto.sha256(bytes));
