import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex, type Verifier } from "@selkie/entry";
import type { StorePlace } from "@selkie/store/contract";
import Database from "better-sqlite3";
import { openSqliteStore } from "../src/index.ts";

/** A new directory for one test. */
export function newDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "selkie-store-"));
}

/** A new directory as the contract suite wants it. */
export async function sqlitePlace(verifier: Verifier): Promise<StorePlace> {
  const directory = await newDirectory();
  return {
    open: () => openSqliteStore({ directory, verifier }),
    damageEntry: async ({ tenant, database, writer, seq }) => {
      const db = new Database(join(directory, "selkie.db"));
      const row = db
        .prepare<[Uint8Array, Uint8Array, Uint8Array, number], { row: number; body: Uint8Array }>(
          "SELECT row, body FROM entry JOIN chain ON chain.number = chain JOIN base ON base.number = base WHERE tenant = ? AND name = ? AND writer = ? AND seq = ?",
        )
        .get(tenant, database, writer, seq);
      if (row === undefined) throw new TypeError("no such entry");
      db.prepare("UPDATE entry SET body = ? WHERE row = ?").run(flipped(row.body), row.row);
      db.close();
    },
    damageBlob: async (tenant, hash) => {
      const name = toHex(hash);
      const path = join(directory, "blobs", toHex(tenant), name.slice(0, 2), name.slice(2));
      writeFileSync(path, flipped(readFileSync(path)));
    },
    remove: async () => rmSync(directory, { recursive: true }),
  };
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
}
