import { ViewError } from "../errors.ts";
import type { Failure } from "../follow/failures.ts";
import type { IndexSource } from "../follow/feed-index.ts";
import { MadeIndex } from "../follow/made-index.ts";
import type { OpenIndexOptions } from "../indexer/opened-index.ts";
import type { SearchDeclaration } from "./declaration.ts";
import type { DocumentTerms } from "./document-terms.ts";
import { planSearch, type SearchPlan } from "./plan-declaration.ts";
import type { Moved, SearchIndex } from "./search-index.ts";
import { searchKind } from "./search-kind.ts";

/** A search that can be asked as long as it is open. */
export interface DeclaredSearch extends AsyncDisposable {
  readonly name: string;
  /** Documents that are left out, or found by a part of their texts, until they change; at most 1,000 are named. */
  readonly failures: readonly Failure[];
  /** Resolves once it holds what the database does. @throws ViewError CLOSED; the signal's reason; what the database throws */
  caughtUp(): Promise<void>;
}

/** The same as it is worked with. */
export interface OpenSearch {
  readonly plan: SearchPlan;
  readonly index: MadeIndex<DocumentTerms | null, Moved, SearchIndex>;
}

const declared = new WeakMap<object, ReadonlyMap<string, OpenSearch>>();

/**
 * Has the texts of a database's documents indexed for `search`, as it is or as it was: goes on from what is kept, or is made in the background,
 * and is then kept, sealed. To be closed before the database.
 * @throws ViewError SEARCH_INVALID | EXPRESSION_INVALID; CoreError CLOSED
 */
export async function declareSearch<T extends object>(
  database: IndexSource<T>,
  declaration: SearchDeclaration<T>,
  options: OpenIndexOptions = {},
): Promise<DeclaredSearch> {
  options.signal?.throwIfAborted();
  const plan = planSearch(declaration);
  const { name } = plan;
  if (searchOf(database, name) !== null)
    throw new ViewError("SEARCH_INVALID", "a search of this name is open on the database");
  const index = new MadeIndex(database, searchKind(plan), options);
  change(database, (own) => new Map([...own, [name, { plan, index }]]));
  const close = async (): Promise<void> => {
    change(database, (own) => new Map([...own].filter(([, one]) => one.index !== index)));
    await index.close();
  };
  try {
    await index.open();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    name,
    get failures() {
      return index.failures;
    },
    caughtUp: () => index.caughtUp(),
    [Symbol.asyncDispose]: close,
  };
}

/** The open one of this name; null when there is none. */
export function searchOf(database: object, name: string): OpenSearch | null {
  return declared.get(database)?.get(name) ?? null;
}

function change(database: object, to: (own: ReadonlyMap<string, OpenSearch>) => ReadonlyMap<string, OpenSearch>): void {
  declared.set(database, to(declared.get(database) ?? new Map()));
}
