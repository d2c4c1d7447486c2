// Who is entitled to a named key: by grant, by having made it, or by a share.
import type { StatementId } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { type Admission, type AdmissionId, isMember, type Member, type PlacedStatement } from "./admission.ts";
import type { ShareStatement } from "./statement.ts";

/** A statement and the admission of its author. */
export interface Authored<Statement> {
  readonly placed: PlacedStatement;
  readonly statement: Statement;
  readonly author: Admission;
}

/** By key id, the users it was shared with. */
export type Holders = ReadonlyMap<string, ReadonlySet<string>>;

/** What other changes of the author's rights let in beside an admission. */
export type Beside = (admission: Admission) => readonly Member[];

/**
 * Whether a member is entitled to a named key other than by being an admin: by its own admission, and by each that was given beside it.
 * SECURITY: P-11. Of two changes at once, the key that either of them takes away is gone (people.test.ts).
 */
export function holds(
  { holders, beside }: { readonly holders: Holders; readonly beside: Beside },
  admission: Admission,
  keyId: Uint8Array,
): boolean {
  if (!isMember(admission)) return true;
  const [key, shared] = [hexOf(keyId), holders.get(hexOf(keyId))];
  return [admission, ...beside(admission)].every(
    ({ keys, user }) => keys.some((own) => hexOf(own) === key) || shared?.has(hexOf(user)) === true,
  );
}

/** A share counts when its author is an admin or holds the key, which another share may be the reason of: to the fixpoint. */
export function spreadShares(
  creatorByKey: ReadonlyMap<string, AdmissionId>,
  shares: readonly Authored<ShareStatement>[],
  beside: Beside,
): { holders: Holders; rejected: readonly StatementId[] } {
  const holders = new Map<string, Set<string>>();
  for (const [key, creator] of creatorByKey) holders.set(key, new Set(creator === "root" ? [] : [hexOf(creator)]));
  let waiting = shares;
  for (;;) {
    const [counting, rest] = partition(
      waiting,
      ({ author, statement }) => author.role === "admin" || holds({ holders, beside }, author, statement.keyId),
    );
    for (const { statement } of counting) {
      const of = holders.get(hexOf(statement.keyId)) ?? new Set<string>();
      holders.set(hexOf(statement.keyId), of);
      for (const user of statement.to) of.add(hexOf(user));
    }
    waiting = rest;
    if (counting.length === 0) return { holders, rejected: waiting.map(({ placed }) => placed.id) };
  }
}

function partition<Item>(items: readonly Item[], test: (item: Item) => boolean): readonly [Item[], Item[]] {
  const [yes, no]: [Item[], Item[]] = [[], []];
  for (const item of items) (test(item) ? yes : no).push(item);
  return [yes, no];
}
