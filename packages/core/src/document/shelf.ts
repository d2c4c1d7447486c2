import { toHex, type WriterKey } from "@selkie/entry";
import { parseChange } from "../automerge/change-chunk.ts";
import { ChangeError } from "../automerge/change-error.ts";
import type { LiveDocument } from "../automerge/document.ts";
import { freezeDeep } from "../automerge/freeze.ts";
import type { Patch } from "../automerge/patch.ts";
import { readFirstChange } from "../automerge/read-first-change.ts";
import type { Platform } from "../platform.ts";
import type { AutomergeDocuments } from "./automerge-documents.ts";
import { DocHandle, type DocState, NOTHING } from "./doc-handle.ts";
import { actorIn, type DocumentRecord } from "./document-record.ts";
import type { Histories } from "./histories.ts";
import { documentMemory, LoadedDocuments } from "./loaded-documents.ts";
import { loadFrom, longHistory, type Snapshot, type SnapshotSource } from "./snapshot.ts";

/** What came to a document: changes in an order that can be applied, or others in the place of all. */
export type Moved = readonly Uint8Array[] | "reset";

/** The names of those who made changes of a document. */
export type AuthorsOf = (record: DocumentRecord, changes: readonly Uint8Array[]) => readonly string[];

/** What long documents are loaded from. */
export interface SavedDocuments {
  readonly snapshots: SnapshotSource;
  readonly histories: Pick<Histories, "of">;
}

export interface ShelfOptions {
  /** About how many bytes the loaded documents may take: `documentMemory`, if nothing else is said. */
  readonly memory?: number | undefined;
  /** Without, every document is loaded from its changes. */
  readonly saved?: SavedDocuments;
  /** The key that edits here are made under, once there is one: a document that is loaded for it need not be copied when it is edited. */
  readonly writer?: () => WriterKey | null;
}

interface Fetching {
  readonly snapshot: Snapshot | null;
  readonly without?: ReadonlySet<Uint8Array> | undefined;
}

/** A document as somebody looked at it. */
export interface Looked extends DocState<object> {
  /** What Automerge made of all of it, where that was asked for. */
  readonly saved: Uint8Array | null;
}

let loading: Promise<AutomergeDocuments> | null = null;

/**
 * The documents somebody is reading. One that was only ever created is read without Automerge, until it is edited or a change of it
 * arrives; for others, loads Automerge and the document when first asked, keeps the latest used, frees the rest.
 */
export class Shelf {
  readonly #platform: Platform;
  readonly #authorsOf: AuthorsOf;
  readonly #loaded: LoadedDocuments;
  readonly #saved: SavedDocuments | null;
  readonly #writer: () => WriterKey | null;
  #automerge: AutomergeDocuments | null = null;
  #isClosed = false;
  /** Listeners that are told once all of what is being shown is; null when they are told at once. */
  #telling: (() => void)[] | null = null;

  constructor(
    platform: Platform,
    authorsOf: AuthorsOf,
    { memory = documentMemory, saved, writer = () => null }: ShelfOptions = {},
  ) {
    this.#platform = platform;
    this.#authorsOf = authorsOf;
    this.#saved = saved ?? null;
    this.#writer = writer;
    this.#loaded = new LoadedDocuments(memory, (record) => this.#close(record));
  }

  /** Automerge's functions, if they are loaded. */
  get loaded(): AutomergeDocuments | null {
    return this.#automerge;
  }

  /** Automerge's functions, loading the WebAssembly the first time. */
  async automerge(): Promise<AutomergeDocuments> {
    if (this.#automerge === null) {
      await this.#platform.loadAutomerge();
      loading ??= import("../automerge/document.ts"); // once for all shelves: importing again takes a turn of the event loop
      this.#automerge = await loading;
    }
    return this.#automerge;
  }

  /** The one handle of this document; whatever moves the document on moves it, too. */
  async handle(record: DocumentRecord): Promise<DocHandle<object>> {
    const known = record.handle?.deref();
    if (known !== undefined) return known;
    const first = this.#readFirst(record);
    if (first !== null) return this.#newHandle(record, first);
    await this.fetch(record);
    const automerge = await this.automerge();
    const state = stateOf(automerge, record, this.live(automerge, record));
    return record.handle?.deref() ?? this.#newHandle(record, state); // somebody else may have asked meanwhile
  }

