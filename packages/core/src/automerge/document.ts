// Everything that calls Automerge. Imported only when a document is opened: loading WebAssembly takes longer than listing a database.
//
// `changeAt` is never used: its actor and startOp would fail the gate. Neither are `save` bytes as an identity, nor `loadIncremental`,
// which swallows corruption.
import * as Automerge from "@automerge/automerge/slim";
import { concatBytes, equalBytes, toHex } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { dependencyCount, parseChange, type Sha256 } from "./change-chunk.ts";
import { type OpenDraft, openDraft } from "./draft.ts";
import { type Path, type TextDraft, type TextMark, valueAt } from "./draft-text.ts";
import { freezeDeep } from "./freeze.ts";
import { OwnTip, type PlainSets } from "./own-tip.ts";
import { type Patch, shownPatches } from "./patch.ts";

type Data = Record<string, unknown>;

/** A document that Automerge has loaded. It changes in place; `freeDocument` gives its memory back. */
export interface LiveDocument {
  /** Automerge's plain objects; behind by `unseen` local changes, which the next reader makes up for. */
  doc: Automerge.Doc<Data>;
  unseen: number;
  /** So many of those, the last of `changes`, Automerge itself does not have yet: it takes them together when it is asked for anything. */
  untaken: number;
  /** Whether whoever looked last had let many changes come together: then Automerge is not told of each. */
  isLookedAtRarely: boolean;
  /** From the beginning of an edit to `endEdit`: how many changes are there to see; the edit may still come to nothing. */
  visible: number | null;
  /** The changes it holds, dependencies first: what it is loaded from again after a failure. */
  readonly changes: Uint8Array[];
  /** Whether an edit was tried after its change had ended. */
  editedLate: boolean;
  /** The actor it edits as, once there is one. */
  actor: Uint8Array | null;
  /** Its heads, as far as they are known: asking Automerge costs a call into WebAssembly. */
  heads: readonly string[] | null;
  /** What Automerge hands to a change, from the first on: asking for it anew takes longer than most edits. */
  root: Record<PropertyKey, unknown> | null;
  /** What the next local change follows on, where that was asked for since Automerge made one. */
  tip: OwnTip | null;
}

/** What applying changes did. */
export interface Applied {
  readonly patches: readonly Patch[];
  /** Changes that Automerge failed on although they had passed the gate, and those that depend on them. */
  readonly refused: readonly Uint8Array[];
}

/** Edits a document: its data as plain objects, and its texts as texts. */
export type Edit<R> = (data: object, text: (path: Path) => TextDraft) => R;

/** What an edit did; `change` is null when it changed nothing. */
export interface Edited<R> {
  readonly change: Uint8Array | null;
  /** Whether it gave a few keys of maps numbers, truth values or null, and did nothing else: no rule but that of its size refuses such a change. */
  readonly isPlain: boolean;
  readonly result: R;
}

/** Local changes that nobody looked at; Automerge remembers what each did until then. */
const MOST_UNSEEN = 1_024;
/** From so many on a look costs less with what was kept from Automerge than without; the fewer, the more it costs (ADR 90). */
const RARELY = 8;

/**
 * Loads a document from changes that passed the gate, dependencies first; from none, an empty one. Give the actor when the document is
 * going to be edited: changing it later copies the document.
 */
export function loadDocument(changes: readonly Uint8Array[], actor?: Uint8Array): LiveDocument {
  const doc = changes.length === 0 ? null : loadAll(changes, actor);
  if (doc !== null) return liveOf(doc, changes, actor);
  const live = liveOf(load([], actor), [], actor);
  if (changes.length > 0) applyTo(live, changes);
  return live;
}

/**
 * Loads a document from what `saveDocument` gave and changes after it. Null when these are not as many changes as `changes` are: the caller
 * knows which those are.
 */
export function loadSaved(
  pieces: readonly Uint8Array[],
  changes: readonly Uint8Array[],
  actor?: Uint8Array,
): LiveDocument | null {
  const doc = loadAll(pieces, actor);
  if (doc === null) return null;
  const live = liveOf(doc, changes, actor);
  if (Automerge.stats(doc).numChanges === changes.length) return live;
  freeDocument(live);
  return null;
}

function liveOf(doc: Automerge.Doc<Data>, changes: readonly Uint8Array[], actor: Uint8Array | undefined): LiveDocument {
  return {
    doc,
    unseen: 0,
    untaken: 0,
    isLookedAtRarely: true,
    visible: null,
    changes: [...changes],
    editedLate: false,
    actor: actor ?? null,
    heads: null,
    root: null,
    tip: null,
  };
}

