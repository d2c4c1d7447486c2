// The entries of the twin as core gets them.
import {
  type Accepted,
  accept,
  type ClaimFacts,
  type CollectedChains,
  collectChains,
  type PlacedFacts,
  type StatementFacts,
} from "@selkie/core/internal";
import { chainOf, directory, type Entry, type Statement } from "../../../src/rules/facts.ts";

/** What core says of a set of entries, and where it puts them. */
export interface CoreResult extends CollectedChains {
  readonly accepted: Accepted;
}

export function acceptInCore(entries: readonly Entry[]): CoreResult {
  const collected = collectChains(
    entries.map((entry) => ({
      ...entry,
      chain: chainOf(entry),
      admission: entry.prev === null ? entry.admission : null,
    })),
  );
  const forked = new Set(collected.chains.filter(({ branches }) => branches.length > 1).map(({ name }) => name));
  const statements = entries.flatMap((entry): PlacedFacts[] => {
    const at = entry.database === directory ? collected.place(entry.id) : undefined;
    return at === undefined
      ? []
      : entry.statements.filter(isOfMembership).map((statement) => ({ id: statement.id, at, statement }));
  });
  const claims = entries.flatMap((entry): ClaimFacts[] => {
    const at = collected.place(entry.id);
    const about = [...entry.vector].filter(([chain]) => forked.has(chain));
    return at === undefined ? [] : about.map(([chain, head]) => ({ at, chain, head }));
  });
  return { ...collected, accepted: accept(collected.chains, { statements, claims, place: collected.place }) };
}

const ofKeys: readonly string[] = ["createKey", "rotate", "permit", "share"];

const isOfMembership = (statement: Statement): statement is Statement & StatementFacts =>
  !ofKeys.includes(statement.type);
