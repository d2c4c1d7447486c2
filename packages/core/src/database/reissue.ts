import { equalBytes, fromHex, toHex, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import { refusalOf } from "../automerge/change-error.ts";
import { type Remaking, remakeChanges } from "../automerge/remake.ts";
import { type DocId, docIdOf, placeOf } from "../document/doc-id.ts";
import { actorIn, type DocumentRecord } from "../document/document-record.ts";
import type { DocumentState } from "../document/document-state.ts";
import { OwnChanges } from "../document/own-changes.ts";
import type { Journal } from "../journal/journal.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import type { Platform } from "../platform.ts";
import { type ChangeKind, claimedTime, mergeReplacements, mostReplaced } from "../sealing/change-part.ts";
import type { WriterChain } from "../writer/writer-chain.ts";
import type { DatabaseEvents } from "./database.ts";
import { inOrder, type LostChange, type lostChanges, lostDependencies } from "./lost-changes.ts";

export interface ReissueContext {
  readonly platform: Pick<Platform, "crypto" | "now">;
  /** This device's, in hex. */
  readonly device: string;
  readonly chain: WriterChain;
  readonly journal: Journal;
  /** What does not count of some documents, and all that these other writers made in them, by hash. */
  lost(names: ReadonlySet<DocId>, others: readonly WriterKey[]): ReturnType<typeof lostChanges>;
  /** Whether an entry lies beyond where its chain ends. */
  isBeyond(writer: WriterKey, seq: number): boolean;
  frontier(): JournalRow["frontier"];
  /** Whether this device may write under a key, now. */
  mayWrite(keyId: Uint8Array): boolean;
  tell<Type extends "reissued" | "waiting">(type: Type, event: DatabaseEvents[Type]): void;
}

/** A change of this device that waits. */
interface Own {
  readonly change: ChangeChunk;
  readonly kind: ChangeKind;
  /** Where it lies if no entry holds it. */
  readonly row: JournalRow | null;
}

/** Changes of one document that do not count, by hash. */
type Lost = ReadonlyMap<string, LostChange>;

/** What waits of one writer in one document, in the order in which it was made. */
interface Group {
  readonly name: DocId;
  readonly writer: WriterKey;
  readonly own: readonly Own[];
}

/** What was made anew in one document, not in the journal yet. */
interface Remade {
  readonly name: DocId;
  readonly rows: readonly JournalRow[];
  readonly groups: readonly Group[];
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

  constructor(at: ReissueContext) {
    this.#at = at;
  }

  /** To be run after the journal was taken up in these documents, while nothing is edited or sealed. */
  async run(state: DocumentState): Promise<void> {
    const { device, journal, chain, tell } = this.#at;
    sayUnsealed(state, journal.rows, device);
    const groups = this.#groups(state);
    const isReplaced = ({ name }: Group, { change }: Own): boolean => state.replaced.has(name, device, change);
    const done = partsOf(groups, isReplaced);
    const waiting = partsOf(groups, (group, one) => !isReplaced(group, one));
    const names = new Set(waiting.map(({ name }) => name));
    const writers = waiting.map(({ writer }) => writer);
    const lost = names.size === 0 ? new Map<DocId, Lost>() : await this.#at.lost(names, writers);
    const due = waiting.map((group) => this.#whole(state, group, lost.get(group.name)));
    const remade = await this.#remake(state, due, lost);
    const over: readonly Group[] = [...done, ...remade.flatMap(({ groups }) => groups)];
    const gone = new Set(over.flatMap(({ own }) => own.flatMap(({ row }) => row ?? [])));
    const rows = remade.flatMap(({ rows }) => rows);
    if (gone.size > 0 || rows.length > 0)
      await journal.exchange(gone, rows, rows.length > 0 ? [await chain.row()] : []);
    for (const { name, groups } of remade) tell("reissued", { id: name, changes: changesOf(groups).length });
    this.#tellWaiting(due.filter((group) => !over.includes(group)));
  }

  #groups({ waiting }: DocumentState): readonly Group[] {
    const { device, journal, platform, mayWrite } = this.#at;
    const found: (Own & Pick<Group, "name" | "writer">)[] = [];
    for (const { document, change, device: of, origin } of waiting.list(null))
      if (of === device && origin?.entry != null)
        found.push({
          ...{ name: docIdOf(placeOf(document)), writer: origin.entry.header.writer },
          ...{ change, kind: origin.kind, row: null },
        });
    const { sha256 } = platform.crypto;
    for (const row of journal.aside) {
      const change = refusalOf(() => parseChange(row.change, sha256));
      if (typeof change !== "string")
        found.push({ name: docIdOf(row), writer: row.writer, change, kind: row.kind, row });
    }
    const byWriter = Map.groupBy(
      found.filter(({ name }) => mayWrite(placeOf(name).keyId)),
      ({ name, writer }) => `${name} ${toHex(writer)}`,
    );
    return [...byWriter.values()].flatMap((own) => {
      const [first] = own;
      if (first === undefined) return [];
      const { name, writer } = first;
      return [{ name, writer, own: own.toSorted(bySeq) }];
    });
  }

  /**
   * With what of this writer found no room to wait: what it is replaced by replaces that too.
   * Test: reissue.test.ts "... more waits than there is room for ...".
   */
  #whole({ documents, replaced }: DocumentState, group: Group, lost: Lost | undefined): Group {
    const { device, isBeyond } = this.#at;
    const record = documents.get(group.name);
    const actor = actorOf(documents.verifier, group.writer, fromHex(group.name), null);
    const known = new Set(group.own.map(({ change }) => toHex(change.hash)));
    const more = [...(lost?.values() ?? [])].flatMap(({ change, kind, entrySeq }): readonly Own[] => {
      if (!equalBytes(change.actor, actor) || known.has(toHex(change.hash))) return [];
      // What lies beyond this device's own cut goes on in its next chain (renewal.ts).
      const isLeft = !isBeyond(group.writer, entrySeq) && !replaced.has(group.name, device, change);
      return isLeft && (record === undefined || !documents.has(record, change.hash))
        ? [{ change, kind, row: null }]
        : [];
    });
    return more.length === 0 ? group : { ...group, own: [...group.own, ...more].sort(bySeq) };
  }

  async #remake(
    state: DocumentState,
    due: readonly Group[],
    lost: ReadonlyMap<DocId, Lost>,
  ): Promise<readonly Remade[]> {
    const byName = Map.groupBy(due, ({ name }) => name);
    const remade: Remade[] = [];
    for (const [name, groups] of byName) {
      const pool = new Map([...(lost.get(name) ?? [])].map(([hash, { change }]) => [hash, change]));
      for (const { change } of state.waiting.list(name)) pool.set(toHex(change.hash), change);
      for (const { change } of groups.flatMap(({ own }) => own)) pool.delete(toHex(change.hash));
      const made = await this.#remakeIn(state, { name, groups }, pool);
      if (made !== null) remade.push(made);
    }
    return remade;
  }

  /** @param pool what does not count, but for what is to be made anew */
  async #remakeIn(
    state: DocumentState,
    { name, groups }: { readonly name: DocId; readonly groups: readonly Group[] },
    pool: ReadonlyMap<string, ChangeChunk>,
  ): Promise<Remade | null> {
    const { documents, waiting } = state;
    const { chain } = this.#at;
    const known = documents.get(name);
    const counts = (hash: Uint8Array): boolean => known !== undefined && documents.has(known, hash);
    // What a group depends on may be of another: all that can be made anew are, together.
    const lostOf = (some: readonly Group[]) => lostDependencies(changesOf(some), counts, pool);
    const ready = lostOf(groups) === null ? groups.filter((group) => lostOf([group]) !== null) : groups;
    const lost = lostOf(ready);
    // What lacks nothing was refused.
    if (lost === null || lost.length === 0) return null;
    const record = documents.ensure(placeOf(name));
    const writer = await chain.writer();
    const own = inOrder(changesOf(ready));
    const actor = actorIn(documents.verifier, record, writer);
    // What was barely small enough may not be any more: then it waits.
    const made = refusalOf(() => remakeOn(state, record, { own, lost, actor }));
    if (typeof made === "string") return null;
    const owner = new Map(ready.flatMap((group) => group.own.map((one) => [one.change, { group, one }] as const)));
    const done = new Set<Group>();
    const rows = own.flatMap((change, at) => {
      const [chunk, from] = [made[at] ?? null, owner.get(change)];
      if (chunk === null || from === undefined) return [];
      done.add(from.group);
      return [this.#row(from, chunk, writer)];
    });
    const ownChanges = new OwnChanges(documents, waiting);
    for (const row of rows) ownChanges.take(record, writer, row.kind, row.change);
    sayUnsealed(state, rows, this.#at.device);
    return rows.length === 0 ? null : { name, rows, groups: [...done] };
  }

  #row(
    { group, one }: { readonly group: Group; readonly one: Own },
    chunk: ChangeChunk,
    writer: WriterKey,
  ): JournalRow {
    const { platform, frontier } = this.#at;
    const isMark = one.kind === "delete" || one.kind === "undelete";
    const [first, last] = [group.own[0] ?? one, group.own.at(-1) ?? one];
    const from = { writer: group.writer, seq: first.change.seq, last: last.change.seq };
    const replaces = mergeReplacements([from, ...(one.row?.replaces ?? [])]).slice(0, mostReplaced);
    return {
      ...{ ...placeOf(group.name), writer, frontier: frontier(), kind: isMark ? one.kind : "change", counter: null },
      ...{ time: claimedTime(platform.now()), replaces },
      ...{ change: chunk.bytes, chunk },
    };
  }

  /** Once, as long as it stays as much. */
  #tellWaiting(groups: readonly Group[]): void {
    const before = this.#told;
    this.#told = new Map();
    for (const [id, some] of Map.groupBy(groups, ({ name }) => name)) {
      const changes = changesOf(some).length;
      this.#told.set(id, changes);
      if (before.get(id) !== changes) this.#at.tell("waiting", { id, changes });
    }
  }
}

