// Questions about people, devices and their chains, answered from what is settled about who is in.
import { equalBytes } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import type { DirectoryIdentity, Member } from "./admission.ts";
import type { DirectoryView } from "./directory-view.ts";
import type { Authored } from "./entitlement.ts";
import type { Membership } from "./membership.ts";
import { foldName } from "./name.ts";
import type { Settled } from "./sorted-statements.ts";
import type { Revocation, Statement } from "./statement.ts";

type MemberQueries = Pick<
  DirectoryView,
  | "admission"
  | "roots"
  | "isLive"
  | "endedBy"
  | "users"
  | "everybody"
  | "personOf"
  | "devices"
  | "devicesOf"
  | "allDevices"
  | "judge"
  | "endOf"
>;

/** What the directory says of people, devices and chains. */
export function memberQueries(
  identity: DirectoryIdentity,
  { admissions, everAdmitted, membership, people }: Settled,
): MemberQueries {
  const { root, roots, judge } = admissions;
  const { isLive, endedBy } = membership;
  const { users, everybody, devices, personOf, least } = people;
  const endOf = endsOf(identity, { membership, people });
  return {
    admission: (id) =>
      [id === "root" ? root : everAdmitted.find(id)].flatMap((known) => (known == null ? [] : [least(known)]))[0],
    roots: () => roots,
    isLive,
    endedBy,
    endOf,
    users: () => users,
    everybody: () => everybody,
    personOf,
    devices: (user) => devices.filter((member) => user === undefined || equalBytes(member.user, user)),
    devicesOf: (member) => eachOnce(devices.filter((other) => equalBytes(personOf(other), personOf(member)))),
    allDevices: () => everAdmitted.members,
    judge: (chain) => {
      const verdict = judge(chain);
      return verdict.type === "admitted" ? { ...verdict, ...endOf(chain, verdict.admission) } : verdict;
    },
  };
}

/** A device that several changes let go on is one. First in line is what a grant or change names first. */
function eachOnce(devices: readonly Member[]): readonly Member[] {
  const [first, others] = [devices.filter(isFirst), devices.filter((device) => !isFirst(device))];
  const byKeys = new Map(
    [...others, ...first].reverse().map((each) => [`${hexOf(each.device)} ${hexOf(each.deviceKem)}`, each]),
  );
  return [...byKeys.values()];
}

const isFirst = ({ id, user }: Member): boolean => hexOf(id) === hexOf(user);

/**
 * SECURITY: P-11. What one admin leaves of somebody's rights is no way around what another takes at the same time: whom a change beside
 * makes a reader has no chain in a database, wherever it was admitted (people.test.ts).
 */
function endsOf(
  { directory }: DirectoryIdentity,
  { membership, people }: Pick<Settled, "membership" | "people">,
): DirectoryView["endOf"] {
  return (chain, admission) => {
    if (equalBytes(chain.database, directory)) return membership.endOf(chain, admission);
    const demoted = people.beside(admission).filter(({ role }) => role === "reader");
    if (demoted.length === 0) return membership.endOf(chain, admission);
    return { last: -1, endedBy: demoted.map(({ id }) => hexOf(id)).sort(), fork: null, named: null };
  };
}

/** Looked up for many at a time, such as those a key is shared with. */
export function finderByName(
  users: readonly Member[],
  { nameOf }: Pick<DirectoryView, "nameOf">,
): DirectoryView["findUser"] {
  let byName: Map<string, readonly Member[]> | null = null;
  return (name) => {
    byName ??= Map.groupBy(users, (user) => foldName(nameOf(user)));
    return byName.get(foldName(name)) ?? [];
  };
}

/** When a device wipes its store. */
export function wipeDelays(
  revocations: readonly Authored<Statement & Revocation>[],
  { endedBy }: Membership,
): DirectoryView["wipeAfter"] {
  const delayById = new Map(revocations.map(({ placed, statement }) => [hexOf(placed.id), statement.wipe]));
  return ({ id }) => {
    const delays = id === "root" ? [] : endedBy(id).flatMap((by) => delayById.get(by) ?? []);
    return delays.length === 0 ? null : Math.min(...delays);
  };
}
