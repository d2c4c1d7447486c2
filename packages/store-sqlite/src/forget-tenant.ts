// Forgetting a tenant: one transaction deletes its rows and leaves a mark, then the traces in the file, the blobs, and the mark go. A
// store that finds a mark when it is opened goes on from there (docs/spec/store.md section 9).
import { equalBytes, parseTenantId, type TenantId, toHex } from "@selkie/entry";
import { bytesOf, damagedRow, integerOf, type RawRow } from "./columns.ts";
import { type Connection, cutLog } from "./connection.ts";
import type { FileBlobs } from "./file-blobs.ts";
import { rowSum } from "./row-sum.ts";
import { writeMeta } from "./schema.ts";
import { translatedAsync } from "./store-errors.ts";

/** Before the hexadecimal tenant id, the name of a mark among the store's own values. */
const MARK = "forget/";

/**
 * Deletes every row of the tenant and leaves the mark, within a transaction.
 *
 * Rows are found by reading the tables, not by their indexes, and the indexes are asked afterwards: what a damaged one hides, or alone
 * still knows, is repaired first. Test: forget.test.ts "finds what a damaged index hides".
 */
export function forgetRows(db: Connection, tenant: TenantId): void {
  const bases = JSON.stringify(basesOf(db, tenant));
  const chains = JSON.stringify(
    db.prepare<[string], RawRow>(`SELECT number FROM chain NOT INDEXED WHERE ${OF_BASES}`).all(bases).map(numberOf),
  );
  db.prepare(`DELETE FROM entry NOT INDEXED WHERE ${OF_CHAINS}`).run(chains);
  db.prepare(`DELETE FROM damage WHERE ${OF_CHAINS}`).run(chains);
  db.prepare(`DELETE FROM arrival WHERE ${OF_BASES}`).run(bases);
  db.prepare(`DELETE FROM retired WHERE ${OF_BASES}`).run(bases);
  db.prepare(`DELETE FROM chain NOT INDEXED WHERE ${OF_BASES}`).run(bases);
  db.prepare("DELETE FROM base NOT INDEXED WHERE tenant = ?").run(tenant);
  db.prepare("DELETE FROM state NOT INDEXED WHERE substr(key, 1, 32) = ?").run(tenant);
  const left = [
    db.prepare(`SELECT 1 FROM entry INDEXED BY entry_place WHERE ${OF_CHAINS} LIMIT 1`).get(chains),
    db.prepare(`SELECT 1 FROM chain INDEXED BY chain_name WHERE ${OF_BASES} LIMIT 1`).get(bases),
    db.prepare("SELECT 1 FROM base INDEXED BY base_name WHERE tenant = ? LIMIT 1").get(tenant),
    db.prepare("SELECT 1 FROM state INDEXED BY state_key WHERE substr(key, 1, 32) = ? LIMIT 1").get(tenant),
  ];
  if (left.some((row) => row !== undefined)) throw damagedRow();
  writeMeta(db, MARK + toHex(tenant), new Uint8Array());
}

const OF_BASES = "base IN (SELECT value FROM json_each(?))";
const OF_CHAINS = "chain IN (SELECT value FROM json_each(?))";

function numberOf(row: RawRow): number {
  return integerOf(row["number"]);
}

function basesOf(db: Connection, tenant: TenantId): readonly number[] {
  const rows = db.prepare<[], RawRow>("SELECT number, tenant, name, sum FROM base NOT INDEXED").all();
  return rows.flatMap((row) => {
    const [number, owner] = [numberOf(row), bytesOf(row["tenant"])];
    // A damaged one might be ours.
    if (row["sum"] !== rowSum(number, owner, bytesOf(row["name"]))) throw damagedRow();
    return equalBytes(owner, tenant) ? [number] : [];
  });
}

/**
 * What is left to do once the rows are deleted; doing it again is harmless.
 *
 * INVARIANT: the mark goes last, so that whatever ends this process, the next opening goes on. Test: forget.test.ts "... kills ...".
 *
 * @throws StoreError
 */
export async function finishForgetting(db: Connection, blobs: FileBlobs, tenant: TenantId): Promise<void> {
  await translatedAsync(async () => {
    rewrite(db);
    cutLog(db);
    await blobs.forget(tenant);
    writeMeta(db, MARK + toHex(tenant), null);
    cutLog(db);
  });
}

/** The tenants with a mark. */
export function unfinishedForgetting(db: Connection): readonly TenantId[] {
  const rows = db.prepare<[], { name: unknown }>("SELECT name FROM meta").all();
  return rows.flatMap(({ name }) => {
    if (typeof name !== "string") throw damagedRow();
    if (!name.startsWith(MARK)) return [];
    const tenant = name.slice(MARK.length);
    if (!/^[0-9a-f]{64}$/.test(tenant)) throw damagedRow();
    return [parseTenantId(Uint8Array.from(Buffer.from(tenant, "hex")))];
  });
}

/**
 * Writes the file anew.
 *
 * SECURITY: `secure_delete` overwrites what is deleted, but not the copies that SQLite leaves in the free space of pages when it moves
 * rows between them (G1). Test: forget.test.ts "leaves nothing of a tenant in any file ...".
 */
function rewrite(db: Connection): void {
  // A file, deleted as soon as it is open: the other tenants' rows need not fit into memory.
  db.pragma("temp_store = FILE");
  try {
    db.exec("VACUUM");
  } finally {
    db.pragma("temp_store = MEMORY");
  }
}
