// The messages of the protocol, decoded. docs/spec/sync.md section 3 has their bytes.
import type { BlobHash, DatabaseId, EntryId, Signature, TenantId, Vector, Wanted, WriterKey } from "@selkie/entry";
import type { Grant } from "../access/rights.ts";

/** Which side opened the connection. */
export type Role = "dialler" | "listener";

/** First message of each side. */
export interface Hello {
  readonly type: "hello";
  readonly role: Role;
  /** 32 fresh random bytes. */
  readonly nonce: Uint8Array;
  /** Bytes of entries the other side may send before the first acknowledgement. */
  readonly windowBytes: number;
  /** Databases the other side may open. */
  readonly databases: number;
}

/** Who a side is, with proof; `key`, `signature` are null when it proves nothing. */
export interface ClaimMessage {
  readonly type: "claim";
  readonly kind: "none" | "login" | "device";
  readonly tenant: TenantId;
  readonly key: Uint8Array | null;
  /** What the dialler dialled. */
  readonly origin: string;
  readonly documents: readonly Uint8Array[];
  readonly signature: Signature | null;
}

/** The claim was accepted. Sent again when newly presented documents changed the rights. */
export interface Admitted {
  readonly type: "admitted";
  readonly rights: Grant;
  /** The sender's store generation, 8 bytes: its positions mean nothing under another. */
  readonly generation: Uint8Array;
}

/** The claim was not accepted; the connection ends. */
export interface Refused {
  readonly type: "refused";
  readonly code: string;
}

/** One database to open. */
export interface OpenItem {
  readonly id: DatabaseId;
  /** 16 bytes: digest of this side's vector, fresh for this session. */
  readonly digest: Uint8Array;
  /** The other side's position that this side had reached, or null. */
  readonly position: number | null;
  /** The parts that the opening side wants; without it, all. */
  readonly wanted?: Wanted;
}

/** Opens databases; their handles follow from the order of opening. */
export interface Open {
  readonly type: "open";
  readonly items: readonly OpenItem[];
}

/** What became of one database that was opened. */
export type OpenAnswer =
  | { readonly type: "same"; readonly position: number | null }
  | { readonly type: "streaming" }
  | { readonly type: "different" }
  | { readonly type: "unknown" }
  | { readonly type: "crossed" };

/** Answers `answers.length` opens in order, the first being the `first`-th that the other side sent. */
export interface Opened {
  readonly type: "opened";
  readonly first: number;
  readonly answers: readonly OpenAnswer[];
}

/** What this side holds of a database: the other side sends what lacks, and its own vector when `reply` is set. */
export interface VectorMessage {
  readonly type: "vector";
  readonly handle: number;
  readonly reply: boolean;
  /** It names less than is held of chains of which parts are missing, so that these are sent again. */
  readonly asks: boolean;
  readonly vector: Vector;
}

/** Runs of one database. `position`: the receiver now has everything up to there; null while the sender fills gaps. */
export interface Entries {
  readonly type: "entries";
  readonly handle: number;
  readonly position: number | null;
  /** For the session's RunDecoder. */
  readonly runs: Uint8Array;
}

/** A run that was not appended. `frame` counts from the first frame this acknowledgement covers, `run` within its frame. */
export type RunException = { readonly frame: number; readonly run: number } & (
  | { readonly type: "gap"; readonly have: number }
  | { readonly type: "fork"; readonly seq: number; readonly ours: EntryId }
  | { readonly type: "refused"; readonly code: string }
);

/** With what was sent before, and what it has sent itself, the receiver has everything of a database up to this position. */
interface Reached {
  readonly handle: number;
  readonly position: number;
}

/**
 * The next `frames` entries messages are durable, except for these runs; `credit` more bytes may be sent. `reached`: where nothing but what the
 * receiver sent stood before these positions of the sender's.
 */
export interface Ack {
  readonly type: "ack";
  readonly frames: number;
  readonly credit: number;
  readonly exceptions: readonly RunException[];
  readonly reached: readonly Reached[];
}

/** All that the receiver lacked was sent, up to this position; `digest` is that of the sender's vector. */
export interface CaughtUp {
  readonly type: "caughtUp";
  readonly handle: number;
  readonly position: number;
  readonly digest: Uint8Array;
}

/** These databases are closed for the sender; who has not said so of them yet answers the same. Their handles are void then. */
export interface Close {
  readonly type: "close";
  readonly handles: readonly number[];
}

/** Which parts of an open database the sender wants from now on; null for all. */
export interface Want {
  readonly type: "want";
  readonly handle: number;
  readonly wanted: Wanted | null;
}

/** Where a part is. */
export interface PartPlace {
  readonly writer: WriterKey;
  readonly seq: number;
  readonly index: number;
}

/** Asks for parts of entries that the sender holds without them. A side asks one question at a time: the next one once this is answered. */
export interface Fetch {
  readonly type: "fetch";
  readonly handle: number;
  readonly places: readonly PartPlace[];
}

/** The first of the parts that were asked for, in order; null for one that is not held. The others are to be asked for again. */
export interface Parts {
  readonly type: "parts";
  readonly handle: number;
  readonly parts: readonly (Uint8Array | null)[];
}

/** Asks for bytes of a blob of the tenant. */
export interface FetchBlob {
  readonly type: "fetchBlob";
  readonly hash: BlobHash;
  readonly from: number;
  readonly length: number;
}

/** The size of a blob, and the bytes that were asked for, cut at its end. Null for one that is not held. */
export interface BlobMessage {
  readonly type: "blob";
  readonly piece: { readonly size: number; readonly bytes: Uint8Array } | null;
}

/** Asks for what opens the other side's HTTP door for this session. */
export interface AskTicket {
  readonly type: "askTicket";
}

/** What opens the sender's HTTP door, 32 bytes; null where there is none. */
export interface TicketMessage {
  readonly type: "ticket";
  readonly ticket: Uint8Array | null;
}

/** What a side may ask of the other, one question at a time. */
export type Question = Fetch | FetchBlob | AskTicket;

/** What a question is answered with. */
export type Answer = Parts | BlobMessage | TicketMessage;

/** Asks to be told once everything now held of these databases was sent. */
export interface Fence {
  readonly type: "fence";
  readonly token: number;
  readonly handles: readonly number[];
}

/** The answer to a fence. */
export interface Fenced {
  readonly type: "fenced";
  readonly token: number;
}

/** Are you there? */
interface Ping {
  readonly type: "ping";
  readonly token: number;
}

/** Yes. */
interface Pong {
  readonly type: "pong";
  readonly token: number;
}

/** Access documents, presented after the handshake; answered by `admitted` or `refused`. */
export interface Present {
  readonly type: "present";
  readonly documents: readonly Uint8Array[];
}

/** The sender gives up on this session. */
interface ErrorMessage {
  readonly type: "error";
  readonly code: string;
}

/** The sender is about to leave: finish what is in flight and come back after `afterMs` plus up to `withinMs`, chosen at random. */
export interface Goaway {
  readonly type: "goaway";
  readonly afterMs: number;
  readonly withinMs: number;
}

/** Any message. */
export type Message =
  | Hello
  | ClaimMessage
  | Admitted
  | Refused
  | Open
  | Opened
  | VectorMessage
  | Entries
  | Ack
  | CaughtUp
  | Fence
  | Fenced
  | Ping
  | Pong
  | Present
  | ErrorMessage
  | Goaway
  | Close
  | Want
  | Question
  | Answer;
