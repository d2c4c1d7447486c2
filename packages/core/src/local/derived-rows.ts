import { concatBytes, type DatabaseId, toHex } from "@selkie/entry";
import type { Store } from "@selkie/store";
import { decodeCbor, encodeCbor } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import { Serial } from "../serial.ts";
import { type LocalState, rowKind, type SealedRow } from "./local-state.ts";

/**
 * What a package above core keeps of a database on this device, so that it need not be made again when the database is opened next: rows by
 * byte keys, sealed. Anything in it may be gone at any time: when it is damaged, and when an admin purges something of the database.
 */
export interface DerivedRows {
  /** Undefined where nothing was written, or what was written is damaged or gone. */
  read(key: Uint8Array): Promise<Uint8Array | undefined>;
  /**
   * All or nothing; durable when it resolves. Keys have at most 48 bytes. After a purge nothing is written before `restart`: it may be what was
   * purged. @throws CoreError CLOSED
   */
  commit(put: readonly (readonly [key: Uint8Array, value: Uint8Array])[], remove: readonly Uint8Array[]): Promise<void>;
  /** Removes everything, before it is made again; nothing that was written before is ever read again, also when somebody puts it back on the disk. */
  restart(): Promise<void>;
  /** Others may take it from now on. */
  release(): void;
}

export interface DerivedContext {
  readonly store: Store;
  readonly local: LocalState;
  readonly random: (length: number) => Uint8Array;
}

/** What packages above core keep of the databases of a tenant. */
export class DerivedStores {
  readonly #at: DerivedContext;
  readonly #byDatabase = new Map<string, DerivedStore>();

  constructor(at: DerivedContext) {
    this.#at = at;
  }

  /** Whether it is open or not. */
  of(database: DatabaseId): DerivedStore {
    const name = toHex(database);
    const known = this.#byDatabase.get(name) ?? new DerivedStore({ ...this.#at, database });
    this.#byDatabase.set(name, known);
    return known;
  }
}

/** Of what stands for a name in the keys of rows. */
const ID_BYTES = 16;

type Names = Map<string, Uint8Array>;

/** Somebody who has the rows of a name. */
interface Holder {
  readonly name: string;
  /** Undefined as long as it is not known. */
  id: Uint8Array | undefined;
  /** What it had is gone, and it writes nothing before it begins anew. */
  isVoid: boolean;
}

/**
 * The derived rows of one database, by name. A name is in no key: a random id stands for it, another one after each restart.
 * SECURITY: P-10, G1. Sealed under the device's local key with the row's place (derived-rows.test.ts).
 */
export class DerivedStore {
  readonly #at: DerivedContext & { readonly database: DatabaseId };
  readonly #holders = new Map<string, Holder>();
  /** What reads names, and what writes. */
  readonly #serial = new Serial();

  constructor(at: DerivedContext & { readonly database: DatabaseId }) {
    this.#at = at;
  }

  /** The database is closed: whoever opens it next has the rows. */
  close(): void {
    this.#holders.clear();
  }

