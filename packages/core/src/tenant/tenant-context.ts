import type { KemKey, SecretKey, SigningKey } from "@selkie/crypto";
import { parseStatementId, type StatementId, type TenantId } from "@selkie/entry";
import type { Identity, KeyBag } from "@selkie/keybag";
import type { Store } from "@selkie/store";
import type { Admission } from "../directory/admission.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { DerivedStores } from "../local/derived-rows.ts";
import type { LocalState } from "../local/local-state.ts";
import type { Platform } from "../platform.ts";
import type { PersonKeys } from "./person-keys.ts";

/**
 * What a relay sends of a tenant: `all` that it has; of the directory only the `own-permits`; or, besides, of documents only what is
 * `readable` with the keys of this device.
 */
export type PartsPolicy = "all" | "own-permits" | "readable";

/** The KeyBag in memory and the way to make it durable. */
export interface KeyBagFile {
  readonly keyBag: KeyBag;
  /** Writes what `keyBag.save()` gives; durable when it resolves. */
  save(): Promise<void>;
}

/** The secrets of this device and its user, imported once for one open tenant. */
export interface DeviceKeys {
  readonly identity: Identity;
  readonly device: SigningKey;
  readonly deviceSecret: SecretKey;
  readonly deviceKem: KemKey;
  /** What this device shares with the user's other devices. */
  readonly person: PersonKeys;
  readonly login: SigningKey;
}

/** The root's secrets, imported for one session. */
export interface RootKeys {
  /** Makes statements. */
  readonly key: SigningKey;
  /** Writer keys of the root's chains derive from it. */
  readonly secret: SecretKey;
  /** The key of the founding entry: signs access lists. */
  readonly list: SigningKey;
}

/** What every part of an open tenant works with. */
export interface TenantContext {
  readonly platform: Platform;
  readonly tenant: TenantId;
  /** The statement that admitted this device. */
  readonly admittedBy: StatementId | null;
  readonly store: Store;
  readonly bag: KeyBagFile;
  readonly ring: KeyRing;
  readonly local: LocalState;
  /** What packages above keep of its databases. */
  readonly derived: DerivedStores;
  readonly keys: DeviceKeys;
  readonly parts: PartsPolicy;
  /** About how many bytes the loaded documents of a database may take. */
  readonly documentMemory: number;
}

/** The statement that a certificate names; the first root, which no statement admits, goes by the tenant id. */
export function admissionOf({ id }: Pick<Admission, "id">, tenant: TenantId): StatementId {
  return id === "root" ? parseStatementId(tenant) : id;
}
