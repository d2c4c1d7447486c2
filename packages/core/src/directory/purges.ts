// What admins removed for good: which documents are dead, and which parts are gone.
import { type DatabaseId, type EntryId, equalBytes } from "@selkie/entry";
import { type DocId, docIdOfBytes } from "../document/doc-id.ts";
import { hexOf } from "../hex.ts";
import { type DirectoryIdentity, isMember, type Member } from "./admission.ts";
import type { Authored } from "./entitlement.ts";
import type { PartName, PurgeStatement, SettingValue } from "./statement.ts";

/** A purge that counts. */
export interface Purge {
  /** Of the statement, in hex. */
  readonly id: string;
  /** Who said so, in hex; null for the root. */
  readonly person: string | null;
  readonly database: DatabaseId;
  /** Dead from now on. */
  readonly documents: readonly DocId[];
  /** Gone from now on. */
  readonly parts: readonly PartName[];
}

/**
 * What purges say, in the order of their ids.
 * SECURITY: D11. Of the directory nothing is ever purged: an admin could take back what was said there (purges.test.ts).
 */
export function purgesIn(
  statements: readonly Authored<PurgeStatement>[],
  { identity, personOf }: { readonly identity: DirectoryIdentity; personOf(member: Member): Uint8Array },
): readonly Purge[] {
  const others = statements.filter(({ statement }) => !equalBytes(statement.database, identity.directory));
  const purges = others.map(({ placed, author, statement }): Purge => {
    const person = isMember(author) ? hexOf(personOf(author)) : null;
    const { database, parts } = statement;
    return { id: hexOf(placed.id), person, database, documents: statement.documents.map(docIdOfBytes), parts };
  });
  return purges.sort((a, b) => (a.id < b.id ? -1 : 1));
}

const WEEK_S = 604_800;

/** How long a purge has to count on a device before anything is dropped, in seconds. */
export function purgeDelay({ settings }: { readonly settings: ReadonlyMap<string, SettingValue> }): number {
  const seconds = settings.get("purgeAfter");
  return typeof seconds === "number" ? seconds : WEEK_S;
}

/**
 * Parts by entry.
 * SECURITY: D12. However many purges there are, a part is looked for once (purged.test.ts).
 */
export class PartNames {
  static readonly #known = new WeakMap<readonly Pick<Purge, "parts">[], PartNames>();
  readonly #indexes = new Map<string, Set<number>>();

  constructor(parts: Iterable<PartName>) {
    for (const { entry, part } of parts) {
      const name = hexOf(entry);
      this.#indexes.set(name, (this.#indexes.get(name) ?? new Set()).add(part));
    }
  }

  /** All that these purges name; of purges that were asked about before, what was found then. */
  static of(purges: readonly Pick<Purge, "parts">[]): PartNames {
    const named = PartNames.#known.get(purges) ?? new PartNames(purges.flatMap(({ parts }) => parts));
    PartNames.#known.set(purges, named);
    return named;
  }

  has(entry: EntryId, index: number): boolean {
    return this.#indexes.size > 0 && this.#indexes.get(hexOf(entry))?.has(index) === true;
  }
}

/** Whether each document and part that one purge names is named by another person's too, or by the root's. */
export function isConfirmed({ person, documents, parts }: Purge, all: readonly Purge[]): boolean {
  const others = all.filter((other) => other.person !== person);
  const [dead, named] = [new Set(others.flatMap((other) => other.documents)), PartNames.of(others)];
  return (
    others.length > 0 &&
    documents.every((document) => dead.has(document)) &&
    parts.every(({ entry, part }) => named.has(entry, part))
  );
}