  /**
   * What a document looks like, for whoever keeps nothing of it; null while it is edited.
   * @param isSaved whether all of it is wanted as bytes, too
   */
  async look(record: DocumentRecord, isSaved = false): Promise<Looked | null> {
    if (record.busy) return null;
    const first = isSaved ? null : this.#readFirst(record);
    if (first !== null) return { ...first, saved: null };
    const automerge = await this.automerge();
    const snapshot = await this.#snapshotOf(record);
    if (record.busy) return null;
    const live =
      record.live ?? this.#loadFrom(automerge, record, { snapshot }) ?? automerge.loadDocument(record.changes);
    const saved = isSaved ? automerge.saveDocument(live) : null;
    const looked = { ...lookedAt(stateOf(automerge, record, live)), saved };
    if (live !== record.live) automerge.freeDocument(live);
    return looked;
  }

  /**
   * Loads a document with a long history from a snapshot, so that `live` finds it; gives nothing when there is nothing to do.
   * @param without accepted changes that are about to be applied to it
   */
  fetch(record: DocumentRecord, without?: ReadonlySet<Uint8Array>): Promise<void> | undefined {
    return this.#isFetched(record) ? this.#fetch(record, without) : undefined;
  }

  async #fetch(record: DocumentRecord, without?: ReadonlySet<Uint8Array>): Promise<void> {
    const automerge = await this.automerge();
    const snapshot = await this.#snapshotOf(record);
    if (!this.#isFetched(record)) return; // somebody else loaded it meanwhile
    record.live = this.#loadFrom(automerge, record, { snapshot, without });
    this.#loaded.use(automerge, record);
  }

