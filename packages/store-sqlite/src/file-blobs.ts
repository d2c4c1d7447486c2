// Blobs as files named by their hash, below a directory of their tenant.
import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type BlobHash,
  equalBytes,
  fromHex,
  limits,
  parseBlobHash,
  parseTenantId,
  type TenantId,
  toHex,
} from "@selkie/entry";
import {
  type BlobStore,
  type ByteRange,
  checkRange,
  type ForgottenTenants,
  type StoredBlob,
  StoreError,
} from "@selkie/store";
import { BlobIntake } from "./blob-intake.ts";
import { translatedAsync } from "./store-errors.ts";

/** Bytes read at a time: the largest blob in sixteen pieces, as its chunks were sealed. */
const CHUNK: number = limits.blobBytes / 16;
/** Bytes of a blob with a given name that are held before they are written: such a one may come slowly, from a stranger. */
const NAMED_IN_MEMORY = 262_144;
/** Blobs whose hash is remembered as checked while their file does not change; those of one chunk are hashed on every read. */
const REMEMBERED = 1_024;

/** All blobs below one directory. */
export class FileBlobs {
  readonly #directory: string;
  readonly #forgotten: ForgottenTenants;
  readonly #checked = new Map<string, string>();
  readonly #made = new Set<string>();
  readonly #running = new Set<Promise<unknown>>();
  /** Changes to tenants' directories that are under way. */
  readonly #placing = new Set<Promise<unknown>>();
  #isClosed = false;

  private constructor(directory: string, forgotten: ForgottenTenants) {
    this.#directory = directory;
    this.#forgotten = forgotten;
  }

  /** Opens the directory and deletes what writing left unfinished. */
  static async open(directory: string, forgotten: ForgottenTenants): Promise<FileBlobs> {
    const blobs = new FileBlobs(directory, forgotten);
    await translatedAsync(async () => {
      const unfinished = blobs.#unfinished;
      await mkdir(unfinished, { recursive: true, mode: 0o700 });
      for (const name of await readdir(unfinished)) await rm(join(unfinished, name), { force: true });
    });
    return blobs;
  }

