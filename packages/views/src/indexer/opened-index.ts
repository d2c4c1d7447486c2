import type { Origin } from "../expression/scope.ts";
import type { Failure } from "../follow/failures.ts";
import type { Value } from "../value/value.ts";
import type { IndexKey } from "./key-order.ts";

/** What an index holds of a document at one place. */
export interface IndexEntry {
  readonly key: IndexKey;
  /** Null when the map gave none. */
  readonly value: Value;
  readonly origin: Origin;
  /** Names the entry in this index, as text: `range` goes on after it, also when it has gone. */
  readonly place: string;
}

/** Keys from one up to another. Fewer parts stand for all keys that begin with them, so `{ from: ["EMEA"], to: ["EMEA"] }` is all of EMEA. */
export interface KeyRange {
  readonly from?: IndexKey;
  /** Included, as `from` is. */
  readonly to?: IndexKey;
}

export interface RangeOptions extends KeyRange {
  /** From the last to the first. */
  readonly reverse?: boolean;
  /** How many; all when nothing is said. */
  readonly limit?: number;
  /** The `place` of the entry before the first. */
  readonly after?: string;
}

/** What a stretch of an index comes to. */
export interface Reduced {
  readonly entries: number;
  /** By the names of the definition's `totals`; an entry counts once for each place it stands at. */
  readonly totals: Readonly<Record<string, Value>>;
}

/** An index that follows its databases. */
export interface Index extends AsyncDisposable {
  readonly name: string;
  /** That of the index that answers now: while a new version is made it is the one before, as it was kept. */
  readonly version: number;
  /** Documents that are left out, as the map threw or gave what is no entry, until they change; at most 1,000 are named. */
  readonly failures: readonly Failure[];
  /** The entries with exactly this key; at most 1,000. @throws ViewError CLOSED | KEY_INVALID; what the databases throw; the signal's reason */
  get(key: IndexKey): Promise<readonly IndexEntry[]>;
  /** Entries in the order of their keys, then of documents' ids, as they are when each is read. @throws ViewError QUERY_INVALID, and as `get` does */
  range(options?: RangeOptions): AsyncIterable<IndexEntry>;
  /** How many entries there are, in O(log n). */
  count(range?: KeyRange): Promise<number>;
  /** What they come to, in O(log n). */
  reduce(range?: KeyRange): Promise<Reduced>;
  /** Resolves once it holds what its databases do, in its new version. @throws as `get` does */
  caughtUp(): Promise<void>;
}

export interface OpenIndexOptions {
  /** Ends the making of an index that is not kept yet: nothing of it stays, and the version before goes on answering. */
  readonly signal?: AbortSignal;
  /** Called while an index is made, with the number of documents that were read. */
  readonly onProgress?: (documents: number) => void;
}
