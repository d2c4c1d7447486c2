// Holds the model, the twin and core against each other on one set of entries.
import { acceptedContent, collectHolders, deliverable, judgeKeys as judgeKeysInCore } from "@selkie/core";
import { type Accepted, accept, reasonFor } from "../../../src/rules/accept.ts";
import { deliveredChanges } from "../../../src/rules/changes.ts";
import { endsItself } from "../../../src/rules/cuts.ts";
import type { Entry } from "../../../src/rules/facts.ts";
import { commonKeys, judgeKeys } from "../../../src/rules/keys.ts";
import { acceptInCore, type CoreResult } from "./as-core.ts";
import { keyInModel, type Model, toModel } from "./as-model.ts";

/** What one implementation says, in one form. */
export interface Findings {
  readonly entries: readonly string[];
  readonly changes: readonly string[];
  readonly live: readonly string[];
  readonly ended: readonly string[];
  readonly heads: readonly (readonly [string, readonly string[]])[];
  /** Per device and key: entitled, can open all, can seal. */
  readonly rights: readonly string[];
  readonly safe: readonly string[];
  /** Per entry that does not count. */
  readonly reasons: readonly string[];
}

interface Asked {
  readonly devices: readonly string[];
  readonly keys: readonly string[];
}

interface KeyAnswers {
  isEntitled(device: string, key: string): boolean;
  canOpenAll(device: string, key: string): boolean;
  isSafe(key: string): boolean;
  canSeal(device: string, key: string): boolean;
}

/** About whom and about which keys is asked. */
function askedOf(entries: readonly Entry[], devices: Iterable<string>): Asked {
  const statements = entries.flatMap((entry) => entry.statements);
  const keys = statements.flatMap((statement) => ("key" in statement ? [statement.key] : []));
  return { devices: [...devices].sort(), keys: [...new Set([...commonKeys, ...keys])].sort() };
}

function answers(keys: KeyAnswers, asked: Asked): Pick<Findings, "rights" | "safe"> {
  const rights = asked.devices.flatMap((device) =>
    asked.keys.map((key) => {
      const flags = [keys.isEntitled(device, key), keys.canOpenAll(device, key), keys.canSeal(device, key)];
      return `${device} ${key} ${flags.map(Number).join("")}`;
    }),
  );
  return { rights, safe: asked.keys.filter((key) => keys.isSafe(key)) };
}

export function twinFindings(entries: readonly Entry[], accepted: Accepted = accept(entries)): Findings {
  const keys = judgeKeys(accepted);
  return {
    entries: [...accepted.entries].sort(),
    changes: [...deliveredChanges(accepted)].sort(),
    live: [...accepted.live].sort(),
    ended: [...accepted.ended].map(([id, by]) => `${id} by ${by.join()}`).sort(),
    heads: [...keys.heads].sort(),
    ...answers(keys, askedOf(entries, accepted.known.admissions.keys())),
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

export function coreFindings(entries: readonly Entry[], core: CoreResult = acceptInCore(entries)): Findings {
  const { accepted, place } = core;
  const keys = judgeKeysInCore(accepted, commonKeys);
  const holders = collectHolders(accepted);
  const reasonOf = (entry: Entry) => {
    const at = place(entry.id);
    return at === undefined ? "gap" : reasonNames[accepted.reason(at)?.type ?? "gap"];
  };
  const counts = ({ id }: Entry): boolean => {
    const at = place(id);
    return at !== undefined && accepted.reason(at) === null;
  };
  const mayWrite = (entry: Entry): boolean => {
    const author = accepted.admission(entry.admission);
    if (author === undefined || author.role === "reader" || !counts(entry)) return false;
    return entry.change?.key === undefined || holders.mayUse(author, entry.change.key);
  };
  const changes = entries.flatMap((entry) =>
    entry.change === undefined
      ? []
      : [{ id: entry.id, dependencies: entry.change.dependencies, isAllowed: mayWrite(entry) }],
  );
  return {
    entries: entries
      .filter(counts)
      .map(({ id }) => id)
      .sort(),
    changes: [...deliverable(changes)].sort(),
    live: accepted.admissions
      .map(({ id }) => id)
      .filter(accepted.isLive)
      .sort(),
    ended: [...accepted.ended].map(([id, by]) => `${id} by ${by.join()}`).sort(),
    heads: [...keys.heads].sort(),
    ...answers(
      keys,
      askedOf(
        entries,
        accepted.admissions.map(({ id }) => id),
      ),
    ),
    reasons: entries.flatMap((entry) => (counts(entry) ? [] : `${entry.id} ${reasonOf(entry)}`)).sort(),
  };
}

/** Core's content for caches: equal for equal findings. */
export function contentInCore(entries: readonly Entry[]): string {
  const { accepted } = acceptInCore(entries);
  return acceptedContent(accepted, judgeKeysInCore(accepted, commonKeys));
}

/** What the model has: it gives no statement for the end of an admission, and no finer reason than whether an entry was cut. */
export type ModelFindings = Omit<Findings, "ended" | "reasons"> & { readonly cut: readonly string[] };

export function modelFindings(
  { accept: acceptInModel }: Model,
  entries: readonly Entry[],
  { known }: Accepted,
): ModelFindings {
  const linked = [...known.entries.values()];
  const result = acceptInModel(linked.map(toModel));
  const ids = (found: Iterable<{ readonly id: string }>): string[] => [...found].map(({ id }) => id).sort();
  const asked = askedOf(entries, known.admissions.keys());
  const keys = {
    // The model answers undefined for a user without keys.
    isEntitled: (device: string, key: string) => result.entitled(device, keyInModel(key)) === true,
    canOpenAll: (device: string, key: string) => result.canOpenAll(device, keyInModel(key)),
    isSafe: (key: string) => result.safe(keyInModel(key)),
    canSeal: (device: string, key: string) => result.canSeal(device, keyInModel(key)) === true,
  };
  const accepted = ids(result.accepted);
  const cut = linked.filter(({ id }) => result.quarantined.get(id) === "cut").map(({ id }) => id);
  const heads = Object.entries(result.heads).map(([key, of]) => [key === "dir" ? "directory" : key, of] as const);
  return {
    entries: accepted,
    changes: ids(result.changes),
    live: [...result.live].sort(),
    heads: heads.sort(),
    ...answers(keys, asked),
    cut: cut.sort(),
  };
}

/** Findings as far as the model has them. */
export function asModelHas({ ended: _, reasons, ...rest }: Findings): ModelFindings {
  return {
    ...rest,
    cut: reasons.filter((reason) => reason.endsWith(" cut")).map((reason) => reason.split(" ")[0] ?? ""),
  };
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
    return endsItself(made, { ...author, role: "admin" });
  });
  return endings.size === 0 && !isTied && !changesItself;
}
