// What happens to a session: messages, answers of the driver, wishes of the user.
import type { DatabaseId, Wanted, WriterKey } from "@selkie/entry";
import type { ClaimMessage, Message, RunException } from "../message/message.ts";
import type { Admission } from "../session/session.ts";
import type { SyncError } from "../sync-error.ts";
import type { Missing } from "./database.ts";
import type { OpenRequest, SentRun, Unframed, Wish } from "./state.ts";

/** Our replica at one moment; `position` was read before the vector. */
interface Snapshot {
  readonly position: number;
  /** Of what the peer is taken to hold; `isAhead`: we hold more. */
  readonly digest: Uint8Array;
  readonly isAhead: boolean;
  /** Parts are missing here: the peer is to get our vector. */
  readonly asks: boolean;
}

/** A replica that the peer opened; `equal`: its digest is ours. */
export interface OpenedReplica {
  readonly handle: number;
  readonly position: number;
  readonly equal: boolean;
  /** Parts are missing here: the peer is to get our vector. */
  readonly asks: boolean;
}

/** What reading a slice came to. */
export type SliceResult =
  /** `done` items are complete; the one after them goes on at `from`, if it was begun. `damaged`: an item ended too early. */
  | {
      readonly type: "missing";
      readonly round: number | null;
      readonly done: number;
      readonly from: number | null;
      readonly damaged: boolean;
    }
  | { readonly type: "tail"; readonly position: number; readonly done: boolean };

/** What appending one entries message came to. */
export interface DeliveredFrame {
  readonly frame: number;
  readonly exceptions: readonly Unframed<RunException>[];
  /** Runs that did not verify. */
  readonly junk: number;
  /** Forks found inside a run: the exact seq. */
  readonly forks: readonly { readonly writer: WriterKey; readonly seq: number }[];
}

/** An input. */
export type Input =
  | { readonly type: "start" }
  /** `bytes`: length of the frame. */
  | { readonly type: "message"; readonly message: Message; readonly bytes: number }
  /** The transport takes more: the pen is free. */
  | { readonly type: "writable" }
  | { readonly type: "timer"; readonly timer: "handshake" | "liveness" }
  /** The transport ended or broke. */
  | { readonly type: "ended"; readonly error: SyncError | null }
  /** Something failed here, or the peer sent what cannot be decoded. */
  | { readonly type: "failed"; readonly error: SyncError }
  // answers
  | { readonly type: "claimed"; readonly claim: ClaimMessage }
  | { readonly type: "proofChecked"; readonly valid: boolean }
  | { readonly type: "judged"; readonly admission: Admission }
  | { readonly type: "prepared"; readonly handles: readonly number[]; readonly snapshots: readonly Snapshot[] }
  | {
      readonly type: "replicasOpened";
      readonly first: number;
      readonly handles: readonly number[];
      readonly opened: readonly OpenedReplica[];
    }
  | {
      readonly type: "diffed";
      readonly handle: number;
      readonly position: number;
      readonly missing: readonly Missing[];
      /** Chains that end at one seq in two entries. */
      readonly forked: readonly { readonly writer: WriterKey; readonly seq: number }[];
    }
  | {
      readonly type: "compared";
      readonly handle: number;
      /** The peer holds what it was taken to hold; `isAhead`: we hold more. */
      readonly equal: boolean;
      readonly isAhead: boolean;
      readonly position: number;
    }
  | {
      readonly type: "sliceRead";
      readonly handle: number;
      readonly result: SliceResult;
      /** What will be sent; null when there was nothing the peer lacks. */
      readonly frame: { readonly bytes: number; readonly runs: readonly SentRun[] } | null;
    }
  /** Not sent: what was read may name more of the lead than the peer has. */
  | { readonly type: "sliceHeld"; readonly handle: number; readonly lead: number }
  | {
      readonly type: "delivered";
      readonly handle: number;
      readonly frames: readonly DeliveredFrame[];
      /** Our position before and after, and entries written in between by this append. */
      readonly before: number;
      readonly after: number;
      readonly appended: number;
    }
  | { readonly type: "positions"; readonly fence: number; readonly positions: readonly number[] }
  // wishes
  | { readonly type: "open"; readonly caller: number; readonly requests: readonly OpenRequest[] }
  | { readonly type: "closeDatabases"; readonly caller: number; readonly databases: readonly DatabaseId[] }
  | { readonly type: "announce"; readonly database: DatabaseId }
  | { readonly type: "compare"; readonly database: DatabaseId }
  | { readonly type: "want"; readonly database: DatabaseId; readonly wanted: Wanted | null }
  | { readonly type: "ask"; readonly wish: Wish }
  | { readonly type: "sync"; readonly caller: number; readonly databases: readonly DatabaseId[] }
  | { readonly type: "present"; readonly caller: number; readonly documents: readonly Uint8Array[] }
  | { readonly type: "reconsider" }
  | { readonly type: "leave"; readonly afterMs: number; readonly withinMs: number }
  | { readonly type: "close"; readonly code: string | null };
