// The KeyBag: one password, one random master key, and under it the secrets of every identity and tenant of this device.
import { type Argon2Parameters, type CryptoProvider, defaultArgon2Parameters, type SecretKey } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { equalBytes, type TenantId, toHex } from "@selkie/entry";
import { KeyBagError } from "./errors.ts";
import { decodeExportedKey, openExportedKey, sealExportedKey } from "./exported-key.ts";
import { withIdentity, withKeyVersions, withoutRootKey, withoutTenant, withTenant } from "./merge.ts";
import { encodePassword } from "./password.ts";
import {
  copyIdentity,
  copyKeyVersion,
  copyTenant,
  type Identity,
  type KeyVersionRecord,
  noRecords,
  type Records,
  type StoredKeyVersion,
  type TenantRecord,
  wipeRecords,
} from "./records.ts";
import { decodeFile, fileHead, openContent, sealFile } from "./sealed-file.ts";
import { Serial } from "./serial.ts";
import { openWithPassword, type Slot, sealPasswordSlot } from "./slot.ts";

/** How a KeyBag does its work; every field has a default. */
export interface KeyBagOptions {
  /** Default: the platform's own provider, `@selkie/crypto/native`. */
  readonly crypto?: CryptoProvider;
  /** Cost of guessing passwords set through this handle; default: 64 MiB, three passes, one lane. */
  readonly kdf?: Argon2Parameters;
}

/** One line of {@link KeyBag.keys}. */
export interface KeyListing {
  /** The tenant id in hexadecimal. */
  readonly tenant: string;
  readonly name: string;
  /** Counts the versions of a key from 1, in the order in which this KeyBag learned them. */
  readonly version: number;
}

interface Unlocked {
  readonly master: SecretKey;
  readonly records: Records;
}

/**
 * An open KeyBag. Mutators run one after the other; when one resolves, {@link KeyBag.save} has its result, when one rejects, nothing
 * changed. Records go in and out as copies.
 * @see docs/spec/keybag.md
 */
export class KeyBag implements Disposable {
  readonly #crypto: CryptoProvider;
  readonly #kdf: Argon2Parameters;
  readonly #serial = new Serial();
  #unlocked: Unlocked | null;
  #slots: readonly Slot[];
  #sealed: Uint8Array;

  private constructor(options: KeyBagOptions, unlocked: Unlocked, slots: readonly Slot[], sealed: Uint8Array) {
    this.#crypto = options.crypto ?? nativeCrypto;
    this.#kdf = options.kdf ?? defaultArgon2Parameters;
    this.#unlocked = unlocked;
    this.#slots = slots;
    this.#sealed = sealed;
  }

  /** A new, empty KeyBag. @throws KeyBagError `PASSWORD_UNUSABLE`, `KDF_PARAMETERS` */
  static async create(password: string, options: KeyBagOptions = {}): Promise<KeyBag> {
    const crypto = options.crypto ?? nativeCrypto;
    const bytes = encodePassword(password);
    const masterBytes = crypto.randomBytes(32);
    try {
      const slot = await sealPasswordSlot(crypto, fileHead, bytes, options.kdf ?? defaultArgon2Parameters, masterBytes);
      const master = await crypto.importSecret(masterBytes);
      const sealed = await sealFile(crypto, master, [slot], noRecords);
      return new KeyBag(options, { master, records: noRecords }, [slot], sealed);
    } finally {
      bytes.fill(0);
      masterBytes.fill(0);
    }
  }

  /**
   * Opens what {@link KeyBag.save} gave.
   * @throws KeyBagError before any derivation: `DAMAGED`, `UNSUPPORTED_VERSION`, `KDF_PARAMETERS`, `NO_PASSWORD_SLOT`,
   * `PASSWORD_UNUSABLE`; after it: `WRONG_PASSWORD`, `DAMAGED`
   */
  static async open(sealed: Uint8Array, password: string, options: KeyBagOptions = {}): Promise<KeyBag> {
    const crypto = options.crypto ?? nativeCrypto;
    const own = sealed.slice();
    const file = decodeFile(crypto, own);
    const { masterBytes } = await openWithPassword(crypto, fileHead, file.slots, password);
    const master = await importAndWipe(crypto, masterBytes);
    try {
      const records = await openContent(crypto, master, file);
      return new KeyBag(options, { master, records }, file.slots, own);
    } catch (error) {
      master[Symbol.dispose]();
      throw error;
    }
  }

