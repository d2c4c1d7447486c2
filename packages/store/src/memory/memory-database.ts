// The entries of one database in memory: rows as an adapter with a disk would keep them, encoded and revived on every read.
import {
  type DatabaseId,
  type EntryId,
  parseEntryId,
  parseSignature,
  type TenantId,
  type WriterKey,
} from "@selkie/entry";
import type { Arrival } from "../collect-arrivals.ts";
import type { StoredEntry } from "../collect-run.ts";

/** One stored entry. */
interface MemoryRow extends StoredEntry {
  readonly holed: boolean;
}

/** One writer's chain. */
export interface MemoryChain {
  readonly writer: WriterKey;
  readonly rows: MemoryRow[];
  /** Seqs of rows that did not revive. */
  readonly damaged: Set<number>;
}

/** Everything of one (tenant, database). */
export interface MemoryDatabase {
  readonly tenant: TenantId;
  readonly database: DatabaseId;
  /** By hex writer key. */
  readonly chains: Map<string, MemoryChain>;
  /** By hex entry id: hex writer key and seq. */
  readonly placeById: Map<string, { readonly writer: string; readonly seq: number }>;
  /** Ascending by position; chains by hex writer key. */
  readonly arrivals: Arrival<string>[];
  /** Retired part indexes by hex entry id. */
  readonly retired: Map<string, ReadonlySet<number>>;
}

/** The row in memory of its own: an entry's parts are views of its body, and readers may do with them what they like. */
export function copyRow(row: StoredEntry): StoredEntry {
  return { ...copyName(row), seq: row.seq, body: row.body.slice() };
}

/** Id and signature in memory of their own: those of a received entry are views of the whole message. */
export function copyName({
  id,
  signature,
}: Pick<StoredEntry, "id" | "signature">): Pick<StoredEntry, "id" | "signature"> {
  return { id: parseEntryId(id.slice()), signature: signature === null ? null : parseSignature(signature.slice()) };
}

/** The head of a chain: its last signed entry before any damage. */
export function headOf(chain: MemoryChain): { readonly seq: number; readonly id: EntryId } | null {
  for (let seq = nextOf(chain) - 1; seq >= 0; seq--) {
    const row = chain.rows[seq];
    if (row !== undefined && row.signature !== null) return { seq, id: row.id };
  }
  return null;
}

/** The lowest seq not held undamaged. */
export function nextOf(chain: MemoryChain): number {
  return Math.min(chain.rows.length, ...chain.damaged);
}

/** Position of the last entry that arrived; 0 before the first. */
export function positionOf(database: MemoryDatabase): number {
  const last = database.arrivals.at(-1);
  return last === undefined ? 0 : last.position + last.count - 1;
}

/** The seq of the first signed entry of the chain at or after `seq`. */
export function signedFrom(chain: MemoryChain, seq: number): number {
  for (let at = seq; at < chain.rows.length; at++) {
    const row = chain.rows[at];
    if (row !== undefined && row.signature !== null) return at;
  }
  return seq;
}

/** An independent copy. */
export function copyDatabase(database: MemoryDatabase): MemoryDatabase {
  const copyChain = ({ writer, rows, damaged }: MemoryChain): MemoryChain => ({
    writer,
    rows: [...rows],
    damaged: new Set(damaged),
  });
  return {
    tenant: database.tenant,
    database: database.database,
    chains: new Map([...database.chains].map(([writer, chain]) => [writer, copyChain(chain)])),
    placeById: new Map(database.placeById),
    arrivals: [...database.arrivals],
    retired: new Map(database.retired),
  };
}
