import type { DatabaseId, WriterKey } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DocId } from "../document/doc-id.ts";
import type { DocumentState } from "../document/document-state.ts";
import type { Shelf } from "../document/shelf.ts";
import type { Events } from "../events.ts";
import type { MissingParts } from "../replica/missing-parts.ts";
import type { NamedEntries } from "../replica/named-entries.ts";
import type { ReadableParts } from "../replica/readable-parts.ts";
import type { WriterHead } from "../sealing/control-part.ts";
import type { DirectoryClaim } from "../tenant/directory-claims.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import type { SeenHeads } from "../writer/seen-heads.ts";
import type { DatabaseEvents } from "./database.ts";
import type { KeyRights } from "./key-rights.ts";

/** What the way of entries into documents stands in. */
export interface ReceivedChangesContext {
  readonly context: TenantContext;
  readonly database: DatabaseId;
  readonly entries: EntryStore;
  readonly state: DocumentState;
  readonly shelf: Shelf;
  readonly events: Events<DatabaseEvents>;
  readonly rights: KeyRights;
  view(): DirectoryView;
  /** An entry that counts says that its author has seen these. */
  heard(heads: readonly WriterHead[]): Promise<void>;
  /** An entry that counts names the directory heads that its author knew. */
  heardOfDirectory(claim: DirectoryClaim): Promise<void>;
  /** The writer this device writes as, if it has begun. */
  own(): WriterKey | null;
  /** Whether this device is about to leave its chain, by `renew`: what it made is shown as it was until that is made anew. */
  isLeaving(): boolean;
  /** The same, as it is found now. */
  mustLeave(): boolean;
  /** Changes of this device build on something that counts no more, and may be made anew now. */
  ownWait(): void;
  /** Whether the journal holds changes of any of these documents that were set aside. */
  hasAside(names: ReadonlySet<DocId>): boolean;
  /** What they lack, as hexadecimal hashes by document, since that was tried. */
  lacking(): ReadonlyMap<DocId, ReadonlySet<string>>;
  /** What the journal says that it replaces. */
  sayUnsealed(state: DocumentState): void;
  /** The entries that name the branches of chains that count: kept up to date here. */
  readonly named: NamedEntries;
  /** What is held without parts that should be here. */
  readonly missing: MissingParts;
  readonly seen: SeenHeads;
  /** Null where parts are held whether they are readable or not. */
  readonly readable: ReadableParts | null;
}
