import { concatBytes, type DatabaseId } from "@selkie/entry";
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
  /** Undefined where nothing was written, or what was written is damaged. */
  read(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** All or nothing; durable when it resolves. Keys have at most 48 bytes. @throws CoreError CLOSED */
  commit(put: readonly (readonly [key: Uint8Array, value: Uint8Array])[], remove: readonly Uint8Array[]): Promise<void>;
  /** Removes everything; nothing that was written before is ever read again, also when somebody puts it back on the disk. */
  restart(): Promise<void>;
  /** Others may take it from now on. */
  release(): void;
}

export interface DerivedContext {
  readonly database: DatabaseId;
  readonly store: Store;
  readonly local: LocalState;
  readonly random: (length: number) => Uint8Array;
}

/** Of what stands for a name in the keys of rows. */
const ID_BYTES = 16;

type Names = Map<string, Uint8Array>;

/**
 * The derived rows of one database, by name. A name is in no key: a random id stands for it, another one after each restart.
 * SECURITY: P-10, G1. Sealed under the device's local key with the row's place (derived-rows.test.ts).
 */
export class DerivedStore {
  readonly #at: DerivedContext;
  readonly #taken = new Set<string>();
  readonly #naming = new Serial();
  #isClosed = false;

  constructor(at: DerivedContext) {
    this.#at = at;
  }

  /** The database is closed: whoever opens it next has the rows. */
  close(): void {
    this.#isClosed = true;
  }

  /** Null when somebody has them. */
  take(name: string): DerivedRows | null {
    if (this.#taken.has(name)) return null;
    this.#taken.add(name);
    let id: Promise<Uint8Array> = this.#idOf(name);
    return {
      read: async (key) => this.#at.local.recall(this.#key(await id, key)),
      commit: async (put, remove) => this.#commit(await id, put, remove),
      restart: async () => {
        id = this.#renamed(name);
        await id;
      },
      release: () => void this.#taken.delete(name),
    };
  }

  async #commit(
    id: Uint8Array,
    put: Parameters<DerivedRows["commit"]>[0],
    remove: readonly Uint8Array[],
  ): Promise<void> {
    const { local, store } = this.#at;
    const sealed: SealedRow[] = [];
    for (const [key, value] of put) sealed.push(await local.seal(this.#key(id, key), value));
    if (this.#isClosed) throw new CoreError("CLOSED", "the database is closed");
    await store.commit({ put: sealed, remove: remove.map((key) => this.#key(id, key)) });
  }

  #idOf(name: string): Promise<Uint8Array> {
    return this.#naming.run(async () => (await this.#names()).get(name) ?? (await this.#name(name, [])));
  }

  #renamed(name: string): Promise<Uint8Array> {
    return this.#naming.run(async () => {
      const { local, database } = this.#at;
      const before = (await this.#names()).get(name);
      const gone: Uint8Array[] = [];
      if (before !== undefined)
        for await (const { key } of local.range(rowKind.derived, database, before)) gone.push(key);
      return this.#name(name, gone);
    });
  }

  async #name(name: string, remove: readonly Uint8Array[]): Promise<Uint8Array> {
    const { local, database, store, random } = this.#at;
    const id = random(ID_BYTES);
    const names = (await this.#names()).set(name, id);
    await store.commit({
      put: [await local.seal(local.key(rowKind.derived, database), encodeCbor([...names]))],
      remove,
    });
    return id;
  }

  /** Where the names are damaged there are none: all rows are strangers' then, and go. */
  async #names(): Promise<Names> {
    const { local, database, store } = this.#at;
    const row = await local.recall(local.key(rowKind.derived, database));
    const names = row === undefined ? null : decodeNames(row);
    if (names === null) {
      const strangers = await derivedKeys(this.#at);
      if (strangers.length > 0) await store.commit({ remove: strangers });
    }
    return names ?? new Map();
  }

  #key(id: Uint8Array, key: Uint8Array): Uint8Array {
    return this.#at.local.key(rowKind.derived, this.#at.database, concatBytes(id, key));
  }
}

/** All rows that are derived from a database. */
export async function derivedKeys({
  local,
  database,
}: Pick<DerivedContext, "local" | "database">): Promise<readonly Uint8Array[]> {
  const keys: Uint8Array[] = [];
  for await (const { key } of local.range(rowKind.derived, database)) keys.push(key);
  return keys;
}

/** Null for what says no names. */
function decodeNames(row: Uint8Array): Names | null {
  const names: Names = new Map();
  try {
    const said = decodeCbor(row, "LOCAL_STATE_DAMAGED");
    for (const pair of Array.isArray(said) ? said : []) {
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
