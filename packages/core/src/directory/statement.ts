// The statements of a directory: what its sealed database says about who may do what.
import {
  type DatabaseId,
  type EntryId,
  hash,
  parseStatementId,
  type StatementId,
  toHex,
  type Verifier,
} from "@selkie/entry";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";
import type { SealedLink, VersionLink } from "../keys/version-link.ts";
import type { DatabaseCuts } from "./cuts.ts";
import type { ForkStatement } from "./fork.ts";

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
  /** User-key statements, ascending, whose keys the device is given in the same entry. It is always given that of the grant. */
  readonly userKeys: readonly StatementId[];
}

/** Makes a named key. Its id is the hash of the author's writer key and the nonce: nobody else can claim it. */
export interface CreateKeyStatement {
  readonly type: "createKey";
  /** 16 bytes. */
  readonly nonce: Uint8Array;
  readonly name: string;
  /** Commitment to the first version, 32 bytes. */
  readonly commitment: Uint8Array;
  /** How far back those read to whom nobody gave more: admins, and who was let in with it. */
  readonly history: HistoryPolicy;
}

/** Entitles users to a named key. */
export interface ShareStatement {
  readonly type: "share";
  readonly keyId: Uint8Array;
  /** Grants. */
  readonly to: readonly StatementId[];
  /** How far back they read; who may not read all of it gives what is written from now on. */
  readonly history: HistoryPolicy;
}

/** A statement, by its id or as a part of the same entry. */
export type Reference =
  | { readonly type: "statement"; readonly id: StatementId }
  | { readonly type: "part"; readonly index: number };

/** Whom a permit is for: the user key that a grant or a user-key statement names, or the KEM key of one device. */
export type Recipient = Reference | { readonly type: "device"; readonly of: Reference };

/** Says which key versions the permits of its entry give, and to whom. */
export interface PermitStatement {
  readonly type: "permit";
  readonly history: HistoryPolicy;
  readonly versions: readonly { readonly keyId: Uint8Array; readonly version: Uint8Array }[];
  readonly to: readonly Recipient[];
}

/** Ends rights: of admissions, and of every admission of the keys it names, known or not. */
export interface Revocation {
  /** Admissions, ascending: a grant or change is the whole user, anything else one device. */
  readonly targets: readonly StatementId[];
  /** 32-byte names of identity keys (`identityKeyName`), ascending. */
  readonly identityKeys: readonly Uint8Array[];
  /** Where the targets' chains end. A chain that is not listed is cut before its first entry. */
  readonly cuts: readonly DatabaseCuts[];
  /** Seconds after which a revoked device that learned of it wipes its store; null: it keeps it, sealed. */
  readonly wipe: number | null;
}

/** Takes all rights away. */
export interface RevokeStatement extends Revocation {
  readonly type: "revoke";
}

/**
 * Takes some rights away: a revocation, and in the same statement the admission for what is left. Devices are named, not their keys: an
 * admin cannot plant one.
 */
export interface ChangeStatement extends Revocation {
  readonly type: "change";
  readonly name: string;
  readonly role: Role;
  /** 16-byte ids of the named keys that are left. */
  readonly keys: readonly Uint8Array[];
  /** The admissions of the user's devices that go on. The first is admitted under this statement's id, each other under `continuedAdmission`. */
  readonly devices: readonly StatementId[];
}

/** Replaces the cuts of revocations, so that more entries count. It gives no right back. */
export interface ReadmitStatement {
  readonly type: "readmit";
  /** The revocations, ascending. */
  readonly lifts: readonly StatementId[];
  readonly cuts: readonly DatabaseCuts[];
}

/** Makes the next version of a key. */
export interface RotateStatement {
  readonly type: "rotate";
  /** 16 bytes. */
  readonly keyId: Uint8Array;
  /** The statements that made the versions this one replaces, ascending. Ids are hashes: no two can replace each other. */
  readonly over: readonly StatementId[];
  /** Commitment to the new version, 32 bytes. */
  readonly commitment: Uint8Array;
  /** Predecessors whose secrets the maker could open. */
  readonly links: readonly SealedLink[];
}