  /** The blobs of one tenant. */
  of(tenant: TenantId): BlobStore {
    const own = parseTenantId(tenant.slice());
    const directory = toHex(own);
    const watch = () => this.#forgotten.watch(own);
    return {
      put: (hash, chunks) =>
        this.#run(async () => {
          const path = this.#pathOf(directory, hash);
          await this.#take({ chunks, most: NAMED_IN_MEMORY, checkLanding: watch() }, (named) => {
            // SECURITY: bytes are stored under their own hash or not at all (B8). Test: contract "B8 are refused when ...".
            if (equalBytes(named, hash)) return path;
            throw new StoreError("BLOB_MISMATCH", "the blob's bytes do not hash to its name");
          });
        }),
      add: (chunks) =>
        this.#run(() =>
          this.#take({ chunks, most: limits.blobBytes, checkLanding: watch() }, (hash) =>
            this.#pathOf(directory, hash),
          ),
        ),
      get: (hash, range) => this.#run(() => this.#get(this.#pathOf(directory, hash), hash, range)),
      has: (hash) => this.#run(async () => (await sizeOf(this.#pathOf(directory, hash).file)) !== null),
      sizeOf: (hash) => this.#run(async () => (await sizeOf(this.#pathOf(directory, hash).file)) ?? undefined),
      list: () => this.#list(join(this.#directory, directory)),
      remove: (hash) =>
        this.#run(async () => {
          const path = this.#pathOf(directory, hash);
          watch();
          await this.#remove(path);
        }),
    };
  }

  /** Deletes every blob of a tenant whose writes are refused by now. */
  async forget(tenant: TenantId): Promise<void> {
    await this.#run(async () => {
      await Promise.allSettled(this.#placing);
      const directory = join(this.#directory, toHex(tenant));
      for (const shelf of this.#made) if (shelf.startsWith(directory)) this.#made.delete(shelf);
      for (const file of this.#checked.keys()) if (file.startsWith(directory)) this.#checked.delete(file);
      await rm(directory, { recursive: true, force: true });
      await syncDirectory(this.#directory);
    });
  }

  /** Refuses everything from now on; resolves when what was begun is finished. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#running);
  }

  get #unfinished(): string {
    return join(this.#directory, "unfinished");
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new StoreError("STORE_CLOSED", "the store is closed");
    const running = translatedAsync(work);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /**
   * SECURITY: a path is made of hexadecimal digits of a fixed number and nothing else (F8).
   * Test: contract "F8 have names of 32 bytes, nothing else".
   */
  #pathOf(tenant: string, hash: BlobHash): BlobPath {
    const name = toHex(parseBlobHash(hash));
    const shelf = join(this.#directory, tenant, name.slice(0, 2));
    return { tenant: join(this.#directory, tenant), shelf, file: join(shelf, name.slice(2)) };
  }

  /** Stores the chunks at the path of their hash. */
  async #take({ chunks, most, checkLanding }: Arriving, pathOf: (hash: BlobHash) => BlobPath): Promise<BlobHash> {
    await using intake = new BlobIntake(join(this.#unfinished, randomBytes(16).toString("hex")), most);
    for await (const chunk of chunks) await intake.take(chunk);
    const hash = intake.digest();
    const path = pathOf(hash);
    const isThere = intake.isInMemory && (await this.#isWhole(path, hash, intake.length));
    if (!isThere) await intake.sync();
    await this.#place(async () => {
      checkLanding();
      await this.#makeShelf(path);
      if (!isThere) await intake.moveTo(path.file);
      // Also for what was there: whoever put it there may not have come so far yet.
      await syncDirectory(path.shelf);
    });
    if (!isThere) this.#checked.delete(path.file);
    return hash;
  }

  /** Runs what changes a tenant's directory, which is not deleted meanwhile. */
  async #place(work: () => Promise<void>): Promise<void> {
    const placing = work();
    this.#placing.add(placing);
    try {
      await placing;
    } finally {
      this.#placing.delete(placing);
    }
  }

  async #makeShelf({ tenant, shelf }: BlobPath): Promise<void> {
    if (this.#made.has(shelf)) return;
    await mkdir(shelf, { recursive: true, mode: 0o700 });
    await syncDirectory(tenant);
    await syncDirectory(this.#directory);
    this.#made.add(shelf);
  }

  async #get(
    path: BlobPath,
    hash: BlobHash,
    range: ByteRange = [0, Number.MAX_SAFE_INTEGER],
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    checkRange(range);
    const file = await openOrNull(path.file);
    if (file === null) return undefined;
    try {
      const { size } = await file.stat();
      if (size <= CHUNK) {
        const bytes = await file.readFile();
        if (!equalBytes(createHash("sha256").update(bytes).digest(), hash)) return await this.#drop(path);
        return once(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length).subarray(...range));
      }
      return (await this.#isUnchanged(path, file, hash)) ? readRange(path.file, range) : await this.#drop(path);
    } finally {
      await file.close();
    }
  }

  /** Whether the file has this hash, as far as is known since it last changed. */
  async #isUnchanged(path: BlobPath, file: FileHandle, hash: BlobHash): Promise<boolean> {
    const { size, dev, ino, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
    const version = [size, dev, ino, mtimeNs, ctimeNs].join();
    if (this.#checked.get(path.file) === version) return true;
    if (!equalBytes(await hashOf(file), hash)) return false;
    this.#remember(path.file, version);
    return true;
  }

  /** Whether the blob is there, undamaged. */
  async #isWhole(path: BlobPath, hash: BlobHash, length: number): Promise<boolean> {
    if ((await sizeOf(path.file)) !== length) return false;
    const file = await openOrNull(path.file);
    if (file === null) return false;
    try {
      return await this.#isUnchanged(path, file, hash);
    } finally {
      await file.close();
    }
  }

  async *#list(directory: string): AsyncIterable<StoredBlob> {
    for (const shelf of await this.#run(() => namesIn(directory, SHELF))) {
      for (const name of await this.#run(() => namesIn(join(directory, shelf), FILE))) {
        const size = await this.#run(() => sizeOf(join(directory, shelf, name)));
        if (size !== null) yield { hash: parseBlobHash(fromHex(shelf + name)), size };
      }
    }
  }

  /** A damaged blob is as good as none: deleted, it is fetched again. */
  async #drop(path: BlobPath): Promise<undefined> {
    await this.#remove(path);
    return undefined;
  }

  async #remove({ file, shelf }: BlobPath): Promise<void> {
    this.#checked.delete(file);
    await this.#place(async () => {
      if ((await sizeOf(file)) === null) return;
      await rm(file, { force: true });
      await syncDirectory(shelf);
    });
  }

  #remember(file: string, version: string): void {
    if (this.#checked.size >= REMEMBERED) this.#checked.clear();
    this.#checked.set(file, version);
  }
}

/** Names of directories of a tenant, and of files in them. */
const SHELF = /^[0-9a-f]{2}$/;
const FILE = /^[0-9a-f]{62}$/;

interface Arriving {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes held in memory before they are written. */
  readonly most: number;
  readonly checkLanding: () => void;
}

interface BlobPath {
  readonly tenant: string;
  readonly shelf: string;
  readonly file: string;
}

async function hashOf(file: FileHandle): Promise<Uint8Array> {
  const hashing = createHash("sha256");
  const buffer = new Uint8Array(CHUNK);
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK, at);
    if (bytesRead === 0) return hashing.digest();
    hashing.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** Opens the file when it is first asked for bytes: a caller that never asks leaves nothing open. */
async function* readRange(path: string, [from, to]: ByteRange): AsyncIterable<Uint8Array> {
  const file = await translatedAsync(() => open(path, "r"));
  try {
    for (let at = from; at < to; ) {
      const chunk = new Uint8Array(Buffer.allocUnsafeSlow(Math.min(CHUNK, to - at)).buffer); // not zeroed first
      const { bytesRead } = await translatedAsync(() => file.read(chunk, 0, chunk.length, at));
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function openOrNull(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** The names in a directory that look like this, ascending; none when it is not there. */
async function namesIn(directory: string, pattern: RegExp): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => pattern.test(name)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** Makes created, renamed and deleted names durable. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows cannot sync a directory; NTFS journals names by itself.
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
