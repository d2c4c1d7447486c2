// What a session is to its user: options in, a handle and events out.
import type {
  BlobHash,
  Ciphertext,
  DatabaseId,
  EntryId,
  LoginKey,
  Replica,
  Signature,
  SignLabel,
  TenantId,
  Vector,
  VerifiedRun,
  Verifier,
  Wanted,
  WriterKey,
} from "@selkie/entry";
import type { Grant } from "../access/rights.ts";
import type { PartPlace } from "../message/message.ts";
import type { Scheduler } from "../scheduler.ts";
import type { SyncError } from "../sync-error.ts";

/** Who a peer says it is. */
export type Claim =
  /** A login to a relay. `documents` (founding entry, access lists, tickets, slot keys, in this order) let the relay admit it. */
  | {
      readonly type: "login";
      readonly tenant: TenantId;
      readonly key: LoginKey;
      readonly documents: readonly Uint8Array[];
    }
  /** A device, to another device of the tenant. `key` is its 32-byte signing key. */
  | { readonly type: "device"; readonly tenant: TenantId; readonly key: Uint8Array };

/** What this side proves. */
export interface Credentials {
  /** Asked once a session. */
  claim(): Promise<Claim>;
  /** Signs `labelled(label, payload)` with the key of the claim; the label is `sign-login` or `sign-peer`. */
  sign(label: SignLabel, payload: Uint8Array): Promise<Signature>;
}

/** What a gatekeeper decides. */
export type Admission =
  | { readonly type: "admitted"; readonly rights: Grant }
  /** `code` goes to the peer: 1 to 64 of `A-Z0-9_`, beginning with a letter. */
  | { readonly type: "refused"; readonly code: string };

/** Decides who may connect, and to do what. */
export interface Gatekeeper {
  /** Called once the claim's signature is verified, again when the peer presents further documents, and after `reconsider`. */
  admit(claim: Claim): Promise<Admission>;
}

/** Bounds on what a peer can make this side hold, and how long it waits. */
export interface SessionLimits {
  /** Bytes of entries the peer may send ahead of acknowledgements; one more frame may exceed it. Default 4 MiB. */
  readonly windowBytes: number;
  /** Databases the peer may open. Default 1,024. */
  readonly databases: number;
  /** Bytes of entries read at once to be sent as one frame. Default 128 KiB, at most 1 MiB. */
  readonly sliceBytes: number;
  /**
   * Bytes of entries that are read and left out, because the peer does not want them, before leaving out more takes time: four seconds for
   * as many again. Default 64 MiB.
   */
  readonly leftOutBytes: number;
  /** Milliseconds until a peer that is not admitted is dropped. Default 10,000. */
  readonly handshakeMs: number;
  /** Milliseconds of silence after which the peer is asked, and dropped after as many again. Default 30,000. */
  readonly silenceMs: number;
  /** Runs with an invalid signature or shape after which the session ends. Default 32. */
  readonly junkRuns: number;
}

