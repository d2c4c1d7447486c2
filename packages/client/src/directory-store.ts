import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { openSqliteStore } from "@selkie/store-sqlite";
import { ClientError } from "./client-error.ts";
import type { ClientStore } from "./client-store.ts";

const KEYBAG = "keybag";

/** Keeps everything in a directory: SQLite for entries and sealed state, one file for the sealed KeyBag. One process at a time. */
export function directory(path: string): ClientStore {
  return {
    readKeyBag: () => readIfThere(join(path, KEYBAG)),
    open: async (crypto) => {
      const store = await openSqliteStore({ directory: path, verifier: crypto });
      let writing: Promise<void> = Promise.resolve();
      return {
        store,
        writeKeyBag: (sealed) => {
          const written = writing.then(() => replaceFile(path, KEYBAG, sealed));
          writing = written.catch(() => undefined); // the caller has the rejection
          return written;
        },
        [Symbol.asyncDispose]: async () => {
          await writing;
          await store[Symbol.asyncDispose]();
        },
      };
    },
  };
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw new ClientError("KEYBAG_UNREADABLE", "the file of the KeyBag cannot be read", { cause });
  }
}

/**
 * INVARIANT: after a crash at any point there is the old file or the new one, whole; so there is after a failure
 * (directory-store.test.ts).
 */
async function replaceFile(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(directory, `${name}.new`);
  try {
    await using file = await open(temporary, "w", 0o600);
    await file.writeFile(bytes);
    await file.sync();
    await rename(temporary, join(directory, name));
    await using folder = await open(directory, "r");
    await folder.sync();
  } catch (cause) {
    throw new ClientError("KEYBAG_UNWRITABLE", "the file of the KeyBag cannot be written", { cause });
  }
}
