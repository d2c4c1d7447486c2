// The whole state of a session. Immutable: `step` returns another one.
import type { DatabaseId, Head, TenantId, Wanted, WriterKey } from "@selkie/entry";
import type { Grant } from "../access/rights.ts";
import type {
  AskTicket,
  FetchBlob,
  Hello,
  Message,
  PartPlace,
  Question,
  Role,
  RunException,
} from "../message/message.ts";
import type { Claim, SessionLimits } from "../session/session.ts";
import type { Database } from "./database.ts";
import { Table } from "./table.ts";

/** What a machine is made with. */
export interface MachineOptions {
  readonly role: Role;
  /** The origin that was dialled, or those a listener accepts. */
  readonly origin: string | readonly string[];
  /** This side has a gatekeeper: a peer must prove who it is. */
  readonly guarded: boolean;
  /** 32 fresh random bytes. */
  readonly nonce: Uint8Array;
  readonly generation: Uint8Array;
  readonly limits: SessionLimits;
  /** Nothing of other databases goes out before the peer has what is here of this one. */
  readonly lead: DatabaseId | null;
}

/** Who the two sides are, as far as it is known. */
export interface Handshake {
  readonly ownHello: Hello;
  readonly peerHello: Hello | null;
  /** The tenant both sides speak of, and the origin that was dialled; from the dialler's claim. */
  readonly subject: { readonly tenant: TenantId; readonly origin: string } | null;
  /** Where the judgement of the peer stands. */
  readonly peer: "unknown" | "checking" | "judging" | "admitted";
  /** Who the peer proved to be; null when it proves nothing. */
  readonly peerClaim: Claim | null;
  /** The peer presented documents that are being judged. */
  readonly presenting: boolean;
  /** What the peer may do. */
  readonly granted: Grant | null;
  /** What we may do, and the generation of the peer's positions. */
  readonly received: { readonly rights: Grant; readonly generation: Uint8Array } | null;
  /** Callers of `present` that wait for an answer, in order. */
  readonly presenters: readonly number[];
}

/** The databases of a session, by who opened them first. */
export interface Databases {
  readonly ours: Table<Database>;
  readonly theirs: Table<Database>;
  readonly handleById: ReadonlyMap<string, number>;
  /** Our opens that were answered. */
  readonly answered: number;
  readonly openers: readonly Opener[];
  readonly closers: readonly Closer[];
  /** Recipients and tags that each side named of what it wants, in all databases. */
  readonly wanted: { readonly ours: number; readonly theirs: number };
}

/** A caller of `openDatabases`, the handles it waits for, and the databases that the peer had no room for. */
interface Opener {
  readonly caller: number;
  readonly handles: readonly number[];
  readonly left: readonly DatabaseId[];
}

/** A caller of `closeDatabases`: databases that can't be closed before they are open, and handles that are not void yet. */
export interface Closer {
  readonly caller: number;
  readonly ids: readonly DatabaseId[];
  readonly handles: readonly number[];
}

/** An entries message that arrived and is not acknowledged. */
interface ArrivedFrame {
  readonly handle: number;
  readonly bytes: number;
  readonly position: number | null;
  /** Null until it is appended. */
  readonly exceptions: readonly Unframed<RunException>[] | null;
}

/** An exception before its frame has a number in an acknowledgement. */
export type Unframed<E> = E extends unknown ? Omit<E, "frame"> : never;

/** Something that waits until every entries message that arrived before it is appended. */
export interface Barrier {
  readonly after: number;
  readonly action:
    | { readonly type: "caughtUp"; readonly handle: number; readonly position: number; readonly digest: Uint8Array }
    | { readonly type: "reached"; readonly handle: number; readonly position: number }
    | { readonly type: "fenced"; readonly token: number }
    | { readonly type: "closed"; readonly handle: number; readonly id: DatabaseId }
    /** A fence's positions are read once what the peer sent before has its own. */
    | { readonly type: "readPositions"; readonly fence: number; readonly handles: readonly number[] };
}

/** Entries on their way in. */
export interface Inbox {
  /** Bytes the peer may still send; one frame may exceed it. */
  readonly allowance: number;
  /** Entries messages that arrived so far. */
  readonly arrived: number;
  /** Those not acknowledged, the oldest first. */
  readonly frames: readonly ArrivedFrame[];
  readonly barriers: readonly Barrier[];
  /** Runs that did not verify. */
  readonly junk: number;
}

/** A run in flight. */
export interface SentRun {
  readonly writer: WriterKey;
  readonly firstSeq: number;
  readonly head: Head;
}

