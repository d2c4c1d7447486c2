import { derivedRowsOf, unlessAborted } from "@selkie/core";
import type { Origin } from "../expression/scope.ts";
import type { IndexKind, Mapping } from "../follow/feed-index.ts";
import { rowNames } from "../kept/row-names.ts";
import { countTerms, type DocumentTerms } from "./document-terms.ts";
import { checkLength, textOf } from "./field-text.ts";
import type { SearchPlan } from "./plan-declaration.ts";
import { type Moved, SearchIndex } from "./search-index.ts";

/** The indexes of a declared search. */
export function searchKind(plan: SearchPlan): IndexKind<DocumentTerms | null, Moved, SearchIndex> {
  const { name, definition, fields } = plan;
  return {
    none: null,
    take: async (database) => derivedRowsOf(database, ...rowNames.search(name)),
    map: (data, origin, mapping) =>
      plan.extract === null ? termsOf(plan, ownTexts(plan, data, origin)) : extracted(plan, data, { origin, mapping }),
    create: (rows) => new SearchIndex({ fields: fields.length, definition, rows }),
    join: (_, after) => after,
  };
}

/** What a document itself says in each field. @throws ViewError EXPRESSION_TOO_COSTLY */
function ownTexts({ fields }: SearchPlan, data: object, origin: Origin): readonly (string | null)[] {
  return fields.map(({ value }) => textOf(value.compute(data, origin)));
}

/** @throws ViewError INDEX_ENTRY_INVALID */
function termsOf({ tokenizer }: SearchPlan, texts: readonly (string | null)[]): DocumentTerms {
  checkLength(texts);
  return countTerms(texts, tokenizer);
}

interface Extracting {
  readonly origin: Origin;
  readonly mapping: Mapping;
}

/** @throws the signal's reason, and as `termsOf` does */
async function extracted(plan: SearchPlan, data: object, { origin, mapping }: Extracting): Promise<DocumentTerms> {
  const own = ownTexts(plan, data, origin);
  const more = await moreTexts(plan, data, { origin, mapping });
  return termsOf(
    plan,
    plan.fields.map(({ name }, at) => {
      const texts = [own[at], Object.hasOwn(more, name) ? more[name] : null];
      const said = texts.filter((text) => typeof text === "string");
      return said.length === 0 ? null : said.join("\n");
    }),
  );
}

async function moreTexts(
  { extract }: SearchPlan,
  data: object,
  { origin, mapping }: Extracting,
): Promise<Readonly<Record<string, string>>> {
  const { signal, failed } = mapping;
  try {
    return (await unlessAborted(extract?.(data, { origin, signal }) ?? {}, signal)) ?? {};
  } catch (error) {
    signal.throwIfAborted();
    failed(error);
    return {};
  }
}
