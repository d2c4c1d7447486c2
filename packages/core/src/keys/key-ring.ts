// The key versions this device holds in one tenant, found by the tag a part carries.
import type { CryptoProvider } from "@selkie/crypto";
import { type DatabaseId, equalBytes, type KeyTag, toHex } from "@selkie/entry";
import { disposeKeyVersion, type KeyVersion, placeKeysOf } from "./key-version.ts";

/**
 * Whether the directory names this very version. Before it does, what a permit gave serves only to read the directory.
 * SECURITY: A1. Nothing is sealed under an unconfirmed version, and no document is opened with it (key-ring.test.ts).
 */
export type KeyState = "confirmed" | "unconfirmed";

interface HeldKey {
  readonly key: KeyVersion;
  readonly state: KeyState;
}

interface TagIndex {
  readonly heldByTag: Map<string, HeldKey>;
  /** The keys it was made of. */
  readonly of: readonly HeldKey[];
}

/** Holds key versions; disposing it overwrites them all. */
export class KeyRing implements Disposable {
  readonly #crypto: CryptoProvider;
  readonly #directory: DatabaseId;
  /** Never changed in place: a lookup that is under way goes on over what it began with. */
  #held: readonly HeldKey[] = [];
  readonly #indexByDatabase = new Map<string, TagIndex>();

  /** @param directory the database that unconfirmed versions may be used in */
  constructor(crypto: CryptoProvider, directory: DatabaseId) {
    this.#crypto = crypto;
    this.#directory = directory;
  }

  /**
   * Adds a version. One that is there already is replaced when the new one knows more: a history secret, or that it is confirmed.
   *
   * @returns whether anything is new
   */
  add(key: KeyVersion, state: KeyState = "confirmed"): boolean {
    const known = this.#find(key);
    const learnsHistory = known?.key.historyBytes === null && key.historyBytes !== null;
    const learnsState = known?.state === "unconfirmed" && state === "confirmed";
    if (known !== undefined && !learnsHistory && !learnsState) return false;
    const merged: HeldKey = {
      key: known === undefined || learnsHistory ? key : known.key,
      state: known?.state === "confirmed" ? "confirmed" : state,
    };
    this.#held = [...this.#held.filter((held) => held !== known), merged];
    return true;
  }

  /** Versions that the directory has not been seen to name. */
  unconfirmed(): readonly KeyVersion[] {
    return this.#held.flatMap(({ key, state }) => (state === "unconfirmed" ? [key] : []));
  }

  /** Versions that may be used everywhere, in the order they came. */
  confirmed(): readonly KeyVersion[] {
    return this.#held.flatMap(({ key, state }) => (state === "confirmed" ? [key] : []));
  }

  /** The directory names this version: it may be used everywhere. */
  confirm(key: KeyVersion): void {
    const known = this.#find(key);
    if (known !== undefined) this.add(known.key, "confirmed");
  }

  /** Forgets and overwrites a version. */
  remove(key: KeyVersion): void {
    const known = this.#find(key);
    if (known === undefined) return;
    this.#held = this.#held.filter((held) => held !== known);
    disposeKeyVersion(known.key);
  }

  /** The tag that parts of this database under this version carry. */
  async tag(key: KeyVersion, database: DatabaseId): Promise<KeyTag> {
    return (await placeKeysOf(this.#crypto, key, database)).tag;
  }

  /** The version whose tag this is, if the ring has it for this database. */
  find(database: DatabaseId, tag: KeyTag): Promise<KeyVersion | undefined> {
    return this.findHex(database, toHex(tag));
  }

  /** The same, by the tag in hexadecimal. */
  async findHex(database: DatabaseId, tag: string): Promise<KeyVersion | undefined> {
    const held = (await this.#index(database)).get(tag);
    if (held?.state === "unconfirmed" && !equalBytes(database, this.#directory)) return undefined;
    return held?.key;
  }

  /** The confirmed version of this key to seal under: the last one added. */
  current(keyId: Uint8Array): KeyVersion | undefined {
    return this.#held.findLast(({ key, state }) => state === "confirmed" && equalBytes(key.keyId, keyId))?.key;
  }

  [Symbol.dispose](): void {
    for (const { key } of this.#held) disposeKeyVersion(key);
    this.#held = [];
    this.#indexByDatabase.clear();
  }

  #find(key: KeyVersion): HeldKey | undefined {
    return this.#held.find((held) => equalBytes(held.key.version, key.version));
  }

  async #index(database: DatabaseId): Promise<ReadonlyMap<string, HeldKey>> {
    const name = toHex(database);
    const of = this.#held;
    const known = this.#indexByDatabase.get(name);
    if (known?.of === of) return known.heldByTag;
    const heldByTag = new Map<string, HeldKey>();
    for (const held of of) heldByTag.set(toHex(await this.tag(held.key, database)), held);
    this.#indexByDatabase.set(name, { heldByTag, of });
    return heldByTag;
  }
}
