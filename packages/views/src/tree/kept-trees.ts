import type { DerivedRows } from "@selkie/core";
import { isDamaged } from "../damaged-index.ts";
import { listIn, numberIn, textIn } from "../value/read-json.ts";
import type { Json } from "../value/value-codec.ts";
import { fromBytes, type KeptRow, toBytes } from "./kept-pages.ts";
import type { KeptTree } from "./kept-tree.ts";

/** A tree among those that are kept together. */
type OneKept = Pick<KeptTree<never, never>, "fresh" | "changes" | "written" | "settle" | "head" | "next" | "open">;

const HEAD = Uint8Array.of(0);

/** The ids that were given to pages of which not all may be there, as the head after them was not written. */
const TAKEN = Uint8Array.of(1);

/** How far an index had come when it was kept. */
export interface KeptHead {
  readonly cursor: string;
  /** What the index keeps beside its trees. */
  readonly more: unknown;
}

/** Of what the trees are made that are kept in these rows; null when none are, or nobody can tell. */
export async function keptDefinition(rows: DerivedRows, format: string): Promise<string | null> {
  const head = await rows.read(HEAD);
  if (head === undefined) return null;
  try {
    const [of, definition] = listIn(fromBytes(head));
    return of === format ? textIn(definition) : null;
  } catch (error) {
    if (isDamaged(error)) return null;
    throw error;
  }
}

export interface KeptTreesContext {
  /** Null for trees in memory alone. */
  readonly rows: DerivedRows | null;
  /** Of what is kept. */
  readonly format: string;
  /** Says what the index is made of: one of another definition is not gone on with. */
  readonly definition: string;
}

/** Pages that are written in one commit. */
const TOGETHER = 256;

/** The trees of one index, kept together: their heads are written last. */
export class KeptTrees {
  readonly #at: KeptTreesContext;
  readonly #trees: readonly OneKept[];

  constructor(at: KeptTreesContext, trees: readonly OneKept[]) {
    this.#at = at;
    this.#trees = trees;
  }

  /** How many pages changed since they were saved. */
  get fresh(): number {
    return this.#trees.reduce((sum, { fresh }) => sum + fresh, 0);
  }

  /** Goes on from what is kept; null when there is nothing to go on with. */
  async open(): Promise<KeptHead | null> {
    const head = await this.#at.rows?.read(HEAD);
    if (head === undefined) return null;
    try {
      const [format, definition, cursor, more, heads] = listIn(fromBytes(head));
      if (format !== this.#at.format || definition !== this.#at.definition) return null;
      const taken = await this.#taken();
      for (const [at, tree] of this.#trees.entries()) tree.open(listIn(heads)[at], taken[at]);
      return { cursor: textIn(cursor), more };
    } catch (error) {
      if (isDamaged(error)) return null;
      throw error;
    }
  }

  /** Removes what is kept, before it is made again. */
  async restart(): Promise<void> {
    await this.#at.rows?.restart();
  }

  /** @throws CoreError CLOSED */
  async save(cursor: string, more: Json): Promise<void> {
    const { rows, format, definition } = this.#at;
    if (rows === null) return;
    const writing = new Writing(rows, [[TAKEN, toBytes(this.#trees.map(({ next }) => next))]]);
    const remove: Uint8Array[] = [];
    for (const tree of this.#trees) {
      const changes = tree.changes();
      remove.push(...changes.remove);
      for (const [id, row] of changes.put) await writing.add(row, () => tree.written(id));
    }
    const head = toBytes([format, definition, cursor, more, this.#trees.map((tree) => tree.head())]);
    await writing.finish([HEAD, head], remove);
    for (const tree of this.#trees) tree.settle();
  }

  async #taken(): Promise<readonly number[]> {
    const row = await this.#at.rows?.read(TAKEN);
    return row === undefined ? [] : listIn(fromBytes(row)).map(numberIn);
  }
}

/** Rows that are written in pieces, the last of which counts. */
class Writing {
  readonly #rows: DerivedRows;
  /** What goes with the first piece, where there are several. */
  #first: readonly KeptRow[];
  #put: KeptRow[] = [];
  #written: (() => void)[] = [];

  constructor(rows: DerivedRows, first: readonly KeptRow[]) {
    this.#rows = rows;
    this.#first = first;
  }

  /** @param written is called once the row is there */
  async add(row: KeptRow, written: () => void): Promise<void> {
    this.#put.push(row);
    this.#written.push(written);
    if (this.#put.length < TOGETHER) return;
    await this.#commit([...this.#first, ...this.#put], []);
    this.#first = [];
  }

  finish(last: KeptRow, remove: readonly Uint8Array[]): Promise<void> {
    return this.#commit([...this.#put, last], remove);
  }

  async #commit(put: readonly KeptRow[], remove: readonly Uint8Array[]): Promise<void> {
    await this.#rows.commit(put, remove);
    for (const written of this.#written) written();
    this.#put = [];
    this.#written = [];
  }
}
