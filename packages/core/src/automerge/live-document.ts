// A document that Automerge holds: its state, and how it is looked at. Local changes stay with it unseen, and even untaken, until
// somebody looks.
import * as Automerge from "@automerge/automerge/slim";
import { concatBytes, toHex } from "@selkie/entry";
import { type Path, type TextMark, valueAt } from "./draft-text.ts";
import { freezeDeep } from "./freeze.ts";
import type { OwnTip } from "./own-tip.ts";
import { type Patch, shownPatches } from "./patch.ts";

export type Data = Record<string, unknown>;

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

/** From so many on a look costs less with what was kept from Automerge than without; the fewer, the more it costs (ADR 90). */
const RARELY = 8;

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

/** Gives Automerge what it does not have yet: of twenty together each takes a quarter of what one does. */
export function handOver(live: LiveDocument): void {
  if (live.untaken === 0) return;
  Automerge.getBackend(live.doc).applyChanges(live.changes.slice(-live.untaken));
  live.untaken = 0;
}

/** Brings the data up to date. */
export function catchUp(live: LiveDocument): void {
  if (!takeAll(live)) return;
  const handle = Automerge.getBackend(live.doc);
  live.doc = handle.applyPatches(live.doc, { handle, heads: undefined, freeze: false });
  live.unseen = 0;
}

/** The same, and gives the patches since it last was, which takes several times as long. */
export function refresh(live: LiveDocument): readonly Patch[] {
  if (!takeAll(live)) return [];
  const patches = moveOn(live);
  live.unseen = 0;
  return patches;
}

/** Hands over all that somebody is about to see; false when there is nothing. */
function takeAll(live: LiveDocument): boolean {
  if (live.unseen === 0) return false;
  live.isLookedAtRarely = live.unseen >= RARELY;
  handOver(live);
  return true;
}

/** Brings Automerge's plain objects up to its operations. */
export function moveOn(live: LiveDocument): readonly Patch[] {
  const patches: Patch[] = [];
  [live.doc] = Automerge.applyChanges(live.doc, [], { patchCallback: (some) => void patches.push(...some) });
  return shownPatches(patches);
}

export function liveOf(
  doc: Automerge.Doc<Data>,
  changes: readonly Uint8Array[],
  actor: Uint8Array | undefined,
): LiveDocument {
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

export function load(changes: readonly Uint8Array[], actor: Uint8Array | undefined): Automerge.Doc<Data> {
  const options = { ...(actor === undefined ? {} : { actor: toHex(actor) }) };
  return changes.length === 0 ? Automerge.init<Data>(options) : Automerge.load<Data>(concatBytes(...changes), options);
}

/** The document with all of these changes; null when Automerge fails on one. One load is cheaper than applying them to an empty document. */
export function loadAll(changes: readonly Uint8Array[], actor: Uint8Array | undefined): Automerge.Doc<Data> | null {
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
export function isComplete(doc: Automerge.Doc<Data>): boolean {
  return Automerge.getMissingDeps(doc, []).length === 0;
}

export function replace(live: LiveDocument, doc: Automerge.Doc<Data>): void {
  const old = live.doc;
  live.doc = doc;
  live.unseen = 0;
  live.untaken = 0;
  live.heads = null;
  live.root = null;
  live.tip = null;
  Automerge.free(old);
}

function dataOfChanges(changes: readonly Uint8Array[]): object {
  const doc = load(changes, undefined);
  const data = freezeDeep(doc);
  Automerge.free(doc);
  return data;
}
