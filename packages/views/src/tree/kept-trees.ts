import type { DerivedRows } from "@selkie/core";
import { isDamaged } from "../damaged-index.ts";
import { listIn, textIn } from "../value/read-json.ts";
import type { Json } from "../value/value-codec.ts";
import { fromBytes, type KeptRow, toBytes } from "./kept-pages.ts";
import type { KeptTree } from "./kept-tree.ts";

/** A tree among those that are kept together. */
type OneKept = Pick<KeptTree<never, never>, "fresh" | "changes" | "settle" | "head" | "open">;

/** How far an index had come when it was kept. */
export interface KeptHead {
  readonly cursor: string;
  /** What the index keeps beside its trees. */
  readonly more: unknown;
}

export interface KeptTreesContext {
  /** Null for trees in memory alone. */
  readonly rows: DerivedRows | null;
  /** Of what is kept. */
  readonly format: string;
  /** Says what the index is made of: one of another definition is not gone on with. */
  readonly definition: string;
}

const HEAD = Uint8Array.of(0);

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
      for (const [at, tree] of this.#trees.entries()) tree.open(listIn(heads)[at]);
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
    const remove: Uint8Array[] = [];
    let put: KeptRow[] = [];
    for (const tree of this.#trees) {
      const changes = tree.changes();
      remove.push(...changes.remove);
      for (const row of changes.put) {
        put.push(row);
        if (put.length < TOGETHER) continue;
        await rows.commit(put, []);
        put = [];
      }
    }
    const head = toBytes([format, definition, cursor, more, this.#trees.map((tree) => tree.head())]);
    await rows.commit([...put, [HEAD, head]], remove);
    for (const tree of this.#trees) tree.settle();
  }
}
