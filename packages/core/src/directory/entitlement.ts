// Who is entitled to a named key: by grant, by having made it, or by a share.
import { equalBytes, type StatementId } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { type Admission, type AdmissionId, isMember, type PlacedStatement } from "./admission.ts";
import type { ShareStatement } from "./statement.ts";

/** A statement and the admission of its author. */
export interface Authored<Statement> {
  readonly placed: PlacedStatement;
  readonly statement: Statement;
  readonly author: Admission;
}

/** By key id, the users it was shared with. */
export type Holders = ReadonlyMap<string, ReadonlySet<string>>;

/** Whether a member is entitled to a named key other than by being an admin. */
export function holds(holders: Holders, admission: Admission, keyId: Uint8Array): boolean {
  if (!isMember(admission)) return true;
  if (admission.keys.some((key) => equalBytes(key, keyId))) return true;
  return holders.get(hexOf(keyId))?.has(hexOf(admission.user)) === true;
}

/** A share counts when its author is an admin or holds the key, which another share may be the reason of: to the fixpoint. */
export function spreadShares(
  creatorByKey: ReadonlyMap<string, AdmissionId>,
  shares: readonly Authored<ShareStatement>[],
): { holders: Holders; rejected: readonly StatementId[] } {
  const holders = new Map<string, Set<string>>();
  for (const [key, creator] of creatorByKey) holders.set(key, new Set(creator === "root" ? [] : [hexOf(creator)]));
  let waiting = shares;
  for (;;) {
    const [counting, rest] = partition(waiting, ({ author, statement }) => mayShare(holders, author, statement));
    for (const { statement } of counting) {
      const of = holders.get(hexOf(statement.keyId)) ?? new Set<string>();
      holders.set(hexOf(statement.keyId), of);
      for (const user of statement.to) of.add(hexOf(user));
    }
    waiting = rest;
    if (counting.length === 0) return { holders, rejected: waiting.map(({ placed }) => placed.id) };
  }
}

const mayShare = (holders: Holders, author: Admission, { keyId }: ShareStatement): boolean =>
  author.role === "admin" || holds(holders, author, keyId);

function partition<Item>(items: readonly Item[], test: (item: Item) => boolean): readonly [Item[], Item[]] {
  const [yes, no]: [Item[], Item[]] = [[], []];
  for (const item of items) (test(item) ? yes : no).push(item);
  return [yes, no];
}
