// The entry face of the memory store.
import {
  type AppendResult,
  type ArrivedRuns,
  type DatabaseId,
  type EntryId,
  encodeEntryBody,
  limits,
  parseEntryId,
  parseWriterKey,
  type ReadLimit,
  reviveEntry,
  type TenantId,
  toHex,
  type Vector,
  type VerifiedEntry,
  type VerifiedRun,
  type Verifier,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import { collectArrivals } from "../collect-arrivals.ts";
import {
  type CollectedRun,
  type CollectLimit,
  collectRun,
  NOTHING_COLLECTED,
  type StoredEntry,
} from "../collect-run.ts";
import type { EntryStore, PartName } from "../entry-store.ts";
import type { ForgottenTenants } from "../forgotten-tenants.ts";
import { canDrop, hasHoles, punchHoles } from "../holes.ts";
import type { StoreAppend, StoreWrite } from "../store.ts";
import { copyRow, headOf, type MemoryChain, type MemoryDatabase, nextOf, positionOf } from "./memory-database.ts";

/** What the entry face needs of its store. */
export interface MemoryHost {
  readonly verifier: Verifier;
  readonly forgotten: ForgottenTenants;
  /** @throws StoreError `STORE_CLOSED` */
  databaseOf(tenant: TenantId, database: DatabaseId): MemoryDatabase | undefined;
  /** As {@link databaseOf}, and makes it when there is none. */
  makeDatabase(tenant: TenantId, database: DatabaseId): MemoryDatabase;
  commit(write: StoreWrite): Promise<readonly AppendResult[]>;
}

/** One database of a memory store. */
export class MemoryEntries implements EntryStore {
  readonly tenant: TenantId;
  readonly database: DatabaseId;
  readonly #host: MemoryHost;

  constructor(tenant: TenantId, database: DatabaseId, host: MemoryHost) {
    this.tenant = tenant;
    this.database = database;
    this.#host = host;
  }

  async vector(): Promise<Vector> {
    const vector = new Map<string, { seq: number; id: EntryId }>();
    for (const [writer, chain] of this.#database?.chains ?? []) {
      const head = headOf(chain);
      if (head !== null) vector.set(writer, head);
    }
    return vector;
  }

  async position(): Promise<number> {
    const held = this.#database;
    return held === undefined ? 0 : positionOf(held);
  }

  async read(writer: WriterKey, from: number, limit: ReadLimit): Promise<VerifiedRun | null> {
    const chain = this.#database?.chains.get(toHex(writer));
    return chain === undefined
      ? null
      : this.#collect(chain, from, chain.rows.length, { ...limit, atLeastOne: true }).run;
  }

  async readAfter(position: number, limit: ReadLimit): Promise<ArrivedRuns> {
    const held = this.#database;
    if (held === undefined) return { runs: [], position: 0, done: true };
    const reached = Math.min(position, positionOf(held));
    // From the end, as whoever tails is nearly there.
    const first = held.arrivals.findLastIndex((arrival) => arrival.position <= reached + 1);
    const arrivals = held.arrivals.slice(Math.max(0, first));
    return collectArrivals(arrivals, reached, limit, (writer, from, to, left) => {
      const chain = held.chains.get(writer);
      return chain === undefined ? NOTHING_COLLECTED : this.#collect(chain, from, to, left);
    });
  }

  async append(runs: readonly VerifiedRun[]): Promise<readonly AppendResult[]> {
    const { tenant, database } = this;
    return this.#host.commit({ append: runs.map((run): StoreAppend => ({ tenant, database, run })) });
  }

  async find(id: EntryId): Promise<VerifiedEntry | undefined> {
    const held = this.#database;
    const place = held?.placeById.get(toHex(id));
    const chain = place && held?.chains.get(place.writer);
    return chain && (loadEntry(this.#host.verifier, this.database, chain, place.seq) ?? undefined);
  }

  async *scan(): AsyncIterable<VerifiedRun> {
    for (const [name, { writer }] of [...(this.#database?.chains ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
      let from = 0;
      for (;;) {
        const chain = this.#database?.chains.get(name);
        const limit = { entries: limits.runEntries, bytes: limits.runBytes };
        const run = chain === undefined ? null : await this.read(writer, from, limit);
        if (run === null) break;
        yield run;
        from += run.entries.length;
      }
    }
  }

  async retire(parts: readonly PartName[]): Promise<number> {
    const held = this.#host.makeDatabase(this.tenant, this.database);
    this.#host.forgotten.check(this.tenant);
    let dropped = 0;
    for (const { id, index } of parts) {
      const name = toHex(id);
      held.retired.set(name, new Set([...(held.retired.get(name) ?? []), index]));
      const place = held.placeById.get(name);
      const chain = place && held.chains.get(place.writer);
      const entry = chain && loadEntry(this.#host.verifier, this.database, chain, place.seq);
      if (!entry || !canDrop(entry, index)) continue;
      const left = punchHoles(this.#host.verifier, entry, new Set([index]));
      const { seq } = place;
      chain.rows[seq] = { seq, id, signature: entry.signature, body: encodeEntryBody(left), holed: hasHoles(left) };
      dropped++;
    }
    return dropped;
  }

  async unretire(parts: readonly PartName[]): Promise<void> {
    this.#host.forgotten.check(this.tenant);
    const held = this.#database;
    for (const { id, index } of parts) {
      const left = new Set(held?.retired.get(toHex(id)));
      left.delete(index);
      if (left.size === 0) held?.retired.delete(toHex(id));
      else held?.retired.set(toHex(id), left);
    }
  }

  get #database(): MemoryDatabase | undefined {
    return this.#host.databaseOf(this.tenant, this.database);
  }

  #collect(chain: MemoryChain, from: number, to: number, limit: CollectLimit): CollectedRun {
    const end = Math.min(to, nextOf(chain));
    if (from >= end || from < 0) return NOTHING_COLLECTED;
    const prev = from === 0 ? ZERO_ENTRY_ID : chain.rows[from - 1]?.id;
    if (prev === undefined) return NOTHING_COLLECTED;
    const writer = parseWriterKey(chain.writer.slice());
    const start = { database: this.database, writer, firstSeq: from, prev: parseEntryId(prev.slice()) };
    const collected = collectRun(this.#host.verifier, start, copies(chain, from, end), limit);
    if (collected.damaged !== null) chain.damaged.add(collected.damaged);
    return collected;
  }
}

/** One entry of a chain, hashed again; null, and remembered as damaged, when it does not revive. */
export function loadEntry(
  verifier: Verifier,
  database: DatabaseId,
  chain: MemoryChain,
  seq: number,
): VerifiedEntry | null {
  const row = chain.rows[seq];
  const prev = seq === 0 ? ZERO_ENTRY_ID : chain.rows[seq - 1]?.id;
  if (row === undefined || prev === undefined || chain.damaged.has(seq)) return null;
  const { id, body, signature } = copyRow(row);
  const at = { database, writer: parseWriterKey(chain.writer.slice()), seq, prev: parseEntryId(prev.slice()), id };
  const entry = reviveEntry(verifier, body, at, signature);
  if (entry === null) chain.damaged.add(seq);
  return entry;
}

function* copies(chain: MemoryChain, from: number, to: number): Iterable<StoredEntry> {
  for (let seq = from; seq < to; seq++) {
    const row = chain.rows[seq];
    if (row !== undefined) yield copyRow(row);
  }
}
