import type { Dialler, Transport } from "@selkie/sync-protocol";
import type { Connection, ConnectionStatus } from "../connection/connection.ts";
import type { Database } from "../database/database.ts";
import type { When } from "../database/history.ts";
import type { PurgeOptions, PurgeReport } from "../database/purge-report.ts";
import type { ReadableDatabase } from "../database/readable-database.ts";
import type { Schema } from "../database/schema-check.ts";
import type { RejectionCode } from "../directory/admission.ts";
import type { JoinTexts } from "../directory/join-uri.ts";
import type { Role } from "../directory/statement.ts";
import type { DocId } from "../document/doc-id.ts";
import type { Off } from "../events.ts";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";
import type { RemoteDatabase } from "../remote/remote-database.ts";
import type { Quarantined } from "../replica/quarantine.ts";
import type { HeadsComparison } from "./heads-comparison.ts";
import type { ChangedRights, RevokeDeviceOptions, Revoked, RevokeOptions } from "./people-work.ts";
import type { Settings } from "./settings.ts";

/**
 * Something a peer or relay did that an honest one does not, or that was done to this device's store; sync goes on around it. With the last two, what is written here waits in the
 * journal: until the directory is up to date, or this software.
 */
export type AlarmCode =
  | "FORK"
  | "GAP"
  | "RELAY_ROLLBACK"
  | "EQUIVOCATION"
  | "PART_MISSING"
  | "STORE_SET_BACK"
  | "KEY_UNAUTHENTIC"
  | "DIRECTORY_STALE"
  | "UPDATE_NEEDED";

/** Where something is wrong. Ids in hex. */
export interface Alarm {
  readonly code: AlarmCode;
  readonly database: string;
  /** The chain, and the first of its seqs that is missing, lost or ambiguous; "" and 0 when no chain is concerned. */
  readonly writer: string;
  readonly seq: number;
  /** The entry that shows it; "" when there is none. */
  readonly entryId: string;
  /** Of `DIRECTORY_STALE`: the id of the person whose word it is that there is more of the directory. */
  readonly user?: string;
}

/** What a tenant announces; nothing has to be handled. */
export interface TenantEvents {
  /** A connection came up, went down, or was refused, or has no room for all databases that are open or for what is written; `error` says why. */
  sync: { readonly target: string; readonly status: ConnectionStatus; readonly error: unknown };
  /** A peer or relay did what an honest one does not. */
  alarm: Alarm;
  /**
   * This device is no longer part of the tenant: it has stopped, and keeps what it holds, sealed. `wiped`: it has removed it, because the
   * revocation says so and has stood for its delay. `device` in hex.
   */
  revoked: { readonly device: string; readonly wiped: boolean };
  /** A statement of the directory counts for nothing: `code` says why, as a code of docs/spec/directory.md. `statement` in hex. */
  rejected: { readonly statement: string; readonly code: RejectionCode };
  /** The directory changed: users, devices or keys. `users` is how many there are. */
  directory: { readonly users: number };
}

/** A person of the tenant, as its directory says. */
export interface User {
  /** Hex; stays whatever changes of the person's name and rights. No two have the same. */
  readonly id: string;
  /** For example `CN=alice/O=acme`: as in the grant, or as an admin said since. */
  readonly name: string;
  /** 60 digits over the name and keys that the person joined with, as it sees them on that device: to compare, where two have one name. */
  readonly fingerprint: string;
  /** What is left, where several admins changed it at the same time. */
  readonly role: Role;
  /** Whether all of this person's devices are out. */
  readonly revoked: boolean;
}

/** A device that was admitted. */
export interface Device {
  /** Hex of the device's 32-byte signing key. Who adds a device may name another's: compare fingerprints, and see whose it is. */
  readonly id: string;
  /** The name of its user. */
  readonly user: string;
  /** 60 digits in groups of five over the device's public keys, to compare. */
  readonly fingerprint: string;
  /** The same as 12 words. */
  readonly words: string;
  /** Whether it is the device that was asked. */
  readonly isThis: boolean;
  readonly revoked: boolean;
}

