import type { Dialler, Transport } from "@selkie/sync-protocol";
import type { Connection, ConnectionStatus } from "../connection/link.ts";
import type { Database } from "../database/database.ts";
import type { Role } from "../directory/statement.ts";
import type { Off } from "../events.ts";

/** Something a peer or relay did that an honest one does not; sync goes on around it. */
export type AlarmCode = "GAP" | "RELAY_ROLLBACK" | "EQUIVOCATION" | "KEY_UNAUTHENTIC";

/** Where something is wrong. Ids in hex. */
export interface Alarm {
  readonly code: AlarmCode;
  readonly database: string;
  /** The chain, and the first of its seqs that is missing, lost or ambiguous; "" and 0 when no chain is concerned. */
  readonly writer: string;
  readonly seq: number;
  /** The entry that shows it; "" when there is none. */
  readonly entryId: string;
}

/** What a tenant announces; nothing has to be handled. */
export interface TenantEvents {
  /** A connection came up, went down, or was refused; `error` says why. */
  sync: { readonly target: string; readonly status: ConnectionStatus; readonly error: unknown };
  /** A peer or relay did what an honest one does not. */
  alarm: Alarm;
  /** The directory changed: users, devices or keys. `users` is how many there are. */
  directory: { readonly users: number };
}

/** A person of the tenant, as its directory says. */
export interface User {
  /** As in the grant, for example `CN=alice/O=acme`. */
  readonly name: string;
  readonly role: Role;
}

/** A device that was admitted. */
export interface Device {
  /** Hex of the device's 32-byte signing key. */
  readonly id: string;
  /** The name of its user. */
  readonly user: string;
  /** 60 digits in groups of five over the device's public keys, to compare. */
  readonly fingerprint: string;
}

/** Who belongs to the tenant: a database of signed statements that the relay cannot read. */
export interface Directory {
  /** Everybody who was admitted. Two people may have one name: compare fingerprints. */
  users(): Promise<readonly User[]>;
  /** The devices of the users with this name, or of all. */
  devices(user?: string): Promise<readonly Device[]>;
  /**
   * Admits the requester. Compare the request's fingerprint with them first, over a channel you trust. The response holds no secret.
   * @throws CoreError NOT_ADMIN | JOIN_MALFORMED | KEY_INADMISSIBLE | DIRECTORY_UNKNOWN
   */
  approveJoinRequest(
    request: { toString(): string } | string,
    options: { role: Role },
  ): Promise<{ toString(): string }>;
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

/** A tenant as this device and this user see it. */
export interface Tenant extends AsyncDisposable {
  /** Hex of the founding entry's hash. */
  readonly id: string;
  readonly name: string;
  /** This user's name. */
  readonly user: string;
  readonly directory: Directory;
  /**
   * Opens a database, which comes into being with its first document. One handle for each name.
   * @throws CoreError DIRECTORY_UNKNOWN before the first sync of a tenant that was joined; CLOSED
   */
  openDB<T extends object>(name: string): Promise<Database<T>>;
  /**
   * Keeps a connection up until it is disposed: `wss://` URL, `ws://` on loopback, or a transport. Resolves once it is known whether the
   * other side answers; a tenant that was just joined waits for its directory.
   * @throws CoreError CONNECTION_REFUSED when the other side refuses for good, or the address cannot be used; `cause` is a SyncError; CLOSED
   */
  connect(target: string | Transport | Dialler, options?: ConnectOptions): Promise<Connection>;
  /** Calls the listener at every such event, until the function it returns is called. */
  on<Type extends keyof TenantEvents>(type: Type, listener: (event: TenantEvents[Type]) => void): Off;
}
