// Which entries count: "one pure function, the only fixpoint of one operator, the same in any arrival order and batching".
import { SimError } from "../sim-error.ts";
import type { Admission, Made } from "./admission.ts";
import { allows, cutOn, endsItself, ownCutOn, revokes } from "./cuts.ts";
import { byDemoted } from "./demotions.ts";
import { chainOf, type Entry } from "./facts.ts";
import { Known, type Voices } from "./known.ts";
import { type Counting, countingStatements, isAdmitted, step } from "./step.ts";

/** Why an entry does not count. */
export type Reason = "no admission" | "admission void" | "cut" | "ended itself" | "fork" | "gap";

/** What counts of a set of entries, and who still has rights. */
export interface Accepted extends Counting {
  readonly known: Known;
  /** With what is refused of those who were demoted: bytes that were sent stay sent, to whom they let in too. */
  readonly everKnown: Known;
  readonly rounds: number;
  /** The statements that count. */
  readonly statements: readonly Made[];
  /** Admissions with rights. */
  readonly live: ReadonlySet<string>;
  /** Admissions without, those never in force included, by the statements that ended them. */
  readonly ended: ReadonlyMap<string, readonly string[]>;
}

const nothing: Counting = { entries: new Set(), endings: new Set() };

/** The set assumed when a start from everything is asked for: the way there must not matter. */
function everything(known: Known): Counting {
  const endings = new Set(known.statements.map(({ statement }) => statement.id));
  return { entries: new Set(known.entries.keys()), endings };
}

/** What is judged, and from where. */
interface AcceptOptions {
  readonly start?: "nothing" | "everything";
  readonly voices?: Voices;
}

/**
 * Judges a set of entries. Whom those let in who were demoted is refused before the rules are asked, and who was demoted is for these to say
 * (docs/adr/0020).
 * @throws SimError UNSTABLE when no fixpoint is reached: the rules would contradict themselves.
 */
export function accept(entries: Iterable<Entry>, { start = "nothing", voices }: AcceptOptions = {}): Accepted {
  const all = [...entries];
  const everKnown = new Known(all, voices);
  const accepted = settle(everKnown, start);
  const refused = byDemoted(accepted);
  const settled = refused.size === 0 ? accepted : settle(new Known(all, voices, refused), start);
  return { ...settled, everKnown };
}

function settle(known: Known, start: "nothing" | "everything"): Omit<Accepted, "everKnown"> {
  // Each round settles at least one more rank of those who may take rights from each other, and there are no more ranks than admissions.
  const limit = known.admissions.size + 2;
  let counting = start === "nothing" ? nothing : everything(known);
  for (let rounds = 0; rounds <= limit; rounds += 1) {
    const next = step(known, counting);
    if (same(counting.entries, next.entries) && same(counting.endings, next.endings)) {
      return {
        ...counting,
        known,
        rounds,
        statements: countingStatements(known, counting),
        ...rights(known, counting),
      };
    }
    counting = next;
  }
  throw new SimError("UNSTABLE", `the rules reach no fixpoint in ${limit} rounds`);
}

const same = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((id) => b.has(id));

/** Who is in: its admitting statement counts and no revocation covers it. "Readmit restores entries, not rights." */
function rights(known: Known, counting: Counting): Pick<Accepted, "live" | "ended"> {
  const live = new Set<string>();
  const ended = new Map<string, readonly string[]>();
  for (const admission of known.admissions.values()) {
    const by = [
      ...countingStatements(known, counting).filter((made) => revokes(known, made, admission)),
      ...ownEndings(known, counting, admission),
    ];
    if (by.length === 0 && isAdmitted(admission, counting)) live.add(admission.id);
    else ended.set(admission.id, by.map(({ statement }) => statement.id).sort());
  }
  return { live, ended };
}

function ownEndings(known: Known, { entries, endings }: Counting, admission: Admission): readonly Made[] {
  return known.statements.filter(
    (made) => endsItself(known, made, admission) && (entries.has(made.entry.id) || endings.has(made.statement.id)),
  );
}

/** Why an entry does not count, or null when it does. */
export function reasonFor(accepted: Accepted, entry: Entry): Reason | null {
  const { known, entries, statements } = accepted;
  if (entries.has(entry.id)) return null;
  if (!known.entries.has(entry.id)) return "gap";
  const admission = known.admissions.get(entry.admission);
  if (admission === undefined) return "no admission";
  if (!isAdmitted(admission, accepted)) return "admission void";
  const chain = chainOf(entry);
  const isCut = statements.some(
    (made) =>
      revokes(known, made, admission) && !allows(known, cutOn(known, statements, made, chain, admission), entry),
  );
  if (isCut) return "cut";
  const isEnded = ownEndings(known, accepted, admission).some((made) => !allows(known, ownCutOn(made, chain), entry));
  return isEnded ? "ended itself" : "fork";
}
