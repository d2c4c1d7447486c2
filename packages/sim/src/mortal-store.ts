import type { AppendResult } from "@selkie/entry";
import type { EntryStore, Store, StoreWrite } from "@selkie/store";

/** Where in a commit the power goes: nothing of it is written, or all of it is and nobody is told. */
export type CrashPoint = "before" | "after";

export interface MortalStoreHooks {
  /** Asked at every commit. */
  crashNow(): CrashPoint | null;
  /** The power is gone. */
  die(): void;
  /** This is about to be written. */
  onCommit(write: StoreWrite): void;
}

/**
 * A store whose process can die at any commit. Commits are whole, as SQLite's are: a torn one is one that did not happen. What a dead
 * process waits for never comes.
 */
export function mortalStore(store: Store, hooks: MortalStoreHooks): Store {
  const commit = async (write: StoreWrite): Promise<readonly AppendResult[]> => {
    const point = hooks.crashNow();
    if (point === "before") return never(hooks);
    hooks.onCommit(write);
    const results = await store.commit(write);
    return point === "after" ? never(hooks) : results;
  };
  return {
    instance: store.instance,
    generation: store.generation,
    state: {
      get: (key) => store.state.get(key),
      range: (from, to) => store.state.range(from, to),
      put: async (key, value) => void (await commit({ put: [{ key, value }] })),
      remove: async (key) => void (await commit({ remove: [key] })),
    },
    entries: (tenant, database) => mortalEntries(store.entries(tenant, database), commit),
    databases: (tenant) => store.databases(tenant),
    blobs: (tenant) => store.blobs(tenant),
    commit,
    forget: async (tenant) => {
      const point = hooks.crashNow();
      if (point === "before") return never(hooks);
      await store.forget(tenant);
      return point === "after" ? never(hooks) : undefined;
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

function mortalEntries(entries: EntryStore, commit: Store["commit"]): EntryStore {
  const { tenant, database } = entries;
  return {
    tenant,
    database,
    append: (runs) => commit({ append: runs.map((run) => ({ tenant, database, run })) }),
    vector: () => entries.vector(),
    position: () => entries.position(),
    read: (writer, from, limit) => entries.read(writer, from, limit),
    readAfter: (position, limit) => entries.readAfter(position, limit),
    find: (id) => entries.find(id),
    scan: () => entries.scan(),
    retire: (parts) => entries.retire(parts),
    unretire: (parts) => entries.unretire(parts),
  };
}

function never(hooks: MortalStoreHooks): Promise<never> {
  hooks.die();
  return new Promise(() => undefined);
}
