import { derivedRowsOf } from "@selkie/core";
import type { IndexKind } from "../follow/feed-index.ts";
import type { Entry } from "./entry.ts";
import { entriesOf, type ViewPlan } from "./map-document.ts";
import { type Moved, SourceIndex } from "./source-index.ts";

/** The indexes of a view. @param definition as `definitionText` gives it */
export function viewIndex(
  name: string,
  plan: ViewPlan,
  definition: string | null,
): IndexKind<readonly Entry[], Moved, SourceIndex> {
  return {
    none: [],
    take: async (database) => (definition === null ? null : derivedRowsOf(database, `view ${name}`)),
    map: (data, origin) => entriesOf(plan, data, origin),
    create: (rows) => new SourceIndex({ columns: plan.columns, definition: definition ?? "", rows }),
    join: ({ gone }, { come }) => ({ gone, come }),
  };
}