  /** The sealed bytes of the current state, a copy; works when locked too, since nothing in them is secret. */
  save(): Uint8Array {
    return this.#sealed.slice();
  }

  /** Overwrites all secrets this object holds; from then on only `save` works. Local keys handed out before stay with their holder. */
  lock(): void {
    if (this.#unlocked === null) return;
    this.#unlocked.master[Symbol.dispose]();
    wipeRecords(this.#unlocked.records);
    this.#unlocked = null;
  }

  [Symbol.dispose](): void {
    this.lock();
  }

  /**
   * Wraps the same master key under another password; what was sealed under local keys still opens.
   * @throws KeyBagError `LOCKED`, `WRONG_PASSWORD`, `PASSWORD_UNUSABLE`
   */
  changePassword(current: string, next: string): Promise<void> {
    return this.#change(async ({ records }) => {
      const nextBytes = encodePassword(next);
      const { masterBytes, slot } = await openWithPassword(this.#crypto, fileHead, this.#slots, current);
      try {
        const changed = await sealPasswordSlot(this.#crypto, fileHead, nextBytes, this.#kdf, masterBytes);
        return { records, slots: this.#slots.map((held) => (held === slot ? changed : held)) };
      } finally {
        nextBytes.fill(0);
        masterBytes.fill(0);
      }
    });
  }

  /** Every version of every key. @throws KeyBagError `LOCKED` */
  keys(): readonly KeyListing[] {
    const countByKey = new Map<string, number>();
    return this.#require().records.keyVersions.map(({ tenant, keyId, name }) => {
      const key = toHex(tenant) + toHex(keyId);
      const version = (countByKey.get(key) ?? 0) + 1;
      countByKey.set(key, version);
      return { tenant: toHex(tenant), name, version };
    });
  }

  /**
   * All versions of a key as one text that is safe in a URI, sealed under a password of its own.
   * @param tenant the tenant id in hexadecimal
   * @throws KeyBagError `LOCKED`, `KEY_UNKNOWN`, `PASSWORD_UNUSABLE`
   */
  async exportKey(tenant: string, name: string, password: string): Promise<string> {
    const { keyVersions } = this.#require().records;
    const versions = keyVersions
      .filter((held) => held.name === name && toHex(held.tenant) === tenant)
      .map(copyKeyVersion);
    if (versions.length === 0) throw new KeyBagError("KEY_UNKNOWN", "the KeyBag holds no such key");
    const bytes = encodePassword(password);
    try {
      return await sealExportedKey(this.#crypto, versions, bytes, this.#kdf);
    } finally {
      bytes.fill(0);
      wipeRecords({ ...noRecords, keyVersions: versions });
    }
  }

  /**
   * Adds what {@link KeyBag.exportKey} gave, marked as imported until the directory confirms it.
   * @throws KeyBagError before any derivation: `LOCKED`, `DAMAGED`, `UNSUPPORTED_VERSION`, `KDF_PARAMETERS`, `PASSWORD_UNUSABLE`;
   * after it: `WRONG_PASSWORD`, `DAMAGED`, `KEY_EXISTS_DIFFERENT`, `FULL`
   */
  async importKey(exported: string, password: string): Promise<void> {
    this.#require();
    const sealed = decodeExportedKey(this.#crypto, exported);
    const bytes = encodePassword(password);
    try {
      const keyVersions = await openExportedKey(this.#crypto, sealed, bytes);
      await this.#changeRecords((records) => withKeyVersions(records, keyVersions));
    } finally {
      bytes.fill(0);
    }
  }

  /** @throws KeyBagError `LOCKED` */
  identities(): readonly Identity[] {
    return this.#require().records.identities.map(copyIdentity);
  }

  /** Adding an identity again does nothing. @throws KeyBagError `LOCKED`, `IDENTITY_EXISTS_DIFFERENT`, `RECORD_INVALID`, `FULL` */
  addIdentity(identity: Identity): Promise<void> {
    const own = copyIdentity(identity);
    return this.#changeRecords((records) => withIdentity(records, own));
  }

  /** @throws KeyBagError `LOCKED` */
  tenants(): readonly TenantRecord[] {
    return this.#require().records.tenants.map(copyTenant);
  }

  /**
   * Adds a tenant or replaces its record; a `rootSeed` of null keeps the root key that is held.
   * @throws KeyBagError `LOCKED`, `IDENTITY_UNKNOWN`, `KEY_EXISTS_DIFFERENT`, `RECORD_INVALID`, `FULL`
   */
  putTenant(record: TenantRecord): Promise<void> {
    const own = copyTenant(record);
    return this.#changeRecords((records) => withTenant(records, own));
  }

  /** Drops the tenant's root key from this KeyBag, after it was exported. @throws KeyBagError `LOCKED`, `TENANT_UNKNOWN` */
  forgetRootKey(tenant: TenantId): Promise<void> {
    return this.#changeRecords((records) => withoutRootKey(records, tenant));
  }

  /**
   * Removes a tenant's record, with its root key, and all its key versions; a tenant that is not held is fine. Identities stay. What
   * was saved before still holds them.
   * @throws KeyBagError `LOCKED`
   */
  removeTenant(tenant: TenantId): Promise<void> {
    const own = tenant.slice();
    return this.#changeRecords((records) => withoutTenant(records, own));
  }

  /** The key versions of one tenant, in the order they came. @throws KeyBagError `LOCKED` */
  keyVersions(tenant: TenantId): readonly StoredKeyVersion[] {
    const wanted = toHex(tenant);
    return this.#require()
      .records.keyVersions.filter((held) => toHex(held.tenant) === wanted)
      .map(copyKeyVersion);
  }

  /** Which versions of keys of one tenant are held, by their commitments in hexadecimal: no secret is copied. @throws KeyBagError `LOCKED` */
  heldVersions(tenant: TenantId): ReadonlySet<string> {
    const { keyVersions } = this.#require().records;
    return new Set(keyVersions.flatMap((held) => (equalBytes(held.tenant, tenant) ? [toHex(held.version)] : [])));
  }

  /**
   * Adds key versions whose commitments the caller compared with the directory, all or none. They replace imported ones.
   * @throws KeyBagError `LOCKED`, `KEY_EXISTS_DIFFERENT`, `RECORD_INVALID`, `FULL`
   */
  addKeyVersions(versions: readonly KeyVersionRecord[]): Promise<void> {
    const confirmed = versions.map((version) => copyKeyVersion({ ...version, imported: false }));
    return this.#changeRecords((records) => withKeyVersions(records, confirmed));
  }

  /**
   * A key for sealing local state, the same for a purpose as long as this KeyBag lives, whatever its password.
   * @throws KeyBagError `LOCKED`
   */
  async localKey(purpose: string): Promise<SecretKey> {
    const { master } = this.#require();
    const info = new TextEncoder().encode(purpose);
    return importAndWipe(this.#crypto, await this.#crypto.derive(master, "derive-keybag-local", info, 32));
  }

  #require(): Unlocked {
    if (this.#unlocked === null) throw new KeyBagError("LOCKED", "the KeyBag is locked");
    return this.#unlocked;
  }

  #changeRecords(change: (records: Records) => Records): Promise<void> {
    return this.#change(({ records }) => Promise.resolve({ records: change(records), slots: this.#slots }));
  }

  /**
   * INVARIANT: records, slots and sealed bytes change together or not at all, one change at a time
   * (test "serialises concurrent mutators").
   */
  #change(make: (from: Unlocked) => Promise<{ records: Records; slots: readonly Slot[] }>): Promise<void> {
    return this.#serial.run(async () => {
      const from = this.#require();
      let made: { records: Records; slots: readonly Slot[] } = { records: from.records, slots: this.#slots };
      try {
        made = await make(from);
        const sealed = await sealFile(this.#crypto, from.master, made.slots, made.records, from.records);
        this.#require();
        this.#unlocked = { master: from.master, records: made.records };
        this.#slots = made.slots;
        this.#sealed = sealed;
        wipeRecords(from.records, made.records);
      } catch (error) {
        wipeRecords(made.records, this.#unlocked?.records);
        // Locked meanwhile: the key was disposed of under the running change, whose own error would only puzzle.
        this.#require();
        throw error;
      }
    });
  }
}

async function importAndWipe(crypto: CryptoProvider, bytes: Uint8Array): Promise<SecretKey> {
  try {
    return await crypto.importSecret(bytes);
  } finally {
    bytes.fill(0);
  }
}
