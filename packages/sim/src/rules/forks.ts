// "Two headers with one (writer, seq)": which of the rival entries counts.

import type { Admission, Made } from "./admission.ts";
import { cutOn, revokes } from "./cuts.ts";
import { type Cut, chainOf, directory, type Entry } from "./facts.ts";
import type { Known } from "./known.ts";
import { mayCut } from "./may-cut.ts";

/** What is assumed to count while a fork is judged. */
interface Assumed {
  readonly entries: readonly Entry[];
  readonly statements: readonly Made[];
}

/**
 * The rival that counts, or null while none does. First entries with certificates of several admissions are rivals too: then only
 * who may revoke all of these decides, so that one writer never counts for two.
 */
export function forkWinner(known: Known, assumed: Assumed, rivals: readonly Entry[]): Entry | null {
  const claimed = [...new Set(rivals.map(({ admission }) => known.admissions.get(admission)))].filter(
    (each) => each !== undefined,
  );
  const mayDecide = (author: Admission | undefined): boolean =>
    author !== undefined && claimed.every((target) => mayCut(author, target));
  // "Until a cut names a branch": then that branch alone.
  const named = rivals.filter((rival) => cutsNaming(known, assumed, rival, claimed, mayDecide).length > 0);
  if (named.length > 0) return named.length === 1 ? (named[0] ?? null) : null;
  // "The branch counts that is named by the vectors of more of the users who may revoke that writer, then the lower id."
  const votes = votesOf(known, assumed, rivals, mayDecide);
  const count = ({ id }: Entry): number => votes.filter((vote) => vote === id).length;
  const [best] = [...rivals].sort((a, b) => count(b) - count(a) || (a.id < b.id ? -1 : 1));
  // "While none has named one, neither counts."
  return best !== undefined && count(best) > 0 ? best : null;
}

function cutsNaming(
  known: Known,
  { statements }: Assumed,
  rival: Entry,
  claimed: readonly Admission[],
  mayDecide: (author: Admission | undefined) => boolean,
): readonly Cut[] {
  return claimed.flatMap((target) =>
    statements
      .filter((made) => revokes(known, made, target) && mayDecide(known.author(made)))
      .map((made) => cutOn(known, statements, made, chainOf(rival), target))
      .filter(({ id }) => {
        const tip = known.entries.get(id);
        return tip !== undefined && chainOf(tip) === chainOf(rival) && known.isOnTheWay(rival, tip);
      }),
  );
}

/** "Each once: its oldest device, the first vector that names a branch; contradicting itself, no vote." One id for each user. */
function votesOf(
  known: Known,
  { entries }: Assumed,
  rivals: readonly Entry[],
  mayDecide: (author: Admission | undefined) => boolean,
): readonly string[] {
  const voices = new Map<string, { depth: number; seq: number; rivals: Set<string> }>();
  for (const entry of entries) {
    const author = known.admissions.get(entry.admission);
    const rival = author !== undefined && mayDecide(author) ? namedRival(known, entry, rivals) : undefined;
    if (author === undefined || rival === undefined) continue;
    const voice = { depth: author.deviceDepth, seq: entry.seq, rivals: new Set([rival.id]) };
    const earlier = voices.get(author.user);
    const order = earlier === undefined ? -1 : voice.depth - earlier.depth || voice.seq - earlier.seq;
    if (order < 0) voices.set(author.user, voice);
    if (order === 0) earlier?.rivals.add(rival.id);
  }
  return [...voices.values()].flatMap((voice) => (voice.rivals.size === 1 ? [...voice.rivals] : []));
}

function namedRival(known: Known, entry: Entry, rivals: readonly Entry[]): Entry | undefined {
  const { vector } = entry;
  const [first] = rivals;
  if (known.voices === "directory" && first !== undefined) {
    // "Cuts alone decide where a chain forks at its first entry, and where it is proven to fork in several places."
    const isOpen = first.seq > 0 && known.forksOf(chainOf(first)).size === 1;
    const head = vector.get(chainOf(first));
    return isOpen && entry.database === directory ? rivals.find(({ id }) => id === head) : undefined;
  }
  const tip = first === undefined ? undefined : known.entries.get(vector.get(chainOf(first)) ?? "");
  if (first === undefined || tip === undefined || chainOf(tip) !== chainOf(first)) return undefined;
  return rivals.find((rival) => known.isOnTheWay(rival, tip));
}
