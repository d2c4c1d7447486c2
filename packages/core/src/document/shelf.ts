import { ChangeError } from "../automerge/change-error.ts";
import type { LiveDocument } from "../automerge/document.ts";
import type { Platform } from "../platform.ts";
import { DocHandle, type DocState } from "./doc-handle.ts";
import type { DocumentRecord } from "./document-record.ts";

type AutomergeDocuments = typeof import("../automerge/document.ts");

/** How many Automerge documents are kept loaded; each takes 13 to 230 KB of WebAssembly memory. */
const LOADED = 512;
const NOTHING: object = Object.freeze({});

let loading: Promise<AutomergeDocuments> | null = null;

/** The documents somebody is reading: loads Automerge and a document when first asked, keeps the latest used, frees the rest. */
export class Shelf {
  readonly #platform: Platform;
  readonly #loaded = new Set<DocumentRecord>();
  #automerge: AutomergeDocuments | null = null;

  constructor(platform: Platform) {
    this.#platform = platform;
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

  /** The one handle of this document, in its newest state. */
  async handle(record: DocumentRecord): Promise<DocHandle<object>> {
    const automerge = await this.automerge();
    const known = record.handle?.deref();
    if (known !== undefined && record.live !== null) return known;
    const live = this.live(automerge, record);
    const handle = known ?? new DocHandle<object>(record.name, stateOf(automerge, record, live), this.#platform.report);
    if (known === undefined) record.handle = new WeakRef(handle);
    return handle;
  }

  /** The loaded Automerge document, which becomes the last to be freed. */
  live(automerge: AutomergeDocuments, record: DocumentRecord): LiveDocument {
    this.#loaded.delete(record);
    this.#loaded.add(record);
    record.live ??= automerge.loadDocument(record.changes);
    this.#makeRoom(automerge);
    return record.live;
  }

  /** Applies changes that just passed the gate, if anybody holds the document. */
  async apply(record: DocumentRecord, changes: readonly Uint8Array[]): Promise<void> {
    if (changes.length === 0) return;
    if (record.busy) {
      record.waiting.push(...changes);
      return;
    }
    const handle = record.handle?.deref();
    if (record.live === null && handle === undefined) return;
    const automerge = await this.automerge();
    if (record.live === null) {
      this.show(automerge, record); // loading it includes the changes
      return;
    }
    const { patches, refused } = automerge.applyTo(record.live, changes);
    if (refused.length > 0)
      this.#platform.report(new ChangeError("CHANGE_UNAPPLIABLE", `Automerge failed on ${refused.length} changes`));
    this.show(automerge, record, patches);
  }

  /** Moves the handle, if there is one, on to the newest state. Data is brought up to date only for somebody who looks. */
  show(automerge: AutomergeDocuments, record: DocumentRecord, patches: readonly unknown[] = []): void {
    const handle = record.handle?.deref();
    if (handle === undefined) return;
    const live = this.live(automerge, record);
    const seen = handle.isWatched ? [...patches, ...automerge.refresh(live)] : [];
    handle.show(stateOf(automerge, record, live), seen);
  }

  /** Drops the loaded document, so that the next use loads it from the accepted changes. */
  async reload(record: DocumentRecord): Promise<void> {
    const automerge = await this.automerge();
    this.#free(automerge, record);
    this.show(automerge, record);
  }

  async close(): Promise<void> {
    const automerge = this.#automerge;
    if (automerge !== null) for (const record of [...this.#loaded]) this.#drop(automerge, record);
  }

  #makeRoom(automerge: AutomergeDocuments): void {
    for (const record of this.#loaded) {
      if (this.#loaded.size <= LOADED) return;
      if (!record.busy) this.#drop(automerge, record);
    }
  }

  #drop(automerge: AutomergeDocuments, record: DocumentRecord): void {
    record.handle?.deref()?.settle();
    this.#free(automerge, record);
  }

  #free(automerge: AutomergeDocuments, record: DocumentRecord): void {
    this.#loaded.delete(record);
    if (record.live !== null) automerge.freeDocument(record.live);
    record.live = null;
  }
}

function stateOf(automerge: AutomergeDocuments, record: DocumentRecord, live: LiveDocument): DocState<object> {
  const { deleted } = record;
  return { data: () => (deleted ? NOTHING : automerge.dataOf(live)), deleted, heads: automerge.headsOf(live) };
}
