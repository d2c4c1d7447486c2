// The key versions this device holds in one tenant, found by the tag a part carries.
import type { CryptoProvider } from "@selkie/crypto";
import { type DatabaseId, equalBytes, type KeyTag, toHex } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { disposeKeyVersion, type KeyVersion, openKeyVersion, placeKeysOf } from "./key-version.ts";
import { type MergedVersion, maxMerged, mergeVersions } from "./merged-version.ts";
import type { HistoryPolicy } from "./permit-bundle.ts";
import { openLink, type VersionLink } from "./version-link.ts";

/**
 * Whether the directory names this very version. Before it does, what a permit gave serves only to read the directory; what this device
 * made itself waits for its own statement.
 * SECURITY: A1. Nothing is sealed under an unconfirmed version, and no document is opened with it (key-ring.test.ts).
 */
export type KeyState = "confirmed" | "unconfirmed" | "made";

interface HeldKey {
  readonly key: KeyVersion;
  readonly state: KeyState;
}

interface TagIndex {
  readonly heldByTag: ReadonlyMap<string, HeldKey>;
  /** Of each version, in hexadecimal. */
  readonly tagByKey: ReadonlyMap<KeyVersion, string>;
  /** The keys it was made of. */
  readonly of: readonly HeldKey[];
}

/** A version, or the first tag that stands for one this device does not hold. */
export type Found =
  | { readonly type: "found"; readonly key: KeyVersion }
  | { readonly type: "missing"; readonly tag: KeyTag };

/** The versions of a key that are current. */
interface CurrentVersions {
  readonly keyId: Uint8Array;
  readonly current: readonly Uint8Array[];
}

