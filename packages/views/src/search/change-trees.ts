import type { Changed } from "../follow/feed-index.ts";
import type { TreeChange } from "../tree/tree.ts";
import { byCodeUnits } from "../value/order.ts";
import type { DocumentTerms, FieldTerms } from "./document-terms.ts";
import { areSameLengths, type FieldLengths, lengthsOf } from "./field-lengths.ts";
import { areSameFields, type KeptDocument, keepFields, termsIn } from "./kept-documents.ts";
import { comparePostings, type Posting } from "./postings.ts";
import type { SearchTrees } from "./search-trees.ts";

/** A document that is changed in an index. */
interface ChangedDocument {
  readonly id: string;
  readonly number: number;
  /** What stands of it there; null for nothing. */
  readonly before: KeptDocument["fields"] | null;
  /** What is to, as terms and as it is kept. */
  readonly now: DocumentTerms | null;
  readonly kept: KeptDocument["fields"] | null;
}

/** A posting that is to come, or to go. */
interface PostingEdit {
  readonly posting: Posting;
  readonly isGone: boolean;
}

/**
 * Takes documents into an index, and what stands of them there out of it, as far as it is not the same: all of them by one walk of each tree.
 * @param documents each once; null for one that is not found any more @param next the first number that no document has
 * @returns that afterwards
 */
export async function changeTrees(
  trees: SearchTrees,
  documents: readonly Changed<DocumentTerms | null>[],
  next: number,
): Promise<number> {
  const [changed, end] = await keep(trees, documents, next);
  const isKnown = ({ before }: ChangedDocument): boolean => before !== null;
  await trees.lengths.tree.changeAll(changed.map(lengthsChange));
  await trees.numbers.tree.changeAll(
    changed
      .filter((one) => isKnown(one) !== (one.now !== null))
      .map(({ number, id, now }) => ({ entry: { number, id }, change: () => (now === null ? null : { number, id }) })),
  );
  const edits = changed.flatMap(editsOf).sort((a, b) => comparePostings(a.posting, b.posting));
  await trees.postings.tree.changeAll(
    edits.map(({ posting, isGone }) => ({ entry: posting, change: () => (isGone ? null : posting) })),
  );
  await changeVocabulary(trees, edits);
  return end;
}

/** Keeps what documents say now. @returns those that are or were in the index, by number */
async function keep(
  { documents: { tree } }: SearchTrees,
  documents: readonly Changed<DocumentTerms | null>[],
  first: number,
): Promise<readonly [changed: readonly ChangedDocument[], next: number]> {
  let next = first;
  const changed: ChangedDocument[] = [];
  const changes = documents
    .toSorted(([a], [b]) => byCodeUnits(a, b))
    .map(([id, now]): TreeChange<KeptDocument> => {
      const change = (found: KeptDocument | null): KeptDocument | null => {
        if (found === null && now === null) return null;
        const number = found?.number ?? next++;
        const kept = now && keepFields(now);
        changed.push({ id, number, before: found?.fields ?? null, now, kept });
        if (kept === null) return null;
        return found !== null && areSameFields(found.fields, kept) ? found : { id, number, fields: kept };
      };
      return { entry: { id, number: 0, fields: [] }, change };
    });
  await tree.changeAll(changes);
  return [changed.sort((a, b) => a.number - b.number), next];
}

function lengthsChange({ number, now }: ChangedDocument): TreeChange<FieldLengths> {
  const lengths = lengthsOf(now ?? []);
  const change = (found: FieldLengths | null): FieldLengths | null => {
    if (now === null) return null;
    return found !== null && areSameLengths(found.lengths, lengths) ? found : { number, lengths };
  };
  return { entry: { number, lengths }, change };
}

/** What differs between the postings of a document and those that it is to have. */
function editsOf({ number, before, now, kept }: ChangedDocument): readonly PostingEdit[] {
  const edits: PostingEdit[] = [];
  for (let field = 0; field < Math.max(before?.length ?? 0, now?.length ?? 0); field++) {
    const [old = null, fresh = null] = [before?.[field], kept?.[field]];
    if (areSameFields([old], [fresh])) continue;
    const [gone, come] = [countsIn(termsIn([old])[0]), countsIn(now?.[field])];
    for (const [term, count] of come)
      if (gone.get(term) !== count) edits.push({ posting: { term, field, number, count }, isGone: false });
    for (const [term, count] of gone)
      if (!come.has(term)) edits.push({ posting: { term, field, number, count }, isGone: true });
  }
  return edits;
}

/** Adds terms that stand in some document now, and removes those that stand in none any more. @param edits in order, made already */
async function changeVocabulary({ postings, vocabulary }: SearchTrees, edits: readonly PostingEdit[]): Promise<void> {
  const changes: TreeChange<string>[] = [];
  for (const [term, own] of Map.groupBy(edits, ({ posting }) => posting.term)) {
    const hasCome = own.some(({ isGone }) => !isGone);
    const isThere = hasCome || (await postings.tree.firstFrom((other) => other.term < term))?.term === term;
    changes.push({ entry: term, change: (found) => (isThere ? (found ?? term) : null) });
  }
  await vocabulary.tree.changeAll(changes);
}

function countsIn(field: FieldTerms | null | undefined): ReadonlyMap<string, number> {
  return new Map(field?.terms.map((term, at) => [term, field.counts[at] ?? 0]));
}
