// What the machine asks its driver to do. Effects marked (pen) are answered by `writable` once the transport takes more.
import type { DatabaseId, TenantId, Vector, Wanted, WriterKey } from "@selkie/entry";
import type { Grant } from "../access/rights.ts";
import type { Answer, ClaimMessage, Hello, Message, OpenItem, Question, Role } from "../message/message.ts";
import type { Claim, SessionEvents, SessionReady } from "../session/session.ts";
import type { SyncError } from "../sync-error.ts";
import type { Missing } from "./database.ts";

/** Both greetings, the dialler's first: what proofs and digests are bound to. */
export interface Greetings {
  readonly dialler: Hello;
  readonly listener: Hello;
}

/** An event without the database, which the driver knows by its handle. */
type HandleEvent = {
  [Type in "caughtUp" | "unknown"]: Omit<SessionEvents[Type], "database"> & { readonly type: Type };
}["caughtUp" | "unknown"];

/** What a slice is read from. */
export type SliceSource =
  /** `round`: which list of missing chains the items are from; null for runs that come before any. */
  | { readonly type: "missing"; readonly round: number | null; readonly items: readonly Missing[] }
  | { readonly type: "tail"; readonly after: number };

/** A database that goes first, and the position up to which the peer has all of it. */
export interface Lead {
  readonly handle: number;
  readonly sent: number;
}

/** An effect. */
export type Effect =
  // sending
  | { readonly type: "send"; readonly message: Message } // (pen)
  | { readonly type: "sendVector"; readonly handle: number; readonly reply: boolean } // (pen)
  | { readonly type: "sendCaughtUp"; readonly handle: number; readonly position: number } // (pen)
  /** Answered by `sliceRead`, then sent; or by `sliceHeld`, when there is more of the lead. */
  | {
      readonly type: "sendSlice"; // (pen)
      readonly handle: number;
      readonly source: SliceSource;
      /** The parts that the peer wants; null for all. */
      readonly wanted: Wanted | null;
      readonly lead: Lead | null;
    }
  | {
      readonly type: "sendAnswer"; // (pen)
      readonly question: Question;
      /** Whether the peer may have what we hold. */
      readonly mayRead: boolean;
    }
  // handshake
  /** Answered by `claimed`. */
  | {
      readonly type: "makeClaim";
      readonly role: Role;
      readonly greetings: Greetings;
      /** The listener proves itself about the dialler's tenant and origin; null for the dialler, who chooses. */
      readonly subject: { readonly tenant: TenantId; readonly origin: string } | null;
    }
  /** Answered by `proofChecked`. */
  | { readonly type: "checkProof"; readonly claim: ClaimMessage; readonly role: Role; readonly greetings: Greetings }
  /** Answered by `judged`. */
  | { readonly type: "judge"; readonly claim: Claim }
  | { readonly type: "ready"; readonly ready: SessionReady; readonly greetings: Greetings; readonly tenant: TenantId }
  // databases
  /** Answered by `prepared`; nothing is received until then. */
  | { readonly type: "prepare"; readonly handles: readonly number[]; readonly ids: readonly DatabaseId[] }
  /** Answered by `replicasOpened`; nothing is received until then. */
  | {
      readonly type: "openReplicas";
      readonly first: number;
      readonly handles: readonly number[];
      /** Those of the handles that are to be opened. */
      readonly items: readonly (OpenItem & { readonly handle: number })[];
      readonly rights: Grant;
    }
  /** Answered by `diffed`; nothing is received until then. */
  | { readonly type: "diff"; readonly handle: number; readonly vector: Vector; readonly asks: boolean }
  /** The peer holds the vector that it was taken to hold. Answered by `diffed`; nothing is received until then. */
  | { readonly type: "diffAssumed"; readonly handle: number }
  /** Answered by `compared`. */
  | { readonly type: "compareDigest"; readonly handle: number; readonly digest: Uint8Array }
  /** The peer answered that its vector equals the one we prepared, which is ours. */
  | { readonly type: "peerEquals"; readonly handle: number }
  /** The peer acknowledged these heads. */
  | { readonly type: "acknowledged"; readonly handle: number; readonly vector: Vector }
  /** The peer's chain ends before `have`. */
  | { readonly type: "peerLacks"; readonly handle: number; readonly writer: WriterKey; readonly have: number }
  | { readonly type: "peerRefused"; readonly handle: number; readonly writer: WriterKey; readonly code: string }
  /** What was received before may be forgotten: the tail is past it. */
  | { readonly type: "forgetEchoes"; readonly handle: number }
  /** Answered by `delivered`. */
  | { readonly type: "deliver"; readonly handle: number; readonly frame: number; readonly runs: Uint8Array }
  /** Answered by `positions`. */
  | { readonly type: "readPositions"; readonly fence: number; readonly handles: readonly number[] }
  /** The handle is void. What was received for it is appended still. */
  | { readonly type: "forget"; readonly handle: number }
  // time
  | { readonly type: "startTimer"; readonly timer: "handshake" | "liveness"; readonly ms: number }
  | { readonly type: "stopTimer"; readonly timer: "handshake" | "liveness" }
  // towards the user
  | { readonly type: "announce"; readonly handle: number; readonly event: HandleEvent }
  /** Nothing more is appended under this handle. */
  | { readonly type: "closed"; readonly handle: number; readonly id: DatabaseId }
  | { readonly type: "rights"; readonly rights: Grant }
  | { readonly type: "leaving"; readonly afterMs: number; readonly withinMs: number }
  | {
      readonly type: "resolve";
      readonly caller: number;
      readonly rights?: Grant;
      readonly left?: readonly DatabaseId[];
      readonly answer?: Answer;
    }
  | { readonly type: "reject"; readonly caller: number; readonly error: SyncError }
  /** Tells the peer, if there is something to tell, and closes. `error` is null when this side wanted it. */
  | { readonly type: "close"; readonly error: SyncError | null; readonly tell: Message | null };
