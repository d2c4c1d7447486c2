// The statements of a directory: what its sealed database says about who may do what.
import { type EntryId, hash, parseStatementId, type StatementId, type Verifier } from "@selkie/entry";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";

/** What a user may do. */
export type Role = "admin" | "editor" | "reader";

/** The first version of a key. */
export interface FirstVersion {
  /** 16 bytes. */
  readonly keyId: Uint8Array;
  /** 32 bytes: names the version. */
  readonly commitment: Uint8Array;
}

/** Founds the tenant; counts only in the founding entry. */
export interface FoundStatement {
  readonly type: "found";
  readonly name: string;
  /** 32 bytes that name databases; never changed, used for nothing else. */
  readonly tenantSecret: Uint8Array;
  readonly directoryKey: FirstVersion;
  readonly defaultKey: FirstVersion;
  /** Whether those who join read what was written before. */
  readonly history: HistoryPolicy;
}

/** Admits a user with its first device. */
export interface GrantStatement {
  readonly type: "grant";
  readonly name: string;
  readonly role: Role;
  /** Revocations of the same keys that this grant knows and overrules. */
  readonly after: readonly StatementId[];
  /** 1,216-byte KEM key of the person. */
  readonly userKem: Uint8Array;
  /** 32-byte signing key of the device. */
  readonly deviceSign: Uint8Array;
  /** 1,216-byte KEM key of the device. */
  readonly deviceKem: Uint8Array;
  /** 32-byte key by which the user's devices manage their logins at a relay. */
  readonly slot: Uint8Array;
  /** 16 bytes the slot key derives from. */
  readonly slotSalt: Uint8Array;
  /** 16-byte ids of the named keys the user is entitled to. */
  readonly keys: readonly Uint8Array[];
}

/** Admits another device of its author's user. */
export interface AddDeviceStatement {
  readonly type: "addDevice";
  readonly deviceSign: Uint8Array;
  readonly deviceKem: Uint8Array;
}

/** Makes a named key. Its id is the hash of the author's writer key and the nonce: nobody else can claim it. */
export interface CreateKeyStatement {
  readonly type: "createKey";
  /** 16 bytes. */
  readonly nonce: Uint8Array;
  readonly name: string;
  /** Commitment to the first version, 32 bytes. */
  readonly commitment: Uint8Array;
}

/** Entitles users to a named key. */
export interface ShareStatement {
  readonly type: "share";
  readonly keyId: Uint8Array;
  /** Grants. */
  readonly to: readonly StatementId[];
}

/** A statement, by its id or as a part of the same entry. */
export type Reference =
  | { readonly type: "statement"; readonly id: StatementId }
  | { readonly type: "part"; readonly index: number };

/** Says which key versions the permits of its entry give, and to whom. */
interface PermitStatement {
  readonly type: "permit";
  readonly history: HistoryPolicy;
  readonly versions: readonly { readonly keyId: Uint8Array; readonly version: Uint8Array }[];
  /** Admissions. */
  readonly to: readonly Reference[];
}

/** Carries a relay's access list, so that any member can upload it again. */
interface AccessListStatement {
  readonly type: "accessList";
  /** As the relay gets it: signed on its own. */
  readonly list: Uint8Array;
}

/** What a setting can be. */
export type SettingValue = string | number;

/** Sets settings of the tenant, over the settings statements it names. */
export interface SettingsStatement {
  readonly type: "settings";
  readonly over: readonly StatementId[];
  readonly values: ReadonlyMap<string, SettingValue>;
}

/** A statement of a later version: kept, counted, never dropped. */
interface UnknownStatement {
  readonly type: "unknown";
  readonly code: number;
  /** All of it, as it was encoded. */
  readonly bytes: Uint8Array;
}

/** Any statement. */
export type Statement =
  | FoundStatement
  | GrantStatement
  | AddDeviceStatement
  | CreateKeyStatement
  | ShareStatement
  | PermitStatement
  | AccessListStatement
  | SettingsStatement
  | UnknownStatement;

/** The id of the statement that is this part of this entry. */
export function statementId(verifier: Verifier, entry: EntryId, part: number): StatementId {
  return parseStatementId(hash(verifier, "statement", entry, Uint8Array.of(part >>> 8, part & 0xff)));
}
