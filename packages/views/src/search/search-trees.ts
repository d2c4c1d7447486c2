import type { DerivedRows } from "@selkie/core";
import { KeptTree } from "../tree/kept-tree.ts";
import { type FieldLengths, type FieldTotal, lengthShape } from "./field-lengths.ts";
import { documentShape, type KeptDocument, type NumberedDocument, numberShape } from "./kept-documents.ts";
import { type Posting, postingShape } from "./postings.ts";
import { vocabularyShape } from "./vocabulary.ts";

/** What an index of texts consists of. */
export class SearchTrees {
  readonly postings: KeptTree<Posting, null>;
  readonly vocabulary: KeptTree<string, null>;
  readonly lengths: KeptTree<FieldLengths, readonly FieldTotal[]>;
  readonly documents: KeptTree<KeptDocument, null>;
  readonly numbers: KeptTree<NumberedDocument, null>;

  /** Empty ones. @param fields how many there are @param rows null for trees in memory alone */
  constructor(fields: number, rows: DerivedRows | null) {
    this.postings = new KeptTree(postingShape, rows);
    this.vocabulary = new KeptTree(vocabularyShape, rows);
    this.lengths = new KeptTree(lengthShape(fields), rows);
    this.documents = new KeptTree(documentShape, rows);
    this.numbers = new KeptTree(numberShape, rows);
  }

  /** Null when it is not among them. */
  document(id: string): Promise<KeptDocument | null> {
    return this.documents.tree.find({ id, number: 0, fields: [] });
  }
}
