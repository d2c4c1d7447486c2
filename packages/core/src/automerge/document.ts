// Everything that calls Automerge. Imported only when a document is opened: loading WebAssembly takes longer than listing a database.
//
// `changeAt` is never used: its actor and startOp would fail the gate. Neither are `save` bytes as an identity, nor `loadIncremental`,
// which swallows corruption.
import * as Automerge from "@automerge/automerge/slim";
import { concatBytes, equalBytes, toHex } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { openDraft } from "./draft.ts";
import { freezeDeep } from "./freeze.ts";

type Data = Record<string, unknown>;

/** A document that Automerge has loaded. It changes in place; `freeDocument` gives its memory back. */
export interface LiveDocument {
  doc: Automerge.Doc<Data>;
  /** The changes it holds, dependencies first: what it is loaded from again after a failure. */
  readonly changes: Uint8Array[];
  /** Whether an edit was tried after its change had ended. */
  editedLate: boolean;
  /** The actor it edits as, once there is one. */
  actor: Uint8Array | null;
  /** Its heads, as far as they are known: asking costs a call into WebAssembly. */
  heads: readonly string[] | null;
}

/** What applying changes did. */
export interface Applied {
  readonly patches: readonly unknown[];
  /** Changes that Automerge failed on although they had passed the gate, and those that depend on them. */
  readonly refused: readonly Uint8Array[];
}

/** What an edit did; `change` is null when it changed nothing. */
export interface Edited<R> {
  readonly change: Uint8Array | null;
  readonly patches: readonly unknown[];
  readonly result: R;
}

/**
 * Loads a document from changes that passed the gate, dependencies first; from none, an empty one. Give the actor when the document is
 * going to be edited: changing it later copies the document.
 */
export function loadDocument(changes: readonly Uint8Array[], actor?: Uint8Array): LiveDocument {
  const doc = changes.length === 0 ? null : loadAll(changes, actor);
  const rest = { editedLate: false, actor: actor ?? null, heads: null };
  if (doc !== null) return { doc, changes: [...changes], ...rest };
  const live: LiveDocument = { doc: load([], actor), changes: [], ...rest };
  if (changes.length > 0) applyTo(live, changes);
  return live;
}

/**
 * Applies changes that passed the gate and are new to the document, dependencies first. One that Automerge fails on is found by halving
 * and left out; the others apply. Test: document.test.ts "D5 ...".
 */
export function applyTo(live: LiveDocument, changes: readonly Uint8Array[]): Applied {
  const before = headsOf(live);
  const patches: unknown[] = [];
  if (applyAll(live, changes, patches)) return { patches, refused: [] };
  const refused = applyHalves(live, changes);
  return { patches: Automerge.diff(live.doc, [...before], [...headsOf(live)]), refused };
}

/**
 * Runs `edit` on the document's data as one change of `actor`. What it writes is guarded, and what it tries to write after it returned
 * throws `CHANGE_CLOSED`. When it throws, nothing has changed.
 */
export function editDocument<R>(live: LiveDocument, actor: Uint8Array, edit: (data: object) => R): Edited<R> {
  useActor(live, actor);
  const before = placeOf(live);
  const patches: unknown[] = [];
  let outcome: { readonly result: R } | undefined;
  const options = { time: 0, patchCallback: (some: readonly unknown[]) => void patches.push(...some) };
  live.doc = Automerge.change(live.doc, options, (root) => {
    const draft = openDraft<object>(root);
    live.editedLate = false;
    try {
      outcome = { result: edit(draft.data) };
    } finally {
      draft.close(() => {
        live.editedLate = true;
      });
    }
  });
  if (outcome === undefined) throw new CoreError("CHANGE_REFUSED", "the change did not run");
  return { change: takeLocalChange(live, before), patches, result: outcome.result };
}

/** A change of `actor` that changes nothing, and depends on everything: what a deletion is bound to. */
export function emptyChange(live: LiveDocument, actor: Uint8Array): Uint8Array {
  useActor(live, actor);
  const before = placeOf(live);
  live.doc = Automerge.emptyChange(live.doc, { time: 0 });
  const change = takeLocalChange(live, before);
  if (change === null) throw new CoreError("CHANGE_REFUSED", "Automerge made no change");
  return change;
}

/** Whether the last edit went on after its change had ended: load the document again, so that nothing of it stays. */
export function hasLooseEdits(live: LiveDocument): boolean {
  return live.editedLate || Automerge.getBackend(live.doc).pendingOps() > 0;
}

/** The document's data, frozen; not by Automerge, which throws when it tries to freeze bytes. */
export function dataOf(live: LiveDocument): object {
  return freezeDeep(live.doc);
}

/** The data as it is now, whatever changes later; frozen when it is first asked for. */
export function snapshotOf({ doc }: LiveDocument): () => object {
  return () => freezeDeep(doc);
}

/** Hashes of the changes that no other depends on, as hexadecimal. */
export function headsOf(live: LiveDocument): readonly string[] {
  live.heads ??= Automerge.getHeads(live.doc);
  return live.heads;
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

function replace(live: LiveDocument, doc: Automerge.Doc<Data>): void {
  const old = live.doc;
  live.doc = doc;
  live.heads = null;
  Automerge.free(old);
}

function applyHalves(live: LiveDocument, changes: readonly Uint8Array[]): readonly Uint8Array[] {
  reload(live);
  if (changes.length < 2) return changes;
  const middle = changes.length >> 1;
  return [changes.slice(0, middle), changes.slice(middle)].flatMap((half) =>
    applyAll(live, half, []) ? [] : applyHalves(live, half),
  );
}

/** Whether all of them applied; when not, the document has to be loaded again. */
function applyAll(live: LiveDocument, changes: readonly Uint8Array[], patches: unknown[]): boolean {
  try {
    const options = { patchCallback: (some: readonly unknown[]) => void patches.push(...some) };
    live.heads = null;
    [live.doc] = Automerge.applyChanges(live.doc, [...changes], options);
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
  replace(live, Automerge.clone(live.doc, { actor: toHex(actor) }));
  live.actor = actor;
}

/** What tells afterwards whether an edit changed anything. */
interface Place {
  readonly doc: Automerge.Doc<Data>;
  readonly heads: readonly string[];
}

function placeOf(live: LiveDocument): Place {
  return { doc: live.doc, heads: headsOf(live) };
}

/** The change just made. `getLastLocalChange` alone would give the one before again when nothing changed. */
function takeLocalChange(live: LiveDocument, before: Place): Uint8Array | null {
  live.heads = null;
  // Another object is another state; the same one may be, too, when a change shows nowhere in the data.
  if (live.doc === before.doc && headsOf(live).join() === before.heads.join()) return null;
  const change = Automerge.getLastLocalChange(live.doc);
  if (change === undefined) throw new CoreError("CHANGE_REFUSED", "Automerge made no change");
  live.changes.push(change);
  return change;
}