/** A secret for one person, and the tenant it is for. */
export interface Invitation {
  /** Hex; for {@link Directory.withdrawInvitation}. Says nothing of the secret. */
  readonly id: string;
  /** The text: 128 letters, digits and colons, for a QR code or a message that no relay sees. It holds the secret. */
  toString(): string;
}

/** Whether a request is authenticated: by an invitation of this device; by none, so compare; or by one that is not open here. */
export type InvitedBy = "invitation" | "nobody" | "unknown";

/** A request as an admin gets it. */
export interface ReceivedRequest {
  /** Whether somebody new asks an admin, or a further device asks the user whose device it is to be. */
  readonly kind: "user" | "device";
  /** The name that is asked for, or the name of that user. */
  readonly user: string;
  /** 60 digits, to be compared with what the requester sees. */
  readonly fingerprint: string;
  /** The same as 12 words. */
  readonly words: string;
  readonly invitedBy: InvitedBy;
}

/** The answer to a request. It holds no secret. */
export interface Approval extends JoinTexts {
  /** Whether an invitation of this device showed who asked; else the fingerprint has to. */
  readonly invitedBy: Exclude<InvitedBy, "unknown">;
}

/** What others get of a named key. */
export interface KeyOptions {
  /** `full`: all that was ever written under it. `from-now`: what is written from the share on; the key turns first. */
  readonly history?: HistoryPolicy;
}

