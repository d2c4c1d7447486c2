// Whether this is the very store that was closed cleanly, and not a copy or a restored backup (docs/spec/store.md section 5).
//
// The lock file's inode and change time cannot be copied: no call sets a file's ctime. Closing writes the file and stores what it is
// then in the database; opening compares. A copy has another inode; a backup restored into the same file has another ctime.
import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { concatBytes, equalBytes } from "@selkie/entry";
import { syncDirectory } from "./file-blobs.ts";

const COUNTER_BYTES = 8;
const NONCE_BYTES = 16;

/** The lock file beside the database. */
export class InstanceFile {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What the file is now; null when there is none, or nothing of ours in it. */
  async read(): Promise<Uint8Array | null> {
    const file = await open(this.#path, "a+", 0o600);
    try {
      const content = await file.readFile();
      if (content.length !== COUNTER_BYTES + NONCE_BYTES) return null;
      return await tokenOf(file, content);
    } finally {
      await file.close();
    }
  }

  /** Writes the file anew, with the next counter; what it is then, durably. */
  async renew(): Promise<Uint8Array> {
    const file = await open(this.#path, "a+", 0o600);
    try {
      const before = await file.readFile();
      const counter = before.length >= COUNTER_BYTES ? before.readBigUInt64BE(0) : 0n;
      const content = new Uint8Array(COUNTER_BYTES + NONCE_BYTES);
      new DataView(content.buffer).setBigUint64(0, BigInt.asUintN(64, counter + 1n));
      content.set(randomBytes(NONCE_BYTES), COUNTER_BYTES);
      await file.truncate(0);
      await file.write(content);
      await file.sync();
      await syncDirectory(this.#directory);
      return await tokenOf(file, content);
    } finally {
      await file.close();
    }
  }

  get #path(): string {
    return join(this.#directory, "instance");
  }
}

/** Identity of the file and its content: dev, ino, ctime, birth time (each u64, ns), counter and nonce. */
async function tokenOf(file: Awaited<ReturnType<typeof open>>, content: Uint8Array): Promise<Uint8Array> {
  const { dev, ino, ctimeNs, birthtimeNs } = await file.stat({ bigint: true });
  const identity = new Uint8Array(32);
  const view = new DataView(identity.buffer);
  for (const [index, value] of [dev, ino, ctimeNs, birthtimeNs].entries()) {
    view.setBigUint64(8 * index, BigInt.asUintN(64, value));
  }
  return concatBytes(identity, content);
}

/** Whether two tokens are of one file that nobody touched in between. */
export function isSameToken(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a !== null && b !== null && equalBytes(a, b);
}
