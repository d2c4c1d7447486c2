import type { DatabaseId, TenantId } from "@selkie/entry";
import { type EntryStore, type StateStore, type Store, StoreError } from "@selkie/store";

/** How a write fails: nothing is written, or everything is and the store cannot say so. */
type Fault = "not written" | "written, not confirmed";

/** Which writes of a store fail, counted from 1. */
export interface Faults {
  /** Writes so far. */
  writes: number;
  of(write: number): Fault | null;
  /** Whether entries can't be read at all. */
  readonly isUnreadable?: boolean;
}

/**
 * A store whose writes fail as a full or dying disk makes them: a real store stands behind it, so that what was not made to fail is
 * really there.
 */
export function faultyStore(inner: Store, faults: Faults): Store {
  const write = async <T>(work: () => Promise<T>): Promise<T> => {
    const fault = faults.of(++faults.writes);
    if (fault === "not written") throw new StoreError("STORE_FULL", "the disk, or the store's quota, is full");
    const result = await work();
    if (fault !== null) throw failed();
    return result;
  };
  const state: StateStore = {
    get: (key) => inner.state.get(key),
    range: (from, to) => inner.state.range(from, to),
    put: (key, value) => write(() => inner.state.put(key, value)),
    remove: (key) => write(() => inner.state.remove(key)),
  };
  return {
    instance: inner.instance,
    generation: inner.generation,
    state,
    entries: (tenant, database) => faultyEntries(inner.entries(tenant, database), { tenant, database, faults }, write),
    databases: (tenant) => inner.databases(tenant),
    blobs: (tenant) => inner.blobs(tenant),
    commit: (changes) => write(() => inner.commit(changes)),
    forget: (tenant) => write(() => inner.forget(tenant)),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

function faultyEntries(
  inner: EntryStore,
  { tenant, database, faults }: { tenant: TenantId; database: DatabaseId; faults: Faults },
  write: <T>(work: () => Promise<T>) => Promise<T>,
): EntryStore {
  return {
    tenant,
    database,
    vector: () => inner.vector(),
    position: () => inner.position(),
    read: (writer, from, limit) => inner.read(writer, from, limit),
    readAfter: (position, limit) => inner.readAfter(position, limit),
    find: (id) => inner.find(id),
    scan: () => {
      if (faults.isUnreadable === true) throw failed();
      return inner.scan();
    },
    append: (runs) => write(() => inner.append(runs)),
    retire: (parts) => write(() => inner.retire(parts)),
    unretire: (parts) => write(() => inner.unretire(parts)),
  };
}

const failed = (): StoreError => new StoreError("STORE_FAILED", "the store's disk failed");
