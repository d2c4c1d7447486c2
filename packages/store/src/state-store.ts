// The third face of a store: local state, sealed by its owner.
import { StoreError } from "./store-error.ts";
import type { StoredState } from "./stored-state.ts";

/** One stored pair. */
export interface StateItem {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Local state by byte keys in lexicographic order. It never leaves the store. */
export interface StateStore {
  /** The value, or undefined. @throws StoreError `STATE_DAMAGED` when the value was damaged on disk */
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** Durable when it resolves, like {@link Store.commit}. */
  put(key: Uint8Array, value: StoredState): Promise<void>;
  /** Durable when it resolves; removing what is absent is fine. */
  remove(key: Uint8Array): Promise<void>;
  /** Pairs with `from` <= key < `to`, ascending. Writes made meanwhile may or may not be seen. */
  range(from: Uint8Array, to: Uint8Array): AsyncIterable<StateItem>;
}

const KEY_BYTES = { min: 1, max: 1_024 } as const;

/**
 * Refuses a state key that an adapter could not store.
 *
 * @throws StoreError `BAD_KEY` unless 1 to 1,024 bytes
 */
export function checkStateKey(key: Uint8Array): void {
  if (key.length >= KEY_BYTES.min && key.length <= KEY_BYTES.max) return;
  throw new StoreError("BAD_KEY", `a state key has ${KEY_BYTES.min} to ${KEY_BYTES.max} bytes, not ${key.length}`);
}
