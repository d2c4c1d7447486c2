import { type DerivedRows, derivedRowsOf } from "@selkie/core";
import type { IndexSource } from "../follow/feed-index.ts";
import { rowNames } from "../kept/row-names.ts";
import { keptDefinition } from "../tree/kept-trees.ts";
import { INDEX_FORMAT } from "../view/source-index.ts";

/** What was kept of an index before its definition changed. */
interface OldRows {
  readonly rows: DerivedRows;
  readonly definition: string;
}

/** Where an index is kept: what is kept of the one before stays until the new one is whole. */
export interface Slots {
  /** Null when somebody has them, and for a database as it was: the index is in memory alone. */
  readonly rows: DerivedRows | null;
  /** The other ones. */
  readonly spare: DerivedRows | null;
  readonly old: OldRows | null;
}

/** @throws CoreError CLOSED */
export async function takeSlots(database: IndexSource<object>, name: string, definition: string): Promise<Slots> {
  const [nameOfA, nameOfB] = rowNames.index(name);
  const [a, b] = [derivedRowsOf(database, nameOfA), derivedRowsOf(database, nameOfB)];
  if (a === null || b === null) {
    a?.release();
    b?.release();
    return { rows: null, spare: null, old: null };
  }
  try {
    return await slotsOf(a, b, definition);
  } catch (error) {
    a.release();
    b.release();
    throw error;
  }
}

async function slotsOf(a: DerivedRows, b: DerivedRows, definition: string): Promise<Slots> {
  const [ofA, ofB] = [await keptDefinition(a, INDEX_FORMAT), await keptDefinition(b, INDEX_FORMAT)];
  const isInA = ofA === definition || (ofB !== definition && ofA === null);
  const [rows, spare, kept, other] = isInA ? [a, b, ofA, ofB] : [b, a, ofB, ofA];
  if (other !== null && kept !== definition) return { rows, spare, old: { rows: spare, definition: other } };
  if (other !== null) await spare.restart();
  return { rows, spare, old: null };
}
