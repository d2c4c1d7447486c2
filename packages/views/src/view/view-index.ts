import { derivedRowsOf } from "@selkie/core";
import type { IndexKind } from "../follow/feed-index.ts";
import { rowNames } from "../kept/row-names.ts";
import type { MappedEntry } from "./entry.ts";
import { mappedOf, type ViewPlan } from "./map-document.ts";
import { joinMoved, type Moved } from "./moved.ts";
import { SourceIndex } from "./source-index.ts";

/** The indexes of a view. @param definition as `definitionText` gives it */
export function viewIndex(
  name: string,
  plan: ViewPlan,
  definition: string | null,
): IndexKind<readonly MappedEntry[], Moved, SourceIndex> {
  return {
    none: [],
    take: async (database) => (definition === null ? null : derivedRowsOf(database, ...rowNames.view(name))),
    map: (data, origin) => mappedOf(plan, data, origin),
    create: (rows) =>
      new SourceIndex({
        ...{ columns: plan.columns, definition: definition ?? "", rows },
        hasResponses: plan.responseTo !== null,
      }),
    join: joinMoved,
  };
}
