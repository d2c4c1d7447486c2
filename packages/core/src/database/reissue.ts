import { toHex, type WriterKey } from "@selkie/entry";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import { refusalOf } from "../automerge/change-error.ts";
import { type Remaking, remakeChanges } from "../automerge/remake.ts";
import { type DocId, docIdOf, placeOf } from "../document/doc-id.ts";
import { actorIn, type DocumentRecord } from "../document/document-record.ts";
import type { DocumentState } from "../document/document-state.ts";
import { OwnChanges } from "../document/own-changes.ts";
import { type OwnSpan, ownSpans, ownWaitingIn } from "../document/own-waiting.ts";
import type { Journal } from "../journal/journal.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import type { Platform } from "../platform.ts";
import {
  alsoReplaced,
  type ChangeKind,
  claimedTime,
  mergeReplacements,
  type Replacement,
} from "../sealing/change-part.ts";
import type { WriterChain } from "../writer/writer-chain.ts";
import type { DatabaseEvents } from "./database.ts";
import type { Lost } from "./lost-changes.ts";
import { remakable, withoutBranch } from "./remakable.ts";

export interface ReissueContext {
  readonly platform: Pick<Platform, "crypto" | "now">;
  /** This device's, in hex. */
  readonly device: string;
  readonly chain: WriterChain;
  readonly journal: Journal;
  /** What of these documents may not count, by document; given what is known of them. */
  lost(state: DocumentState, names: ReadonlySet<DocId>): Promise<ReadonlyMap<DocId, Lost>>;
  frontier(): JournalRow["frontier"];
  /** Whether this device may write under a key, now. */
  mayWrite(keyId: Uint8Array): boolean;
  tell<Type extends "reissued" | "waiting">(type: Type, event: DatabaseEvents[Type]): void;
}

/** A change of this device that counts nowhere. */
interface Own {
  readonly name: DocId;
  readonly writer: WriterKey;
  readonly change: ChangeChunk;
  readonly kind: ChangeKind;
  /** Where it lies if no entry holds it. */
  readonly row: JournalRow | null;
}

/** What waits of this device in one document. */
interface ToRemake {
  readonly name: DocId;
  readonly own: readonly Own[];
  /** What does not count there, by hexadecimal hash. */
  readonly pool: ReadonlyMap<string, ChangeChunk>;
  /** Gets what is nowhere here. */
  readonly lacking: Map<DocId, ReadonlySet<string>>;
}

/** What was made anew in one document, not in the journal yet. */
interface Remade {
  readonly name: DocId;
  readonly rows: readonly JournalRow[];
  readonly from: readonly Own[];
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

  /** To be run after the journal was taken up in these documents, while nothing is edited or sealed. */
  async run(state: DocumentState): Promise<void> {
    const { device, journal, chain, tell, mayWrite } = this.#at;
    sayUnsealed(state, journal.rows, device);
    const isDone = ({ name, change }: Own): boolean => state.replaced.has(name, device, change);
    const aside = this.#aside();
    const names = [...ownWaitingIn(state, device), ...aside.filter((own) => !isDone(own)).map(({ name }) => name)];
    const { purged } = state.documents;
    const due = new Set(names.filter((name) => mayWrite(placeOf(name).keyId) && !purged.has(name)));
    const lost = due.size === 0 ? new Map<DocId, Lost>() : await this.#at.lost(state, due);
    // D12: a document each for what waits, or lies aside, makes thousands of documents: looked through once.
    const spans = Map.groupBy(due.size === 0 ? [] : ownSpans(state.waiting, device), (span) => span.name);
    const asideIn = Map.groupBy(aside, (own) => own.name);
    const lacking = new Map<DocId, ReadonlySet<string>>();
    const remade: Remade[] = [];
    const left = new Map<DocId, number>();
    for (const name of due) {
      const inLost: Lost = lost.get(name) ?? new Map();
      const own = [...sealedIn(name, inLost, spans.get(name) ?? []), ...(asideIn.get(name) ?? [])];
      const waiting = [...new Map(own.map((one) => [toHex(one.change.hash), one])).values()].filter(
        (one) => !isDone(one),
      );
      const pool = new Map([...inLost].map(([hash, { change }]) => [hash, change]));
      for (const { change } of state.waiting.list(name)) pool.set(toHex(change.hash), change);
      const made = await this.#remake(state, { name, own: waiting, pool, lacking });
      if (made !== null) remade.push(made);
      left.set(name, waiting.length - (made?.from.length ?? 0));
    }
    this.#lacking = lacking;
    const over = [...aside.filter(isDone), ...remade.flatMap(({ from }) => from)];
    const gone = new Set(over.flatMap(({ row }) => row ?? []));
    const rows = remade.flatMap(({ rows }) => rows);
    if (gone.size > 0 || rows.length > 0)
      await journal.exchange(gone, rows, rows.length > 0 ? [await chain.row()] : []);
    for (const { name, from } of remade) tell("reissued", { id: name, changes: from.length });
    this.#tellWaiting(left);
  }

