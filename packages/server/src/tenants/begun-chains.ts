// How many chains each login key began in a database. A relay cannot tell whose chains are: who may push can bring as many as it likes, of
// keys that nobody knows, and a vector names a limited number of them.

import { type DatabaseId, type LoginKey, limits, toHex } from "@selkie/entry";

/** Chains of one database; two sessions may begin some at the same time. */
const MOST_CHAINS = limits.vectorWriters - 4_096;

/** Names are in hexadecimal. */
export interface BegunBy {
  readonly database: string;
  readonly login: string;
  readonly count: number;
}

/** The chains that login keys of a tenant began. */
export class BegunChains {
  readonly #counts = new Map<string, number>();
  readonly #most: number;

  /** @param most chains of one database */
  constructor(stored: readonly BegunBy[] = [], most: number = MOST_CHAINS) {
    this.#most = most;
    for (const { database, login, count } of stored) this.#counts.set(database + login, count);
  }

  /**
   * How many more a login key may begin in a database that holds so many.
   * SECURITY: F4. Nobody begins more than are left then: whoever floods a database leaves room for the others (begun-chains.test.ts).
   */
  room(database: DatabaseId, login: LoginKey, chains: number): number {
    return Math.max(0, Math.ceil((this.#most - chains - this.of(database, login)) / 2));
  }

  /** It began some more. */
  note(database: DatabaseId, login: LoginKey, more: number): void {
    this.#counts.set(toHex(database) + toHex(login), this.of(database, login) + more);
  }

  of(database: DatabaseId, login: LoginKey): number {
    return this.#counts.get(toHex(database) + toHex(login)) ?? 0;
  }
}