/** Who belongs to the tenant: a database of signed statements that the relay cannot read. */
export interface Directory {
  /** Everybody who was admitted, each once. Two people may have one name: compare fingerprints. Wherever a user is named, the id or fingerprint does too. */
  users(): Promise<readonly User[]>;
  /** The devices of the users with this name, or of all: each once for each person that it was added to. */
  devices(user?: string): Promise<readonly Device[]>;
  /**
   * Makes an invitation for one person, kept on this device until it is used. Give its text to that person by a way that only the two of
   * you see: whoever has it can join in their place. With `device` it is for a further device of this user, and no admin is needed.
   * @throws CoreError NOT_ADMIN | INVITATIONS_FULL | DIRECTORY_UNKNOWN | DEVICE_REVOKED
   */
  createInvitation(options?: { readonly device?: boolean }): Promise<Invitation>;
  /** The ids of the invitations that this device made and nobody used yet. */
  invitations(): Promise<readonly string[]>;
  /** Takes an invitation back: a request made with it is refused from now on. */
  withdrawInvitation(id: string): Promise<void>;
  /** What a request says, before it is approved; it may be the URI or all the QR texts. @throws CoreError JOIN_MALFORMED | KEY_INADMISSIBLE */
  readJoinRequest(request: { toString(): string } | string): Promise<ReceivedRequest>;
  /**
   * Admits the requester, and uses up the invitation, if one was made. Without one, compare the request's fingerprint with the requester
   * first, over a channel you trust. A new user is admitted by an admin with a role; a further device, without one, by a device of the
   * same user and nobody else. The response holds no secret.
   * @throws CoreError NOT_ADMIN | DEVICE_OF_OTHER | DEVICE_REVOKED | JOIN_KIND_OTHER | JOIN_MALFORMED | KEY_INADMISSIBLE |
   * INVITATION_UNKNOWN | DIRECTORY_UNKNOWN
   */
  approveJoinRequest(request: { toString(): string } | string, options?: { readonly role?: Role }): Promise<Approval>;
  /**
   * Makes a key for single documents: for its maker, the admins, and those it is shared with. Nobody else opens what is sealed under it,
   * or sees that the document exists. Its history is for its maker and those it is made for; `history` says what others get: as the tenant
   * was founded, unless said. @throws CoreError KEY_EXISTS | USER_UNKNOWN | USER_AMBIGUOUS | WRITE_NOT_ALLOWED
   */
  createKey(name: string, options?: KeyOptions & { readonly share?: readonly string[] }): Promise<void>;
  /**
   * Entitles more users to a key, from now on or with all that lies under it: as the key was made, unless said, and never more than the
   * device's user reads. @throws CoreError KEY_UNKNOWN | NOT_ENTITLED | KEY_WITHHELD | USER_UNKNOWN | USER_AMBIGUOUS
   */
  shareKey(name: string, users: readonly string[], options?: KeyOptions): Promise<void>;
  /** Makes the next version of a key, for all who are entitled to it: `default`, `directory` or a key's name. @throws CoreError KEY_UNKNOWN | NOT_ENTITLED */
  rotateKey(name: string): Promise<void>;
  /**
   * Ends all rights of a user: nothing that its devices write from now on counts, whatever date it bears and whoever delivers it; every
   * key they could open gets a new version. What they wrote before stays. Syncs first, so that nothing of that is left out.
   * @throws CoreError LAST_ADMIN | NOT_ADMIN | NOT_PERMITTED | USER_UNKNOWN | USER_AMBIGUOUS
   */
  revokeUser(user: string, options?: RevokeOptions): Promise<Revoked>;
  /**
   * The same for one device, which an admin, the user's own older devices or itself may do. What somebody else added with the same keys stays;
   * `user` says whose is meant, where it is none of one's own. @throws CoreError LAST_ADMIN | NOT_PERMITTED | DEVICE_UNKNOWN | USER_AMBIGUOUS
   */
  revokeDevice(device: string, options?: RevokeDeviceOptions): Promise<Revoked>;
  /**
   * Takes some of a user's rights away: a lower role, keys that are no longer shared. Or gives the user another name.
   * @throws CoreError LAST_ADMIN | NOT_ADMIN | NOT_PERMITTED | USER_UNKNOWN | USER_AMBIGUOUS | NAME_INVALID
   */
  changeUser(user: string, rights: ChangedRights): Promise<Revoked>;
  /** What counts for nothing in the databases that are open: each entry, who wrote it, and a code of docs/errors.md. */
  quarantined(): AsyncIterable<Quarantined>;
  /**
   * The ids of all entries that `readmit` would let count: with those that are named come all that precede them in their chains, and what
   * follows up to the next signature that this device holds. Look at these, too, before you readmit.
   * @throws CoreError NOT_ADMIN | NOT_PERMITTED | ENTRY_UNKNOWN
   */
  wouldReadmit(entryIds: readonly string[]): Promise<readonly string[]>;
  /**
   * Lets entries count that a revocation cut off. It gives no right back.
   * @returns the ids of all that count because of it: those of `wouldReadmit`
   * @throws CoreError NOT_ADMIN | NOT_PERMITTED | ENTRY_UNKNOWN
   */
  readmit(entryIds: readonly string[]): Promise<readonly string[]>;
}

/** How a database is opened. */
export interface OpenOptions<T extends object, In = T> {
  /**
   * What documents have to be before they are written by this handle. What comes from others, or was written before, is shown as it is.
   */
  readonly schema?: Schema<T, In>;
  /**
   * The name of the key of the directory under which documents are created by this handle, where nothing else is said; default: the tenant's
   * default key. Who does not hold it gets KEY_UNKNOWN when a document is created, and opens the database all the same.
   */
  readonly key?: string;
  /** Gives up: opening rejects with the signal's reason, and leaves nothing open. */
  readonly signal?: AbortSignal;
  /** As it is; as it was: {@link PastOptions}. */
  readonly at?: undefined;
  /** All of it is kept on this device, which is what is done where nothing is said; otherwise: {@link RemoteOptions}. */
  readonly replica?: "full";
}

