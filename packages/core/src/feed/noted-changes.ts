import type { Covered } from "../cold/covered.ts";
import type { DatabaseEvents } from "../database/database.ts";
import type { DocId } from "../document/doc-id.ts";
import type { Events, Off } from "../events.ts";
import { AT_ONCE, giveWay } from "../give-way.ts";
import type { Platform } from "../platform.ts";
import { Serial } from "../serial.ts";
import type { CursorPlace } from "./cursor.ts";
import type { RowFormat } from "./index-codec.ts";
import { isDamaged, StampedIndex, type StampedIndexContext } from "./stamped-index.ts";

/** What one kind of feed notes. */
export interface Noter<Note extends { readonly id: string }> {
  readonly format: RowFormat<Note>;
  /** Whether there may be something to note of documents that were not announced. */
  isMoved(): boolean;
  /** What was noted is what there is to note now, but for documents that are announced, or told of. */
  settle(): void;
  /**
   * What is to be noted, one by one as it is looked at; null where there is nothing. What happens meanwhile is announced.
   * @param changed the documents that were announced
   * @param others which others may have changed, or gone; null for any: the index was just read
   */
  notes(
    index: StampedIndex<Note>,
    changed: ReadonlySet<DocId>,
    others: ReadonlySet<DocId> | null,
  ): Iterable<Note | null>;
  /** The keys that this device holds, in hex, where they matter. */
  keys(): Iterable<string>;
}

/** What documents were when an index said so of all of them, and what may be another since. */
export interface Marks {
  /** How far the documents are what entries say, all of them; null while that is moving. */
  now(): Promise<Covered | null>;
  /** The documents that may be others than they were then; null where any may be. */
  touchedSince(mark: Covered): Promise<ReadonlySet<DocId> | null>;
}

export interface NotedChangesContext<Note extends { readonly id: string }>
  extends Omit<StampedIndexContext<Note>, "format"> {
  readonly events: Events<DatabaseEvents>;
  readonly noter: Noter<Note>;
  documentOf(note: Note): DocId;
  /** Null where all documents are looked at each time. */
  readonly marks: Marks | null;
  readonly platform: Pick<Platform, "scheduler" | "report">;
  /** A document has a new state, which is not noted yet. */
  announced(): void;
  /** What had these stamps gets others. */
  moved(stamps: readonly number[]): void;
}

/** It is said how far the index goes when nothing was noted for so long. */
const QUIET_MS = 5_000;

/**
 * Keeps an index up with the documents once somebody reads the feed. Until then nothing is noted: what happened meanwhile is found by
 * looking at each document that may have changed since the mark of the index, or at all of them.
 */
export class NotedChanges<Note extends { readonly id: string }> {
  readonly #at: NotedChangesContext<Note>;
  readonly #working = new Serial();
  /** Null before the first look at the documents, and after a failure. */
  #index: StampedIndex<Note> | null = null;
  /** Whether a piece was found to be damaged that is not read when an index is loaded. */
  #isDamaged = false;
  /**
   * Whether an app has read: what it was given may have been newer than its row, and what is noted of that then tells, also after a crash, that
   * it is no more.
   */
  #hasLasting = false;
  /** What somebody in memory has seen, and could not be written: that it is there no more has to be told, too. */
  #unwritten: readonly Note[] = [];
  /** Announced since the index was brought up to date. */
  #changed = new Set<DocId>();
  #off: Off | null = null;
  #cancel: (() => void) | null = null;
  #isClosed = false;

  constructor(at: NotedChangesContext<Note>) {
    this.#at = at;
  }

