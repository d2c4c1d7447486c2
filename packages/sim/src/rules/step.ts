// One step: "given that these count, which count?" What counts is the one set that this step leaves as it is.

import type { Admission, Made } from "./admission.ts";
import { allows, cutOn, endsItself, ownCutOn, revokes } from "./cuts.ts";
import { type Cut, chainOf, type Entry } from "./facts.ts";
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
  const chains = known.chainsOf(admission).map((chain) => ({ chain, ...walk(known, assumed, admission, chain) }));
  // By others' cuts only: whoever ended itself did so whatever else it said in the meantime.
  const allowed = new Set(chains.flatMap((each) => each.allowed));
  const endings = known.statements.filter((made) => allowed.has(made.entry) && endsItself(known, made, admission));
  const accepted = chains.flatMap(({ chain, cuts, allowed }) => {
    const own = endings.map((made) => ownCutOn(made, chain));
    const left = allowed.filter((entry) => own.every((cut) => allows(known, cut, entry)));
    return asHeld(known, { chain, cuts: [...cuts, ...own], allowed: left });
  });
  return { accepted, endings: endings.filter(({ entry }) => !accepted.includes(entry)) };
}

/** What counts of a chain within cuts. */
interface Walked {
  readonly cuts: readonly Cut[];
  readonly allowed: readonly Entry[];
}

/** A chain from its first entry up, through its forks, within the cuts of everybody else. */
function walk(known: Known, assumed: Counting, admission: Admission, chain: string): Walked {
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
    const isAllowed = next?.admission === admission.id && cuts.every((cut) => allows(known, cut, next));
    if (next === null || next === undefined || !isAllowed)
      return { cuts, allowed: asHeld(known, { chain, cuts, allowed: path }) };
    path.push(next);
  }
}

/**
 * As built a store holds one branch of a chain, and knows of the first place where it forks: where cuts name entries on several branches behind
 * that, it can't tell how far these go together, and the chain ends there (docs/adr/0019).
 */
function asHeld(known: Known, { chain, cuts, allowed }: Walked & { readonly chain: string }): readonly Entry[] {
  if (known.voices === "anywhere") return allowed;
  const first = Math.min(...known.forksOf(chain));
  const named = cuts
    .flatMap(({ seq, id }) => (seq < first ? [] : (known.entries.get(id) ?? [])))
    .filter((entry) => chainOf(entry) === chain);
  const areOnOneBranch = named.every((one) =>
    named.every((other) => known.isOnTheWay(one, other) || known.isOnTheWay(other, one)),
  );
  return areOnOneBranch ? allowed : allowed.filter(({ seq }) => seq < first);
}
