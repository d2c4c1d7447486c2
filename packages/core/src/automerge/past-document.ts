// Documents that nobody edits: loaded from some of their changes, read, and freed. Imported only where Automerge is loaded.
import * as Automerge from "@automerge/automerge/slim";
import { dataOf, freeDocument, type LiveDocument, loadDocument } from "./document.ts";
import type { TextMark } from "./draft-text.ts";
import { type Patch, shownPatches } from "./patch.ts";
import { textsIn } from "./plain-data.ts";

/** What a document with these changes holds, frozen. Changes are closed under their dependencies, and those come first; here and below. */
export function pastData(changes: readonly Uint8Array[]): object {
  return withDocument(changes, (live) => dataOf(live));
}

/** Patches from one state to another, both of a document with these changes; no heads are the empty document. */
export function patchesBetween(
  changes: readonly Uint8Array[],
  before: readonly string[],
  after: readonly string[],
): readonly Patch[] {
  return withDocument(changes, ({ doc }) => shownPatches(Automerge.diff(doc, [...before], [...after])));
}

/** A document's data, and the marks of its texts by their path in JSON; those without any are left out. */
export interface MarkedData {
  readonly data: object;
  readonly marks: ReadonlyMap<string, readonly TextMark[]>;
}

export function pastMarkedData(changes: readonly Uint8Array[]): MarkedData {
  return withDocument(changes, (live) => {
    const data = dataOf(live);
    const marks = new Map<string, readonly TextMark[]>();
    for (const path of textsIn(data, [])) {
      const some = Automerge.marks(live.doc, [...path]);
      if (some.length > 0) marks.set(JSON.stringify(path), some as TextMark[]);
    }
    return { data, marks };
  });
}

function withDocument<R>(changes: readonly Uint8Array[], read: (live: LiveDocument) => R): R {
  const live = loadDocument(changes);
  try {
    return read(live);
  } finally {
    freeDocument(live);
  }
}
