// "Entries are judged first, from headers and control parts alone; changes afterwards, per document, never back."
import type { Accepted } from "./accept.ts";
import type { Entry } from "./facts.ts";
import { holds } from "./keys.ts";

/** The ids of entries whose changes are delivered. "Nothing beyond a cut counts, nor what depends on it." */
export function deliveredChanges(accepted: Accepted): ReadonlySet<string> {
  const verdicts = new Map<string, boolean>();
  const isDelivered = (entry: Entry | undefined): boolean => {
    if (entry?.change === undefined) return false;
    const before = verdicts.get(entry.id);
    if (before !== undefined) return before;
    const verdict =
      mayWrite(accepted, entry, entry.change.key) &&
      entry.change.dependencies.every((id) => isDelivered(accepted.known.entries.get(id)));
    verdicts.set(entry.id, verdict);
    return verdict;
  };
  return new Set([...accepted.known.entries.values()].filter(isDelivered).map(({ id }) => id));
}

/** Whether the author had the right, fixed by its admission, to write this. */
function mayWrite(accepted: Accepted, entry: Entry, key: string | undefined): boolean {
  const author = accepted.known.admissions.get(entry.admission);
  if (author === undefined || author.role === "reader" || !accepted.entries.has(entry.id)) return false;
  return key === undefined || author.role === "admin" || holds(accepted, author.user, key);
}
