// Builds histories entry by entry, the way devices and those who stole them write.
import {
  type Change,
  type Cut,
  chainOf,
  directory,
  type Entry,
  type GrantFields,
  type RevokeFields,
  type Statement,
} from "../../../src/rules/facts.ts";

/** A statement without its id. */
type Said<Each = Statement> = Each extends Statement ? Omit<Each, "id"> : never;

/** Where and with what an entry is appended. */
export interface Put {
  readonly database?: string;
  readonly incarnation?: string;
  /** Besides the first, for what the model of one statement an entry does not have. */
  readonly says?: readonly Said[];
  readonly vector?: Readonly<Record<string, string>>;
  readonly change?: Change;
  /** Forks the chain: the new entry follows this one, or is a first entry. */
  readonly after?: Entry | null;
  /** Writes under another's writer key. */
  readonly writer?: string;
  /** Chosen, where the order of ids matters. */
  readonly id?: string;
}

export class History {
  readonly entries: Entry[];
  readonly #heads = new Map<string, Entry>();

  /** Goes on with what was written before. */
  constructor(before: readonly Entry[] = []) {
    this.entries = [...before];
    for (const entry of before) this.#heads.set(chainOf(entry), entry);
  }

  put(admission: string, put: Put = {}): Entry {
    const {
      database = directory,
      incarnation = "0",
      says = [],
      vector = {},
      change,
      after,
      id = `e${this.entries.length}`,
    } = put;
    const writer = put.writer ?? `${admission}.${incarnation}`;
    const chain = chainOf({ database, writer });
    const before = after === undefined ? (this.#heads.get(chain) ?? null) : after;
    const entry: Entry = {
      id,
      writer,
      database,
      admission: before?.admission ?? admission,
      seq: before === null ? 0 : before.seq + 1,
      prev: before?.id ?? null,
      statements: says.map((said, part) => ({ ...said, id: part === 0 ? id : `${id}/${part}` })),
      vector: new Map(Object.entries(vector)),
      ...(change === undefined ? {} : { change }),
    };
    this.entries.push(entry);
    this.#heads.set(chain, entry);
    return entry;
  }

  say(admission: string, said: Said, put: Put = {}): Entry {
    return this.put(admission, { ...put, says: [said] });
  }

  grant(admission: string, grant: Partial<GrantFields> = {}, put: Put = {}): Entry {
    return this.say(admission, { type: "grant", grant: fullGrant(grant) }, put);
  }

  addDevice(admission: string, put: Put = {}): Entry {
    return this.say(admission, { type: "addDevice", device: [] }, put);
  }

  revoke(admission: string, revoke: Partial<RevokeFields>, put: Put = {}): Entry {
    return this.say(admission, { type: "revoke", revoke: fullRevoke(revoke) }, put);
  }

  change(
    admission: string,
    revoke: Partial<RevokeFields>,
    grant: Partial<GrantFields>,
    { continues, ...put }: Put & { readonly continues?: readonly string[] } = {},
  ): Entry {
    const rights = { revoke: fullRevoke(revoke), grant: fullGrant(grant), others: [] };
    return this.say(admission, { type: "change", ...rights, ...(continues === undefined ? {} : { continues }) }, put);
  }

  readmit(admission: string, lifts: readonly string[], entry: Entry, put: Put = {}): Entry {
    return this.say(admission, { type: "readmit", lifts, cuts: cutAfter(entry) }, put);
  }

  /** Writes a change into a database. */
  write(admission: string, change: Partial<Change> = {}, put: Put = {}): Entry {
    return this.put(admission, { database: "notes", change: { dependencies: [], ...change }, ...put });
  }
}

const fullGrant = (grant: Partial<GrantFields>): GrantFields => ({
  role: "editor",
  person: [],
  device: [],
  after: [],
  keys: [],
  ...grant,
});

const fullRevoke = (revoke: Partial<RevokeFields>): RevokeFields => ({
  targets: [],
  keys: [],
  cuts: new Map(),
  ...revoke,
});

/** Cuts right after these entries. */
export function cutAfter(...entries: readonly Entry[]): ReadonlyMap<string, Cut> {
  return new Map(entries.map((entry) => [chainOf(entry), { seq: entry.seq, id: entry.id }]));
}
