import { both, either, type IndexReader } from "../indexer/index-reader.ts";
import type { Value } from "../value/value.ts";
import type { Bound, Located } from "../view/merged-index.ts";
import { type Access, keyAt, oddOnes, startsAt, stretchOf } from "./access.ts";
import type { QueryPlan } from "./plan-query.ts";

/** Entries that are read at once. */
const BATCH = 64;

/** Documents that an index names. */
export interface Named {
  readonly isOrdered: boolean;
  readonly ids: AsyncIterable<string>;
}

/** What an index answers: a sequence for each of its stretches, and one of the odd documents. */
export function documentsIn(access: Access, { after, limit }: QueryPlan): readonly Named[] {
  const isOrdered = access.isReversed !== null; // else nothing is left out before it is looked at: what follows a row may stand anywhere
  const batch = limit === null ? BATCH : Math.min(BATCH, limit);
  const read = ([from, to]: readonly [Bound, Bound], start: readonly Value[] | null): AsyncIterable<string> => {
    const goesOn = isOrdered && after !== null && start !== null && startsAt(access, start, after);
    const last = goesOn
      ? { source: 0, entry: { path: [], sort: [keyAt(access, start, after)], id: after.id, values: [] } }
      : null;
    return access.isReversed === true && start !== null
      ? backwards(access, [from, to], { last, batch })
      : forwards(access, [from, to], { last, batch });
  };
  return [
    ...access.starts.map((start) => ({ isOrdered, ids: read(stretchOf(access, start), start) })),
    { isOrdered: false, ids: read(oddOnes, null) },
  ];
}

interface ReadFrom {
  /** The entry before the first; null for none. */
  readonly last: Located | null;
  readonly batch: number;
}

async function* forwards(
  { of }: Access,
  [from, to]: readonly [Bound, Bound],
  { last, batch }: ReadFrom,
): AsyncGenerator<string, void> {
  let before = last;
  for (;;) {
    const found: readonly Located[] = await of.index.readOn(({ index }: IndexReader) =>
      index.next(before === null ? from : either(from, index.after(before)), batch),
    );
    for (const { entry } of found) {
      if (!to(0)(entry)) return;
      yield entry.id;
    }
    before = found.at(-1) ?? null;
    if (before === null || found.length < batch) return;
  }
}

async function* backwards(
  { of }: Access,
  [from, to]: readonly [Bound, Bound],
  { last, batch }: ReadFrom,
): AsyncGenerator<string, void> {
  let after = last;
  for (;;) {
    const found: readonly Located[] = await of.index.readOn(({ index }: IndexReader) =>
      index.previous(after === null ? to : both(to, index.before(after)), batch),
    );
    for (const { entry } of found.toReversed()) {
      if (from(0)(entry)) return;
      yield entry.id;
    }
    after = found[0] ?? null;
    if (after === null || found.length < batch) return;
  }
}
