import { ViewError } from "../errors.ts";
import { isTrue } from "../expression/logic-functions.ts";
import type { Origin } from "../expression/scope.ts";
import { MOST_KEY_STEPS } from "../indexer/define-indexer.ts";
import { encodeDefinition, type IndexPlan, type IndexShape } from "../indexer/index-plan.ts";
import type { OpenIndex } from "../indexer/open-index.ts";
import { compareValues } from "../value/order.ts";
import { sortValue } from "../value/sort-value.ts";
import type { Value } from "../value/value.ts";
import { costOf } from "../value/value-cost.ts";
import { type Entry, NO_CATEGORY } from "../view/entry.ts";
import { type Conjunct, valueOrNull } from "./plan-query.ts";
import type { PlannedSort } from "./sort-key.ts";

/** An index that a query may use. Its keys begin with whether the document is an odd one; then come the parts. */
export interface SecondaryIndex {
  readonly name: string;
  readonly parts: readonly PlannedSort[];
  readonly index: OpenIndex;
  /** Whether it holds the documents of one query alone. */
  readonly isOfQuery: boolean;
}

export interface SecondaryOptions {
  /** Null for one that is not kept. */
  readonly name: string | null;
  readonly parts: readonly PlannedSort[];
  /** Documents of which one of these is not true are left out. */
  readonly where: readonly Conjunct[];
}

/** The key of documents whose parts are too large for an index: whoever asks it looks at each of these. */
const ODD = [true] as const;
const NO_VALUES: readonly Value[] = [];

/** Every document has an entry, so that an index answers what a look at all documents does. */
export function secondaryPlan({ name, parts, where }: SecondaryOptions): IndexPlan {
  const shape: IndexShape = {
    version: 1,
    order: [
      {},
      ...parts.map(({ falls, language }) => ({
        ...(falls ? { sort: "desc" as const } : {}),
        ...(language === null ? {} : { language }),
      })),
    ],
    totals: [],
    idsFall: parts.at(-1)?.falls === true,
  };
  return {
    name: name ?? "of a live query",
    isKept: name !== null,
    shape,
    definition: encodeDefinition(shape, JSON.stringify(parts.map(({ text }) => text))),
    map: (data, origin): readonly Entry[] => {
      if (!where.every((conjunct) => holds(conjunct, data, origin))) return [];
      const key: Value[] = [false];
      let isWhole = true;
      for (const part of parts) {
        const value = valueOrNull(part.value, data, origin);
        const sorted = sortValue(value);
        isWhole &&= compareValues(value, sorted) === 0;
        key.push(sorted);
      }
      isWhole &&= costOf(key) <= MOST_KEY_STEPS;
      return [{ path: NO_CATEGORY, sort: [isWhole ? key : ODD], id: origin.id, values: NO_VALUES }];
    },
  };
}

/** What takes too many steps is not true. */
function holds({ compute }: Conjunct, data: object, origin: Origin): boolean {
  try {
    return isTrue(compute(data, origin));
  } catch (error) {
    if (error instanceof ViewError) return false;
    throw error;
  }
}