  /** What no entry holds. */
  #aside(): readonly Own[] {
    const { journal, platform } = this.#at;
    const { sha256 } = platform.crypto;
    return journal.aside.flatMap((row) => {
      const change = refusalOf(() => parseChange(row.change, sha256));
      return typeof change === "string"
        ? []
        : [{ name: docIdOf(row), writer: row.writer, change, kind: row.kind, row }];
    });
  }

  async #remake(state: DocumentState, { name, own, pool, lacking }: ToRemake): Promise<Remade | null> {
    const { documents, waiting } = state;
    const { chain, device } = this.#at;
    const known = documents.get(name);
    const changes = own.map(({ change }) => change);
    const able = remakable(changes, pool, (hash) => known !== undefined && documents.has(known, hash));
    if (able.missing.size > 0) lacking.set(name, able.missing);
    if (able.own.length === 0) return null;
    const record = documents.ensure(placeOf(name));
    const writer = await chain.writer();
    const actor = actorIn(documents.verifier, record, writer);
    const made = remakeOn(state, record, { ...able, actor });
    // A chain of which nothing is left to be done has nobody to say so.
    const spoken = new Set(own.flatMap((one) => (made.get(one.change) ? [toHex(one.writer)] : [])));
    const from = own.filter((one) => made.has(one.change) && spoken.has(toHex(one.writer)));
    const replaced = mergeReplacements(from.map((one) => ({ writer: one.writer, ...spanOf(one) })));
    const byWriter = new Map(replaced.map((said) => [toHex(said.writer), said]));
    const byChange = new Map(from.map((one) => [one.change, one]));
    const rows = [...made].flatMap(([change, chunk]) => {
      const one = byChange.get(change);
      const said = one === undefined ? undefined : byWriter.get(toHex(one.writer));
      return one === undefined || said === undefined || chunk === null ? [] : [this.#row(one, chunk, { writer, said })];
    });
    const ownChanges = new OwnChanges(documents, waiting);
    for (const row of rows) ownChanges.take(record, writer, row.kind, row.change);
    sayUnsealed(state, rows, device);
    return rows.length === 0 ? null : { name, rows, from };
  }

  #row(
    { name, kind, row }: Own,
    chunk: ChangeChunk,
    { writer, said }: { readonly writer: WriterKey; readonly said: Replacement },
  ): JournalRow {
    const { platform, frontier } = this.#at;
    const isMark = kind === "delete" || kind === "undelete";
    return {
      ...{ ...placeOf(name), writer, frontier: frontier(), kind: isMark ? kind : "change", counter: null },
      ...{ time: claimedTime(platform.now()), replaces: alsoReplaced(row?.replaces ?? [], said) },
      ...{ change: chunk.bytes, chunk },
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
  { own, ...at }: Pick<Remaking, "lost" | "actor"> & { readonly own: readonly ChangeChunk[] },
): ReadonlyMap<ChangeChunk, ChangeChunk | null> {
  const { sha256, histories } = documents;
  const ground = record.changes.map((bytes) => parseChange(bytes, sha256));
  const history = histories.of(record);
  const on = { ...at, ground, heads: history.heads(), firstSeq: history.lastSeq(at.actor) + 1, sha256 };
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

/** What entries hold, from the first change of each chain on that waits: it may be that there was no room for others behind it. */
function sealedIn(name: DocId, lost: Lost, spans: readonly OwnSpan[]): readonly Own[] {
  const firsts = new Map<string, number>();
  for (const span of spans) {
    const actor = toHex(span.actor);
    firsts.set(actor, Math.min(span.first, firsts.get(actor) ?? span.first));
  }
  return [...lost.values()].flatMap(({ isOwn, writer, change, kind }) => {
    const first = firsts.get(toHex(change.actor));
    return isOwn && first !== undefined && first <= change.seq ? [{ name, writer, change, kind, row: null }] : [];
  });
}
