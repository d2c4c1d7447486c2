// Everything that calls Automerge. Imported only when a document is opened: loading WebAssembly takes longer than listing a database.
//
// `changeAt` is never used: its actor and startOp would fail the gate. Neither are `save` bytes as an identity, nor `loadIncremental`,
// which swallows corruption.
import * as Automerge from "@automerge/automerge/slim";
import { dependencyCount } from "./change-chunk.ts";
import {
  type Data,
  headsOf,
  isComplete,
  type LiveDocument,
  liveOf,
  load,
  loadAll,
  moveOn,
  refresh,
  replace,
} from "./live-document.ts";
import { type Patch, shownPatches } from "./patch.ts";

export {
  type Edit,
  type Edited,
  editDocument,
  emptyChange,
  endEdit,
  hasLooseEdits,
  type Making,
} from "./document-edit.ts";
export {
  countOps,
  dataOf,
  freeDocument,
  headsOf,
  type LiveDocument,
  loadSaved,
  marksAt,
  readSaved,
  refresh,
  saveDocument,
  valuesAt,
} from "./live-document.ts";

/** What applying changes did. */
export interface Applied {
  readonly patches: readonly Patch[];
  /** Changes that Automerge failed on although they had passed the gate, and those that depend on them. */
  readonly refused: readonly Uint8Array[];
}

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

/** After a failure Automerge's document may hold anything: it is loaded anew from the changes that applied. */
function reload(live: LiveDocument): void {
  replace(live, load(live.changes, live.actor ?? undefined));
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
