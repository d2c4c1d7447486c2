import type { DerivedRows } from "@selkie/core";
import { damaged } from "../damaged-index.ts";
import type { Json } from "../value/value-codec.ts";
import type { Child, Page, PageId } from "./page.ts";
import { checkPage, decodePage, encodePage, type TreeCodec } from "./page-codec.ts";
import type { PageSource } from "./pages.ts";
import type { TreeShape } from "./tree-shape.ts";

/** A row, and its key, as they are kept. */
export type KeptRow = readonly [key: Uint8Array, value: Uint8Array];

/** The pages of one tree among the rows that are kept of a database. */
export class KeptPages<E, S> implements PageSource<E, S> {
  readonly #rows: DerivedRows;
  readonly #shape: TreeShape<E, S>;
  readonly #codec: TreeCodec<E, S>;
  /** Of the tree, among those whose pages are kept together. */
  readonly #number: number;

  constructor(rows: DerivedRows, number: number, shape: TreeShape<E, S>, codec: TreeCodec<E, S>) {
    this.#rows = rows;
    this.#number = number;
    this.#shape = shape;
    this.#codec = codec;
  }

  /** @throws ViewError INDEX_DAMAGED */
  async read(child: Child<E, S>, after: E | null): Promise<Page<E, S>> {
    const row = await this.#rows.read(this.key(child.id));
    if (row === undefined) throw damaged("a page is not there");
    const page = decodePage(this.#codec, this.#shape, fromBytes(row));
    checkPage(this.#shape, page, { child, after });
    return page;
  }

  rowOf(id: PageId, page: Page<E, S>): KeptRow {
    return [this.key(id), toBytes(encodePage(this.#codec, page))];
  }

  key(id: PageId): Uint8Array {
    return Uint8Array.of(this.#number, id >>> 24, id >>> 16, id >>> 8, id);
  }
}

const encoder = new TextEncoder();

export function toBytes(json: Json): Uint8Array {
  return encoder.encode(JSON.stringify(json));
}

/** @throws ViewError INDEX_DAMAGED */
export function fromBytes(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw damaged("no JSON");
  }
}
