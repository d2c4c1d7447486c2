// Who is entitled to a named key, and how far back: by grant, by having made it, or by a share.
import type { StatementId } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";
import { type Admission, type AdmissionId, isMember, type Member, type PlacedStatement } from "./admission.ts";
import type { ShareStatement } from "./statement.ts";

/** A statement and the admission of its author. */
export interface Authored<Statement> {
  readonly placed: PlacedStatement;
  readonly statement: Statement;
  readonly author: Admission;
}

/** By key id, how far back each user reads whom it was shared with. */
type Holders = ReadonlyMap<string, ReadonlyMap<string, HistoryPolicy>>;

/** A member as its own statement lets it in, and what other changes of the person's rights let in beside it. */
export type Given = (member: Member) => readonly Member[];

/** What entitles to named keys. */
export interface Entitlement {
  readonly holders: Holders;
  readonly given: Given;
  /** How far back those read to whom nobody gave more. */
  policyOf(keyId: Uint8Array): HistoryPolicy;
}

/**
 * How far back members read under a named key: by its own admission and by each that was given beside it, whichever is least; null for
 * who is not entitled. Which of these is asked about changes nothing: who was left an admin was left every key.
 * SECURITY: P-11. Of two changes at once, the key that either of them takes away is gone (people.test.ts).
 */
export function dueUnder(
  { holders, given, policyOf }: Entitlement,
  keyId: Uint8Array,
): (admission: Admission) => HistoryPolicy | null {
  const name = hexOf(keyId);
  const key = { name, shared: holders.get(name), policy: policyOf(keyId) };
  return (admission) => {
    if (!isMember(admission)) return "full";
    let least: Due = "full";
    for (const each of given(admission)) least = lesser(least, givenHistory(key, each));
    return least;
  };
}

interface NamedKey {
  readonly name: string;
  readonly shared: ReadonlyMap<string, HistoryPolicy> | undefined;
  readonly policy: HistoryPolicy;
}

/** SECURITY: D11. A change of rights, whoever makes it, gives nobody more of the past than they had (entitlement.test.ts). */
function givenHistory({ name, shared, policy }: NamedKey, member: Member): HistoryPolicy | null {
  let most = member.role === "admin" ? policy : null;
  // A share that was taken back leaves who went on with the key no more than it may have given.
  if (goesOn(member, name)) most = greater(most, "from-now");
  for (let each: Member | null = member; each !== null; each = goesOn(each, name) ? each.before : null) {
    most = greater(most, shared?.get(hexOf(each.user)) ?? null);
    if (each.before === null && goesOn(each, name)) most = greater(most, policy);
  }
  return most;
}

/** Whether a grant or change names the key. */
const goesOn = ({ keys }: Member, key: string): boolean => keys.length > 0 && keys.some((own) => hexOf(own) === key);

type Due = HistoryPolicy | null;

const lesser = (a: Due, b: Due): Due => (a === null || b === null ? null : a === "full" ? b : a);
const greater = (a: Due, b: Due): Due => (a === "full" || b === "full" ? "full" : (a ?? b));

/**
 * A share counts when its author is an admin or holds the key, which another share may be the reason of: to the fixpoint.
 * SECURITY: D11. It gives no more of the past than its author may read (entitlement.test.ts).
 *
 * @returns what the shares entitle to, and those that do not count
 */
export function spreadShares(
  creatorByKey: ReadonlyMap<string, AdmissionId>,
  shares: readonly Authored<ShareStatement>[],
  rules: Omit<Entitlement, "holders">,
): Entitlement & { readonly rejected: readonly StatementId[] } {
  const holders = new Map<string, Map<string, HistoryPolicy>>();
  for (const [key, creator] of creatorByKey)
    holders.set(key, new Map(creator === "root" ? [] : [[hexOf(creator), "full"]]));
  const entitlement = { ...rules, holders };
  let waiting = shares;
  for (let grew = true; grew; ) {
    grew = false;
    waiting = waiting.filter(({ author, statement }) => {
      const { keyId, history } = statement;
      const own = dueUnder(entitlement, keyId)(author);
      if (own === null) return true;
      const given = own === "full" ? history : "from-now";
      const of = holders.get(hexOf(keyId)) ?? new Map<string, HistoryPolicy>();
      holders.set(hexOf(keyId), of);
      for (const user of namesIn(statement)) {
        if (of.get(user) === given || of.get(user) === "full") continue;
        of.set(user, given);
        grew = true;
      }
      return given !== history; // its author may come to read more
    });
  }
  const rejected = waiting.filter(({ author, statement }) => dueUnder(entitlement, statement.keyId)(author) === null);
  return { ...entitlement, rejected: rejected.map(({ placed }) => placed.id) };
}

const namesByShare = new WeakMap<ShareStatement, readonly string[]>();

/** Whom a share names, in hex: remembered as long as the share is. */
function namesIn(share: ShareStatement): readonly string[] {
  const names = namesByShare.get(share) ?? share.to.map(hexOf);
  namesByShare.set(share, names);
  return names;
}
