// The databases that somebody has open right now: who hears of a new entry, and how far the chains were last seen to reach.

import { type DatabaseId, type TenantId, toHex, type Vector, type WriterKey } from "@selkie/entry";
import type { Counters } from "../counters.ts";
import { Recently } from "./recently.ts";

/** A branch of a chain that a login put in the place of another is not taken from that login again for so long. */
const BRANCHES = { forMs: 3_600_000, most: 1_024 };

/** A login is asked for the same missing parts once in a day, and then less and less: it may not have them, and nobody else either. */
const ASKED = { forMs: 86_400_000, upToMs: 32 * 86_400_000, most: 8_192 };

/** Tenants of which such things are remembered. */
const MOST_TENANTS = 1_024;

/** What was done lately in a tenant. */
interface TenantMemory {
  /** Which branches were put in the place of others, and by whom. */
  readonly replaced: Recently;
  /** Who was asked for which missing parts. */
  readonly asked: Recently;
}

/** A session as its databases see it. Both calls are cheap and coalesced. */
export interface Subscriber {
  /** There are new entries: send what the peer lacks. */
  announce(database: DatabaseId): void;
  /** Entries were lost: tell the peer what is left, so that it can bring them again. */
  compare(database: DatabaseId): void;
}

/** One open database. */
export class LiveDatabase {
  readonly database: DatabaseId;
  /** Of all databases of the tenant. */
  readonly recently: TenantMemory;
  /** How often each has it open: twice while it opens again what it has just closed. */
  readonly #subscribers = new Map<Subscriber, number>();
  readonly #counters: Counters;
  #seen: Vector = new Map();

  constructor(database: DatabaseId, counters: Counters, recently: TenantMemory) {
    this.database = database;
    this.#counters = counters;
    this.recently = recently;
  }

  get isOpen(): boolean {
    return this.#subscribers.size > 0;
  }

  add(subscriber: Subscriber): void {
    const times = this.#subscribers.get(subscriber) ?? 0;
    if (times === 0) this.#counters.move("subscriptions", 1);
    this.#subscribers.set(subscriber, times + 1);
  }

  remove(subscriber: Subscriber): void {
    const times = this.#subscribers.get(subscriber) ?? 0;
    if (times > 1) this.#subscribers.set(subscriber, times - 1);
    else if (this.#subscribers.delete(subscriber)) this.#counters.move("subscriptions", -1);
  }

  /** Tells every session but the one the news came from. */
  announce(from: Subscriber): void {
    for (const subscriber of this.#subscribers.keys()) {
      if (subscriber === from) continue;
      this.#counters.count("announcements_total");
      subscriber.announce(this.database);
    }
  }

  /** Lets every session compare vectors with its peer again. */
  compareAll(): void {
    for (const subscriber of this.#subscribers.keys()) subscriber.compare(this.database);
  }

  /** Remembers how far the chains reach. Answers whether one of them got shorter, which only damage does. */
  observe(vector: Vector): boolean {
    const before = this.#seen;
    this.#seen = vector;
    for (const [writer, head] of before) {
      if ((vector.get(writer)?.seq ?? -1) < head.seq) return true;
    }
    return false;
  }

  /** Whether the chain of this writer was seen to hold an entry at `seq`. */
  wasSeen(writer: WriterKey, seq: number): boolean {
    return (this.#seen.get(toHex(writer))?.seq ?? -1) >= seq;
  }
}

/** All open databases of a relay. */
export class LiveDatabases {
  readonly #databaseByName = new Map<string, LiveDatabase>();
  /** By tenant, the one that was used last at the end. */
  readonly #memoryById = new Map<string, TenantMemory>();
  readonly #counters: Counters;
  readonly #now: () => number;

  constructor(counters: Counters, now: () => number) {
    this.#counters = counters;
    this.#now = now;
  }

  /** Opens a database for a session; `close` ends it. */
  open(tenant: TenantId, database: DatabaseId, subscriber: Subscriber): { live: LiveDatabase; close: () => void } {
    const name = toHex(tenant) + toHex(database);
    const memory = this.#memoryOf(toHex(tenant));
    const live = this.#databaseByName.get(name) ?? new LiveDatabase(database, this.#counters, memory);
    this.#databaseByName.set(name, live);
    live.add(subscriber);
    const close = (): void => {
      live.remove(subscriber);
      if (!live.isOpen && this.#databaseByName.get(name) === live) this.#databaseByName.delete(name);
    };
    return { live, close };
  }

  /** SECURITY: F4. What a tenant has a relay remember makes it forget nothing of another's (live-databases.test.ts). */
  #memoryOf(tenant: string): TenantMemory {
    const now = this.#now;
    const memory = this.#memoryById.get(tenant) ?? {
      replaced: new Recently({ now, ...BRANCHES }),
      asked: new Recently({ now, ...ASKED }),
    };
    this.#memoryById.delete(tenant);
    this.#memoryById.set(tenant, memory);
    const [oldest] = this.#memoryById.keys();
    if (this.#memoryById.size > MOST_TENANTS && oldest !== undefined) this.#memoryById.delete(oldest);
    return memory;
  }
}
