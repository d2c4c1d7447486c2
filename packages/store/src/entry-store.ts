// The first face of a store: the entries of one database of one tenant.
import type { EntryId, Replica, TenantId, VerifiedEntry, VerifiedRun } from "@selkie/entry";

/** Names one part of one entry. */
export interface PartName {
  readonly id: EntryId;
  /** Index of the part in its entry. */
  readonly index: number;
}

/**
 * The entries of one database of one tenant.
 *
 * Whatever is read was hashed again and equals its id. A damaged entry is never returned: the chain's vector then ends at the last
 * signed entry before it, also after reopening, until an append brings the entry again.
 */
export interface EntryStore extends Replica {
  readonly tenant: TenantId;
  /** The entry with this id, if it is held undamaged. */
  find(id: EntryId): Promise<VerifiedEntry | undefined>;
  /** Everything held, by writer (ascending) and seq, in runs within the limits of the format. */
  scan(): AsyncIterable<VerifiedRun>;
  /**
   * Drops the ciphertext of these parts, now and for entries still to come: a retired part stays a hole. Control parts are never
   * dropped. Resolves durably with the number of parts dropped now.
   */
  retire(parts: readonly PartName[]): Promise<number>;
  /** These may come again: what was dropped of them stays dropped until somebody sends it. Resolves durably. */
  unretire(parts: readonly PartName[]): Promise<void>;
}
