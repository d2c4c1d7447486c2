import type { Patch } from "../automerge/patch.ts";
import { Events, type Off } from "../events.ts";
import type { DocId } from "./doc-id.ts";

interface DocEvents {
  change: { readonly patches: readonly Patch[]; readonly origin: ChangeOrigin };
}

/** Where a change of a document came from. */
export interface ChangeOrigin {
  /** The names of the users who made it, this device's included. Empty when what counts of the document is another than before. */
  readonly by: readonly string[];
}

/** What a document looks like at one moment. */
export interface DocState<T extends object> {
  data(): Readonly<T>;
  readonly deleted: boolean;
  readonly heads: readonly string[];
}

/** A live document: one handle for each document and process, always in its newest state. */
export interface Doc<T extends object> {
  readonly id: DocId;
  /** The same as `id`. */
  getId(): DocId;
  /** Frozen; `{}` once deleted. */
  getData(): Readonly<T>;
  /** Whether somebody deleted it, here or elsewhere. */
  isDeleted(): boolean;
  /** The hashes of the newest changes, in hex: equal on two devices exactly when their documents are equal. */
  getHeads(): readonly string[];
  /**
   * Called after each change, made here or received, with what changed and who did it; with no patches when the data is to be read anew.
   * Whatever came together is all there when the first listener is called.
   */
  on(type: "change", listener: (patches: readonly Patch[], origin: ChangeOrigin) => void): Off;
}

/** The id of a document that is given by its handle, or by its id. */
export function idOf(doc: Pick<Doc<object>, "id"> | DocId): DocId {
  return typeof doc === "string" ? doc : doc.id;
}

/** What a deleted document shows. */
export const NOTHING: object = Object.freeze({});

/** The one implementation of `Doc`; the database moves it on. */
export class DocHandle<T extends object> implements Doc<T> {
  readonly id: DocId;
  readonly #events: Events<DocEvents>;
  #state: DocState<T>;

  constructor(id: DocId, state: DocState<T>, report: (error: unknown) => void) {
    this.id = id;
    this.#state = state;
    this.#events = new Events(report);
  }

  getId(): DocId {
    return this.id;
  }

  getData(): Readonly<T> {
    return this.#state.data();
  }

  isDeleted(): boolean {
    return this.#state.deleted;
  }

  getHeads(): readonly string[] {
    return this.#state.heads;
  }

  on(type: "change", listener: (patches: readonly Patch[], origin: ChangeOrigin) => void): Off {
    this.#state.data(); // the first patches follow on what is there now
    return this.#events.on(type, ({ patches, origin }) => listener(patches, origin));
  }

  /** Whether anybody listens for changes. */
  get isWatched(): boolean {
    return this.#events.has("change");
  }

  /** Keeps the data as it is now, because what it comes from is about to go. */
  settle(): void {
    const data = this.#state.data();
    this.#state = { ...this.#state, data: () => data };
  }

  /** Shows a newer state; `tell` follows. */
  show(state: DocState<T>): void {
    this.#state = state;
  }

  /** Tells the listeners what was shown. */
  tell(patches: readonly Patch[], origin: ChangeOrigin): void {
    this.#events.emit("change", { patches, origin });
  }
}
