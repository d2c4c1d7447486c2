/**
 * Limits of one change: constants of the format version, so that all replicas refuse the same changes. Each is checked before
 * what it bounds is expanded.
 */
export const changeLimits = {
  /** Bytes of one change chunk; so that its part, padded, and a control part fit into an entry of 1 MiB, however it is encoded. */
  bytes: 1_000_000,
  /** Operations of one change. */
  ops: 100_000,
  /** Predecessors of all operations of one change together. */
  preds: 100_000,
  /** Bytes of what a change made here says of itself; of a received one they count as its other bytes do. */
  message: 1_024,
  /** Nesting of maps, lists and texts below the root. */
  depth: 64,
  /** Changes rebuilt from one part. */
  changesInPart: 2_000,
  /** Bytes of all changes rebuilt from one part. */
  partBytes: 8_388_608,
  /** Work of all parts of one entry, in operations (`part-work.ts`). Each change fits, alone. */
  entryWork: 120_000,
} as const;

/** Operations of a local change that is durable before the gate looks at it: what only gives keys of maps numbers, truth values or null. */
export const mostPlainOps = 64;

/** Bytes of an actor id: the front of a hash. */
export const actorLength = 16;

/** Bytes of a change hash: SHA-256. */
export const changeHashLength = 32;

/**
 * Whole numbers up to this size, either way, read back as the number that was written; Automerge turns larger ones into a BigInt,
 * which `JSON.stringify` and arithmetic refuse.
 */
export const largestInteger: number = Number.MAX_SAFE_INTEGER - 1;

/** The largest time that a `Date` holds, in ms either side of the epoch (ECMA-262 section 21.4.1.1). */
export const largestTimestamp = 8_640_000_000_000_000;
