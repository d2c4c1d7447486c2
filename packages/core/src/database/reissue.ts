import { toHex, type WriterKey } from "@selkie/entry";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import { deleteAgain, type Remaking, remakeChanges, tookPlaceOfLost } from "../automerge/remake.ts";
import { type DocId, docIdOf, placeOf } from "../document/doc-id.ts";
import { actorIn, type DocumentRecord } from "../document/document-record.ts";
import type { DocumentState } from "../document/document-state.ts";
import type { Documents } from "../document/documents.ts";
import { OwnChanges } from "../document/own-changes.ts";
import type { LostSpan } from "../document/own-waiting.ts";
import type { Purged } from "../document/purged.ts";
import type { Journal } from "../journal/journal.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import type { Platform } from "../platform.ts";
import { alsoReplaced, claimedTime, mergeReplacements, type Replacement } from "../sealing/change-part.ts";
import type { WriterChain } from "../writer/writer-chain.ts";
import type { DatabaseEvents } from "./database.ts";
import type { Lost } from "./lost-changes.ts";
import { type Own, OwnWork, type ToRemake } from "./own-work.ts";
import { type Remakable, remakable, withoutBranch } from "./remakable.ts";
import { standIns } from "./stand-ins.ts";

export interface ReissueContext {
  readonly platform: Pick<Platform, "crypto" | "now">;
  /** This device's, in hex. */
  readonly device: string;
  readonly chain: WriterChain;
  readonly journal: Journal;
  /** What of these documents may not count, by document; given what is known of them. */
  lost(state: DocumentState, names: ReadonlySet<DocId>): Promise<ReadonlyMap<DocId, Lost>>;
  /** What lies beyond the ends of this device's chains. */
  beyond(): Iterable<LostSpan>;
  frontier(): JournalRow["frontier"];
  /** What is purged, as the directory says now: documents may be about to learn of it. */
  purged(): Purged;
  /** Whether this device may write under a key, now. */
  mayWrite(keyId: Uint8Array): boolean;
  tell<Type extends "reissued" | "waiting">(type: Type, event: DatabaseEvents[Type]): void;
}

/** What was made anew in one document, not in the journal yet. */
interface Remade {
  readonly name: DocId;
  readonly rows: readonly JournalRow[];
  readonly from: readonly Own[];
  /** How many changes that is. */
  readonly changes: number;
  /** How many changes could not be made anew. */
  readonly left: number;
}

/**
 * What this device wrote on top of something that counts no more is made anew on what counts.
 * INVARIANT: every change says in its entry what it stands for, and both become durable at once: nothing is made anew twice, and what was
 * replaced does not count beside it when it is readmitted. Test: reissue.test.ts.
 */
export class Reissue {
  readonly #at: ReissueContext;
  /** By document: how much waits, as it was said last. */
  #told = new Map<DocId, number>();
  #lacking: ReadonlyMap<DocId, ReadonlySet<string>> = new Map();

  constructor(at: ReissueContext) {
    this.#at = at;
  }

  /** By document: hexadecimal hashes of what was nowhere here when this was run last; once it is, there is more to be made anew. */
  get lacking(): ReadonlyMap<DocId, ReadonlySet<string>> {
    return this.#lacking;
  }

