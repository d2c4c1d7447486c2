// Appending runs, cutting chains short, and retiring parts, within a transaction.
import type { AppendResult, DatabaseId, TenantId, Verifier } from "@selkie/entry";
import {
  arrivingRanges,
  canDrop,
  checkAppend,
  type HeldChain,
  type HeldEntry,
  type PartName,
  planAppend,
  punchHoles,
  type StoreAppend,
  type StoreDrop,
} from "@selkie/store";
import type { BaseNumber, ChainName, ChainNumber } from "./names.ts";
import { EntryReader } from "./read-entries.ts";
import type { Tables } from "./tables.ts";

/** Appends one run; its writes are undone with the transaction. */
export function appendRun(tables: Tables, verifier: Verifier, append: StoreAppend): AppendResult {
  checkAppend(append);
  const { names, entries, arrivals } = tables;
  const { tenant, database, run } = append;
  const known = names.base(tenant, database);
  const chain = known === null ? null : names.chain(known, run.writer);
  const held = heldChain(tables, verifier, append, known, chain);
  const { result, writes } = planAppend(run, held, verifier);
  // A run that is refused leaves nothing behind, not even its names.
  if (writes.length === 0) return result;
  const base = known ?? names.makeBase(tenant, database);
  const { number } = chain ?? names.makeChain(base, run.writer);
  const damaged = entries.damaged(number, run.firstSeq, run.firstSeq + run.entries.length - 1);
  const isRepair = writes.some(({ seq }) => damaged.has(seq));
  const before = isRepair ? headSeq(tables, number) : -1;
  for (const write of writes) {
    entries.write(number, write);
    if (damaged.has(write.seq)) entries.dropDamage(number, write.seq);
  }
  const heads = isRepair ? { before, after: headSeq(tables, number) } : null;
  for (const { from, to } of arrivingRanges(writes, heads)) {
    // What arrives ends in a signed entry, so that whoever reads it can verify it.
    const end = entries.signedFrom(number, to)?.seq ?? to;
    arrivals.add(base, number, from, end + 1 - from);
  }
  return result;
}

/** Cuts a chain short. The order of arrival stays: what takes these places arrives at positions of its own. */
export function dropTail({ names, entries }: Tables, { tenant, database, writer, from }: StoreDrop): void {
  const base = names.base(tenant, database);
  const chain = base === null ? null : names.chain(base, writer);
  if (chain !== null) entries.dropTail(chain.number, from);
}

function headSeq({ entries }: Tables, chain: ChainNumber): number {
  return entries.head(chain)?.seq ?? -1;
}

function heldChain(
  tables: Tables,
  verifier: Verifier,
  { database, run }: StoreAppend,
  base: BaseNumber | null,
  chain: ChainName | null,
): HeldChain {
  const retired = base === null ? null : tables.retired.lookup(base);
  const isRetired: HeldChain["retired"] = (id) => retired?.(id) ?? new Set();
  if (chain === null) return { next: 0, held: () => undefined, load: () => null, retired: isRetired };
  const { entries } = tables;
  const [first, last] = [run.firstSeq - 1, run.firstSeq + run.entries.length - 1];
  const damaged = entries.damaged(chain.number, first, last);
  const held = new Map<number, HeldEntry>();
  for (const { seq, id, signature, holed } of entries.range(chain.number, first, last)) {
    held.set(seq, { id, signature, condition: damaged.has(seq) ? "damaged" : holed ? "holed" : "whole" });
  }
  const reader = new EntryReader(tables, verifier, database);
  return {
    next: entries.next(chain.number),
    held: (seq) => held.get(seq),
    load: (seq) => reader.entry(chain, seq),
    retired: isRetired,
  };
}

/** Retires parts; the number of those dropped now. */
export function retireParts(
  tables: Tables,
  verifier: Verifier,
  { tenant, database }: { readonly tenant: TenantId; readonly database: DatabaseId },
  parts: readonly PartName[],
): number {
  if (parts.length === 0) return 0;
  const base = tables.names.makeBase(tenant, database);
  const reader = new EntryReader(tables, verifier, database);
  let dropped = 0;
  for (const { id, index } of parts) {
    tables.retired.add(base, id, index);
    const found = reader.find(base, id);
    if (found === null || !canDrop(found.entry, index)) continue;
    const { signature } = found.entry;
    const { seq } = found.entry.header;
    const entry = punchHoles(verifier, found.entry, new Set([index]));
    tables.entries.write(found.chain.number, { type: "replace", seq, id, entry, signature });
    dropped++;
  }
  return dropped;
}
