import type { DerivedRows } from "@selkie/core";
import { isDamaged } from "../damaged-index.ts";
import type { Changed, FeedIndex, Filling } from "../follow/feed-index.ts";
import { KeptTrees } from "../tree/kept-trees.ts";
import { numberIn } from "../value/read-json.ts";
import { changeTrees } from "./change-trees.ts";
import type { DocumentTerms } from "./document-terms.ts";
import { TreeFilling } from "./fill-trees.ts";
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
const FORMAT = "search 2";

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

  /** @param documents their terms; null for one that is not found any more */
  async move(documents: readonly Changed<DocumentTerms | null>[]): Promise<readonly Moved[]> {
    this.#next = await changeTrees(this.trees, documents, this.#next);
    return documents.map(([id]) => ({ id }));
  }

  async save(cursor: string): Promise<void> {
    await this.#kept.save(cursor, this.#next);
  }
}
