// Holds the model, the twin and core against each other on one set of entries.
import { type Accepted, accept, reasonFor } from "../../../src/rules/accept.ts";
import { deliveredChanges } from "../../../src/rules/changes.ts";
import { endsItself } from "../../../src/rules/cuts.ts";
import type { Entry } from "../../../src/rules/facts.ts";
import { acceptInCore } from "./as-core.ts";
import { type Model, toModel } from "./as-model.ts";

/** What one implementation says, in one form. */
export interface Findings {
  readonly entries: readonly string[];
  readonly live: readonly string[];
  readonly ended: readonly string[];
  /** Per entry that does not count. */
  readonly reasons: readonly string[];
}

export function twinFindings(entries: readonly Entry[], accepted: Accepted = accept(entries)): Findings {
  return {
    entries: [...accepted.entries].sort(),
    live: [...accepted.live].sort(),
    ended: [...accepted.ended].map(([id, by]) => `${id} by ${by.join()}`).sort(),
    reasons: entries.flatMap((entry) => reasonFor(accepted, entry)?.replace(/^/, `${entry.id} `) ?? []).sort(),
  };
}

/** Core's names of the reasons. */
const reasonNames = {
  noAdmission: "no admission",
  admissionVoid: "admission void",
  cut: "cut",
  endedItself: "ended itself",
  fork: "fork",
  gap: "gap",
} as const;

export function coreFindings(entries: readonly Entry[]): Findings {
  const { accepted, place } = acceptInCore(entries);
  const reasonOf = (entry: Entry) => {
    const at = place(entry.id);
    return at === undefined
      ? "gap"
      : accepted.reason(at) === null
        ? null
        : reasonNames[accepted.reason(at)?.type ?? "gap"];
  };
  return {
    entries: entries
      .filter((entry) => reasonOf(entry) === null)
      .map(({ id }) => id)
      .sort(),
    live: accepted.admissions
      .map(({ id }) => id)
      .filter(accepted.isLive)
      .sort(),
    ended: [...accepted.ended].map(([id, by]) => `${id} by ${by.join()}`).sort(),
    reasons: entries.flatMap((entry) => reasonOf(entry)?.replace(/^/, `${entry.id} `) ?? []).sort(),
  };
}

/** What the model has: it gives no statement for the end of an admission, and no finer reason than whether an entry was cut. */
export interface ModelFindings extends Pick<Findings, "entries" | "live"> {
  readonly changes: readonly string[];
  readonly cut: readonly string[];
}

export function modelFindings({ accept: acceptInModel }: Model, { known }: Pick<Accepted, "known">): ModelFindings {
  const linked = [...known.entries.values()];
  const result = acceptInModel(linked.map(toModel));
  const ids = (found: Iterable<{ readonly id: string }>): string[] => [...found].map(({ id }) => id).sort();
  const cut = linked.filter(({ id }) => result.quarantined.get(id) === "cut").map(({ id }) => id);
  return {
    entries: ids(result.accepted),
    changes: ids(result.changes),
    live: [...result.live].sort(),
    cut: cut.sort(),
  };
}

/** What the twin says of what the model has. */
export function asModelHas(accepted: Accepted): ModelFindings {
  const { reasons, entries, live } = twinFindings([...accepted.known.entries.values()], accepted);
  const cut = reasons.filter((reason) => reason.endsWith(" cut")).map((reason) => reason.split(" ")[0] ?? "");
  return { entries, live, changes: [...deliveredChanges(accepted)].sort(), cut };
}

/**
 * Whether the model can be asked about this set. Three things in which it contradicts itself or DESIGN.md are settled in the rules
 * (docs/adr/0012): what else a statement says by which a device ends itself beyond its own end, which of two readmits of equal
 * length counts, and what a change says that is made by no admin about itself.
 */
export function isInModel({ endings, known }: Accepted): boolean {
  const cuts = known.statements.flatMap(({ statement }) => (statement.type === "readmit" ? [...statement.cuts] : []));
  const groups = Map.groupBy(cuts, ([chain, { seq }]) => `${chain} ${seq}`);
  const isTied = [...groups.values()].some((group) => new Set(group.map(([, { id }]) => id)).size > 1);
  const changesItself = known.statements.some((made) => {
    const author = known.author(made);
    if (author === undefined || author.role === "admin" || made.statement.type !== "change") return false;
    return endsItself(known, made, { ...author, role: "admin" });
  });
  return endings.size === 0 && !isTied && !changesItself;
}
