// What admins removed for good: which documents are dead, and which parts are gone.
import { type DatabaseId, type EntryId, equalBytes, toHex } from "@selkie/entry";
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

const indexesByEntry = new WeakMap<readonly PartName[], ReadonlyMap<string, ReadonlySet<number>>>();

/** Whether a purge names a part. Statements never change: what one names is sorted once. */
export function names({ parts }: Pick<Purge, "parts">, entry: EntryId, index: number): boolean {
  return sorted(parts).get(toHex(entry))?.has(index) === true;
}

function sorted(parts: readonly PartName[]): ReadonlyMap<string, ReadonlySet<number>> {
  const known = indexesByEntry.get(parts);
  if (known !== undefined) return known;
  const byEntry = new Map<string, Set<number>>();
  for (const { entry, part } of parts) {
    const indexes = byEntry.get(toHex(entry)) ?? new Set();
    byEntry.set(toHex(entry), indexes.add(part));
  }
  indexesByEntry.set(parts, byEntry);
  return byEntry;
}

/** Whether each document and part that one purge names is named by another person's too, or by the root's. */
export function isConfirmed({ person, documents, parts }: Purge, all: readonly Purge[]): boolean {
  const others = all.filter((other) => other.person !== person);
  const isSaid = (says: (other: Purge) => boolean): boolean => others.some(says);
  return (
    others.length > 0 &&
    documents.every((document) => isSaid((other) => other.documents.includes(document))) &&
    parts.every(({ entry, part }) => isSaid((other) => names(other, entry, part)))
  );
}
