import { ViewError } from "../errors.ts";
import type { Expression } from "../expression/expression.ts";
import type { Origin } from "../expression/scope.ts";
import { compareValues } from "../value/order.ts";
import { isPlainObject } from "../value/plain-object.ts";
import { sameText } from "../value/same-text.ts";
import { plainValue, type Value } from "../value/value.ts";
import { costOf } from "../value/value-cost.ts";
import { type PlannedValue, planExpression } from "../view/column.ts";
import { joinTotals, NO_TOTAL, shownTotal, TOTAL_KINDS, type Total, type TotalKind, totalOf } from "../view/total.ts";
import { withIndexes } from "./candidates.ts";
import { type Named, planNamed } from "./plan-named.ts";
import { objectIn, planSelection, type QueryPlan, valueOrNull } from "./plan-query.ts";
import type { QuerySource, Selection } from "./query.ts";

/** What documents come to: `{ sum: "amount" }` for example. `distinct` counts the values that differ; what is null never counts. */
export type Aggregate = { readonly [K in TotalKind]: Readonly<Record<K, string | Expression>> }[TotalKind];

export interface Aggregation extends Selection {
  /** Documents are put together that have the same: names of fields, or expressions by name. All of them when nothing is said. */
  readonly group?: Named;
  /** By name. */
  readonly totals?: Readonly<Record<string, Aggregate>>;
}

/** Documents that have the same. */
export interface Group {
  readonly group: Readonly<Record<string, Value>>;
  readonly documents: number;
  readonly totals: Readonly<Record<string, Value>>;
}

/** Groups that are kept in memory. */
const MOST_GROUPS = 10_000;

/** Values that are kept in memory, to tell which differ: in steps of a value or 32 characters. */
const MOST_DISTINCT = 1_000_000;

interface PlannedTotal {
  readonly name: string;
  readonly kind: TotalKind;
  readonly value: PlannedValue;
}

interface Summed {
  readonly group: readonly Value[];
  documents: number;
  readonly totals: Total[];
  readonly distinct: readonly Set<string>[];
}

/**
 * Groups documents, and sums up what they hold; groups come in the order of their values.
 * @throws ViewError QUERY_INVALID | EXPRESSION_INVALID | QUERY_TOO_COSTLY for more than 10,000 groups; what the databases throw; the signal's reason
 */
export async function aggregate<T extends object>(
  sources: QuerySource<T> | readonly QuerySource<T>[],
  aggregation: Aggregation,
): Promise<readonly Group[]> {
  const { group = [], totals = {}, ...selection } = objectIn(aggregation, "an aggregation");
  const by = planNamed(group);
  const planned = Object.entries(objectIn(totals, "what is summed up")).map(planTotal);
  const plan: QueryPlan = {
    ...planSelection(sources, selection),
    ...{ sorts: [], mark: 0, isOrderJoined: false, limit: null, after: null, select: null },
  };
  return withIndexes(plan, async (candidates) => {
    const summing = new Summing(
      by.map(([, value]) => value),
      planned,
    );
    for (const found of await candidates.find(false))
      for await (const { data, origin } of found.candidates) summing.add(data, origin);
    return summing.groups(by.map(([name]) => name));
  });
}

class Summing {
  readonly #by: readonly PlannedValue[];
  readonly #totals: readonly PlannedTotal[];
  readonly #groups = new Map<string, Summed>();
  #room = MOST_DISTINCT;

  constructor(by: readonly PlannedValue[], totals: readonly PlannedTotal[]) {
    this.#by = by;
    this.#totals = totals;
  }

  add(data: object, origin: Origin): void {
    const values = this.#by.map((value) => plainValue(valueOrNull(value, data, origin)));
    const summed = this.#groupOf(values);
    summed.documents++;
    for (const [at, { kind, value }] of this.#totals.entries()) {
      const own = plainValue(valueOrNull(value, data, origin));
      if (own === null) continue;
      if (kind === "distinct") this.#note(summed.distinct[at] ?? new Set(), own);
      else summed.totals[at] = joinTotals(kind, [summed.totals[at] ?? NO_TOTAL, totalOf(kind, [{ values: [own] }], 0)]);
    }
  }

  groups(names: readonly string[]): readonly Group[] {
    const all = [...this.#groups.values()].sort((a, b) => compareValues(a.group, b.group));
    return all.map(({ group, documents, totals, distinct }) => ({
      documents,
      group: Object.fromEntries(names.map((name, at) => [name, group[at] ?? null])),
      totals: Object.fromEntries(
        this.#totals.map(({ name, kind }, at) => [
          name,
          kind === "distinct" ? (distinct[at]?.size ?? 0) : shownTotal(kind, totals[at] ?? NO_TOTAL),
        ]),
      ),
    }));
  }

  #groupOf(group: readonly Value[]): Summed {
    const text = sameText(group);
    const known = this.#groups.get(text);
    if (known !== undefined) return known;
    if (this.#groups.size >= MOST_GROUPS) throw tooCostly(`at most ${MOST_GROUPS} groups`);
    this.#take(group);
    const summed: Summed = {
      ...{ group, documents: 0 },
      totals: this.#totals.map(() => NO_TOTAL),
      distinct: this.#totals.map(() => new Set<string>()),
    };
    this.#groups.set(text, summed);
    return summed;
  }

  #note(known: Set<string>, value: Value): void {
    const text = sameText(value);
    if (known.has(text)) return;
    this.#take(value);
    known.add(text);
  }

  #take(value: Value): void {
    this.#room -= 1 + costOf(value);
    if (this.#room < 0) throw tooCostly("what differs fits into memory");
  }
}

function planTotal([name, said]: readonly [string, Aggregate]): PlannedTotal {
  const [[kind, value] = [], second] = isPlainObject(said) ? Object.entries(said) : [];
  const known = TOTAL_KINDS.find((one) => one === kind);
  if (known === undefined || value === undefined || second !== undefined)
    throw new ViewError("QUERY_INVALID", `a total says one of ${TOTAL_KINDS.join(", ")} of an expression`);
  return { name, kind: known, value: planExpression(value) };
}

const tooCostly = (what: string): ViewError => new ViewError("QUERY_TOO_COSTLY", `of a query ${what}`);
