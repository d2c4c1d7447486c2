// What the machine knows of one database: how far each direction has come.
import type { DatabaseId, Wanted, WriterKey } from "@selkie/entry";

/** Entries of one chain that the peer is to get: seqs `from` to `to`, both included. */
export interface Missing {
  readonly writer: WriterKey;
  readonly from: number;
  readonly to: number;
}

/** What the peer has of ours. Positions are those of our own replica. */
export type Upload =
  /** Not known yet. */
  | { readonly type: "idle" }
  /** These chains lack; afterwards it has everything up to `sent`. `from` is where item `next` goes on; `round` tells lists apart. */
  | {
      readonly type: "filling";
      readonly round: number;
      readonly items: readonly Missing[];
      readonly next: number;
      readonly from: number | null;
      readonly sent: number;
      /** More lacks than was listed: afterwards the peer is asked again. */
      readonly cut: boolean;
    }
  /** It was sent everything up to `sent`; `due`: look whether there is more. */
  | { readonly type: "tail"; readonly sent: number; readonly due: boolean };

/** What we have of the peer's. */
type Download =
  /** Not known yet. */
  | "waiting"
  /** The peer sends what came after the position we named; then digests are compared. */
  | "streaming"
  /** Our digest is being computed. */
  | "comparing"
  /** Everything it had at some time since the session began. */
  | "caughtUp";

/** How the walk back to the first divergent entry of a forked chain stands. */
interface Walk {
  /** First seq of the earliest run that was sent. */
  readonly from: number;
  /** Entries to go back next. */
  readonly step: number;
  /** The peer found the divergence inside that run. */
  readonly found: boolean;
}

/** A gap the peer reported in one chain, and how far it is being filled. */
export interface Repair {
  readonly have: number;
  readonly to: number;
  readonly tries: number;
}

/** Rare troubles of single chains, by writer in hexadecimal. */
interface Troubles {
  readonly walks: ReadonlyMap<string, Walk>;
  readonly repairs: ReadonlyMap<string, Repair>;
  /** Chains whose fork we have shown to the peer. */
  readonly shown: ReadonlySet<string>;
  /** How often our replica turned out to hold less than its vector said. */
  readonly damages: number;
}

/** One open database. */
export interface Database {
  readonly handle: number;
  readonly id: DatabaseId;
  readonly stage:
    | "preparing" // our digest is being computed
    | "opening" // our open waits for its answer
    | "answering" // the peer's open is being answered
    | "open"
    | "closing" // we closed it; what the peer sent before it heard of that still arrives
    | "unknown" // the other side does not have it
    | "crossed"; // both opened it; the dialler's handle is used
  /** The position we named, or the peer did, in `open`. */
  readonly position: number | null;
  /** We hold more than the vector whose digest we named in `open`. */
  readonly isAhead: boolean;
  readonly upload: Upload;
  readonly download: Download;
  /** Runs to be sent before anything else: repairs, and evidence of forks. */
  readonly extra: readonly Missing[];
  /** A vector to be sent; `reply`: the peer is asked for its own. */
  readonly vectorDue: "no" | "plain" | "reply";
  /** Whether the peer is to be told that it was sent everything: once the tail is reached, or now. */
  readonly caughtUpDue: "no" | "atTail" | "now";
  /** Our user announced entries while the upload had not reached the tail. */
  readonly announced: boolean;
  /** Entries of this database are queued for upload. */
  readonly queued: boolean;
  /** Which parts each side wants of what the other sends; null for all. */
  readonly wanted: { readonly ours: Wanted | null; readonly theirs: Wanted | null };
  /** The peer is to be told what we want, once it has answered. */
  readonly wantDue: boolean;
  readonly troubles: Troubles;
}

const NO_TROUBLES: Troubles = { walks: new Map(), repairs: new Map(), shown: new Set(), damages: 0 };

/** A database as it is when it is opened. */
export function newDatabase(fields: Pick<Database, "handle" | "id" | "stage" | "position">): Database {
  return {
    ...fields,
    isAhead: false,
    upload: { type: "idle" },
    download: "waiting",
    extra: [],
    vectorDue: "no",
    caughtUpDue: "no",
    announced: false,
    queued: false,
    wanted: { ours: null, theirs: null },
    wantDue: false,
    troubles: NO_TROUBLES,
  };
}

/** How many recipients and tags are named. */
export function namesIn(wanted: Wanted | null): number {
  return wanted === null ? 0 : wanted.recipients.length + wanted.tags.length;
}
