import type { DerivedRows } from "@selkie/core";
import { isDamaged } from "../damaged-index.ts";
import type { FeedIndex, Filling } from "../follow/feed-index.ts";
import { KeptTrees } from "../tree/kept-trees.ts";
import { numberIn } from "../value/read-json.ts";
import type { DocumentTerms, FieldTerms } from "./document-terms.ts";
import { lengthsOf } from "./field-lengths.ts";
import { TreeFilling } from "./fill-trees.ts";
import { keepFields, termsIn } from "./kept-documents.ts";
import { SearchTrees } from "./search-trees.ts";

/** A document that was taken in, or out. */
export interface Moved {
  readonly id: string;
}

export interface SearchIndexContext {
  /** How many fields there are. */
  readonly fields: number;
  /** Says what the index is made of. */
  readonly definition: string;
  /** Null for an index in memory alone. */
  readonly rows: DerivedRows | null;
}

/** Of what is kept. */
const FORMAT = "search 1";

/** The terms of the documents of one database: in which documents each stands, and what stands of each document. */
export class SearchIndex implements FeedIndex<DocumentTerms | null, Moved> {
  readonly trees: SearchTrees;
  readonly #kept: KeptTrees;
  /** The first number that was never given to a document. */
  #next = 0;

  constructor({ fields, definition, rows }: SearchIndexContext) {
    this.trees = new SearchTrees(fields, rows);
    this.#kept = new KeptTrees({ rows, format: FORMAT, definition }, Object.values(this.trees));
  }

  get fresh(): number {
    return this.#kept.fresh;
  }

  async open(): Promise<string | null> {
    try {
      const head = await this.#kept.open();
      if (head === null) return null;
      this.#next = numberIn(head.more);
      return head.cursor;
    } catch (error) {
      if (isDamaged(error)) return null;
      throw error;
    }
  }

  async filling(): Promise<Filling<DocumentTerms | null>> {
    await this.#kept.restart(); // now: what is purged from here on may be among what it is filled with
    const filling = new TreeFilling();
    return {
      add: async (documents) => {
        for (const [id, fields] of documents) filling.add(id, fields);
      },
      finish: async () => {
        this.#next = filling.finish(this.trees);
      },
    };
  }

  /** @param fields null for a document that is not found any more */
  async move(id: string, fields: DocumentTerms | null): Promise<Moved> {
    const { documents, numbers, lengths } = this.trees;
    const before = await this.trees.document(id);
    const number = before?.number ?? this.#next;
    if (before === null && fields !== null) this.#next += 1;
    const [old, now] = [termsIn(before?.fields ?? []), fields ?? []];
    for (let field = 0; field < Math.max(old.length, now.length); field++)
      await this.#moveField({ field, number }, old[field] ?? null, now[field] ?? null);
    if (fields !== null) {
      await documents.tree.put({ id, number, fields: keepFields(fields) });
      await lengths.tree.put({ number, lengths: lengthsOf(fields) });
      if (before === null) await numbers.tree.put({ number, id });
    } else if (before !== null) {
      await documents.tree.remove(before);
      await lengths.tree.remove({ number, lengths: [] });
      await numbers.tree.remove({ number, id });
    }
    return { id };
  }

  async save(cursor: string): Promise<void> {
    await this.#kept.save(cursor, this.#next);
  }

  async #moveField(
    at: { readonly field: number; readonly number: number },
    before: FieldTerms | null,
    now: FieldTerms | null,
  ): Promise<void> {
    const { postings, vocabulary } = this.trees;
    const [old, fresh] = [countsIn(before), countsIn(now)];
    for (const [term, count] of fresh) {
      if (old.get(term) === count) continue;
      if (!old.has(term) && !(await this.trees.hasTerm(term))) await vocabulary.tree.put(term);
      await postings.tree.put({ term, ...at, count });
    }
    for (const term of old.keys()) {
      if (fresh.has(term)) continue;
      await postings.tree.remove({ term, ...at, count: 0 });
      if (!(await this.trees.hasTerm(term))) await vocabulary.tree.remove(term);
    }
  }
}

function countsIn(field: FieldTerms | null): ReadonlyMap<string, number> {
  return new Map(field?.terms.map((term, at) => [term, field.counts[at] ?? 0]));
}
