import { equalBytes } from "@selkie/entry";
import type { Sha256 } from "../automerge/change-chunk.ts";
import type { DatabaseEvents } from "../database/database.ts";
import { type DocId, docIdOf } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import type { Documents } from "../document/documents.ts";
import type { Events } from "../events.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import type { Platform } from "../platform.ts";
import { Serial } from "../serial.ts";
import type { Covered } from "./covered.ts";
import { groundOf } from "./ground.ts";
import { joinedHeads, joinedHeadsIn } from "./heads.ts";
import type { Row } from "./page-codec.ts";
import { PageRows } from "./page-rows.ts";
import { type Pages, pageOf } from "./pages.ts";
import { encodeProjection } from "./projection.ts";
import type { SnapshotKeeper } from "./snapshot-keeper.ts";

/** Projections are written when nothing has changed for so long. */
const QUIET_MS = 5_000;
/** With fewer changes than this a database is read about as fast as its projections. */
const LEAST_CHANGES = 500;
/** Rows of a page, about. */
const PAGE_ROWS = 64;
/** Pages of one transaction. */
const COMMIT_PAGES = 32;
/** Documents that Automerge has to load for their row, when a database is closed: others are read from their entries until it was open for a while. */
const MOST_LOADED = 512;

export interface ProjectorContext {
  readonly platform: Pick<Platform, "scheduler" | "report">;
  readonly pages: Pages;
  readonly documents: Documents;
  readonly keeper: SnapshotKeeper;
  readonly events: Events<DatabaseEvents>;
  readonly journal: { readonly rows: readonly JournalRow[] };
  /** How far the documents say what entries say, and as of what; null while that is moving. */
  covered(): Promise<Covered | null>;
}

/**
 * Keeps the projections of an open database up to date: behind its writes, when it is quiet and when it is closed.
 *
 * INVARIANT: a row that is older than the head's vector is never beside that head: the vector is taken before the rows, and a document of
 * which the journal says something has no projection. Test: cold-open.test.ts "... wherever it crashed ...".
 */
export class Projector {
  readonly #at: ProjectorContext;
  readonly #dirty = new Set<DocId>();
  /** What was dirty, and is being written. */
  #due: ReadonlySet<DocId> = new Set();
  readonly #writing = new Serial();
  /** Whether what lies on the disk beside what is dirty is what the documents are. */
  #isTrue = false;
  /** Whether the rows were held against the documents since the database was opened, or are written by this run of the program alone. */
  #isCompared = false;
  /** Whether the entries are read: until then the documents are not what they say. */
  #isBegun = false;
  /** Whether little of that is of use. */
  #isAnew: boolean;
  #moves = 0;
  #cancel: (() => void) | null = null;
  #isClosed = false;
  /** Ends the pause there is. */
  #goOn: () => void = () => undefined;

