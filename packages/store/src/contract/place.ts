// What an adapter tells the contract suite about itself.
import type { BlobHash, DatabaseId, TenantId, VerifiedEntry, VerifiedRun, Verifier, WriterKey } from "@selkie/entry";
import type { Store } from "../store.ts";

/** One stored entry. */
export interface EntryPlaceName {
  readonly tenant: TenantId;
  readonly database: DatabaseId;
  readonly writer: WriterKey;
  readonly seq: number;
}

/** A place where a store can be opened: a new directory, database or disk. */
export interface StorePlace {
  /** Opens the store; after it was closed, once more. */
  open(): Promise<Store>;
  /** Changes a byte of the stored body of this entry. The store is closed. */
  damageEntry(entry: EntryPlaceName): Promise<void>;
  /** Changes a byte of this stored blob. The store is closed. */
  damageBlob(tenant: TenantId, hash: BlobHash): Promise<void>;
  /** Deletes everything. The store is closed. */
  remove(): Promise<void>;
}

/** What an adapter can do. What it cannot do is asserted too. */
export interface StoreCapabilities {
  /** Opening again finds what was committed; otherwise a store forgets everything when it is closed. */
  readonly reopens: boolean;
  /** After a clean close the instance goes on; otherwise every opening begins a new one. */
  readonly continues: boolean;
}

/** Whom to test, and how. */
export interface StoreContractOptions {
  /** Shown in the names of the tests. */
  readonly name: string;
  readonly capabilities: StoreCapabilities;
  /** A new, empty place. */
  create(): Promise<StorePlace>;
  /** The verifier the stores use; the portable one by default. */
  readonly verifier?: Verifier;
}

/** What the parts of the suite work with. */
export interface ContractContext {
  readonly options: StoreContractOptions;
  readonly verifier: Verifier;
  /** Opens a store in a new place, runs the test, closes the store and removes the place. */
  withStore(test: (store: Store) => Promise<void>): () => Promise<void>;
  /** As {@link withStore}, for tests that close and reopen on their own. */
  withPlace(test: (place: StorePlace) => Promise<void>): () => Promise<void>;
}

/** The code of the error that this rejects with; undefined when it does not. */
export async function codeOf(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}

/** The entry of that index. */
export function entryAt(run: VerifiedRun, index: number): VerifiedEntry {
  const entry = run.entries[index];
  if (entry === undefined) throw new TypeError(`the run has no entry ${index}`);
  return entry;
}

/** Everything an iterable yields. */
export async function collect<T>(items: AsyncIterable<T> | undefined): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items ?? []) all.push(item);
  return all;
}

/** Far beyond what the suite stores. */
export const EVERYTHING = { entries: 2_000, bytes: 4_000_000 } as const;
