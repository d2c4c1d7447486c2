import type { Origin } from "../expression/scope.ts";

/** Something that went wrong, and held up nothing else. */
export interface Failure {
  /** The document that could not be computed; null for a subscriber that threw. */
  readonly origin: Origin | null;
  readonly error: unknown;
}

/** Failures that are named. */
const MOST = 1_000;

/** What went wrong with which documents, as it is now. */
export class Failures {
  readonly #byDocument = new Map<string, Failure>();

  get all(): readonly Failure[] {
    return [...this.#byDocument.values()];
  }

  /** The documents of one database. */
  idsOf({ tenant, database }: Omit<Origin, "id">): readonly string[] {
    const origins = this.all.flatMap(({ origin }) => (origin === null ? [] : [origin]));
    return origins.filter((origin) => origin.tenant === tenant && origin.database === database).map(({ id }) => id);
  }

  add(failure: Failure): void {
    if (this.#byDocument.size < MOST) this.#byDocument.set(nameOf(failure.origin), failure);
  }

  /** The document is computed again. */
  clear(origin: Origin): void {
    if (this.#byDocument.size > 0) this.#byDocument.delete(nameOf(origin));
  }
}

function nameOf(origin: Origin | null): string {
  return origin === null ? "" : JSON.stringify([origin.tenant, origin.database, origin.id]);
}
