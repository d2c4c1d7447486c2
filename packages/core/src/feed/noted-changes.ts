import type { DatabaseEvents } from "../database/database.ts";
import type { DocId } from "../document/doc-id.ts";
import type { Events, Off } from "../events.ts";
import { Serial } from "../serial.ts";
import { type RowFormat, StampedIndex, type StampedIndexContext } from "./stamped-index.ts";

/** What one kind of feed notes. */
export interface Noter<Note extends { readonly id: string }> {
  readonly format: RowFormat<Note>;
  /** Whether there may be something to note of documents that were not announced. */
  isMoved(): boolean;
  /**
   * What is to be noted, one by one as it is looked at; null where there is nothing. What happens meanwhile is announced.
   * @param changed the documents that were announced
   * @param isFirst whether others may have changed, or gone: the index was just read
   */
  notes(index: StampedIndex<Note>, changed: ReadonlySet<DocId>, isFirst: boolean): Iterable<Note | null>;
  /** The keys that this device holds, in hex, where they matter. */
  keys(): Iterable<string>;
}

export interface NotedChangesContext<Note extends { readonly id: string }>
  extends Omit<StampedIndexContext<Note>, "format"> {
  readonly events: Events<DatabaseEvents>;
  readonly noter: Noter<Note>;
  /** Resolves when others have had their turn. */
  pause(): Promise<void>;
  /** A document has a new state, which is not noted yet. */
  announced(): void;
  /** What had these stamps gets others. */
  moved(stamps: readonly number[]): void;
}

/** Documents that are looked at before others have their turn. */
const AT_ONCE = 256;

/**
 * Keeps an index up with the documents once somebody reads the feed. Until then nothing is noted: what happened meanwhile is found by
 * looking at each document.
 */
export class NotedChanges<Note extends { readonly id: string }> {
  readonly #at: NotedChangesContext<Note>;
  readonly #working = new Serial();
  /** Null before the first look at all documents, and after a failure. */
  #index: StampedIndex<Note> | null = null;
  /** Announced since the index was brought up to date. */
  #changed = new Set<DocId>();
  #off: Off | null = null;

  constructor(at: NotedChangesContext<Note>) {
    this.#at = at;
  }

  /** Whether something is to be noted, of this document or at all; also while it is being noted, for whoever else reads. */
  hasNews(id?: DocId): boolean {
    if (this.#index === null) return true;
    return id === undefined ? this.#changed.size > 0 || this.#at.noter.isMoved() : this.#changed.has(id);
  }

  /** The index, with all that happened until now; durable. */
  refreshed(): Promise<StampedIndex<Note>> {
    this.#off ??= this.#at.events.on("change", ({ id }) => {
      this.#changed.add(id);
      this.#at.announced();
    });
    return this.#working.run(() => this.#refresh());
  }

  async close(): Promise<void> {
    this.#off?.();
    await this.#working.idle();
  }

  async #refresh(): Promise<StampedIndex<Note>> {
    const { noter, moved } = this.#at;
    const known = this.#index;
    if (known !== null && !this.hasNews()) return known;
    const index = known ?? (await StampedIndex.load({ ...this.#at, format: noter.format }));
    const changed = this.#changed;
    this.#changed = new Set();
    this.#index = null;
    try {
      const keys = new Set([...index.keys, ...noter.keys()]);
      const notes = await this.#look(noter.notes(index, changed, known === null));
      moved(notes.map(({ id }) => index.get(id)?.stamp ?? 0));
      await index.note(notes, keys);
      this.#index = index;
      return index;
    } catch (error) {
      for (const id of changed) this.#changed.add(id); // looked at again, with the index as it is on the disk
      throw error;
    }
  }

  async #look(looked: Iterable<Note | null>): Promise<readonly Note[]> {
    const notes: Note[] = [];
    let count = 0;
    for (const note of looked) {
      if (note !== null) notes.push(note);
      count += 1;
      if (count % AT_ONCE === 0) await this.#at.pause();
    }
    return notes;
  }
}
