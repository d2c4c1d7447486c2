// Which changes are delivered: judged per document, after entries, and never back.
import { append } from "./append.ts";

/** A change, and the changes it builds on. */
export interface ChangeFacts {
  readonly id: string;
  readonly dependencies: readonly string[];
  /** Whether its entry counts and its author may write there. */
  readonly isAllowed: boolean;
}

/** The ids of changes that are allowed and build on nothing that is not, or is not here; in any order, to any depth. */
export function deliverable(changes: Iterable<ChangeFacts>): ReadonlySet<string> {
  const allowed = new Map<string, ChangeFacts>();
  for (const change of changes) if (change.isAllowed) allowed.set(change.id, change);
  const dependents = new Map<string, ChangeFacts[]>();
  const missing = new Map<ChangeFacts, number>();
  const ready: ChangeFacts[] = [];
  for (const change of allowed.values()) {
    const dependencies = new Set(change.dependencies);
    missing.set(change, dependencies.size);
    if (dependencies.size === 0) ready.push(change);
    for (const id of dependencies) append(dependents, id, change);
  }
  // The list grows while it is walked.
  for (const { id } of ready) {
    for (const change of dependents.get(id) ?? []) {
      const left = (missing.get(change) ?? 0) - 1;
      missing.set(change, left);
      if (left === 0) ready.push(change);
    }
  }
  return new Set(ready.map(({ id }) => id));
}
