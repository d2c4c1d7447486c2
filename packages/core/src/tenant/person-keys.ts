import type { CryptoProvider, KemKey, SigningKey } from "@selkie/crypto";
import { equalBytes } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { identityKeyName } from "../keys/identity-key.ts";
import type { UserKeySecret } from "../keys/permit-bundle.ts";

interface HeldUserKey {
  /** `identityKeyName` of the public key. */
  readonly name: Uint8Array;
  readonly kem: KemKey;
  readonly seed: Uint8Array;
}

interface HeldSlotKey {
  readonly key: SigningKey;
  readonly seed: Uint8Array;
}

/**
 * The secrets that the devices of one person share: the KEM keys that permits are for, one after the other, and the key that lets the
 * devices in at relays. A further device begins without any and gets them through the directory. Disposing overwrites them.
 */
export class PersonKeys implements Disposable {
  readonly #crypto: CryptoProvider;
  #userKeys: readonly HeldUserKey[] = [];
  #slot: HeldSlotKey | null = null;
  #isSaved = true;

  constructor(crypto: CryptoProvider) {
    this.#crypto = crypto;
  }

  /** In the order they came. */
  get userKeys(): readonly HeldUserKey[] {
    return this.#userKeys;
  }

  /** The first key that speaks for this user at relays, which the later ones follow on; null on a further device until the directory brought it. */
  get slot(): SigningKey | null {
    return this.#slot?.key ?? null;
  }

  /** The same. @throws CoreError KEY_UNKNOWN */
  requireSlot(): SigningKey {
    if (this.#slot === null)
      throw new CoreError("KEY_UNKNOWN", "this device has not received its user's keys yet: connect");
    return this.#slot.key;
  }

  /** Whether the key of this name is here. */
  holds(name: Uint8Array): boolean {
    const slot = this.#slot !== null && equalBytes(identityKeyName(this.#crypto, this.#slot.key.publicKey), name);
    return slot || this.#userKeys.some((held) => equalBytes(held.name, name));
  }

  /** Whether the KeyBag has everything that came. */
  get isSaved(): boolean {
    return this.#isSaved;
  }

  saved(): void {
    this.#isSaved = true;
  }

  /** Takes over what the directory brought. @returns whether a user key is new */
  async take(secrets: readonly UserKeySecret[]): Promise<boolean> {
    let isNew = false;
    for (const { kind, name, seed } of secrets) {
      if (this.holds(name)) continue;
      this.#isSaved = false;
      if (kind === "slot") await this.setSlot(seed);
      else await this.addUserKey(seed);
      isNew = isNew || kind === "user";
    }
    return isNew;
  }

  /** Adds a user key by its 32-byte seed, which becomes this object's. */
  async addUserKey(seed: Uint8Array): Promise<void> {
    const kem = await this.#crypto.importKemKey(seed);
    this.#userKeys = [...this.#userKeys, { name: identityKeyName(this.#crypto, kem.publicKey), kem, seed }];
  }

  /** Takes over the slot key of this 32-byte seed, which becomes this object's. */
  async setSlot(seed: Uint8Array): Promise<void> {
    this.#slot = { key: await this.#crypto.importSigningKey(seed), seed };
  }

  /** What a further device of the person is given: the user keys of these names, as far as they are here, and the slot key. */
  secretsFor(names: readonly Uint8Array[]): readonly UserKeySecret[] {
    const users = this.#userKeys.filter((held) => names.some((name) => equalBytes(held.name, name)));
    const slots = this.#slot === null ? [] : [this.#slot];
    return [
      ...users.map(({ name, seed }): UserKeySecret => ({ kind: "user", name, seed })),
      ...slots.map(({ key, seed }): UserKeySecret => {
        return { kind: "slot", name: identityKeyName(this.#crypto, key.publicKey), seed };
      }),
    ];
  }

  /** The seeds, for the KeyBag. */
  seeds(): { readonly userSeeds: readonly Uint8Array[]; readonly slotSeed: Uint8Array | null } {
    return { userSeeds: this.#userKeys.map(({ seed }) => seed), slotSeed: this.#slot?.seed ?? null };
  }

  [Symbol.dispose](): void {
    for (const { kem, seed } of this.#userKeys) {
      kem[Symbol.dispose]();
      seed.fill(0);
    }
    this.#slot?.key[Symbol.dispose]();
    this.#slot?.seed.fill(0);
  }
}
