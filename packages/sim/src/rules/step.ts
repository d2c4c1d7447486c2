// One step: "given that these count, which count?" What counts is the one set that this step leaves as it is.

import type { Admission, Made } from "./admission.ts";
import { allows, cutOn, endsItself, ownCutOn, revokes } from "./cuts.ts";
import type { Entry } from "./facts.ts";
import { forkWinner } from "./forks.ts";
import type { Known } from "./known.ts";

/** What counts. */
export interface Counting {
  /** Ids of entries. */
  readonly entries: ReadonlySet<string>;
  /**
   * Ids of statements by which an author ended itself in an entry that another such statement of the same author cuts. "Such a
   * statement is judged by others' cuts only": it ends its author, and does nothing else.
   */
  readonly endings: ReadonlySet<string>;
}

/** The operator whose only fixpoint is the accepted set. */
export function step(known: Known, assumed: Counting): Counting {
  const entries = new Set<string>();
  const endings = new Set<string>();
  for (const admission of known.admissions.values()) {
    if (!isAdmitted(admission, assumed)) continue;
    const { accepted, endings: ended } = judge(known, assumed, admission);
    for (const { id } of accepted) entries.add(id);
    for (const { statement } of ended) endings.add(statement.id);
  }
  return { entries, endings };
}

/** "An entry depends on its predecessor and on the statement that admits its device: nothing else." */
export function isAdmitted({ made }: Admission, { entries }: Counting): boolean {
  return made === null || entries.has(made.entry.id);
}

/** The statements in entries that count. */
export function countingStatements(known: Known, { entries }: Counting): readonly Made[] {
  return known.statements.filter(({ entry }) => entries.has(entry.id));
}

interface Judgement {
  readonly accepted: readonly Entry[];
  readonly endings: readonly Made[];
}

/** What counts of all chains of one admission. */
function judge(known: Known, assumed: Counting, admission: Admission): Judgement {
  const chains = known.chainsOf(admission).map((chain) => ({ chain, allowed: walk(known, assumed, admission, chain) }));
  // By others' cuts only: whoever ended itself did so whatever else it said in the meantime.
  const allowed = new Set(chains.flatMap((each) => each.allowed));
  const endings = known.statements.filter((made) => allowed.has(made.entry) && endsItself(known, made, admission));
  const accepted = chains.flatMap(({ chain, allowed }) =>
    allowed.filter((entry) => endings.every((made) => allows(known, ownCutOn(made, chain), entry))),
  );
  return { accepted, endings: endings.filter(({ entry }) => !accepted.includes(entry)) };
}

/** A chain from its first entry up, through its forks, within the cuts of everybody else. */
function walk(known: Known, assumed: Counting, admission: Admission, chain: string): readonly Entry[] {
  const statements = countingStatements(known, assumed);
  const entries = [...known.entries.values()].filter(({ id }) => assumed.entries.has(id));
  const cuts = statements
    .filter((made) => revokes(known, made, admission))
    .map((made) => cutOn(known, statements, made, chain, admission));
  const path: Entry[] = [];
  for (;;) {
    // A first entry whose certificate names no admission is nobody's, and no rival of anybody's.
    const rivals = known.following(chain, path.at(-1) ?? null).filter((entry) => known.admissions.has(entry.admission));
    const next = rivals.length > 1 ? forkWinner(known, { entries, statements }, rivals) : rivals[0];
    if (next === null || next === undefined || next.admission !== admission.id) return path;
    if (!cuts.every((cut) => allows(known, cut, next))) return path;
    path.push(next);
  }
}
