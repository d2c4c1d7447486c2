import { ViewError } from "../errors.ts";
import type { Failure } from "../follow/failures.ts";
import type { IndexSource } from "../follow/feed-index.ts";
import { OpenIndex } from "../indexer/open-index.ts";
import type { OpenIndexOptions } from "../indexer/opened-index.ts";
import type { SortKey } from "./query.ts";
import { type SecondaryIndex, secondaryPlan } from "./secondary-index.ts";
import { planSorts } from "./sort-key.ts";

/** An index that queries of one database use. */
export interface IndexDeclaration {
  readonly name: string;
  /** What documents are found and ordered by: queries look for the first of these, among equal ones for the second, and so on. */
  readonly on: SortKey | readonly SortKey[];
}

/** Indexes that queries use as long as they are open. */
export interface DeclaredIndexes extends AsyncDisposable {
  /** What went wrong with them; queries go on without. */
  readonly failures: readonly Failure[];
  /** Resolves once they hold what the database does: queries use them from then on. @throws ViewError CLOSED; the signal's reason; what the database throws */
  caughtUp(): Promise<void>;
}

const declared = new WeakMap<object, ReadonlySet<SecondaryIndex>>();

/**
 * Has a database's documents indexed for `query`, `liveQuery` and `aggregate`: each index goes on from what is kept of it, or is made in the
 * background, and is then kept, sealed. To be closed before the database.
 * @throws ViewError INDEXER_INVALID | QUERY_INVALID | EXPRESSION_INVALID; CoreError CLOSED
 */
export async function declareIndexes<T extends object>(
  database: IndexSource<T>,
  declarations: readonly IndexDeclaration[],
  options: OpenIndexOptions = {},
): Promise<DeclaredIndexes> {
  if (new Set(declarations.map(({ name }) => name)).size < declarations.length)
    throw new ViewError("INDEXER_INVALID", "two indexes have one name");
  const indexes = declarations.map(({ name, on }): SecondaryIndex => {
    const parts = planSorts(on);
    if (parts.length === 0 || name === "") throw new ViewError("INDEXER_INVALID", "an index has a name, and parts");
    return {
      name,
      parts,
      isOfQuery: false,
      index: new OpenIndex([database], secondaryPlan({ name, parts, where: [] }), options),
    };
  });
  const close = async (): Promise<void> => {
    change(database, (own) => new Set([...own].filter((one) => !indexes.includes(one))));
    await Promise.all(indexes.map(({ index }) => index[Symbol.asyncDispose]()));
  };
  try {
    for (const { index } of indexes) await index.open();
  } catch (error) {
    await close();
    throw error;
  }
  change(database, (own) => new Set([...own, ...indexes]));
  return {
    get failures() {
      return indexes.flatMap(({ index }) => index.failures);
    },
    caughtUp: async () => {
      await Promise.all(indexes.map(({ index }) => index.caughtUp()));
    },
    [Symbol.asyncDispose]: close,
  };
}

/** Those that are open. */
export function indexesOf(database: object): Iterable<SecondaryIndex> {
  return declared.get(database) ?? [];
}

function change(database: object, to: (own: ReadonlySet<SecondaryIndex>) => ReadonlySet<SecondaryIndex>): void {
  declared.set(database, to(declared.get(database) ?? new Set()));
}
