// Who is entitled to a named key, and how far back: by grant, by having made it, or by a share.
import { type StatementId, toHex } from "@selkie/entry";
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

/** How far back each user reads. */
type Readers = ReadonlyMap<string, HistoryPolicy>;

/** By key id, whom it was shared with. */
type Holders = ReadonlyMap<string, Readers>;

/** A member as its own statement lets it in, and what other changes of the person's rights let in beside it. */
export type Given = (member: Member) => readonly Member[];

/** What entitles to named keys. */
export interface Entitlement {
  readonly holders: Holders;
  /** By key id, who made it: they read all of it. */
  readonly creators: ReadonlyMap<string, string>;
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
  { holders, creators, given, policyOf }: Entitlement,
  keyId: Uint8Array,
): (admission: Admission) => HistoryPolicy | null {
  const name = hexOf(keyId);
  const key = { name, creator: creators.get(name), shared: holders.get(name), policy: policyOf(keyId) };
  return (admission) => {
    if (!isMember(admission)) return "full";
    let least: Due = "full";
    for (const each of given(admission)) least = lesser(least, givenHistory(key, each));
    return least;
  };
}

interface NamedKey {
  readonly name: string;
  readonly creator: string | undefined;
  readonly shared: Readers | undefined;
  readonly policy: HistoryPolicy;
}

/** SECURITY: D11. A change of rights, whoever makes it, gives nobody more of the past than they had (entitlement.test.ts). */
function givenHistory({ name, creator, shared, policy }: NamedKey, member: Member): HistoryPolicy | null {
  let most = member.role === "admin" ? policy : null;
  // A share that was taken back leaves who went on with the key no more than it may have given.
  if (goesOn(member, name)) most = greater(most, "from-now");
  for (let each: Member | null = member; each !== null; each = goesOn(each, name) ? each.before : null) {
    const user = hexOf(each.user);
    most = greater(most, user === creator ? "full" : (shared?.get(user) ?? null));
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
  rules: Omit<Entitlement, "holders" | "creators">,
): Entitlement & { readonly rejected: readonly StatementId[] } {
  const holders = new Map<string, Readers>();
  /** Those of them that were put together here. */
  const joined = new Map<string, Map<string, HistoryPolicy>>();
  const creators = new Map([...creatorByKey].flatMap(([key, by]) => (by === "root" ? [] : [[key, hexOf(by)]])));
  const entitlement = { ...rules, holders, creators };
  let waiting = shares;
  for (let grew = true; grew; ) {
    grew = false;
    waiting = waiting.filter(({ author, statement }) => {
      const { keyId, history } = statement;
      const own = dueUnder(entitlement, keyId)(author);
      if (own === null) return true;
      const given = own === "full" ? history : "from-now";
      const key = hexOf(keyId);
      const readers = readersBy(statement, given);
      const known = holders.get(key);
      if (known === undefined) {
        holders.set(key, readers);
        grew ||= readers.size > 0;
      } else {
        const all = joined.get(key) ?? new Map(known);
        joined.set(key, all);
        holders.set(key, all);
        grew = join(all, readers) || grew;
      }
      return given !== history; // its author may come to read more
    });
  }
  const rejected = waiting.filter(({ author, statement }) => dueUnder(entitlement, statement.keyId)(author) === null);
  return { ...entitlement, rejected: rejected.map(({ placed }) => placed.id) };
}

/** @returns whether anybody reads more */
function join(all: Map<string, HistoryPolicy>, more: Readers): boolean {
  let grew = false;
  for (const [user, history] of more) {
    const before = all.get(user);
    if (before === history || before === "full") continue;
    all.set(user, history);
    grew = true;
  }
  return grew;
}

const readersByShare: Readonly<Record<HistoryPolicy, WeakMap<ShareStatement, Readers>>> = {
  full: new WeakMap(),
  "from-now": new WeakMap(),
};

/** Whom a share gives a key, for itself: remembered as long as the share is. Mostly one gives it to everybody, and is all that there is to know. */
function readersBy(share: ShareStatement, given: HistoryPolicy): Readers {
  const known = readersByShare[given];
  const readers = known.get(share) ?? new Map(share.to.map((user) => [toHex(user), given]));
  known.set(share, readers);
  return readers;
}
