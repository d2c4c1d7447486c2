// "An entry counts only if every cut on its writer allows it."

import type { Admission, Made } from "./admission.ts";
import { lineOf } from "./admission.ts";
import { type Cut, chainOf, type Entry, type RevokeFields } from "./facts.ts";
import type { Known } from "./known.ts";
import { isRefused } from "./let-in.ts";
import { mayCut } from "./may-cut.ts";

/** "A writer that is not listed is cut before its entry 0." */
const beforeAll: Cut = { seq: -1, id: "" };

/** What a statement takes away. "Demotion and unsharing are one `change` statement": it lets in too, so only an admin makes one. */
function revocationIn(known: Known, made: Made, author: Admission): RevokeFields | null {
  const { statement } = made;
  if (statement.type === "revoke") return statement.revoke;
  const isChange = statement.type === "change" && author.role === "admin" && !isRefused(known.admissions, made);
  return isChange ? statement.revoke : null;
}

/** What a statement says of where chains end. */
function cutIn({ statement }: Made, chain: string): Cut {
  if (statement.type === "replaceRoot") return statement.cuts.get(chain) ?? beforeAll;
  return ("revoke" in statement ? statement.revoke.cuts.get(chain) : undefined) ?? beforeAll;
}

/** Whether a revocation names an admission. */
function names(known: Known, made: Made, author: Admission, target: Admission): boolean {
  const revocation = revocationIn(known, made, author);
  if (revocation === null || made.statement.id === target.id) return false;
  if (revocation.targets.includes(target.id) || revocation.targets.includes(target.user)) return true;
  // "A revocation ends every admission of the keys it names, known or not; only a grant that names this revocation counts again."
  return revocation.keys.some((key) => target.fingerprints.includes(key)) && !target.after.includes(made.statement.id);
}

/** Whether this statement, made by somebody else who may, takes the rights of `target`. */
export function revokes(known: Known, made: Made, target: Admission): boolean {
  const author = known.author(made);
  return author !== undefined && names(known, made, author, target) && mayCut(author, target);
}

/** Whether this statement ends the admission of its own author: "a device may revoke itself", and a root may be replaced. */
export function endsItself(known: Known, made: Made, author: Admission): boolean {
  if (made.entry.admission !== author.id) return false;
  return made.statement.type === "replaceRoot" ? author.isRoot : names(known, made, author, author);
}

/**
 * Where a revocation of `target` ends a chain. "`readmit` names the statements whose cut it replaces; it needs the right to revoke
 * the target, never lifts a cut by an admin above its author, leaves unnamed cuts." Of several the longest, then the lowest id.
 */
export function cutOn(
  known: Known,
  counting: readonly Made[],
  revocation: Made,
  chain: string,
  target: Admission,
): Cut {
  const [longest] = counting
    .flatMap((made) => {
      const { statement } = made;
      const author = known.author(made);
      if (author === undefined || author.role !== "admin" || statement.type !== "readmit") return [];
      const cut = statement.cuts.get(chain);
      if (cut === undefined || !statement.lifts.includes(revocation.statement.id)) return [];
      return mayCut(author, target) && !isBelow(author, revocation.entry.admission) ? [cut] : [];
    })
    .sort((a, b) => b.seq - a.seq || (a.id < b.id ? -1 : 1));
  const own = cutIn(revocation, chain);
  return longest !== undefined && longest.seq > own.seq ? longest : own;
}

const isBelow = (author: Admission, other: string): boolean =>
  author.id !== other && lineOf(author).some(({ id }) => id === other);

/** Where a statement by which an author ended itself ends one of the author's chains: its own chain right after it. */
export function ownCutOn(made: Made, chain: string): Cut {
  return chainOf(made.entry) === chain ? made.entry : cutIn(made, chain);
}

/** "Not beyond its seq and, once the named entry is known, on its branch." */
export function allows(known: Known, { seq, id }: Cut, entry: Entry): boolean {
  if (entry.seq > seq) return false;
  const named = known.entries.get(id);
  return named === undefined || chainOf(named) !== chainOf(entry) || known.isOnTheWay(entry, named);
}