  /** Null when somebody has them. */
  take(name: string): DerivedRows | null {
    if (this.#holders.has(name)) return null;
    const holder: Holder = { name, id: undefined, isVoid: false };
    this.#holders.set(name, holder);
    return {
      read: async (key) => {
        const id = await this.#idOf(holder);
        return id && this.#at.local.recall(this.#key(id, key));
      },
      commit: (put, remove) => this.#serial.run(() => this.#commit(holder, put, remove)),
      restart: () => this.#serial.run(() => this.#restart(holder)),
      release: () => void (this.#isHeld(holder) && this.#holders.delete(name)),
    };
  }

  /** The names under which something is kept, and whether somebody has the rows. */
  names(): Promise<ReadonlyMap<string, { readonly isTaken: boolean }>> {
    return this.#serial.run(async () => {
      const names = [...(await this.#names()).keys()];
      return new Map(names.map((name) => [name, { isTaken: this.#holders.has(name) }]));
    });
  }

  /** Removes the rows of some names, and that they were there. @returns false, with nothing done, where somebody has rows of one of them */
  drop(names: readonly string[]): Promise<boolean> {
    return this.#serial.run(async () => {
      if (names.some((name) => this.#holders.has(name))) return false;
      const { local, database, store } = this.#at;
      const known = await this.#names();
      const remove: Uint8Array[] = [];
      for (const name of names) {
        const id = known.get(name);
        if (id !== undefined) remove.push(...(await this.#keys(id)));
        known.delete(name);
      }
      if (known.size > 0) await store.commit({ put: [await this.#named(known)], remove });
      else await store.commit({ remove: [...remove, local.key(rowKind.derived, database)] });
      return true;
    });
  }

  /** Something of the database is purged, and may be in what is derived from it. @param remove drops the rows of these keys */
  purge(remove: (keys: readonly Uint8Array[]) => Promise<unknown>): Promise<void> {
    return this.#serial.run(async () => {
      for (const holder of this.#holders.values()) holder.isVoid = true;
      await remove(await this.#keys());
    });
  }

  #isHeld(holder: Holder): boolean {
    return this.#holders.get(holder.name) === holder;
  }

  async #idOf(holder: Holder): Promise<Uint8Array | undefined> {
    if (holder.id === undefined)
      await this.#serial.run(async () => {
        holder.id ??= (await this.#names()).get(holder.name);
      });
    return holder.isVoid ? undefined : holder.id;
  }

  async #commit(holder: Holder, put: Parameters<DerivedRows["commit"]>[0], remove: readonly Uint8Array[]) {
    if (holder.isVoid) return;
    const names = holder.id === undefined ? await this.#names() : null;
    const known = holder.id ?? names?.get(holder.name);
    const id = known ?? this.#at.random(ID_BYTES);
    const rows = names === null || known !== undefined ? [] : [await this.#named(names.set(holder.name, id))];
    for (const [key, value] of put) rows.push(await this.#at.local.seal(this.#key(id, key), value));
    await this.#write(holder, id, { put: rows, remove: remove.map((key) => this.#key(id, key)) });
  }

  async #restart(holder: Holder): Promise<void> {
    const names = await this.#names();
    const before = names.get(holder.name);
    const id = this.#at.random(ID_BYTES);
    const remove = before === undefined ? [] : await this.#keys(before);
    await this.#write(holder, id, { put: [await this.#named(names.set(holder.name, id))], remove });
    holder.isVoid = false;
  }

  /** @throws CoreError CLOSED */
  async #write(holder: Holder, id: Uint8Array, change: Parameters<Store["commit"]>[0]): Promise<void> {
    if (!this.#isHeld(holder))
      throw new CoreError("CLOSED", "the database is closed, or somebody else may have the rows");
    await this.#at.store.commit(change);
    holder.id = id;
  }

  /** Where the names are damaged there are none: all rows are strangers' then, and go. */
  async #names(): Promise<Names> {
    const { local, database, store } = this.#at;
    const row = await local.recall(local.key(rowKind.derived, database));
    const names = row === undefined ? null : decodeNames(row);
    if (names !== null) return names;
    for (const holder of this.#holders.values()) holder.isVoid ||= holder.id !== undefined;
    const strangers = await this.#keys();
    if (strangers.length > 0) await store.commit({ remove: strangers });
    return new Map();
  }

  #named(names: Names): Promise<SealedRow> {
    const { local, database } = this.#at;
    return local.seal(local.key(rowKind.derived, database), encodeCbor([...names]));
  }

  /** Of all rows, or of those of an id. */
  async #keys(id?: Uint8Array): Promise<readonly Uint8Array[]> {
    const { local, database } = this.#at;
    const keys: Uint8Array[] = [];
    for await (const { key } of local.range(rowKind.derived, database, id)) keys.push(key);
    return keys;
  }

  #key(id: Uint8Array, key: Uint8Array): Uint8Array {
    return this.#at.local.key(rowKind.derived, this.#at.database, concatBytes(id, key));
  }
}

/** Null for what says no names. */
function decodeNames(row: Uint8Array): Names | null {
  const names: Names = new Map();
  try {
    const said = decodeCbor(row, "LOCAL_STATE_DAMAGED");
    if (!Array.isArray(said)) return null;
    for (const pair of said) {
      const [name, id]: unknown[] = Array.isArray(pair) ? pair : [];
      if (typeof name !== "string" || !(id instanceof Uint8Array) || id.length !== ID_BYTES) return null;
      names.set(name, id);
    }
  } catch (error) {
    if (error instanceof CoreError) return null;
    throw error;
  }
  return names;
}
