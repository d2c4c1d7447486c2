// What blobs of sealed chunks are sealed under: secrets that follow from a key version, the same in all databases of a tenant.
import type { CryptoProvider, SecretKey } from "@selkie/crypto";
import { concatBytes, equalBytes } from "@selkie/entry";
import type { KeyRing } from "../keys/key-ring.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { isMerged, maxMerged } from "../keys/merged-version.ts";

/** The secret of one version of a document's key that its blobs are sealed under. */
export interface BlobKeys {
  /** The 32-byte id of the key version; of several that were merged, all of theirs, ascending. */
  readonly version: Uint8Array;
  /** Makes ids of chunks, and from each id the key of its chunk. */
  readonly chunks: SecretKey;
}

const VERSION_BYTES = 32;

/** Finds and derives them; each version's once. */
export class BlobKeyRing implements Disposable {
  readonly #crypto: CryptoProvider;
  readonly #ring: KeyRing;
  readonly #derived = new Map<KeyVersion, Promise<BlobKeys>>();

  constructor(crypto: CryptoProvider, ring: KeyRing) {
    this.#crypto = crypto;
    this.#ring = ring;
  }

  of(version: KeyVersion): Promise<BlobKeys> {
    const derived = this.#derived.get(version) ?? this.#derive(version);
    this.#derived.set(version, derived);
    return derived;
  }

  /**
   * Those of a version that was named, if it is one of this key.
   * SECURITY: C1. What is sealed for some can't be passed off as sealed for others (blob-keys.test.ts).
   *
   * @returns null for a version of another key, or one that this device does not hold
   */
  async find(keyId: Uint8Array, version: Uint8Array): Promise<BlobKeys | null> {
    const count = version.length / VERSION_BYTES;
    if (!Number.isInteger(count) || count < 1 || count > maxMerged) return null;
    const versions = Array.from({ length: count }, (_, at) =>
      version.subarray(at * VERSION_BYTES, (at + 1) * VERSION_BYTES),
    );
    const found = await this.#ring.findVersions(versions);
    return found === null || !equalBytes(found.keyId, keyId) ? null : this.of(found);
  }

  [Symbol.dispose](): void {
    for (const derived of this.#derived.values())
      void derived.then(
        ({ chunks }) => chunks[Symbol.dispose](),
        () => undefined,
      );
    this.#derived.clear();
  }

  async #derive(key: KeyVersion): Promise<BlobKeys> {
    const version = isMerged(key) ? concatBytes(...key.parts.map((part) => part.version)) : key.version;
    const secret = await this.#crypto.derive(key.content, "derive-chunk-mac-key", key.version, 32);
    const chunks = await this.#crypto.importSecret(secret);
    secret.fill(0);
    return { version, chunks };
  }
}