/** Holds key versions; disposing it overwrites them all. */
export class KeyRing implements Disposable {
  readonly #crypto: CryptoProvider;
  readonly #directory: DatabaseId;
  /** In the order they came. Never changed in place: a lookup that is under way goes on over what it began with. */
  #held: readonly HeldKey[] = [];
  /** The same by version in hexadecimal. */
  readonly #heldByVersion = new Map<string, HeldKey>();
  readonly #indexByDatabase = new Map<string, TagIndex>();
  /** By the hexadecimal ids of what they were made of. */
  readonly #merged = new Map<string, MergedVersion>();
  /** By key id, what `follow` found. */
  #current: ReadonlyMap<string, KeyVersion> = new Map();

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
    const known = this.#find(key.version);
    const learnsHistory = known?.key.historyBytes === null && key.historyBytes !== null;
    const learnsState = known !== undefined && known.state !== "confirmed" && state === "confirmed";
    if (known !== undefined && !learnsHistory && !learnsState) return false;
    const merged: HeldKey = {
      key: known === undefined || learnsHistory ? key : known.key,
      state: learnsState ? state : (known?.state ?? state),
    };
    this.#held = [...(known === undefined ? this.#held : this.#held.filter((held) => held !== known)), merged];
    this.#heldByVersion.set(hexOf(key.version), merged);
    return true;
  }

  /** Versions that came and that the directory has not been seen to name. */
  unconfirmed(): readonly KeyVersion[] {
    return this.#held.flatMap(({ key, state }) => (state === "unconfirmed" ? [key] : []));
  }

  /** Versions that this device made and has not said so yet. */
  made(): readonly KeyVersion[] {
    return this.#held.flatMap(({ key, state }) => (state === "made" ? [key] : []));
  }

  /** Versions that may be used everywhere, in the order they came. */
  confirmed(): readonly KeyVersion[] {
    return this.#held.flatMap(({ key, state }) => (state === "confirmed" ? [key] : []));
  }

  /** Whether this version is here, confirmed or not: with its history secret, where that is asked for. */
  holds(version: Uint8Array, history: HistoryPolicy): boolean {
    const held = this.#find(version);
    return held !== undefined && (history === "from-now" || held.key.historyBytes !== null);
  }

  /** The directory names this version: it may be used everywhere. */
  confirm(key: KeyVersion): void {
    const known = this.#find(key.version);
    if (known !== undefined) this.add(known.key, "confirmed");
  }

  /** Forgets and overwrites a version. */
  remove(key: KeyVersion): void {
    const known = this.#find(key.version);
    if (known === undefined) return;
    this.#held = this.#held.filter((held) => held !== known);
    this.#heldByVersion.delete(hexOf(key.version));
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
    return this.#usable(await this.#index(database), database, tag)?.key;
  }

  /**
   * The version that stands behind these tags of one entry: one tag, or those of versions that were merged, in id order. Null when no
   * version can: they are of several keys, or out of order.
   */
  async findGroup(database: DatabaseId, tags: readonly KeyTag[]): Promise<Found | null> {
    const index = await this.#index(database);
    const parts: KeyVersion[] = [];
    for (const tag of tags) {
      const held = this.#usable(index, database, toHex(tag));
      if (held === undefined) return { type: "missing", tag };
      const before = parts.at(-1);
      if (before !== undefined && !follows(before, held.key)) return null;
      parts.push(held.key);
    }
    const [first] = parts;
    if (first === undefined || parts.length > maxMerged) return null;
    return { type: "found", key: parts.length === 1 ? first : await this.#merge(parts) };
  }

  /** The version of these ids, or what these versions of one key make together, ascending. Null unless all may be used. */
  async findVersions(versions: readonly Uint8Array[]): Promise<KeyVersion | null> {
    const parts: KeyVersion[] = [];
    for (const version of versions) {
      const held = this.#find(version);
      const before = parts.at(-1);
      if (held?.state !== "confirmed" || (before !== undefined && !follows(before, held.key))) return null;
      parts.push(held.key);
    }
    const [first] = parts;
    if (first === undefined || parts.length > maxMerged) return null;
    return parts.length === 1 ? first : await this.#merge(parts);
  }

  /**
   * Opens what links lead to, as far as this ring holds the later versions. A forged link leads nowhere; what an honest one gives is
   * unconfirmed until the directory names it.
   *
   * @returns whether anything is new
   */
  async openHistory(links: readonly VersionLink[]): Promise<boolean> {
    const linksByFrom = Map.groupBy(links, ({ from }) => hexOf(from));
    const waiting = this.#held.map(({ key }) => key);
    let isNew = false;
    // The list grows while it is walked: what a link gives has links of its own.
    for (const key of waiting) {
      for (const link of linksByFrom.get(hexOf(key.version)) ?? []) {
        const opened = await this.#openLink(link, key);
        if (opened === null || !this.add(opened, "unconfirmed")) continue;
        waiting.push(opened);
        isNew = true;
      }
    }
    return isNew;
  }

  /**
   * Takes over which versions are current. A key of which this device lacks a current version has none to seal under until it gets it, or
   * rotates. Further versions at once than a table names are rotated first too.
   */
  async follow(keys: readonly CurrentVersions[]): Promise<void> {
    const take = await this.following(keys);
    take();
  }

  /** The same, up to the moment in which it is so: what this resolves to is called together with what else changes then. */
  async following(keys: readonly CurrentVersions[]): Promise<() => void> {
    const current = new Map<string, KeyVersion>();
    for (const { keyId, current: versions } of keys) {
      const held = versions.map((version) => this.#find(version)).filter((each) => each?.state === "confirmed");
      const parts = held.flatMap((each) => (each === undefined ? [] : [each.key]));
      const [first] = parts;
      if (first === undefined || parts.length < versions.length || parts.length > maxMerged) continue;
      current.set(toHex(keyId), parts.length === 1 ? first : await this.#merge(parts));
    }
    return () => {
      this.#current = current;
    };
  }

  /** The tags of all versions that may be used in this database, in hexadecimal. */
  async tags(database: DatabaseId): Promise<ReadonlySet<string>> {
    const tags = new Set<string>();
    for (const tag of (await this.#index(database)).heldByTag.keys())
      if ((await this.findHex(database, tag)) !== undefined) tags.add(tag);
    return tags;
  }

  /** The version of this key to seal under: the current one, or several merged. */
  current(keyId: Uint8Array): KeyVersion | undefined {
    return this.#current.get(hexOf(keyId));
  }

  [Symbol.dispose](): void {
    for (const { key } of this.#held) disposeKeyVersion(key);
    for (const key of this.#merged.values()) disposeKeyVersion(key);
    this.#held = [];
    this.#heldByVersion.clear();
    this.#current = new Map();
    this.#merged.clear();
    this.#indexByDatabase.clear();
  }

  #find(version: Uint8Array): HeldKey | undefined {
    return this.#heldByVersion.get(hexOf(version));
  }

  #usable({ heldByTag }: TagIndex, database: DatabaseId, tag: string): HeldKey | undefined {
    const held = heldByTag.get(tag);
    return held?.state !== "confirmed" && !equalBytes(database, this.#directory) ? undefined : held;
  }

  async #openLink(link: VersionLink, { keyId, name, historyBytes }: KeyVersion): Promise<KeyVersion | null> {
    const known = this.#find(link.version);
    if (historyBytes === null || (known?.key.historyBytes ?? null) !== null || !equalBytes(link.keyId, keyId))
      return null;
    const secrets = await openLink(this.#crypto, link, historyBytes);
    return secrets === null ? null : openKeyVersion(this.#crypto, { ...secrets, name });
  }

  async #merge(parts: readonly KeyVersion[]): Promise<MergedVersion> {
    const name = parts.map(({ version }) => toHex(version)).join();
    const known = this.#merged.get(name);
    if (known !== undefined) return known;
    const merged = await mergeVersions(this.#crypto, parts);
    this.#merged.set(name, merged);
    return merged;
  }

  async #index(database: DatabaseId): Promise<TagIndex> {
    const name = toHex(database);
    const of = this.#held;
    const known = this.#indexByDatabase.get(name);
    if (known?.of === of) return known;
    const heldByTag = new Map<string, HeldKey>();
    const tagByKey = new Map<KeyVersion, string>();
    for (const held of of) {
      const tag = known?.tagByKey.get(held.key) ?? toHex(await this.tag(held.key, database));
      tagByKey.set(held.key, tag);
      heldByTag.set(tag, held);
    }
    const index = { heldByTag, tagByKey, of };
    this.#indexByDatabase.set(name, index);
    return index;
  }
}

const follows = (before: KeyVersion, next: KeyVersion): boolean =>
  equalBytes(before.keyId, next.keyId) && toHex(before.version) < toHex(next.version);
