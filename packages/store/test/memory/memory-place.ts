import { concatBytes, toHex, type Verifier } from "@selkie/entry";
import type { StorePlace } from "../../src/contract.ts";
import { MemoryDisk, memoryStore } from "../../src/index.ts";

/** A memory disk as the contract suite wants it. */
export function memoryPlace(verifier: Verifier): StorePlace {
  const disk = new MemoryDisk();
  return {
    open: async () => memoryStore({ verifier, random: randomBytes, disk }),
    damageEntry: async ({ tenant, database, writer, seq }) => {
      const chain = disk.content.databases.get(toHex(concatBytes(tenant, database)))?.chains.get(toHex(writer));
      const row = chain?.rows[seq];
      if (chain === undefined || row === undefined) throw new TypeError("no such entry");
      chain.rows[seq] = { ...row, body: flipped(row.body) };
    },
    damageBlob: async (tenant, hash) => {
      const held = disk.content.blobs.get(toHex(tenant));
      const bytes = held?.get(toHex(hash));
      if (held === undefined || bytes === undefined) throw new TypeError("no such blob");
      held.set(toHex(hash), flipped(bytes));
    },
    remove: async () => disk.crash(),
  };
}

export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
}
