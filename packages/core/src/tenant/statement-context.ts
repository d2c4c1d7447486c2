import type { SigningKey } from "@selkie/crypto";
import type { EntryId, StatementId, WriterKey } from "@selkie/entry";
import type { AccessList } from "@selkie/sync-protocol";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { Statement } from "../directory/statement.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import type { Certificate } from "../sealing/control-part.ts";
import type { Serial } from "../serial.ts";
import type { DirectoryWriter } from "./directory-writer.ts";
import type { TenantContext } from "./tenant-context.ts";

/** What making statements takes. */
export interface StatementContext {
  readonly context: TenantContext;
  readonly writer: DirectoryWriter;
  view(): DirectoryView;
  /**
   * The view as it will be after these statements of a writer of this device.
   * @param entry the one that they stand in, where it is sealed
   */
  preview(writer: DirectoryWriter, statements: readonly Statement[], entry?: EntryId): Promise<DirectoryView>;
  /** Of a chain of the directory: the one in its first entry, where that is genuine. */
  certificateOf(writer: WriterKey): Certificate | null;
  /** @throws CoreError DIRECTORY_UNKNOWN | DEVICE_REVOKED */
  self(): Admission;
  /** What statements are sealed under, as near to what is current as this device can. @throws CoreError KEY_UNKNOWN */
  directoryKey(): KeyVersion;
  /** Makes keys fit to be sealed under, the directory's among them. @throws CoreError DEVICE_REVOKED */
  settle(keyIds?: readonly Uint8Array[]): Promise<void>;
  /** Keys are made fit one after the other. */
  readonly settling: Serial;
  /** Signs the list that relays get after this one; null for who is not among those whom it names. @throws CoreError KEY_UNKNOWN */
  listSigner(current: AccessList | null): Promise<ListSigner | null>;
  /** Seals what was written in open databases and waits in their journals, as far as no stale directory holds it up. */
  flush(): Promise<void>;
  /** Brings in what others have before rights of these people end, as far as anybody can be reached. @returns whether all of it is here */
  sync(people: readonly StatementId[]): Promise<boolean>;
}

/** An admin's slot key, or the root. */
export interface ListSigner {
  readonly key: SigningKey;
  readonly isRoot: boolean;
}