  /** Whether something is to be noted, of this document or at all; also while it is being noted, for whoever else reads. */
  hasNews(id?: DocId): boolean {
    if (this.#index === null) return true;
    return id === undefined ? this.#changed.size > 0 || this.#at.noter.isMoved() : this.#changed.has(id);
  }

  /**
   * The index, with all that happened until now.
   * @param from where somebody reads on; null for the beginning
   * @param isLasting whether it is durable when it resolves; else that may wait for who needs it
   */
  refreshed(from: CursorPlace | null, isLasting = true): Promise<StampedIndex<Note>> {
    this.#listen();
    return this.#working.run(() => this.#reached(from, isLasting));
  }

  /** The same from the beginning, and from where to go on behind all that it held then. */
  noted(isLasting: boolean): Promise<{ readonly index: StampedIndex<Note>; readonly place: CursorPlace }> {
    this.#listen();
    return this.#working.run(async () => {
      const index = await this.#reached(null, isLasting);
      return { index, place: index.placeOf(index.newest) };
    });
  }

  /** Whether an index is the one that is kept up with the documents. */
  isNow(index: StampedIndex<Note>): boolean {
    return this.#index === index;
  }

  /** Makes durable what was noted, with what is left to be noted. */
  keep(): Promise<void> {
    return this.#working.run(async () => {
      if (this.#off !== null) await this.#refresh(true);
    });
  }

  /** Says how far the index goes, once what is left is noted: whoever opens it next looks at what came since. */
  mark(): Promise<void> {
    return this.#working.run(async () => {
      if (this.#index === null) return;
      const index = await this.#refresh(true);
      const covered = await this.#at.marks?.now();
      if (covered == null || this.hasNews()) return;
      await this.#writing(index, NONE, () => index.markAt(covered));
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#off?.();
    this.#cancel?.();
    await this.#working.idle();
  }

  #listen(): void {
    this.#off ??= this.#at.events.on("change", ({ id }) => {
      this.#changed.add(id);
      this.#at.announced();
    });
  }

  async #reached(from: CursorPlace | null, isLasting: boolean): Promise<StampedIndex<Note>> {
    this.#hasLasting ||= isLasting;
    try {
      return await this.#reaching(from, isLasting);
    } catch (error) {
      if (this.#isDamaged || !isDamaged(error)) throw error;
      this.#isDamaged = true;
      if (this.#index !== null) this.#lose(this.#index.held);
      return await this.#reaching(from, isLasting);
    }
  }

  async #reaching(from: CursorPlace | null, isLasting: boolean): Promise<StampedIndex<Note>> {
    const index = await this.#refresh(isLasting);
    await index.reach(from === null ? 0 : index.stampOf(from));
    return index;
  }

  async #refresh(isLasting: boolean): Promise<StampedIndex<Note>> {
    const { noter, moved } = this.#at;
    const known = this.#index;
    if (known !== null && !this.hasNews()) {
      if (isLasting) await this.#writing(known, NONE, () => known.keep());
      return known;
    }
    const index = known ?? (await StampedIndex.load({ ...this.#at, format: noter.format }, this.#isDamaged));
    const others = known === null ? await this.#touchedSince(index) : NONE;
    const changed = this.#changed;
    this.#changed = new Set();
    let notes: readonly Note[] = [];
    await this.#writing(index, changed, async () => {
      if (this.#unwritten.length > 0) await index.note(this.#unwritten, index.keys);
      this.#unwritten = [];
      const keys = new Set([...index.keys, ...noter.keys()]);
      const isMoved = others === null || noter.isMoved() || keys.size > index.keys.size;
      if (isMoved) await index.reach(0);
      notes = await this.#look(noter.notes(index, changed, others));
      moved(notes.map(({ id }) => index.get(id)?.stamp ?? 0));
      const mayWait = !this.#hasLasting && !isLasting && !isMoved && known !== null;
      if (!mayWait || !index.hold(notes)) await index.note(notes, keys);
    });
    if (notes.length > 0 || known === null) this.#arm();
    return index;
  }

  /** @param changed what is being noted; after a failure it is looked at again, with the index as it is on the disk */
  async #writing(index: StampedIndex<Note>, changed: ReadonlySet<DocId>, write: () => Promise<void>): Promise<void> {
    const { held } = index;
    this.#index = null;
    try {
      await write();
      this.#index = index;
    } catch (error) {
      for (const id of changed) this.#changed.add(id);
      this.#lose(held);
      throw error;
    }
  }

  /** The index is to be loaded again. @param held rows that were not written */
  #lose(held: readonly Note[]): void {
    this.#index = null;
    for (const row of held) this.#changed.add(this.#at.documentOf(row));
    this.#unwritten = [...this.#unwritten, ...held];
  }

  /** Null where all documents are to be looked at. */
  async #touchedSince(index: StampedIndex<Note>): Promise<ReadonlySet<DocId> | null> {
    const { marks, noter, documentOf } = this.#at;
    const { mark } = index;
    if (mark === null || marks === null) return null;
    noter.settle();
    const touched = await marks.touchedSince(mark);
    if (touched === null) return null;
    // The mark says what documents were: what was noted since may be of a state that is no more.
    const others = new Set(touched);
    for (let row = index.after(mark.newest); row !== undefined; row = index.after(row.stamp))
      others.add(documentOf(row));
    return others;
  }

  async #look(looked: Iterable<Note | null>): Promise<readonly Note[]> {
    const notes: Note[] = [];
    let count = 0;
    for (const note of looked) {
      if (note !== null) notes.push(note);
      count += 1;
      if (count % AT_ONCE === 0) await giveWay(this.#at.platform);
    }
    return notes;
  }

  #arm(): void {
    const { marks, platform } = this.#at;
    if (marks === null || this.#isClosed) return;
    this.#cancel?.();
    this.#cancel = platform.scheduler.after(QUIET_MS, () => void this.mark().catch(platform.report));
  }
}

const NONE: ReadonlySet<DocId> = new Set();
