import { MemoryDisk, memoryStore } from "@selkie/store";
import type { ClientStore } from "./client-store.ts";

/** Keeps everything in memory, for tests and previews. Opening the same object again finds what the client before left. */
export function memory(): ClientStore {
  const disk = new MemoryDisk();
  let keyBag: Uint8Array | null = null;
  return {
    readKeyBag: async () => keyBag,
    open: async (crypto) => {
      const store = memoryStore({ verifier: crypto, random: (length) => crypto.randomBytes(length), disk });
      return {
        store,
        writeKeyBag: async (sealed) => {
          keyBag = sealed.slice();
        },
        [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
      };
    },
  };
}