/** The data, frozen, of what `saveDocument` gave and changes after it; null when its heads, in hexadecimal and ascending, are others. */
export function readSaved(pieces: readonly Uint8Array[], heads: readonly string[]): object | null {
  const doc = loadAll(pieces, undefined);
  if (doc === null) return null;
  const data = Automerge.getHeads(doc).toSorted().join() === heads.join() ? freezeDeep(doc) : null;
  Automerge.free(doc);
  return data;
}

/** All of a document as bytes, which load faster than its changes and are fewer. What is made of it is to be believed by nobody but who made it. */
export function saveDocument(live: LiveDocument): Uint8Array {
  catchUp(live);
  return Automerge.save(live.doc);
}

/** Gives Automerge what it does not have yet: of twenty together each takes a quarter of what one does. */
function handOver(live: LiveDocument): void {
  if (live.untaken === 0) return;
  Automerge.getBackend(live.doc).applyChanges(live.changes.slice(-live.untaken));
  live.untaken = 0;
}

/** Brings the data up to date. */
function catchUp(live: LiveDocument): void {
  if (live.unseen === 0) return;
  live.isLookedAtRarely = live.unseen >= RARELY;
  handOver(live);
  const handle = Automerge.getBackend(live.doc);
  live.doc = handle.applyPatches(live.doc, { handle, heads: undefined, freeze: false });
  live.unseen = 0;
}

/** The same, and gives the patches since it last was, which takes several times as long. */
export function refresh(live: LiveDocument): readonly Patch[] {
  if (live.unseen === 0) return [];
  live.isLookedAtRarely = live.unseen >= RARELY;
  handOver(live);
  const patches = moveOn(live);
  live.unseen = 0;
  return patches;
}

/**
 * Applies changes that passed the gate and are new to the document, dependencies first. The patches are those since the data was last
 * up to date. One that Automerge fails on is found by halving
 * and left out; the others apply. Test: document.test.ts "D5 ...".
 */
export function applyTo(live: LiveDocument, changes: readonly Uint8Array[]): Applied {
  const seen = refresh(live);
  const before = headsOf(live);
  const applied = applyAll(live, changes);
  const patches = applied && isOneLine(before, changes, headsOf(live)) ? tryMoveOn(live) : null;
  if (patches !== null) return { patches: [...seen, ...patches], refused: [] };
  const refused = applied ? [] : applyHalves(live, changes);
  // Automerge's patches of concurrent changes name the wrong winner now and then, and its data follows its patches (3.5.0); what it
  // reads from its operations is right. Test: document.test.ts "of concurrent changes ...".
  readAgain(live);
  return { patches: [...seen, ...shownPatches(Automerge.diff(live.doc, [...before], [...headsOf(live)]))], refused };
}

/** Whether these changes follow one on the other: as each has one dependency at most, there is one head before and after only then. */
function isOneLine(before: readonly string[], changes: readonly Uint8Array[], after: readonly string[]): boolean {
  return before.length <= 1 && after.length === 1 && changes.every((change) => dependencyCount(change) <= 1);
}

/** What a change is made with. */
export interface Making {
  readonly actor: Uint8Array;
  readonly sha256: Sha256;
  readonly message?: string | undefined;
}

/**
 * Runs `edit` on the document's data as one change of `actor`, which nobody else sees before `endEdit`. What it writes is guarded, and what it tries to write after it returned
 * throws `CHANGE_CLOSED`. When it throws, nothing has changed.
 */
export function editDocument<R>(live: LiveDocument, by: Making, edit: Edit<R>): Edited<R> {
  useActor(live, by.actor);
  const handle = Automerge.getBackend(live.doc);
  // Where somebody looks after each change or a few, Automerge is asked anyway, and making the changes there costs less.
  const draft = openDraft<object>(() => rootOf(live), live.unseen > 0 && live.isLookedAtRarely);
  live.visible = live.changes.length;
  live.editedLate = false;
  let result: R;
  let change: Uint8Array | null;
  try {
    result = edit(draft.data, draft.text);
    if (result instanceof Promise) result.catch(() => undefined); // nobody waits for it when the next line throws
    draft.requireWhole();
    const sets = draft.untold();
    const written = sets === null ? undefined : writeSets(live, sets, by);
    change = written === undefined ? commit(live, draft, by) : written;
  } catch (error) {
    handle.rollback();
    throw error;
  } finally {
    draft.close(() => {
      live.editedLate = true;
    });
  }
  return { change, isPlain: draft.isPlain(), result };
}

