// The blob face of the memory store.
import { type BlobHash, concatBytes, equalBytes, fromHex, parseBlobHash, toHex, type Verifier } from "@selkie/entry";
import { type BlobStore, type ByteRange, checkRange, type StoredBlob } from "../blob-store.ts";
import { StoreError } from "../store-error.ts";

/** What the blob face needs of its store. */
export interface MemoryBlobHost {
  /** The tenant's blobs by hex hash. @throws StoreError `STORE_CLOSED` */
  held(): Map<string, Uint8Array>;
  /** As `ForgottenTenants.watch`, for the tenant. */
  watch(): () => void;
}

/** The blobs of one tenant in a memory store. */
export class MemoryBlobs implements BlobStore {
  readonly #verifier: Verifier;
  readonly #host: MemoryBlobHost;

  constructor(verifier: Verifier, host: MemoryBlobHost) {
    this.#verifier = verifier;
    this.#host = host;
  }

  async put(hash: BlobHash, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const name = parseBlobHash(hash.slice());
    await this.#take(chunks, name);
  }

  add(chunks: AsyncIterable<Uint8Array>): Promise<BlobHash> {
    return this.#take(chunks, null);
  }

  async get(hash: BlobHash, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | undefined> {
    if (range !== undefined) checkRange(range);
    const name = toHex(parseBlobHash(hash));
    const bytes = this.#host.held().get(name);
    if (bytes === undefined) return undefined;
    if (!equalBytes(this.#verifier.sha256(bytes), hash)) {
      this.#host.held().delete(name);
      return undefined;
    }
    return once(bytes.slice(...(range ?? [])));
  }

  async has(hash: BlobHash): Promise<boolean> {
    return this.#host.held().has(toHex(parseBlobHash(hash)));
  }

  async sizeOf(hash: BlobHash): Promise<number | undefined> {
    return this.#host.held().get(toHex(parseBlobHash(hash)))?.length;
  }

  async *list(): AsyncIterable<StoredBlob> {
    for (const name of [...this.#host.held().keys()].sort()) {
      const size = this.#host.held().get(name)?.length;
      if (size !== undefined) yield { hash: parseBlobHash(fromHex(name)), size };
    }
  }

  async remove(hash: BlobHash): Promise<void> {
    const name = toHex(parseBlobHash(hash));
    this.#host.watch();
    this.#host.held().delete(name);
  }

  /** Stores what hashes to `name`, or to anything when it is null. */
  async #take(chunks: AsyncIterable<Uint8Array>, name: BlobHash | null): Promise<BlobHash> {
    const checkLanding = this.#host.watch();
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk.slice());
    const bytes = concatBytes(...parts);
    const hash = parseBlobHash(this.#verifier.sha256(bytes));
    if (name !== null && !equalBytes(hash, name)) {
      throw new StoreError("BLOB_MISMATCH", "the blob's bytes do not hash to its name");
    }
    checkLanding();
    this.#host.held().set(toHex(hash), bytes);
    return hash;
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