/** An entries message in flight. */
export interface SentFrame {
  readonly handle: number;
  readonly runs: readonly SentRun[];
}

/** Entries on their way out. */
export interface Flight {
  /** Bytes we may still send; one frame may exceed it. */
  readonly credit: number;
  /** Entries messages sent so far. */
  readonly sent: number;
  /** Those not acknowledged, the oldest first. */
  readonly frames: readonly SentFrame[];
}

/** What waits to be sent. One thing is sent at a time: whoever holds the pen. */
export interface Outbox {
  readonly pen: "free" | "held";
  readonly messages: readonly Message[];
  readonly ack: { readonly frames: number; readonly credit: number; readonly exceptions: readonly RunException[] };
  /** Handles of which the tail went on past nothing but what the peer sent: it is to be told how far. */
  readonly reached: readonly number[];
  readonly pong: number | null;
  /** Handles with a vector or a `caughtUp` due. */
  readonly replies: readonly number[];
  /** Handles with entries due, served in turn. */
  readonly uploads: readonly number[];
  /** Missing chains listed in all databases. */
  readonly listed: number;
}

/** A caller of `synced`, or a fence of the peer: waits until all of these databases were sent up to a position. */
export interface Fence {
  readonly owner:
    | {
        readonly type: "us" /** Null: a database was closed, and nobody waits any more. */;
        readonly caller: number | null;
      }
    | { readonly type: "peer" };
  /** Names the fence to the peer; null while ours is not sent. */
  readonly token: number | null;
  readonly handles: readonly number[];
  /** Our position of each handle when the fence was set; null until known. */
  readonly targets: readonly number[] | null;
  /** Ours only: the number of entries messages that have to be acknowledged; null until all is sent. */
  readonly ackedBy: number | null;
  /** Ours only: the peer has sent all it had, and it is appended. */
  readonly fenced: boolean;
}

/** What our user wants to ask, once it is its turn. */
export type Wish = { readonly caller: number } & (
  | { readonly about: "parts"; readonly database: DatabaseId; readonly places: readonly PartPlace[] }
  | { readonly about: "tenant"; readonly question: FetchBlob | AskTicket }
);

/** A question that the peer has not answered. */
interface Asked {
  /** Null: the database was closed, and nobody waits any more. */
  readonly caller: number | null;
  readonly question: Question;
  /** Times of silence that have gone since, whatever else arrived. */
  readonly silences: number;
}

/** Questions: one at a time in each direction. */
export interface Asking {
  readonly asked: Asked | null;
  readonly waiting: readonly Wish[];
  /** What the peer asked. */
  readonly owed: Question | null;
}

/** The state of a session. */
export interface State {
  readonly options: MachineOptions;
  readonly phase: "handshake" | "open" | "leaving" | "closed";
  readonly handshake: Handshake;
  readonly databases: Databases;
  readonly inbox: Inbox;
  readonly flight: Flight;
  readonly outbox: Outbox;
  readonly fences: readonly Fence[];
  readonly asking: Asking;
  readonly nextToken: number;
  /** Something arrived since the last look; a ping is out. */
  readonly liveness: { readonly heard: boolean; readonly asked: boolean };
}

/** The state before `start`. */
export function initialState(options: MachineOptions): State {
  const { role, nonce, limits } = options;
  const { windowBytes, databases } = limits;
  return {
    options,
    phase: "handshake",
    handshake: {
      ownHello: { type: "hello", role, nonce, windowBytes, databases },
      peerHello: null,
      subject: null,
      peer: "unknown",
      peerClaim: null,
      presenting: false,
      granted: null,
      received: null,
      presenters: [],
    },
    databases: {
      ours: Table.empty(),
      theirs: Table.empty(),
      handleById: new Map(),
      answered: 0,
      openers: [],
      closers: [],
      wanted: { ours: 0, theirs: 0 },
    },
    inbox: { allowance: windowBytes, arrived: 0, frames: [], barriers: [], junk: 0 },
    flight: { credit: 0, sent: 0, frames: [] },
    outbox: {
      pen: "free",
      messages: [],
      ack: { frames: 0, credit: 0, exceptions: [] },
      reached: [],
      pong: null,
      replies: [],
      uploads: [],
      listed: 0,
    },
    fences: [],
    asking: { asked: null, waiting: [], owed: null },
    nextToken: 1,
    liveness: { heard: true, asked: false },
  };
}

/** What a local caller opens. */
export interface OpenRequest {
  readonly id: DatabaseId;
  readonly position: number | null;
  readonly wanted: Wanted | null;
}
