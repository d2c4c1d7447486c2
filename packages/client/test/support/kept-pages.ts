// What is kept of views, and a disk that damages it.
import { type StateStore, type Store, StoreError } from "@selkie/store";

/** Of the rows of local state, those that are pages of a view: kind 21 after the tenant, then database, id, tree and page. */
const isPage = (key: Uint8Array): boolean => key[32] === 21 && key.length === 32 + 1 + 32 + 16 + 5;

/** The keys of all of them. */
export async function pagesIn(store: Store): Promise<readonly Uint8Array[]> {
  const pages: Uint8Array[] = [];
  for await (const { key } of store.state.range(Uint8Array.of(0), new Uint8Array(200).fill(255)))
    if (isPage(key)) pages.push(key);
  return pages;
}

/** What becomes of a page. */
export type Spoil = "flipped" | "gone" | "one of another";

/** A store that gives some pages of views back otherwise than it took them. @param part of them that it leaves as they are */
export function spoiled(store: Store, how: Spoil, part: number): Store {
  async function* range(from: Uint8Array, to: Uint8Array) {
    let other: Uint8Array | null = null;
    for await (const { key, value } of store.state.range(from, to)) {
      if (!isPage(key) || ((key.at(-1) ?? 0) % 10) / 10 < part) yield { key, value };
      else if (how === "flipped")
        yield { key, value: value.map((byte, at) => (at === value.length >> 1 ? byte ^ 1 : byte)) };
      else if (how === "one of another") yield { key, value: other ?? value.slice(1) };
      other = value;
    }
  }
  return readBy(store, range);
}

/** Which reads of pages fail, counted from 1. */
export interface ReadFaults {
  reads: number;
  failsAt: number;
}

/** A store of a disk that can't read some pages. */
export function unreadable(store: Store, faults: ReadFaults): Store {
  return readBy(store, async function* range(from, to) {
    for await (const row of store.state.range(from, to)) {
      if (isPage(row.key) && ++faults.reads === faults.failsAt)
        throw new StoreError("STORE_FAILED", "the store's disk failed");
      yield row;
    }
  });
}

function readBy(store: Store, range: StateStore["range"]): Store {
  const state: StateStore = {
    get: (key) => store.state.get(key),
    put: (key, value) => store.state.put(key, value),
    remove: (key) => store.state.remove(key),
    range,
  };
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = name === "state" ? state : Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
