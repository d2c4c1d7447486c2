import type { Entry } from "./entry.ts";

/** A document that stood at some places of a database's index, and now at others. */
export interface MovedDocument {
  readonly id: string;
  /** How many had moved in the index before: what moved twice moved in this order. */
  readonly number: number;
  /** Entries of which there was none, or is none any more. */
  readonly gone: readonly Entry[];
  readonly come: readonly Entry[];
}

/** What a change moved: the document itself, and those that stand beneath it. */
export interface Moved {
  readonly documents: readonly MovedDocument[];
}

export function joinMoved(before: Moved, after: Moved): Moved {
  return { documents: [...before.documents, ...after.documents] };
}

/** Each document of a database once: where it stood before everything, and where it stands after it. */
export function movedAtOnce(moved: readonly Moved[]): readonly MovedDocument[] {
  const inOrder = moved.flatMap(({ documents }) => documents).sort((a, b) => a.number - b.number);
  const byId = new Map<string, MovedDocument>();
  for (const one of inOrder) {
    const before = byId.get(one.id);
    byId.set(one.id, before === undefined ? one : { ...one, gone: before.gone });
  }
  return [...byId.values()];
}