/** Makes the change without Automerge: null when it would change nothing. Gives nothing when Automerge has to make it. */
function writeSets(live: LiveDocument, sets: PlainSets, by: Making): Uint8Array | null | undefined {
  // Of those that nobody looked at, the newest was made here, on top of all others.
  live.tip ??= new OwnTip(parseChange(live.changes.at(-1) ?? new Uint8Array(), by.sha256));
  const handle = Automerge.getBackend(live.doc);
  const chunk = live.tip.write(sets, (key) => handle.getAll("/", key), by);
  if (chunk === undefined || chunk === null) return chunk;
  live.unseen += 1;
  live.untaken += 1;
  live.changes.push(chunk.bytes);
  live.heads = [toHex(chunk.hash)];
  return chunk.bytes;
}

/** Ends the change that Automerge was told of; null when there is nothing to end. */
function commit(live: LiveDocument, draft: OpenDraft<object>, { message }: Making): Uint8Array | null {
  draft.tell();
  const handle = Automerge.getBackend(live.doc);
  // Not by Automerge, which would bring its plain objects up to date for a reader who may never come.
  const head = handle.pendingOps() === 0 ? null : handle.commit(message, 0);
  if (head === null) return null;
  live.unseen += 1;
  const change = takeLocalChange(live);
  live.heads = [head]; // it follows on everything the document holds
  return change;
}

const forgetWhatWasRead = Symbol.for("_am_clearCache");

/** The root of the document as a change sees it. */
function rootOf(live: LiveDocument): Record<PropertyKey, unknown> {
  handOver(live);
  if (live.root !== null) {
    // As Automerge itself does after a splice. Test: document.test.ts "... what came since ...".
    live.root[forgetWhatWasRead] = true;
    return live.root;
  }
  let root: Record<PropertyKey, unknown> = live.doc;
  Automerge.change(live.doc, { time: 0 }, (handed) => {
    root = handed;
  });
  live.root = root;
  return root;
}

/** What the edit made is there to see from now on. */
export function endEdit(live: LiveDocument): void {
  live.visible = null;
  if (live.unseen >= MOST_UNSEEN) catchUp(live);
}

/** A change of `actor` that changes nothing, and depends on everything: what a deletion is bound to. */
export function emptyChange(live: LiveDocument, actor: Uint8Array, message?: string): Uint8Array {
  useActor(live, actor);
  catchUp(live);
  live.doc = Automerge.emptyChange(live.doc, message === undefined ? { time: 0 } : { time: 0, message });
  return takeLocalChange(live);
}

/** Whether the last edit went on after its change had ended: load the document again, so that nothing of it stays. */
export function hasLooseEdits(live: LiveDocument): boolean {
  return live.editedLate || Automerge.getBackend(live.doc).pendingOps() > 0;
}

/** The document's data, frozen; not by Automerge, which throws when it tries to freeze bytes. */
export function dataOf(live: LiveDocument): object {
  if (live.visible !== null && live.unseen > 0) return dataOfChanges(live.changes.slice(0, live.visible));
  catchUp(live);
  return freezeDeep(live.doc);
}

/** The marks of the text at a path; none where there is no text. */
export function marksAt(live: LiveDocument, path: Path): readonly TextMark[] {
  return typeof valueAt(dataOf(live), path) === "string" ? (Automerge.marks(live.doc, [...path]) as TextMark[]) : [];
}

/** What was assigned at a path and nobody has assigned over, frozen; what shows comes first. */
export function valuesAt(live: LiveDocument, path: Path): readonly unknown[] {
  const [parent, key] = [valueAt(dataOf(live), path.slice(0, -1)), path.at(-1)];
  if (key === undefined || typeof parent !== "object" || parent === null || !Object.hasOwn(parent, key)) return [];
  const conflicts = Automerge.getConflicts(parent as Automerge.Doc<Data>, key);
  if (conflicts === undefined) return [Reflect.get(parent, key)];
  // Automerge gives them in the order of their operations, of which the last shows.
  return Object.values(freezeDeep(conflicts)).reverse();
}

/** Hashes of the changes that no other depends on, as hexadecimal. */
export function headsOf(live: LiveDocument): readonly string[] {
  live.heads ??= Automerge.getHeads(live.doc);
  return live.heads;
}

