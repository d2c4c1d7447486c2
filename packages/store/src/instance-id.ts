// Whether a writer chain may go on depends on who wrote last; see docs/spec/store.md section 5.
import { type Brand, EntryError } from "@selkie/entry";

/**
 * 16 random bytes that name one uninterrupted life of a store. It is the same after reopening only if this very store, not a copy
 * or a restored backup, was closed cleanly by its last owner; only then may a writer continue its chain (B11).
 */
export type InstanceId = Brand<Uint8Array, "InstanceId">;

/** The 16 bytes as an instance id. @throws EntryError `BAD_LENGTH` */
export function parseInstanceId(bytes: Uint8Array): InstanceId {
  if (bytes.length !== 16) throw new EntryError("BAD_LENGTH", `an instance id has 16 bytes, not ${bytes.length}`);
  return bytes as InstanceId;
}
