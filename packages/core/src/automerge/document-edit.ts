// The edits of this device: each becomes one change, made by Automerge or, where it is as plain as most are, without it.
import * as Automerge from "@automerge/automerge/slim";
import { equalBytes, toHex } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { parseChange, type Sha256 } from "./change-chunk.ts";
import { type OpenDraft, openDraft } from "./draft.ts";
import type { Path, TextDraft } from "./draft-text.ts";
import { catchUp, handOver, type LiveDocument, replace } from "./live-document.ts";
import { OwnTip, type PlainSets } from "./own-tip.ts";

/** Edits a document: its data as plain objects, and its texts as texts. */
export type Edit<R> = (data: object, text: (path: Path) => TextDraft) => R;

/** What an edit did; `change` is null when it changed nothing. */
export interface Edited<R> {
  readonly change: Uint8Array | null;
  /** Whether it gave a few keys of maps numbers, truth values or null, and did nothing else: no rule but that of its size refuses such a change. */
  readonly isPlain: boolean;
  readonly result: R;
}

/** What a change is made with. */
export interface Making {
  readonly actor: Uint8Array;
  readonly sha256: Sha256;
  readonly message?: string | undefined;
}

/** Local changes that nobody looked at; Automerge remembers what each did until then. */
const MOST_UNSEEN = 1_024;

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