/** What rows of the journal replace counts no more beside them. */
export function sayUnsealed(
  { replaced }: Pick<DocumentState, "replaced">,
  rows: readonly JournalRow[],
  device: string,
): void {
  for (const row of rows)
    for (const said of row.replaces ?? [])
      replaced.add(docIdOf(row), { ...said, device, by: row.writer, isUnsealed: true });
}

/** Of each group those of which this holds; groups without any are left out. */
function partsOf(groups: readonly Group[], holds: (group: Group, one: Own) => boolean): readonly Group[] {
  return groups
    .map((group) => ({ ...group, own: group.own.filter((one) => holds(group, one)) }))
    .filter(({ own }) => own.length > 0);
}

const bySeq = (a: Own, b: Own): number => a.change.seq - b.change.seq;

const changesOf = (groups: readonly Group[]): readonly ChangeChunk[] =>
  groups.flatMap(({ own }) => own.map(({ change }) => change));

/** The changes made anew on what counts of a document; none when the gate refuses them. */
function remakeOn(
  { documents, waiting }: DocumentState,
  record: DocumentRecord,
  { own, ...at }: Pick<Remaking, "lost" | "actor"> & { readonly own: readonly ChangeChunk[] },
): readonly (ChangeChunk | null)[] {
  const { sha256, histories } = documents;
  const ground = record.changes.map((bytes) => parseChange(bytes, sha256));
  const history = histories.of(record);
  const on = { ground, heads: history.heads(), firstSeq: history.lastSeq(at.actor) + 1, sha256 };
  for (const marks of [true, false]) {
    const made = remakeChanges(own, { ...at, ...on, marks });
    const chunks = made.flatMap((chunk) => chunk ?? []);
    if (new OwnChanges(documents, waiting).verdictOn(record, at.actor, chunks) === "pass") return made;
  }
  return [];
}
