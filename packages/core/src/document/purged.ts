import type { EntryId } from "@selkie/entry";
import { PartNames, type Purge } from "../directory/purges.ts";
import type { DocId } from "./doc-id.ts";

/** What a part is to documents: `named` by a purge, or `late`, of a document that is dead; null for any other. */
export type PartFate = "named" | "late" | null;

/**
 * What was purged of a database, as its documents know it.
 * INVARIANT: depends on the purges that count and on the part alone, so that replicas agree (purge-stories.test.ts "... whatever came first").
 */
export class Purged {
  #purges: readonly Purge[];
  #dead: ReadonlySet<DocId>;
  #named: PartNames;

  constructor(purges: readonly Purge[] = []) {
    this.#purges = purges;
    this.#dead = deadIn(purges);
    this.#named = PartNames.of(purges);
  }

  get purges(): readonly Purge[] {
    return this.#purges;
  }

  /** Whether a document is dead. */
  has(name: DocId): boolean {
    return this.#dead.has(name);
  }

  fateOf(name: DocId, entry: EntryId, index: number): PartFate {
    if (this.#named.has(entry, index)) return "named";
    return this.#dead.has(name) ? "late" : null;
  }

  /** From now on these count. @returns those that did not count before, and those that do not any more */
  move(purges: readonly Purge[]): readonly Purge[] {
    const [before, now] = [idsOf(this.#purges), idsOf(purges)];
    const moved = [...purges.filter(({ id }) => !before.has(id)), ...this.#purges.filter(({ id }) => !now.has(id))];
    this.#purges = purges;
    this.#dead = deadIn(purges);
    this.#named = PartNames.of(purges);
    return moved;
  }
}

const idsOf = (purges: readonly Purge[]): ReadonlySet<string> => new Set(purges.map(({ id }) => id));
const deadIn = (purges: readonly Purge[]): ReadonlySet<DocId> => new Set(purges.flatMap(({ documents }) => documents));
