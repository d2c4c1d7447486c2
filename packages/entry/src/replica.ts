// One database's entries as sync sees them: what a store offers and a sync session needs (docs/adr/0001).
import type { DatabaseId, EntryId, WriterKey } from "./ids.ts";
import type { ReadLimit } from "./run.ts";
import type { Vector } from "./vector.ts";
import type { VerifiedRun } from "./verify.ts";

/** What became of one appended run. */
export type AppendResult =
  /** `count` entries were new and are durable. */
  | { readonly type: "appended"; readonly count: number }
  /** Every entry was there already. */
  | { readonly type: "known" }
  /** The run starts beyond the chain; `have` is the next seq that could be taken. */
  | { readonly type: "gap"; readonly have: number }
  /** Another entry is stored at `seq`: proof that the writer, or somebody with its key, forked. */
  | { readonly type: "fork"; readonly seq: number; readonly ours: EntryId; readonly theirs: EntryId }
  /** The store's owner does not take it. */
  | { readonly type: "refused"; readonly code: string };

/** Some of the entries after a position, in the order they arrived. */
export interface ArrivedRuns {
  readonly runs: readonly VerifiedRun[];
  /** Where to go on. */
  readonly position: number;
  /** Nothing had arrived after `position` when this was read. */
  readonly done: boolean;
}

/** Verified entries of one database. */
export interface Replica {
  readonly database: DatabaseId;
  /** How far each chain is held. */
  vector(): Promise<Vector>;
  /**
   * Where parts are missing that should be here: the vector with every chain ending before the first of them, so that who sees it sends
   * them again. Null, or no such method, where nothing is missing.
   */
  wholeVector?(): Promise<Vector | null>;
  /** The run that starts exactly at seq `from`, cut so that its last entry is signed (`cutRun`); null when there is none. */
  read(writer: WriterKey, from: number, limit: ReadLimit): Promise<VerifiedRun | null>;
  /** What arrived after `position`. Positions are a convenience of this one store: correctness never depends on them. */
  readAfter(position: number, limit: ReadLimit): Promise<ArrivedRuns>;
  /** The newest position. */
  position(): Promise<number>;
  /**
   * Appends runs atomically, one result per run; durable when it resolves. Of a run that overlaps what is held, the known entries
   * are compared, then skipped; damaged ones are replaced.
   */
  append(runs: readonly VerifiedRun[]): Promise<readonly AppendResult[]>;
}