  #isFetched({ live, changes }: DocumentRecord): boolean {
    return this.#saved !== null && !this.#isClosed && live === null && changes.length >= longHistory;
  }

  async #snapshotOf(record: DocumentRecord): Promise<Snapshot | null> {
    return this.#saved === null || !this.#isFetched(record) ? null : this.#saved.snapshots.read(record.name);
  }

  #loadFrom(
    automerge: AutomergeDocuments,
    record: DocumentRecord,
    { snapshot, without = new Set() }: Fetching,
  ): LiveDocument | null {
    if (this.#saved === null || snapshot === null) return null;
    try {
      const history = this.#saved.histories.of(record);
      return loadFrom(automerge, record, snapshot, { history, without, actor: this.#actorIn(record) });
    } catch (error) {
      if (error instanceof ChangeError) return null; // a change of this device does not pass: whoever seals it finds that out
      throw error;
    }
  }

  /**
   * The loaded Automerge document, which becomes the last to be freed.
   * @param without accepted changes that are about to be applied to it
   */
  live(automerge: AutomergeDocuments, record: DocumentRecord, without?: ReadonlySet<Uint8Array>): LiveDocument {
    record.live ??= automerge.loadDocument(
      without === undefined ? record.changes : record.changes.filter((change) => !without.has(change)),
      this.#actorIn(record),
    );
    const { live } = record;
    this.#loaded.use(automerge, record);
    return live;
  }

  #actorIn(record: DocumentRecord): Uint8Array | undefined {
    const writer = this.#writer();
    return writer === null ? undefined : actorIn(this.#platform.crypto, record, writer);
  }

  /** Applies changes that just passed the gate, if anybody holds the document; gives nothing when there is nothing to do. */
  apply(record: DocumentRecord, changes: readonly Uint8Array[]): Promise<void> | undefined {
    return isHeld(record) && changes.length > 0 ? this.showAll([[record, changes]]) : undefined;
  }

  /**
   * Shows what came to documents to whoever holds them: changes that just passed the gate, or that the accepted changes are others. Whoever
   * is told of one of them finds all of them moved on.
   */
  async showAll(moved: Iterable<readonly [DocumentRecord, Moved]>): Promise<void> {
    const held = [...moved].filter(([record]) => isHeld(record));
    if (held.length === 0) return;
    const automerge = await this.automerge();
    for (const [record, changes] of held)
      if (!record.busy) await this.fetch(record, changes === "reset" ? undefined : new Set(changes));
    const telling: (() => void)[] = [];
    this.#telling = telling;
    try {
      for (const [record, changes] of held) {
        if (changes !== "reset") this.#apply(automerge, record, changes);
        else if (!record.busy) this.show(automerge, record); // else `release` does it
      }
    } finally {
      this.#telling = null;
      for (const tell of telling) tell();
    }
  }

  #apply(automerge: AutomergeDocuments, record: DocumentRecord, changes: readonly Uint8Array[]): void {
    const handle = record.handle?.deref();
    if (record.busy) {
      record.waiting ??= [];
      record.waiting.push(...changes);
      return;
    }
    if (record.live === null && handle?.isWatched !== true) {
      this.show(automerge, record); // loading it includes the changes
      return;
    }
    const live = record.live ?? this.live(automerge, record, new Set(changes));
    const { patches, refused } = automerge.applyTo(live, changes);
    if (refused.length > 0)
      this.#platform.report(new ChangeError("CHANGE_UNAPPLIABLE", `Automerge failed on ${refused.length} changes`));
    this.show(automerge, record, { patches, changes });
  }

  /**
   * Moves the handle, if there is one, on to the newest state. Data is brought up to date only for somebody who looks.
   * @param by the changes that did it, and the patches of them that there are already
   */
  show(
    automerge: AutomergeDocuments,
    record: DocumentRecord,
    by: { readonly patches: readonly Patch[]; readonly changes: readonly Uint8Array[] } = { patches: [], changes: [] },
  ): void {
    const handle = record.handle?.deref();
    if (handle === undefined) return;
    const live = this.live(automerge, record);
    handle.show(stateOf(automerge, record, live));
    if (!handle.isWatched) return;
    const patches = [...by.patches, ...automerge.refresh(live)];
    const origin = { by: this.#authorsOf(record, by.changes) };
    if (this.#telling === null) handle.tell(patches, origin);
    else this.#telling.push(() => handle.tell(patches, origin));
  }

  /** Drops the loaded document, so that the next use loads it from the accepted changes. */
  async reload(record: DocumentRecord): Promise<void> {
    const automerge = await this.automerge();
    record.waiting = null; // loading it includes them
    if (this.#isClosed) return this.#drop(automerge, record);
    this.#free(automerge, record);
    this.show(automerge, record);
  }

  /** The accepted changes were replaced: what is loaded counts no more. `showAll` shows what does. */
  outdate(record: DocumentRecord): void {
    record.waiting = null;
    if (record.busy) record.outdated = true;
    else if (this.#automerge !== null) this.#drop(this.#automerge, record);
  }

  /** A local change was made, or failed: what was received meanwhile follows. */
  release(record: DocumentRecord): Promise<void> | undefined {
    record.busy = false;
    if (this.#isClosed && this.#automerge !== null) this.#drop(this.#automerge, record);
    if (record.outdated) return this.reload(record);
    const { waiting } = record;
    record.waiting = null;
    return waiting === null ? undefined : this.apply(record, waiting);
  }

  /** A document that an app is editing goes when the edit has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const automerge = this.#automerge;
    if (automerge !== null) for (const record of [...this.#loaded]) if (!record.busy) this.#drop(automerge, record);
  }

  /** What a document looks like of which only the first change is known; null when Automerge has to be asked. */
  #readFirst({ changes, deleted, live }: DocumentRecord): DocState<object> | null {
    const [bytes] = changes;
    if (bytes === undefined) return { data: () => NOTHING, deleted: true, heads: [] };
    if (live !== null || changes.length > 1) return null;
    const change = parseChange(bytes, this.#platform.crypto.sha256);
    const data = readFirstChange(change);
    if (data === null) return null;
    return { data: deleted ? () => NOTHING : () => freezeDeep(data), deleted, heads: [toHex(change.hash)] };
  }

  #newHandle(record: DocumentRecord, state: DocState<object>): DocHandle<object> {
    const handle = new DocHandle<object>(record.name, state, this.#platform.report);
    record.handle = new WeakRef(handle);
    return handle;
  }

  #close(record: DocumentRecord): void {
    if (this.#automerge !== null) this.#drop(this.#automerge, record);
  }

  #drop(automerge: AutomergeDocuments, record: DocumentRecord): void {
    record.handle?.deref()?.settle();
    this.#free(automerge, record);
  }

  #free(automerge: AutomergeDocuments, record: DocumentRecord): void {
    this.#loaded.remove(record);
    if (record.live !== null) automerge.freeDocument(record.live);
    record.live = null;
    record.outdated = false;
  }
}

function isHeld({ live, handle }: DocumentRecord): boolean {
  return live !== null || handle?.deref() !== undefined;
}

/** The same, whatever becomes of the document. */
function lookedAt(state: DocState<object>): DocState<object> {
  const data = state.data();
  return { ...state, data: () => data };
}

function stateOf(automerge: AutomergeDocuments, record: DocumentRecord, live: LiveDocument): DocState<object> {
  const deleted = record.deleted || record.changes.length === 0;
  return { data: () => (deleted ? NOTHING : automerge.dataOf(live)), deleted, heads: automerge.headsOf(live) };
}
