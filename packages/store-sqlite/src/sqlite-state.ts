// The state face of the SQLite store.
import { checkStateKey, type StateItem, type StateStore, type StoredState } from "@selkie/store";
import type { SqliteHost } from "./sqlite-host.ts";

/** Local state in a SQLite file. */
export class SqliteState implements StateStore {
  readonly #host: SqliteHost;

  constructor(host: SqliteHost) {
    this.#host = host;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    checkStateKey(key);
    return this.#host.read(({ state }) => state.get(key));
  }

  async put(key: Uint8Array, value: StoredState): Promise<void> {
    await this.#host.commit({ put: [{ key, value }] });
  }

  async remove(key: Uint8Array): Promise<void> {
    await this.#host.commit({ remove: [key] });
  }

  async *range(from: Uint8Array, to: Uint8Array): AsyncIterable<StateItem> {
    for (let start: Uint8Array | null = from; start !== null; ) {
      const at: Uint8Array = start;
      const { items, next } = this.#host.read(({ state }) => state.page(at, to));
      yield* items;
      start = next;
    }
  }
}
