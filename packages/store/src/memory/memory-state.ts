// The state face of the memory store.
import { concatBytes } from "@selkie/entry";
import type { StateItem, StateStore } from "../state-store.ts";
import { checkStateKey } from "../state-store.ts";
import type { StoreWrite } from "../store.ts";
import type { StoredState } from "../stored-state.ts";
import type { MemoryRecords } from "./memory-records.ts";

/** Local state in memory. */
export class MemoryState implements StateStore {
  readonly #records: () => MemoryRecords;
  readonly #commit: (write: StoreWrite) => Promise<unknown>;

  /** @param records throws when the store is closed */
  constructor(records: () => MemoryRecords, commit: (write: StoreWrite) => Promise<unknown>) {
    this.#records = records;
    this.#commit = commit;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    checkStateKey(key);
    return this.#records().get(key)?.slice();
  }

  async put(key: Uint8Array, value: StoredState): Promise<void> {
    await this.#commit({ put: [{ key, value }] });
  }

  async remove(key: Uint8Array): Promise<void> {
    await this.#commit({ remove: [key] });
  }

  async *range(from: Uint8Array, to: Uint8Array): AsyncIterable<StateItem> {
    let start = from;
    for (;;) {
      const item = this.#records().first(start, to);
      if (item === undefined) return;
      yield { key: item.key.slice(), value: item.value.slice() };
      // The next key in byte order.
      start = concatBytes(item.key, Uint8Array.of(0));
    }
  }
}
