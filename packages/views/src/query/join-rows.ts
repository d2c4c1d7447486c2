import { type DocId, parseDocId } from "@selkie/core";
import type { Origin } from "../expression/scope.ts";
import type { Value } from "../value/value.ts";
import { type PlannedJoin, valueOrNull } from "./plan-query.ts";

/** Documents that are remembered, so that each is looked up once. */
const REMEMBERED = 10_000;

/** Puts what rows refer to into them: one document for each join and row, whatever those refer to. */
export class Joiner {
  readonly #joins: readonly PlannedJoin[];
  readonly #known = new Map<string, object | null>();
  #lookups = 0;

  constructor(joins: readonly PlannedJoin[]) {
    this.#joins = joins;
  }

  /** How many documents were looked up. */
  get lookups(): number {
    return this.#lookups;
  }

  async joined(data: object, origin: Origin): Promise<object> {
    let row = data;
    for (const [at, join] of this.#joins.entries()) {
      const found = await this.#find(at, join, valueOrNull(join.on, row, origin));
      row = { ...row, [join.name]: found };
    }
    return row;
  }

  async #find(at: number, { from }: PlannedJoin, said: Value): Promise<object | null> {
    const id = docIdIn(said);
    if (id === null) return null;
    const key = `${at} ${id}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#lookups++;
    const doc = await from.findDocument(id);
    const data = doc === undefined || doc.isDeleted() ? null : doc.getData();
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(key, data);
    return data;
  }
}

const DOC_ID = /^[0-9a-f]{64}$/u;

function docIdIn(value: Value): DocId | null {
  return typeof value === "string" && DOC_ID.test(value) ? parseDocId(value) : null;
}
