// The bytes of a blob on their way to its file: hashed as they come, and written in few large writes to a file of no name yet.
import { createHash } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { type BlobHash, parseBlobHash } from "@selkie/entry";

/** Room for gathering, at first. */
const FIRST_ROOM = 65_536;

/** Takes the bytes of one blob. Disposing deletes what was not moved to its place. */
export class BlobIntake implements AsyncDisposable {
  readonly #path: string;
  readonly #most: number;
  readonly #hashing = createHash("sha256");
  #gathered: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_ROOM);
  #held = 0;
  #length = 0;
  #file: FileHandle | null = null;
  #isLeft = false;

  /** @param path where the bytes lie until their blob is complete  @param most bytes held in memory before they are written there */
  constructor(path: string, most: number) {
    this.#path = path;
    this.#most = most;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** Whether nothing was written yet. */
  get isInMemory(): boolean {
    return !this.#isLeft;
  }

  /** Takes the next bytes; they may be changed once this is done. */
  async take(chunk: Uint8Array): Promise<void> {
    this.#hashing.update(chunk);
    this.#length += chunk.length;
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + this.#most - this.#held);
      this.#gather(part);
      at += part.length;
      if (this.#held === this.#most && at < chunk.length) await this.#write();
    }
  }

  /** The SHA-256 of all bytes. To be asked once. */
  digest(): BlobHash {
    return parseBlobHash(new Uint8Array(this.#hashing.digest()));
  }

  /** Writes what is left, and waits until the disk has it. */
  async sync(): Promise<void> {
    const file = await this.#write();
    await file.sync();
    await this.#close();
  }

  /** Gives the synced bytes their name. */
  async moveTo(path: string): Promise<void> {
    await rename(this.#path, path);
    this.#isLeft = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    this.#gathered.buffer.transfer(0); // megabytes, which the collector would find late
    if (this.#isLeft) await rm(this.#path, { force: true });
  }

  #gather(part: Uint8Array): void {
    const needed = this.#held + part.length;
    if (needed > this.#gathered.length) {
      const room = Math.min(this.#most, Math.max(needed, 2 * this.#gathered.length));
      this.#gathered = new Uint8Array(this.#gathered.buffer.transfer(room));
    }
    this.#gathered.set(part, this.#held);
    this.#held = needed;
  }

  async #write(): Promise<FileHandle> {
    this.#file ??= await this.#create();
    for (let at = 0; at < this.#held; ) {
      at += (await this.#file.write(this.#gathered, at, this.#held - at)).bytesWritten;
    }
    this.#held = 0;
    return this.#file;
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  async #create(): Promise<FileHandle> {
    const file = await open(this.#path, "wx", 0o600);
    this.#isLeft = true;
    return file;
  }
}