/** Adds links to a version: where the rotation could not carry them (the directory's own key), or its maker could not open them. */
export interface LinkStatement {
  readonly type: "link";
  readonly keyId: Uint8Array;
  /** The version whose history secret opens them, 32 bytes. */
  readonly version: Uint8Array;
  readonly links: readonly SealedLink[];
}

/** The next KEM key of the author's person. */
export interface UserKeyStatement {
  readonly type: "userKey";
  /** 1,216 bytes. */
  readonly kem: Uint8Array;
  /** 32-byte key by which relays know the person from now on: it follows from this user key, and who lacks that one lacks it. */
  readonly slot: Uint8Array;
  /** The statements that named the keys this one replaces, ascending. */
  readonly over: readonly StatementId[];
  /** The admissions of the devices it was wrapped for, ascending. The author's need not be there. */
  readonly to: readonly StatementId[];
}

/** Gives a user another name, over the renames it knows. */
export interface RenameStatement {
  readonly type: "rename";
  /** A grant or change. */
  readonly user: StatementId;
  readonly over: readonly StatementId[];
  readonly name: string;
}

/** Says that there is a database of this name: whoever writes in it first says so, so that others know what to sync. */
export interface DatabaseStatement {
  readonly type: "database";
  readonly name: string;
}

/** Sets settings of one database. */
export interface DatabaseSettingsStatement {
  readonly type: "databaseSettings";
  readonly database: DatabaseId;
  readonly over: readonly StatementId[];
  readonly values: ReadonlyMap<string, SettingValue>;
}

/** A part of an entry. */
export interface PartName {
  readonly entry: EntryId;
  readonly part: number;
}

/** Removes parts, and closes documents for good. */
export interface PurgeStatement {
  readonly type: "purge";
  readonly database: DatabaseId;
  /** 32-byte ids of the documents that are dead from now on, ascending. */
  readonly documents: readonly Uint8Array[];
  /** Ascending by entry, then part. */
  readonly parts: readonly PartName[];
}

/** Versions of the software below this one may not go on; by the root alone, never lowered. */
export interface MinVersionStatement {
  readonly type: "minVersion";
  /** Format version, 1 to 255. */
  readonly version: number;
}

/** Names the key that speaks for the root from now on; by the root alone. */
export interface ReplaceRootStatement {
  readonly type: "replaceRoot";
  /** 32-byte signing key. */
  readonly key: Uint8Array;
  /** Where the other chains of the old key end; the chain of this statement ends with it. */
  readonly cuts: readonly DatabaseCuts[];
}

/** Carries a relay's access list, so that any member can upload it again. */
export interface AccessListStatement {
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
  | RevokeStatement
  | ChangeStatement
  | ReadmitStatement
  | RotateStatement
  | LinkStatement
  | UserKeyStatement
  | RenameStatement
  | DatabaseStatement
  | DatabaseSettingsStatement
  | PurgeStatement
  | MinVersionStatement
  | ReplaceRootStatement
  | ForkStatement
  | UnknownStatement;

/** The id of the statement that is this part of this entry. */
export function statementId(verifier: Verifier, entry: EntryId, part: number): StatementId {
  return parseStatementId(hash(verifier, "statement", entry, Uint8Array.of(part >>> 8, part & 0xff)));
}

const textsByEntry = new WeakMap<EntryId, string[]>();

/** The same in hexadecimal, for entry ids in arrays that never change: remembered as long as they are. */
export function statementIdText(verifier: Verifier, entry: EntryId, part: number): string {
  const texts = textsByEntry.get(entry) ?? [];
  textsByEntry.set(entry, texts);
  const text = texts[part] ?? toHex(statementId(verifier, entry, part));
  texts[part] = text;
  return text;
}

/** The admission id of a device that goes on after a change and is not the first it names. */
export function continuedAdmission(verifier: Verifier, change: StatementId, device: StatementId): StatementId {
  return parseStatementId(hash(verifier, "continued-device", change, device));
}

/** The links that a statement carries. */
export function linksOf(statement: Statement): readonly VersionLink[] {
  if (statement.type !== "rotate" && statement.type !== "link") return [];
  const { keyId } = statement;
  const from = statement.type === "rotate" ? statement.commitment : statement.version;
  return statement.links.map(({ version, sealed }) => ({ keyId, from, version, sealed }));
}