/** How a database is opened that is read through whoever is connected, without all of it being kept on this device. */
export interface RemoteOptions {
  readonly replica: "remote";
  /** How many bytes of what was read are kept, sealed, so that it need not be asked for again. Default: 64 MiB. */
  readonly cacheBytes?: number;
  /** As in {@link OpenOptions}. */
  readonly signal?: AbortSignal;
  /** It is read as it is, and not written. */
  readonly at?: undefined;
  readonly schema?: undefined;
  readonly key?: undefined;
}

/** How a database is opened as it was. */
export interface PastOptions {
  /** The moment: a time, which goes by what authors claim, or the heads of the documents that there were. */
  readonly at: When;
  /** As in {@link OpenOptions}. */
  readonly signal?: AbortSignal;
  /** What was is not written, so it takes no schema, and no key; it is read from what this device holds. */
  readonly schema?: undefined;
  readonly key?: undefined;
  readonly replica?: undefined;
}

/** How {@link Tenant.connect} reaches the other side. */
export interface ConnectOptions {
  /** Gives up waiting for the first answer; an open connection is closed by disposing of it. */
  readonly signal?: AbortSignal;
  /** Over a transport: `relay` (default) when a relay listens, else this side's part in a direct connection of two devices. */
  readonly peer?: "relay" | "dialler" | "listener";
  /** Over a transport: the address that was dialled, which the login is bound to. */
  readonly origin?: string;
}

/**
 * The tenant's root, as long as its key is at hand: for what no admin can do. Dispose of it at once. What it does is written on this device,
 * which has to hold the keys that turn: an admin's.
 */
export interface Root extends AsyncDisposable {
  /** As {@link Directory.revokeUser}, for everybody: also an admin whom no other admin may revoke. Relays get a list that outranks all of that admin's. */
  revokeUser(user: string, options?: RevokeOptions): Promise<Revoked>;
  /** The same for one device. */
  revokeDevice(device: string, options?: RevokeDeviceOptions): Promise<Revoked>;
  /**
   * As `Database.purgeDocHistory`, for a document that this device can read; devices do not wait for the setting `purgeAfter`, and admins' devices
   * tell the relays. What is kept is written by this device. @throws CoreError ROOT_REFUSED | DOC_NOT_FOUND
   */
  purgeDocHistory(database: string, id: DocId, options?: PurgeOptions): Promise<PurgeReport>;
  /**
   * From now on nothing is written in the tenant by software that knows no format of this version: it says that it has to be updated. Cannot be taken
   * back. @throws CoreError VALUE_UNSUPPORTED for a version that this software does not know either
   */
  requireVersion(version: number): Promise<void>;
  /** Makes a key to follow this one, under a password, and does nothing else: put the text away before {@link Root.replaceRoot}. */
  newRootKey(password: string): Promise<string>;
  /** From now on the key in this text is the root, and this one is nothing. @throws CoreError ROOT_REFUSED; KeyBagError WRONG_PASSWORD */
  replaceRoot(next: string, password: string): Promise<Revoked>;
  /** Forgets the root key on this device: the text that this session was opened with is all that is left of it. */
  forgetRootKey(): Promise<void>;
}

/** For comparing over the telephone, in whichever form is easier. */
export interface Fingerprint {
  /** 60 digits, in groups of five. */
  readonly fingerprint: string;
  /** The same as 12 words. */
  readonly words: string;
}

/** A database, as its tenant opens it. */
export interface TenantDatabase<T extends object, In = T> extends Database<T, In> {
  readonly tenant: Tenant;
}

/** A database that is read through whoever is connected. */
export interface TenantRemoteDatabase<T extends object> extends RemoteDatabase<T> {
  readonly tenant: Tenant;
}

/** A database as it was at a moment, to be read: nothing moves it while it is open, whatever arrives or is changed. */
export interface PastDatabase<T extends object> extends ReadableDatabase<T> {
  readonly tenant: Tenant;
  /** The moment. */
  readonly at: When;
}

