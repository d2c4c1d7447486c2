import { parseDocId, scanDocuments } from "@selkie/core";
import type { Origin } from "../expression/scope.ts";
import type { Failures } from "../follow/failures.ts";
import { sortValue } from "../value/sort-value.ts";
import { type Access, accessOf, sizeOf } from "./access.ts";
import { indexesOf } from "./declare-indexes.ts";
import { documentsIn } from "./index-documents.ts";
import { type QueryPlan, valueOrNull } from "./plan-query.ts";
import type { QuerySource } from "./query.ts";
import type { SecondaryIndex } from "./secondary-index.ts";
import type { Standing } from "./standing.ts";
import { WhichCount } from "./which-count.ts";

/** A document that counts. */
export interface Candidate extends Standing {
  readonly origin: Origin;
  /** With what it refers to. */
  readonly data: object;
}

/** Candidates of one database. */
export interface Found {
  /** Whether they come in the order of the query. */
  readonly isOrdered: boolean;
  readonly candidates: AsyncIterable<Candidate>;
}

/** How one database is read. */
export interface Reading {
  readonly origin: Omit<Origin, "id">;
  /** Null when all documents are looked at. */
  readonly access: Access | null;
  /** Documents that were looked at. */
  documents: number;
}

/** Gives the indexes of a database that may be used. */
export type IndexesOf = (source: QuerySource<object>) => Iterable<SecondaryIndex>;

/**
 * Runs a query; again when an index that it used was closed meanwhile.
 * @param indexes those that are declared when nothing is said
 */
export async function withIndexes<Result>(
  plan: QueryPlan,
  run: (candidates: Candidates) => Promise<Result>,
  indexes: IndexesOf = indexesOf,
): Promise<Result> {
  for (;;) {
    const candidates = new Candidates(plan, indexes);
    try {
      return await run(candidates);
    } catch (error) {
      if (!candidates.hasLostIndex) throw error;
    }
  }
}

/** One run of a query, up to what is done with the documents that count. */
export class Candidates {
  readonly readings: Reading[] = [];
  readonly #plan: QueryPlan;
  readonly #indexes: IndexesOf;
  readonly #which: WhichCount;

  constructor(plan: QueryPlan, indexes: IndexesOf) {
    this.#plan = plan;
    this.#indexes = indexes;
    this.#which = new WhichCount(plan);
  }

  /** Documents that are left out. */
  get failures(): Failures {
    return this.#which.failures;
  }

  /** Documents that were looked up for joins. */
  get lookups(): number {
    return this.#which.lookups;
  }

  /** Whether an index that it reads was closed. */
  get hasLostIndex(): boolean {
    return this.readings.some(({ access }) => access?.of.index.isClosed);
  }

  /** @param needsOrder whether it helps when candidates come in order */
  async find(needsOrder: boolean): Promise<readonly Found[]> {
    const found: Found[] = [];
    for (const [number, source] of this.#plan.sources.entries()) {
      const access = await this.#choose(source, needsOrder && !this.#plan.isOrderJoined);
      const origin = { tenant: source.tenant.id, database: source.name };
      const reading: Reading = { origin, access, documents: 0 };
      this.readings.push(reading);
      const seen = new Set<string>(); // what moves meanwhile may be named by several sequences
      const add = (isOrdered: boolean, documents: AsyncIterable<readonly [string, object]>) =>
        void found.push({ isOrdered, candidates: this.#counting(documents, number, seen) });
      if (access === null) add(false, scan(source, this.#plan.signal));
      else for (const { isOrdered, ids } of documentsIn(access, this.#plan)) add(isOrdered, named(source, ids));
    }
    return found;
  }

  /** The index that answers with the fewest entries read; null for none. */
  async #choose(source: QuerySource<object>, needsOrder: boolean): Promise<Access | null> {
    const { where, sorts, limit } = this.#plan;
    let best: { readonly access: Access; readonly cost: number } | null = null;
    for (const of of this.#indexes(source)) {
      const access = of.index.isMade ? accessOf(of, { where, sorts, needsOrder }) : null;
      if (access === null) continue;
      const size = await sizeNow(access);
      if (size === null) continue;
      const stopsEarly = limit !== null && access.isReversed !== null && where.every((one) => access.answered.has(one));
      const cost = (stopsEarly ? Math.min(size, limit) : size) + (access.isReversed === null ? 0.5 : 0);
      if (best === null || cost < best.cost) best = { access, cost };
    }
    return best?.access ?? null;
  }

  /** Those that count. */
  async *#counting(
    documents: AsyncIterable<readonly [id: string, data: object]>,
    source: number,
    seen: Set<string>,
  ): AsyncGenerator<Candidate, void> {
    const { sorts, signal } = this.#plan;
    const reading = this.readings[source];
    for await (const [id, data] of documents) {
      signal?.throwIfAborted();
      if (reading === undefined || seen.has(id)) continue;
      seen.add(id);
      reading.documents++;
      const origin: Origin = { ...reading.origin, id };
      const row = await this.#which.rowOf(data, origin);
      if (row === null) continue;
      const order = sorts.map(({ value }) => sortValue(valueOrNull(value, row, origin)));
      yield { origin, data: row, order, id, source };
    }
  }
}

/** How many entries are read; null when the index was closed. */
async function sizeNow(access: Access): Promise<number | null> {
  const { index } = access.of;
  try {
    return await index.readNow((reader) => sizeOf(access, reader));
  } catch (error) {
    if (index.isClosed) return null;
    throw error;
  }
}

/** All documents. */
async function* scan(
  source: QuerySource<object>,
  signal: AbortSignal | null,
): AsyncGenerator<readonly [string, object], void> {
  for await (const doc of scanDocuments(source, { isLasting: false, ...(signal === null ? {} : { signal }) }))
    yield [doc.id, doc.getData()];
}

async function* named(
  source: QuerySource<object>,
  ids: AsyncIterable<string>,
): AsyncGenerator<readonly [string, object], void> {
  for await (const id of ids) {
    const doc = await source.findDocument(parseDocId(id));
    if (doc !== undefined && !doc.isDeleted()) yield [id, doc.getData()];
  }
}