  constructor(at: ProjectorContext) {
    this.#at = at;
    this.#isAnew = at.pages.head === null;
    at.events.on("change", ({ id }) => this.#note(id));
  }

  /** The entries are read. @param touched where the rows on the disk may be old; null when that may be anywhere */
  begin(touched: ReadonlySet<DocId> | null): void {
    this.#isBegun = true;
    this.#isTrue = touched !== null;
    for (const name of touched ?? []) this.#dirty.add(name);
    if (touched === null || this.#dirty.size > 0) this.#arm();
  }

  /** What the directory says now, or the keys that are held, made no other documents of the entries, or was announced as it did. */
  judged(): void {
    this.#moves += 1;
    this.#arm();
  }

  /** Whether a row of a document, where there is one, says what the document is. */
  isCurrent(name: DocId): boolean {
    return this.#isTrue && this.#isCompared && !this.#dirty.has(name) && !this.#due.has(name);
  }

  /** Documents of which the projections say something else than the entries; they are written anew. */
  verify(pause: () => Promise<void>): Promise<readonly DocId[]> {
    return this.#writing.run(() => this.#compare(pause));
  }

  async #compare(pause: () => Promise<void>): Promise<readonly DocId[]> {
    const { pages, documents } = this.#at;
    const others: DocId[] = [];
    let known = 0;
    const absent = new Set<number>();
    for await (const [page, rows] of pages.all()) {
      if (rows === null) absent.add(page);
      for (const row of rows ?? []) {
        const record = documents.peek(row.id);
        if (record?.deleted === false && isUnknown(row)) this.#note(row.id);
        else if (record === undefined || !isSame(row, record, documents.sha256)) others.push(row.id);
        if (record !== undefined) known += 1;
      }
      if (rows !== null || page % COMMIT_PAGES === 0) await pause();
    }
    // Of a document on a page that is not there nothing was said.
    const bits = pages.head?.bits ?? 0;
    const left = await this.#onNoPage(known);
    const unlisted = [...left].filter((name) => !absent.has(pageOf(name, bits)));
    const wrong = [...others, ...unlisted].filter((name) => !this.#dirty.has(name));
    for (const name of [...wrong, ...left]) this.#note(name);
    if (absent.size > COMMIT_PAGES) this.#isAnew = true;
    await this.#at.keeper.sweep();
    this.#isTrue = true;
    this.#isCompared = true;
    return wrong;
  }

  /** The documents that are on no page. @param known how many are on one */
  async #onNoPage(known: number): Promise<ReadonlySet<DocId>> {
    const { pages, documents } = this.#at;
    if (documents.counting === known) return new Set(); // nearly always: a set of all takes a while, and much memory
    const left = new Set(this.#allNames());
    for await (const [, rows] of pages.all()) for (const { id } of rows ?? []) left.delete(id);
    return left;
  }

  /** Writes what is left to write. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    this.#goOn();
    await this.#write(MOST_LOADED).catch(this.#at.platform.report);
  }

  #note(name: DocId): void {
    this.#moves += 1;
    this.#dirty.add(name);
    this.#arm();
  }

  #arm(): void {
    if (!this.#isBegun || this.#isClosed || this.#cancel !== null) return;
    const moves = this.#moves;
    const { scheduler, report } = this.#at.platform;
    this.#cancel = scheduler.after(QUIET_MS, () => {
      this.#cancel = null;
      if (this.#moves !== moves) this.#arm();
      else void this.#write(Number.POSITIVE_INFINITY).catch(report);
    });
  }

  #write(mostLoaded: number): Promise<void> {
    return this.#writing.run(async () => {
      const isFirst = this.#at.pages.head === null;
      if (!this.#isTrue && !isFirst) await this.#compare(() => this.#pause());
      this.#isTrue = true;
      this.#isCompared ||= isFirst;
      if (!this.#isWorthIt()) return;
      const covered = await this.#at.covered();
      if (covered === null) return; // what moves it on is noted, or the database is closed
      if (this.#dirty.size === 0 && !this.#isAnew && covered.basis === this.#at.pages.head?.basis) return;
      const before = this.#at.pages.head?.bits ?? 0;
      const due = bitsFor(this.#at.documents.size);
      const bits = this.#isAnew ? due : Math.max(before, due);
      const isAll = this.#isAnew || bits !== before;
      const names = isAll ? this.#allNames() : [...this.#dirty];
      this.#due = new Set(names);
      this.#dirty.clear();
      try {
        await this.#writePages(covered, { bits, names, isAll }, { loads: mostLoaded });
        this.#isAnew = false;
      } catch (error) {
        for (const name of names) this.#dirty.add(name);
        throw error;
      } finally {
        this.#due = new Set();
      }
    });
  }

  async #writePages(covered: Covered, { bits, names, isAll }: Writing, left: { loads: number }): Promise<void> {
    const { pages } = this.#at;
    const old = pages.head ?? { ...covered, vector: new Map() };
    const dirty = Map.groupBy(names, (name) => pageOf(name, bits));
    // A page that is not there says of no document that it does not exist: one without documents is written, too.
    const numbers = isAll ? [...Array(2 ** bits).keys()] : [...dirty.keys()].sort((a, b) => a - b);
    do {
      const unsealed = new Set(this.#at.journal.rows.map(docIdOf));
      const piece = new Map<number, readonly Row[]>();
      for (const page of numbers.splice(0, COMMIT_PAGES)) {
        const kept = isAll ? [] : await pages.read(page);
        const rows = new PageRows(kept ?? []);
        const due = kept === null ? this.#allNames().filter((name) => pageOf(name, bits) === page) : dirty.get(page);
        for (const name of due ?? []) {
          const record = this.#at.documents.find(name);
          rows.set(name, record === undefined ? null : await this.#rowOf(record, unsealed.has(name), left));
        }
        piece.set(page, rows.all());
      }
      // Rows may be newer than what a head says, never older: it moves on with the last.
      await pages.write(numbers.length === 0 ? { ...covered, bits } : { ...old, bits }, piece);
      await this.#pause();
    } while (numbers.length > 0);
    await this.#at.keeper.sweep();
  }

  async #rowOf(record: DocumentRecord, isUnsealed: boolean, left: { loads: number }): Promise<Row> {
    const { documents, keeper } = this.#at;
    const unread = unreadRow(record.name);
    if (isUnsealed || record.busy) {
      this.#dirty.add(record.name);
      return unread;
    }
    // Of one that is deleted there is nothing to load; a list of those that are not must not hold it.
    if (record.deleted) {
      const heads = joinedHeadsIn(record.changes, documents.sha256);
      return { ...unread, state: "deleted", heads };
    }
    const isLoad = record.live === null && record.changes.length > 1;
    if (isLoad && left.loads <= 0) return unread;
    if (isLoad) left.loads -= 1;
    const [before, { length }] = [record.changes, record.changes];
    const state = await keeper.look(record);
    if (state === null) {
      this.#dirty.add(record.name);
      return unread;
    }
    const heads = joinedHeads(state.heads);
    const projection = encodeProjection(state.data());
    if (projection === null) return { ...unread, heads };
    const hasMoved = record.changes !== before || before.length !== length;
    const ground = hasMoved ? null : groundOf(record, documents.sha256);
    return { id: record.name, state: "shown", heads, projection, ground };
  }

  #allNames(): readonly DocId[] {
    return [...this.#at.documents.names({ deleted: true })];
  }

  /** Lets others have their turn; not whoever waits for the database to be closed. */
  #pause(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#goOn = resolve;
      this.#at.platform.scheduler.after(0, resolve);
    });
  }

  #isWorthIt(): boolean {
    if (this.#at.pages.head !== null) return true;
    let changes = 0;
    for (const record of this.#at.documents.all()) {
      changes += record.changes.length;
      if (changes >= LEAST_CHANGES) return true;
    }
    return false;
  }
}

/** What is written anew. */
interface Writing {
  readonly bits: number;
  readonly names: readonly DocId[];
  /** Whether these are all documents. */
  readonly isAll: boolean;
}

const unreadRow = (id: DocId): Row => ({ id, state: "unread", heads: NOTHING, projection: NOTHING, ground: null });
const NOTHING = new Uint8Array();

function bitsFor(documents: number): number {
  return Math.max(0, Math.ceil(Math.log2(documents / PAGE_ROWS)));
}

/** Whether nobody looked at the document for its row. */
const isUnknown = ({ state, heads }: Row): boolean => state === "unread" && heads.length === 0;

function isSame({ state, heads }: Row, { changes, deleted }: Readonly<DocumentRecord>, sha256: Sha256): boolean {
  return (state === "deleted") === deleted && equalBytes(heads, joinedHeadsIn(changes, sha256));
}
