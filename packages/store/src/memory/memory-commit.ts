// One atomic write of a memory store: applied at once, undone as a whole.
import { type AppendResult, encodeEntryBody, parseWriterKey, toHex, type VerifiedRun } from "@selkie/entry";
import { checkAppend, checkExpectation } from "../commit-rules.ts";
import { hasHoles } from "../holes.ts";
import { arrivingRanges, type HeldChain, type HeldEntry, type PlannedWrite, planAppend } from "../plan-append.ts";
import { checkStateKey } from "../state-store.ts";
import type { StoreDrop, StoreWrite } from "../store.ts";
import {
  copyName,
  headOf,
  type MemoryChain,
  type MemoryDatabase,
  nextOf,
  positionOf,
  signedFrom,
} from "./memory-database.ts";
import { loadEntry, type MemoryHost } from "./memory-entries.ts";
import type { MemoryRecords } from "./memory-records.ts";

type Undo = (() => void)[];

const NONE: ReadonlySet<number> = new Set();

/** Applies a write, or throws and leaves everything as it was. */
export function commitToMemory(host: MemoryHost, state: MemoryRecords, write: StoreWrite): readonly AppendResult[] {
  const undo: Undo = [];
  try {
    for (const drop of write.drop ?? []) dropTail(host, drop, undo);
    const results = (write.append ?? []).map((append) => {
      checkAppend(append);
      return appendRun(host, host.makeDatabase(append.tenant, append.database), append.run, undo);
    });
    checkExpectation(write, results);
    for (const { key, value } of write.put ?? []) setState(state, key, value, undo);
    for (const key of write.remove ?? []) setState(state, key, undefined, undo);
    return results;
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw error;
  }
}

function dropTail(host: MemoryHost, { tenant, database: id, writer, from }: StoreDrop, undo: Undo): void {
  const database = host.databaseOf(tenant, id);
  const chain = database?.chains.get(toHex(writer));
  if (database === undefined || chain === undefined) return;
  const rows = chain.rows.splice(Math.max(0, from));
  const places = rows.map((row) => [toHex(row.id), database.placeById.get(toHex(row.id))] as const);
  const damaged = [...chain.damaged].filter((seq) => seq >= from);
  for (const [name] of places) database.placeById.delete(name);
  for (const seq of damaged) chain.damaged.delete(seq);
  undo.push(() => {
    chain.rows.push(...rows);
    for (const [name, place] of places) if (place !== undefined) database.placeById.set(name, place);
    for (const seq of damaged) chain.damaged.add(seq);
  });
}

function appendRun(host: MemoryHost, database: MemoryDatabase, run: VerifiedRun, undo: Undo): AppendResult {
  const name = toHex(run.writer);
  const chain = database.chains.get(name) ?? {
    writer: parseWriterKey(run.writer.slice()),
    rows: [],
    damaged: new Set(),
  };
  const { result, writes } = planAppend(run, heldChain(host, database, chain), host.verifier);
  if (writes.length > 0 && !database.chains.has(name)) {
    database.chains.set(name, chain);
    undo.push(() => database.chains.delete(name));
  }
  const isRepair = writes.some(({ seq }) => chain.damaged.has(seq));
  const before = headOf(chain)?.seq ?? -1;
  for (const write of writes) writeRow(database, { name, chain }, write, undo);
  const heads = isRepair ? { before, after: headOf(chain)?.seq ?? -1 } : null;
  for (const { from, to } of arrivingRanges(writes, heads)) recordArrival(database, chain, from, to, undo);
  return result;
}

function heldChain(host: MemoryHost, database: MemoryDatabase, chain: MemoryChain): HeldChain {
  return {
    next: nextOf(chain),
    held(seq): HeldEntry | undefined {
      const row = chain.rows[seq];
      if (row === undefined) return undefined;
      const condition = chain.damaged.has(seq) ? "damaged" : row.holed ? "holed" : "whole";
      return { id: row.id, signature: row.signature, condition };
    },
    load: (seq) => loadEntry(host.verifier, database.database, chain, seq),
    retired: (id) => (database.retired.size === 0 ? NONE : (database.retired.get(toHex(id)) ?? NONE)),
  };
}

function writeRow(
  database: MemoryDatabase,
  { name: writer, chain }: { readonly name: string; readonly chain: MemoryChain },
  write: PlannedWrite,
  undo: Undo,
): void {
  const { seq, id, entry, signature } = write;
  const before = chain.rows[seq];
  const wasDamaged = chain.damaged.has(seq);
  const name = toHex(id);
  chain.rows[seq] = { ...copyName({ id, signature }), seq, body: encodeEntryBody(entry), holed: hasHoles(entry) };
  chain.damaged.delete(seq);
  database.placeById.set(name, { writer, seq });
  undo.push(() => {
    if (before !== undefined) chain.rows[seq] = before;
    else {
      chain.rows.length = seq;
      database.placeById.delete(name);
    }
    if (wasDamaged) chain.damaged.add(seq);
  });
}

/** Gives the entries from `from` to `to` (inclusive), and on to the next signed one, the next positions. */
function recordArrival(database: MemoryDatabase, chain: MemoryChain, from: number, to: number, undo: Undo): void {
  const count = signedFrom(chain, to) + 1 - from;
  const position = positionOf(database) + 1;
  database.arrivals.push({ position, chain: toHex(chain.writer), firstSeq: from, count });
  undo.push(() => database.arrivals.pop());
}

function setState(state: MemoryRecords, key: Uint8Array, value: Uint8Array | undefined, undo: Undo): void {
  checkStateKey(key);
  const before = state.get(key);
  undo.push(() => (before === undefined ? state.remove(key) : state.put(key, before)));
  if (value === undefined) state.remove(key);
  else state.put(key, value);
}