/** How many operations it holds. */
export function countOps(live: LiveDocument): number {
  handOver(live);
  return Automerge.stats(live.doc).numOps;
}

/** Gives the document's memory back; the data that `dataOf` gave stays readable. */
export function freeDocument(live: LiveDocument): void {
  Automerge.free(live.doc);
}

function load(changes: readonly Uint8Array[], actor: Uint8Array | undefined): Automerge.Doc<Data> {
  const options = { ...(actor === undefined ? {} : { actor: toHex(actor) }) };
  return changes.length === 0 ? Automerge.init<Data>(options) : Automerge.load<Data>(concatBytes(...changes), options);
}

/** The document with all of these changes; null when Automerge fails on one. One load is cheaper than applying them to an empty document. */
function loadAll(changes: readonly Uint8Array[], actor: Uint8Array | undefined): Automerge.Doc<Data> | null {
  try {
    const doc = load(changes, actor);
    if (isComplete(doc)) return doc;
    Automerge.free(doc);
  } catch {
    // The caller applies them one half after the other, and leaves out the one that fails.
  }
  return null;
}

/** Whether no change is kept aside because a dependency of it is missing; Automerge says so only when asked. */
function isComplete(doc: Automerge.Doc<Data>): boolean {
  return Automerge.getMissingDeps(doc, []).length === 0;
}

/** After a failure Automerge's document may hold anything: it is loaded anew from the changes that applied. */
function reload(live: LiveDocument): void {
  replace(live, load(live.changes, live.actor ?? undefined));
}

/** Brings Automerge's plain objects up to its operations. */
function moveOn(live: LiveDocument): readonly Patch[] {
  const patches: Patch[] = [];
  [live.doc] = Automerge.applyChanges(live.doc, [], { patchCallback: (some) => void patches.push(...some) });
  return shownPatches(patches);
}

/**
 * The same; null when the data is to be read again, as where somebody counts on from more than a number says: Automerge holds that change, and throws
 * when it shows it. Test: document.test.ts "counts on ...".
 */
function tryMoveOn(live: LiveDocument): readonly Patch[] | null {
  try {
    return moveOn(live);
  } catch {
    return null;
  }
}

/** Makes the data anew from the operations, as Automerge itself does when it has loaded a document. */
function readAgain(live: LiveDocument): void {
  const handle = Automerge.getBackend(live.doc);
  live.doc = handle.materialize("/", undefined, { handle, heads: undefined, freeze: false }) as Automerge.Doc<Data>;
}

function replace(live: LiveDocument, doc: Automerge.Doc<Data>): void {
  const old = live.doc;
  live.doc = doc;
  live.unseen = 0;
  live.untaken = 0;
  live.heads = null;
  live.root = null;
  live.tip = null;
  Automerge.free(old);
}

function applyHalves(live: LiveDocument, changes: readonly Uint8Array[]): readonly Uint8Array[] {
  reload(live);
  if (changes.length < 2) return changes;
  const middle = changes.length >> 1;
  return [changes.slice(0, middle), changes.slice(middle)].flatMap((half) =>
    applyAll(live, half) ? [] : applyHalves(live, half),
  );
}

/** Whether all of them applied, which shows in the data later; when not, the document has to be loaded again. */
function applyAll(live: LiveDocument, changes: readonly Uint8Array[]): boolean {
  try {
    live.heads = null;
    live.tip = null;
    live.unseen = 0;
    Automerge.getBackend(live.doc).applyChanges([...changes]);
    if (!isComplete(live.doc)) return false;
    live.changes.push(...changes);
    return true;
  } catch {
    // Automerge panics or throws at a change it cannot take; the caller finds out which.
    return false;
  }
}

function useActor(live: LiveDocument, actor: Uint8Array): void {
  if (live.actor !== null && equalBytes(live.actor, actor)) return;
  catchUp(live); // a clone begins with the data there is, and knows nothing of what it lacks
  replace(live, Automerge.clone(live.doc, { actor: toHex(actor) }));
  live.actor = actor;
}

/** The change just made. */
function takeLocalChange(live: LiveDocument): Uint8Array {
  const change = Automerge.getLastLocalChange(live.doc);
  if (change === undefined) throw new CoreError("CHANGE_REFUSED", "Automerge made no change");
  live.heads = null;
  live.tip = null;
  live.changes.push(change);
  return change;
}

function dataOfChanges(changes: readonly Uint8Array[]): object {
  const doc = load(changes, undefined);
  const data = freezeDeep(doc);
  Automerge.free(doc);
  return data;
}
