import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { openSqliteStore } from "@selkie/store-sqlite";
import type { ClientStore } from "./client-store.ts";

const KEYBAG = "keybag";

/** Keeps everything in a directory: SQLite for entries and sealed state, one file for the sealed KeyBag. One process at a time. */
export function directory(path: string): ClientStore {
  return {
    open: async (crypto) => {
      const store = await openSqliteStore({ directory: path, verifier: crypto });
      return {
        store,
        readKeyBag: () => readIfThere(join(path, KEYBAG)),
        writeKeyBag: (sealed) => replaceFile(path, KEYBAG, sealed),
        [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
      };
    },
  };
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** INVARIANT: after a crash at any point there is the old file or the new one, whole. */
async function replaceFile(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = join(directory, `${name}.new`);
  await using file = await open(temporary, "w", 0o600);
  await file.writeFile(bytes);
  await file.sync();
  await rename(temporary, join(directory, name));
  await using folder = await open(directory, "r");
  await folder.sync();
}
