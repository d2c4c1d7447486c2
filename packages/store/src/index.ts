// The door of @selkie/store: the interfaces, what adapters share, and the store in memory.
export type { BlobStore, ByteRange, StoredBlob } from "./blob-store.ts";
export { checkRange } from "./blob-store.ts";
export { type Arrival, collectArrivals } from "./collect-arrivals.ts";
export {
  type CollectedRun,
  type CollectLimit,
  collectRun,
  NOTHING_COLLECTED,
  type RunStart,
  type StoredEntry,
} from "./collect-run.ts";
export { checkAppend, checkExpectation } from "./commit-rules.ts";
export type { EntryStore, PartName } from "./entry-store.ts";
export { ForgottenTenants } from "./forgotten-tenants.ts";
export { canDrop, hasHoles, punchHoles } from "./holes.ts";
export { type InstanceId, parseInstanceId } from "./instance-id.ts";
export { MemoryDisk } from "./memory/memory-disk.ts";
export { type MemoryStoreOptions, memoryStore } from "./memory/memory-store.ts";
export {
  type AppendPlan,
  arrivingRanges,
  type HeadSeqs,
  type HeldChain,
  type HeldEntry,
  type PlannedWrite,
  planAppend,
  type SeqRange,
} from "./plan-append.ts";
export { readEntry, readRuns } from "./read-chain.ts";
export { checkStateKey, type StateItem, type StateStore } from "./state-store.ts";
export type { Store, StoreAppend, StoreDrop, StoreWrite } from "./store.ts";
export { STORE_ERROR_CODES, StoreError, type StoreErrorCode } from "./store-error.ts";
export { publicState, type StoredState, sealedState } from "./stored-state.ts";