/** Bytes of a blob, as a store or a peer gives them: nothing says that they are those of its name. */
export interface BlobPiece {
  /** Bytes of the whole blob. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** Blobs that the peer may ask for. */
export interface BlobSource {
  /**
   * The bytes of a blob from `from` to before `to`, cut at its end. Null for one that is not held.
   * A rejection ends the session with `REPLICA_FAILED`.
   */
  read(tenant: TenantId, hash: BlobHash, range: readonly [from: number, to: number]): Promise<BlobPiece | null>;
}

/** What {@link runSession} needs. */
export interface SessionOptions {
  readonly role: "dialler" | "listener";
  /** The origin that was dialled (see `originOf`), or those that a listener accepts. */
  readonly origin: string | readonly string[];
  readonly verifier: Verifier;
  /** Null: this side proves nothing, as a relay. */
  readonly credentials: Credentials | null;
  /** Null: the peer is admitted with all rights, as a client admits its relay, which TLS has authenticated. */
  readonly gatekeeper: Gatekeeper | null;
  readonly scheduler: Scheduler;
  /** A source of unpredictable bytes. */
  readonly random: (length: number) => Uint8Array;
  /** The replica of a database that the peer opens; undefined when this side has none and will not start one. */
  open(tenant: TenantId, database: DatabaseId, rights: Grant): Promise<Replica | undefined>;
  /** 8 bytes made with this side's store: its positions mean nothing under another. */
  readonly generation: Uint8Array;
  /** Nothing of other databases goes out before the peer has acknowledged what is here of this one: their entries name entries of it. */
  readonly lead?: DatabaseId;
  /** What a peer that may pull is given of blobs; without it, nothing. */
  readonly blobs?: BlobSource;
  /** The 32 bytes that open this side's HTTP door for this session; null, or absent, where it has none. */
  readonly ticket?: () => Uint8Array | null;
  /** The tenant that a dialler without credentials connects to. */
  readonly tenant?: TenantId;
  readonly limits?: Partial<SessionLimits>;
}

/** A database to open. */
export interface OpenDatabase {
  readonly replica: Replica;
  /** The last `caughtUp` position of this peer under the generation that `ready` told; a wrong one costs time only. */
  readonly position?: number;
  /** What this peer is known to have held: a vector below it is a `rollback`. */
  readonly expected?: Vector;
  /**
   * Whether nobody else writes a chain, by writer in hexadecimal. Of these the peer is taken to hold what is `expected`, of all others what
   * this side holds; where it says that it is so, no vector is needed to bring it the rest. A wrong answer costs vectors.
   */
  readonly isOwn?: (writer: string) => boolean;
  /** The parts that this side wants, as for `want`; without it, all. Where the peer has opened the database before, it tells it so. */
  readonly wanted?: Wanted;
}

/** A part that was asked for: what its entry says is its hash is that. */
export interface FetchedPart extends PartPlace {
  /** Null where the peer does not hold it. */
  readonly ciphertext: Ciphertext | null;
}

/** What a session announces; none of it has to be handled. */
export interface SessionEvents {
  /** Everything the peer held up to `position` is here, durably. */
  caughtUp: { readonly database: DatabaseId; readonly position: number };
  /** Entries arrived and are durable. `bytes` is what the peer is charged for them. */
  received: {
    readonly database: DatabaseId;
    readonly runs: number;
    readonly entries: number;
    readonly bytes: number;
  };
  /** The peer holds these chains, durably, up to these heads: newly so, other chains are as before. */
  acknowledged: { readonly database: DatabaseId; readonly vector: Vector };
  /** A run was not appended, by this side or by the peer. */
  refused: {
    readonly database: DatabaseId;
    readonly writer: WriterKey;
    readonly code: string;
    readonly by: "us" | "peer";
  };
  /** The peer sent a run that starts at `got`, where `have` is the next seq that this side could take. */
  gap: { readonly database: DatabaseId; readonly writer: WriterKey; readonly have: number; readonly got: number };
  /**
   * Two verified entries stand at one seq of a writer. `run` is the peer's: it holds the entry at `seq`, or starts right after it and
   * names it as `prev`; then an event with the entry itself, or with an earlier seq, follows as far as the peer gives it.
   */
  fork: {
    readonly database: DatabaseId;
    readonly writer: WriterKey;
    readonly seq: number;
    readonly ours: EntryId;
    readonly theirs: EntryId;
    readonly run: VerifiedRun;
  };
  /** The peer lacks what it had acknowledged: up to seq `was`; now up to `now`, -1 for nothing. It is being sent again. */
  rollback: { readonly database: DatabaseId; readonly writer: WriterKey; readonly was: number; readonly now: number };
  /** Reading showed that this side's replica holds less than its vector said: `compare` in other sessions brings it back. */
  damaged: { readonly database: DatabaseId };
  /** The peer does not know this database and will not take it. */
  unknown: { readonly database: DatabaseId };
  /** This side or the peer closed a database: nothing more of it is appended here. */
  closed: { readonly database: DatabaseId };
  /** Sums of this session so far. */
  progress: {
    readonly database: DatabaseId;
    readonly sentEntries: number;
    readonly sentBytes: number;
    readonly receivedEntries: number;
    readonly receivedBytes: number;
  };
  /** What the peer allows has changed, because documents were presented or it learned more. */
  rights: { readonly rights: Grant };
  /** The peer is about to leave. Come back after `afterMs` and a random part of `withinMs`, in milliseconds. */
  leaving: { readonly afterMs: number; readonly withinMs: number };
}

/** What the peer allows, and the generation its positions belong to (8 bytes). */
export interface SessionReady {
  readonly rights: Grant;
  readonly generation: Uint8Array;
}

/** One conversation with one peer about one tenant. Disposing closes it. */
export interface Session extends AsyncDisposable {
  /** Both sides are admitted; rejects with the SyncError that ended the handshake. */
  readonly ready: Promise<SessionReady>;
  /** How it ended: null when this side closed it. Never rejects. */
  readonly closed: Promise<SyncError | null>;
  /**
   * Opens databases; both sides stay subscribed until one of them closes the database, or the session ends. Resolves when the peer has
   * answered for each, with those that were left out: the peer's limit was reached before them.
   *
   * @throws SyncError `BAD_OPTIONS` for one that is being closed, or what ended the session
   */
  openDatabases(list: readonly OpenDatabase[]): Promise<readonly DatabaseId[]>;
  /**
   * Closes databases, as far as they are open: neither side sends anything of them from then on. Resolves when the peer has heard of it
   * and what it had sent is appended; then they may be opened again. What waits in `synced` for one of them fails.
   *
   * @throws SyncError what ended the session
   */
  closeDatabases(databases: readonly DatabaseId[]): Promise<void>;
  /** Tells that the replica has new entries: those the peer lacks are sent. Calls are coalesced. */
  announce(database: DatabaseId): void;
  /** Tells that the replica lost entries or was repaired: both sides compare vectors again. */
  compare(database: DatabaseId): void;
  /**
   * Tells the peer which parts this side wants of an open database from now on, null for all: of other parts it sends holes. It has to say
   * this of no more than 16,384 recipients and tags in a session; of what is beyond, all parts come. Names 16 recipients and 1,024 tags at most.
   *
   * @throws SyncError `BAD_OPTIONS` when it names more
   */
  want(database: DatabaseId, wanted: Wanted | null): void;
  /** Parts are missing here (`wholeVector`) that the peer may have: asks for them, in this session once more. */
  ask(database: DatabaseId): void;
  /**
   * Asks for parts of entries that this side holds without them, in the order given. What comes is what the entries name: who gives
   * anything else has ended the session.
   *
   * @throws SyncError `UNKNOWN_DATABASE` | `DATABASE_CLOSED`; `PART_OTHER`, or what else ended the session; the signal's reason when aborted
   */
  fetch(
    database: DatabaseId,
    places: readonly PartPlace[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly FetchedPart[]>;
  /**
   * Asks for the bytes of a blob of the tenant from `from` to before `to`: of more than 524,320, for the first so many. What comes is not
   * verified; it is cut at the end of the blob. Null where the peer does not hold it, or this side may not have it.
   *
   * @throws SyncError `BAD_OPTIONS` unless 0 <= from < to and from <= `limits.blobBytes`, or what ended the session; the signal's reason when
   * aborted
   */
  fetchBlob(
    hash: BlobHash,
    range: readonly [from: number, to: number],
    options?: { readonly signal?: AbortSignal },
  ): Promise<BlobPiece | null>;
  /**
   * Asks for the 32 bytes that open the peer's HTTP door for this session: a secret. Null where it has none.
   *
   * @throws SyncError what ended the session
   */
  ticket(): Promise<Uint8Array | null>;
  /**
   * Resolves once everything these replicas hold now is acknowledged by the peer, and everything the peer holds now is appended
   * here. Directions that the rights do not allow are not waited for.
   *
   * @throws SyncError `UNKNOWN_DATABASE`; `DATABASE_CLOSED` when one was closed in the middle of it; or what ended the session; the signal's
   * reason when aborted
   */
  synced(databases: readonly DatabaseId[], options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Presents access documents to the peer's gatekeeper. Resolves with the rights it grants from now on. */
  present(documents: readonly Uint8Array[]): Promise<Grant>;
  /**
   * Asks this side's gatekeeper again about a peer that proved a device key, because what it decides by has changed. A peer that is not
   * admitted any more is told so, and the session ends with `NOT_ADMITTED`; other rights than before hold from then on.
   */
  reconsider(): void;
  /** Asks the peer to finish, leave and come back: see the `leaving` event. */
  leave(when: { readonly afterMs: number; readonly withinMs: number }): void;
  /** Ends the session. `code`, if any, is told to the peer: 1 to 64 of `A-Z0-9_`, beginning with a letter. */
  close(code?: string): Promise<void>;
  /** Listens; the returned function stops it. */
  on<Type extends keyof SessionEvents>(type: Type, listener: (event: SessionEvents[Type]) => void): () => void;
}
