import { keyIn } from "../indexer/index-plan.ts";
import type { IndexReader } from "../indexer/index-reader.ts";
import type { IndexKey } from "../indexer/key-order.ts";
import type { Value } from "../value/value.ts";
import type { Bound } from "../view/merged-index.ts";
import { type Beside, besideAll, type Match, matchOf } from "./match-conjuncts.ts";
import type { Conjunct } from "./plan-query.ts";
import type { SecondaryIndex } from "./secondary-index.ts";
import type { PlannedSort } from "./sort-key.ts";
import type { Standing } from "./standing.ts";

/** What is asked of an index. */
export interface Asked {
  readonly where: readonly Conjunct[];
  readonly sorts: readonly PlannedSort[];
  /** Whether the order has to be that of `sorts`, and can be told of documents alone. */
  readonly needsOrder: boolean;
}

/** How an index answers. */
export interface Access {
  readonly of: SecondaryIndex;
  /** The first parts of the keys that are read: one stretch of the index for each of these. */
  readonly starts: readonly (readonly Value[])[];
  /** What the next part has to be. */
  readonly beside: Beside | null;
  /** What holds of all documents that are found. */
  readonly answered: ReadonlySet<Conjunct>;
  /** Null when documents come in another order than the one that is asked for; else whether the index is read backwards. */
  readonly isReversed: boolean | null;
  /** For each part after the first ones, which of the asked order it is. */
  readonly sortOf: readonly number[];
  /** The same for those of the first ones that it is ordered by. */
  readonly fixed: readonly (readonly [sort: number, part: number])[];
}

/** Stretches that an index is read in. */
const MOST_STARTS = 100;

/** How an index would answer; null when it is of no use. */
export function accessOf(of: SecondaryIndex, { where, sorts, needsOrder }: Asked): Access | null {
  const matches = where.map(matchOf).filter((match) => match !== null);
  const answered = new Set<Conjunct>();
  let starts: (readonly Value[])[] = [[]];
  let beside: Beside | null = null;
  for (const part of of.parts) {
    const own = matches.filter((match) => match.text === part.text && !(match.isOfTexts && part.language !== null));
    const equal = own.find(({ values }) => values !== null && starts.length * values.length <= MOST_STARTS);
    if (equal?.values) {
      const { values } = equal;
      starts = starts.flatMap((start) => values.map((value) => [...start, value]));
      answered.add(equal.conjunct);
      continue;
    }
    const ranges = own.filter(({ values }) => values === null);
    if (ranges.length > 0) beside = inOrderOf(part, ranges);
    for (const { conjunct } of ranges) answered.add(conjunct);
    break;
  }
  const equal = starts[0]?.length ?? 0;
  const order = needsOrder ? orderAfter(of.parts, equal, sorts) : null;
  if (!of.isOfQuery && equal === 0 && beside === null && order === null) return null;
  return { of, starts, beside, answered, ...(order ?? { isReversed: null, sortOf: [], fixed: [] }) };
}

/** Where one stretch begins, and where it ends. */
export function stretchOf({ of, beside }: Access, start: readonly Value[]): readonly [from: Bound, to: Bound] {
  const place = (key: IndexKey): number => {
    if (key[0] !== false) return 1;
    for (const [at, value] of start.entries()) {
      const order = of.parts[at]?.compare(key[at + 1], value) ?? 0;
      if (order !== 0) return order;
    }
    return beside?.(key[start.length + 1]) ?? 0;
  };
  return [() => (entry) => place(keyIn(entry)) < 0, () => (entry) => place(keyIn(entry)) <= 0];
}

/** The odd documents, which follow all others. */
export const oddOnes: readonly [from: Bound, to: Bound] = [
  () => (entry) => keyIn(entry)[0] === false,
  () => () => true,
];

/** Whether a row of the asked order stands, or stood, in a stretch. */
export function startsAt({ of, fixed }: Access, start: readonly Value[], { order }: Standing): boolean {
  return fixed.every(([sort, part]) => of.parts[part]?.compare(order[sort], start[part]) === 0);
}

/** Where it stands there. */
export function keyAt({ sortOf }: Access, start: readonly Value[], { order }: Standing): IndexKey {
  return [false, ...start, ...sortOf.map((sort) => order[sort] ?? null)];
}

/** How many entries are read when all are. */
export async function sizeOf(access: Access, { index }: IndexReader): Promise<number> {
  let size = (await index.stretch(...oddOnes)).entries;
  for (const start of access.starts) size += (await index.stretch(...stretchOf(access, start))).entries;
  return size;
}

function inOrderOf({ falls }: PlannedSort, ranges: readonly Match[]): Beside {
  const rising = besideAll(ranges.map(({ beside }) => beside));
  return falls ? (value) => -rising(value) : rising;
}

/** Null where documents that begin alike are in another order. */
function orderAfter(
  parts: readonly PlannedSort[],
  equal: number,
  sorts: readonly PlannedSort[],
): Pick<Access, "isReversed" | "sortOf" | "fixed"> | null {
  const fixed: (readonly [sort: number, part: number])[] = [];
  const sortOf: number[] = [];
  for (const [at, { text }] of sorts.entries()) {
    const part = parts.slice(0, equal).findIndex((one) => one.text === text);
    if (part === -1) sortOf.push(at);
    else fixed.push([at, part]);
  }
  const rest = parts.slice(equal);
  if (sortOf.length !== rest.length) return null;
  const isReversed = (parts.at(-1)?.falls === true) !== (sorts.at(-1)?.falls === true);
  const fits = rest.every((part, at) => {
    const sort = sorts[sortOf[at] ?? -1];
    return sort?.text === part.text && sort.language === part.language && (sort.falls !== part.falls) === isReversed;
  });
  return fits ? { isReversed, sortOf, fixed } : null;
}