/** A tenant as this device and this user see it. */
export interface Tenant extends AsyncDisposable {
  /** Hex of the founding entry's hash. */
  readonly id: string;
  readonly name: string;
  /** This user's name. */
  readonly user: string;
  readonly directory: Directory;
  readonly settings: Settings;
  /**
   * What two people compare to know that they are in one tenant, under one root: a fingerprint of the tenant's id and the root keys in force.
   * @throws CoreError DIRECTORY_UNKNOWN before the first sync of a tenant that was joined; CLOSED
   */
  fingerprint(): Fingerprint;
  /**
   * Opens a database, which comes into being with its first document. All handles of one name are of one database, and are closed together.
   * @throws CoreError NAME_INVALID unless the name has 1 to 200 characters and no control characters; DIRECTORY_UNKNOWN before the first sync of a tenant that was joined; CLOSED; the signal's reason
   */
  openDB<T extends object, In = T>(name: string, options?: OpenOptions<T, In>): Promise<TenantDatabase<T, In>>;
  /**
   * Opens a database as it was at a moment, as far as this device knows of it: what arrives later, and what counts no more from then on,
   * shows when it is opened again. Reads the chains of all authors, and is closed by itself.
   * @throws CoreError HEADS_UNKNOWN | VALUE_UNSUPPORTED for an invalid date; DIRECTORY_UNKNOWN before the first sync of a tenant that was joined; CLOSED
   */
  openDB<T extends object>(name: string, options: PastOptions): Promise<PastDatabase<T>>;
  /**
   * Opens a database to be read through whoever is connected, relays or devices: the headers of its entries come and are verified, and parts
   * when documents are read. All handles of one name are of one kind.
   * @throws CoreError REPLICA_OTHER while it is open as a whole replica; VALUE_UNSUPPORTED for a cache of no number of bytes; otherwise as above
   */
  openDB<T extends object>(name: string, options: RemoteOptions): Promise<TenantRemoteDatabase<T>>;
  /**
   * Keeps a connection up until it is disposed: `wss://` URL, `ws://` on loopback, or a transport. Resolves once it is known whether the
   * other side answers; a tenant that was just joined waits for its directory.
   * @throws CoreError CONNECTION_REFUSED when the other side refuses for good, `cause` is a SyncError; CLOSED; SyncError BAD_URL | INSECURE_URL
   * for an address that cannot be used
   */
  connect(target: string | Transport | Dialler, options?: ConnectOptions): Promise<Connection>;
  /**
   * The root key of a tenant that was founded on this device, as text under a password, to be kept offline: on paper, not in a cloud. Then
   * open it once with {@link Tenant.asRoot} and have this device forget it. @throws CoreError ROOT_KEY_UNKNOWN
   */
  exportRootKey(password: string): Promise<string>;
  /** Acts as the root, with its exported key. @throws CoreError ROOT_REFUSED; KeyBagError WRONG_PASSWORD | DAMAGED */
  asRoot(exported: string, password: string): Promise<Root>;
  /**
   * What this device holds of every database, as a text that fits one QR code, signed by it: for {@link Tenant.compareHeads} on another
   * person's device, over any channel but the relay. @throws CoreError DEVICE_REVOKED; DIRECTORY_UNKNOWN before the first sync; CLOSED
   */
  headsText(): Promise<string>;
  /**
   * Holds what another device of the tenant holds, as its {@link Tenant.headsText}, against what this one does: what a relay withholds from
   * one of them, or shows each differently, comes to light. A fork is announced as an alarm, too. A text says how far its device goes, so
   * compare both ways. @throws CoreError HEADS_MALFORMED | HEADS_OF_OTHER_TENANT | HEADS_NOT_OF_MEMBER; CLOSED
   */
  compareHeads(text: string): Promise<HeadsComparison>;
  /** Calls the listener at every such event, until the function it returns is called. */
  on<Type extends keyof TenantEvents>(type: Type, listener: (event: TenantEvents[Type]) => void): Off;
}
