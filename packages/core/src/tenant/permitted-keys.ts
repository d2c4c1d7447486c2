// Key versions that came in permits, until a statement names them.
import { toHex, type VerifiedEntry } from "@selkie/entry";
import type { DirectoryView } from "../directory/directory-view.ts";
import { type KeyVersion, openKeyVersion } from "../keys/key-version.ts";
import { openPermits } from "../keys/permit.ts";
import type { Place } from "./parked-places.ts";
import type { TenantContext } from "./tenant-context.ts";

/** A key version that a permit gave and no statement has named, and where that permit stands. */
interface Permitted extends Place {
  readonly keyId: Uint8Array;
  readonly version: Uint8Array;
}

/** Dropped key versions that are remembered, should the statement that names them come later. */
const MAX_DROPPED = 256;

/** Opens the permits for this device and its person, and keeps of their keys what the directory names. */
export class PermittedKeys {
  readonly #context: Pick<TenantContext, "platform" | "ring" | "keys">;
  /** By version in hex. */
  readonly #permitted = new Map<string, Permitted>();
  readonly #dropped = new Map<string, Permitted>();

  constructor(context: Pick<TenantContext, "platform" | "ring" | "keys">) {
    this.#context = context;
  }

  /** @returns whether a permit in these entries gave new keys */
  async find(entries: readonly VerifiedEntry[]): Promise<boolean> {
    const { platform, ring, keys } = this.#context;
    let found = false;
    for (const entry of entries) {
      const { writer, seq } = entry.header;
      for (const kem of [...keys.person.userKeys.map((held) => held.kem), keys.deviceKem]) {
        for (const record of (await openPermits(platform.crypto, entry, kem)) ?? []) {
          const key = await openKeyVersion(platform.crypto, record);
          // Until the permit's entry verifies up to the tenant id, what it opened serves only to read the directory.
          if (!this.#dropped.has(toHex(key.version)) && ring.add(key, "unconfirmed")) {
            found = true;
            const name = { keyId: key.keyId.slice(), version: key.version.slice() };
            this.#permitted.set(toHex(key.version), { ...name, writer, seq });
          }
        }
      }
    }
    return found;
  }

  /** Where the permits stand of versions that were dropped and that a statement names after all: they may be read again. */
  recall(view: DirectoryView): readonly Place[] {
    const named = [...this.#dropped.values()].filter(({ keyId, version }) => view.commits(keyId, version));
    for (const { version } of named) this.#dropped.delete(toHex(version));
    return named;
  }

  /**
   * A1: a key counts once a statement that counts commits to it; what nobody committed to is dropped. It waits while something of an
   * admitted author can't be read: the statement may be there. What others push keeps no forged key alive (directory-log.test.ts).
   *
   * @param isReadable whether everything of admitted authors was read
   * @returns the ids of the keys whose versions were dropped
   */
  confirm(view: DirectoryView, isReadable: () => boolean): readonly Uint8Array[] {
    const { ring } = this.#context;
    const unconfirmed = ring.unconfirmed();
    for (const version of [...unconfirmed, ...ring.made()])
      if (view.commits(version.keyId, version.version)) this.#keep(version);
    const forged = unconfirmed.filter(({ keyId, version }) => !view.commits(keyId, version));
    if (forged.length === 0 || !isReadable()) return [];
    const dropped = forged.map(({ keyId }) => keyId.slice());
    for (const version of forged) this.#drop(version);
    return dropped;
  }

  #keep(version: KeyVersion): void {
    this.#context.ring.confirm(version);
    this.#permitted.delete(toHex(version.version));
  }

  #drop(version: KeyVersion): void {
    const name = toHex(version.version);
    const permitted = this.#permitted.get(name);
    if (permitted !== undefined) {
      this.#permitted.delete(name);
      this.#dropped.set(name, permitted);
    }
    const [oldest] = this.#dropped.keys();
    if (this.#dropped.size > MAX_DROPPED && oldest !== undefined) this.#dropped.delete(oldest);
    this.#context.ring.remove(version);
  }
}
