/**
 * Limits of format version 1. They are part of the format: replicas that differ in one of them would accept different entries.
 * Sizes are declared sizes (see `entrySize`): a hole counts like the part it replaces, so that purging changes no verdict.
 */
export const limits = {
  /** Bytes of one entry. */
  entryBytes: 1_048_576,
  /** Parts of one entry, at least 1. */
  partsPerEntry: 4_096,
  /** Shortest part, bytes: the padding floor of 128 and the 16-byte tag. */
  partBytesMin: 144,
  /** Key tags of one entry. */
  tagsPerEntry: 254,
  /** Permits of one entry. */
  permitsPerEntry: 64,
  /** Directory heads in one frontier. */
  frontier: 64,
  /** Entries a writer leaves at most between two signatures, and their bytes. A receiver accepts `runEntries` and `runBytes`. */
  gapEntries: 1_024,
  gapBytes: 1_048_576,
  /** Entries of one run: at least twice the gap. */
  runEntries: 2_048,
  /** Bytes of one run: at least twice the gap and one entry. */
  runBytes: 4_194_304,
  /** Bytes of all runs of one message. */
  batchBytes: 4_194_304,
  /** Writers one session direction remembers; beyond that both sides forget all of them. */
  sessionWriters: 4_096,
  /** Writers of one vector. */
  vectorWriters: 65_536,
  /** Bytes of one blob of an attachment: 16 sealed chunks of 262,160 bytes. */
  blobBytes: 4_194_560,
} as const;