  /**
   * To be run after the journal was taken up, while nothing is edited or sealed.
   * @param among the documents that are there as they are; null for all
   */
  async run(state: DocumentState, among: ReadonlySet<DocId> | null): Promise<void> {
    const { device, journal, chain, tell, mayWrite } = this.#at;
    const purged = this.#at.purged();
    sayUnsealed(state, journal.rows, device);
    const beyond = [...this.#at.beyond()].filter(({ name }) => among?.has(name) !== false);
    const work = new OwnWork(state, { device, beyond, aside: journal.aside });
    const due = new Set([...work.documents()].filter((name) => mayWrite(placeOf(name).keyId) && !purged.has(name)));
    const lost = due.size === 0 ? new Map<DocId, Lost>() : await this.#at.lost(state, due);
    const lacking = new Map<DocId, ReadonlySet<string>>();
    const remade: Remade[] = [];
    const left = new Map<DocId, number>();
    for (const name of due) {
      const toRemake = work.in(name, lost.get(name) ?? new Map());
      const able = remakable(toRemake);
      if (able.missing.size > 0) lacking.set(name, able.missing);
      const made = able.own.length === 0 ? null : await this.#remake(state, toRemake, able);
      if (made !== null && made.rows.length > 0) remade.push(made);
      left.set(name, made?.left ?? toRemake.own.length);
      const again = await this.#deleteAgain(state, name, work.remade(name, lost.get(name) ?? new Map()));
      if (again.rows.length > 0) remade.push(again);
    }
    this.#lacking = lacking;
    const over = [...work.over(), ...remade.flatMap(({ from }) => from)];
    const stoodFor = new Set(over.flatMap((own) => (this.#isToKeep(state, own) ? [] : (own.row ?? []))));
    const below = work.below(stoodFor);
    const gone = new Set([...stoodFor].filter((row) => !below.has(row)));
    const rows = remade.flatMap(({ rows }) => rows);
    if (gone.size > 0 || rows.length > 0)
      await journal.exchange(gone, rows, rows.length > 0 ? [await chain.row()] : []);
    for (const { name, changes } of remade) if (changes > 0) tell("reissued", { id: name, changes });
    this.#tellWaiting(left);
  }

  /** Which rows of the journal nothing is left of to be made anew. */
  stoodFor(state: DocumentState): (row: JournalRow) => boolean {
    const work = new OwnWork(state, { device: this.#at.device, beyond: [...this.#at.beyond()], aside: [] });
    return (row) => work.isStoodFor(row);
  }

  /** What no entry holds, and took the place of what does not count, stays aside until that counts again: then that is to be deleted. */
  #isToKeep({ documents }: DocumentState, { name, change, row }: Own): boolean {
    const record = documents.get(name);
    if (row === null || record === undefined) return false;
    return tookPlaceOfLost(
      change,
      record.changes.map((bytes) => parseChange(bytes, documents.sha256)),
    );
  }

  async #remake(state: DocumentState, toRemake: ToRemake, able: Remakable): Promise<Remade> {
    const { name, own } = toRemake;
    const { documents, waiting } = state;
    const { chain, device } = this.#at;
    const record = documents.ensure(placeOf(name));
    const writer = await chain.writer();
    const actor = actorIn(documents.verifier, record, writer);
    const unsealed = new Set(own.flatMap(({ change, row }) => (row === null ? [] : [change])));
    const { done, same, left } = standIns(toRemake, able.own);
    const made = remakeOn(state, record, { ...able, actor, unsealed, done, same });
    // A deletion that no entry holds, and of which nothing is left, stays aside until what it deleted counts again.
    const from = own.filter((one) => made.get(one.change));
    const replaced = mergeReplacements(from.map((one) => ({ writer: one.writer, ...spanOf(one) })));
    const byWriter = new Map(replaced.map((said) => [toHex(said.writer), said]));
    const byChange = new Map(from.map((one) => [one.change, one]));
    const rows = [...made].flatMap(([change, chunk]) => {
      const one = byChange.get(change);
      const said = one === undefined ? undefined : byWriter.get(toHex(one.writer));
      if (one === undefined || said === undefined || chunk === null) return [];
      const kind = done.has(change) ? "change" : one.kind;
      return [this.#row({ ...one, kind, replaces: left(alsoReplaced(one.replaces, said)) }, chunk, writer)];
    });
    const ownChanges = new OwnChanges(documents, waiting);
    for (const row of rows) ownChanges.take(record, writer, row.kind, row.change);
    sayUnsealed(state, rows, device);
    const changes = from.filter(({ change }) => !done.has(change)).length;
    return { name, rows, from, changes, left: own.filter(({ change }) => !made.has(change)).length };
  }

  /** What this device's changes took the place of did not count when they were made anew, and may count again. */
  async #deleteAgain(state: DocumentState, name: DocId, { own, lost }: ReturnType<OwnWork["remade"]>): Promise<Remade> {
    const { documents, waiting, replaced } = state;
    const none = { name, rows: [], from: [], changes: 0, left: 0 };
    const record = documents.get(name);
    if (own.length === 0 || record === undefined) {
      replaced.looked(name, this.#at.device);
      return none;
    }
    const writer = await this.#at.chain.writer();
    const actor = actorIn(documents.verifier, record, writer);
    if (waiting.blocks(name, actor)) return none;
    const ownChanges = new OwnChanges(documents, waiting);
    const made = ownChanges.passing(record, actor, deleteAgain(own, { ...groundOf(documents, record, actor), lost }));
    const rows = made.flatMap((chunk) => (chunk === null ? [] : [this.#row({ name, kind: "change" }, chunk, writer)]));
    for (const row of rows) ownChanges.take(record, writer, row.kind, row.change);
    replaced.looked(name, this.#at.device);
    return { ...none, rows, changes: rows.length };
  }

  #row(
    { name, kind, replaces }: Pick<Own, "name" | "kind"> & Partial<Pick<Own, "replaces">>,
    chunk: ChangeChunk,
    writer: WriterKey,
  ): JournalRow {
    const { platform, frontier } = this.#at;
    const isMark = kind === "delete" || kind === "undelete";
    return {
      ...{ ...placeOf(name), writer, frontier: frontier(), kind: isMark ? kind : "change", counter: null },
      ...(replaces === undefined ? {} : { replaces }),
      ...{ time: claimedTime(platform.now()), change: chunk.bytes, chunk },
    };
  }

  /** Once, as long as it stays as much. */
  #tellWaiting(waiting: ReadonlyMap<DocId, number>): void {
    const before = this.#told;
    this.#told = new Map([...waiting].filter(([, changes]) => changes > 0));
    for (const [id, changes] of this.#told) if (before.get(id) !== changes) this.#at.tell("waiting", { id, changes });
  }
}

/**
 * What rows of the journal replace counts no more beside them; those that are set aside are to be made anew, and then stand for the same.
 */
export function sayUnsealed(
  { replaced }: Pick<DocumentState, "replaced">,
  rows: readonly JournalRow[],
  device: string,
): void {
  for (const row of rows)
    for (const said of row.replaces ?? []) replaced.add(docIdOf(row), { ...said, device, by: row.writer }, () => 0);
}

const spanOf = ({ change: { seq } }: Own): Pick<Replacement, "seq" | "last"> => ({ seq, last: seq });

/** The changes made anew on what counts of a document: as many as the gate lets pass. */
function remakeOn(
  { documents, waiting }: DocumentState,
  record: DocumentRecord,
  {
    own,
    ...at
  }: Pick<Remaking, "lost" | "actor" | "unsealed" | "done" | "same"> & { readonly own: readonly ChangeChunk[] },
): ReadonlyMap<ChangeChunk, ChangeChunk | null> {
  const on = { ...at, ...groundOf(documents, record, at.actor) };
  const ownChanges = new OwnChanges(documents, waiting);
  if (waiting.blocks(record.name, at.actor)) return new Map();
  for (let left = own; ; ) {
    const remade = (marks: boolean) => ownChanges.passing(record, at.actor, remakeChanges(left, { ...on, marks }));
    const marked = remade(true);
    const made = marked.length === left.length ? marked : remade(false);
    const refused = left[made.length];
    if (refused === undefined) return new Map(left.map((change, index) => [change, made[index] ?? null]));
    left = withoutBranch(left, refused);
  }
}

/** What changes of an actor are made on in a document, as it stands. */
function groundOf({ sha256, histories }: Documents, record: DocumentRecord, actor: Uint8Array) {
  const ground = record.changes.map((bytes) => parseChange(bytes, sha256));
  const history = histories.of(record);
  return { ground, heads: history.heads(), firstSeq: history.lastSeq(actor) + 1, actor, sha256 };
}
