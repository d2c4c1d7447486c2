// The people of a tenant: who is who through all changes of their rights, and what is left of rights that several admins changed at once.
import type { StatementId } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { type Admission, type Admissions, isMember, type Member, type PlacedStatement } from "./admission.ts";
import type { Membership } from "./membership.ts";
import type { ChangeStatement, Role } from "./statement.ts";

/** Who is who, and what they may do. */
export interface People {
  /** The first grant of a member's person, through all changes of its rights. */
  personOf(member: Member): StatementId;
  /** One member for each person that has a device with rights, ascending by id: what its last grant or change let in, and its least role. */
  readonly users: readonly Member[];
  /** Every person that ever was, likewise: whom a demoted admin let in, too. */
  readonly everybody: readonly Member[];
  /** Devices with rights, ascending by id, each with its least role. */
  readonly devices: readonly Member[];
  /** What other changes of the person, made in ignorance of this admission's, let in. */
  beside(admission: Admission): readonly Member[];
  /** A member as its own statement lets it in, and those beside it. */
  given(member: Member): readonly Member[];
  /** The admission, with the least role that it and those beside it give. */
  least<Given extends Admission>(admission: Given): Given;
}

/** Two admins may change one person at the same time: each takes something away, and neither knows of the other. Both count, and so do both losses. */
export function resolvePeople(
  { admissions, everAdmitted }: { readonly admissions: Admissions; readonly everAdmitted: Admissions },
  statements: readonly PlacedStatement[],
  membership: Pick<Membership, "counts" | "isLive" | "endedBy">,
): People {
  const changes = statements.filter(isChange);
  const { personOf } = everAdmitted;
  const counting = changes.filter((placed) => membership.counts(placed)).flatMap(({ id }) => memberOf(admissions, id));
  const concurrent = besideBy(counting, personOf, membership.endedBy);
  const beside = ({ user }: Admission): readonly Member[] => (user === "root" ? [] : concurrent(user));
  const given = (member: Member): readonly Member[] => {
    const others = beside(member);
    return others.length === 0 ? [member] : [...memberOf(admissions, member.id), ...others];
  };
  const least = <Given extends Admission>(admission: Given): Given => {
    const others = beside(admission);
    const role = others.length === 0 ? admission.role : leastRole([admission, ...others]);
    return role === admission.role ? admission : { ...admission, role };
  };
  const devices = admissions.members.filter(membership.isLive).map(least);
  const live = new Set(devices.map(({ user }) => hexOf(user)));
  const everybody = onePerPerson(everAdmitted.members, { personOf, live, endedBy: membership.endedBy }).map(least);
  const users = everybody.filter(({ id }) => live.has(hexOf(id)));
  return { personOf, users, everybody, devices, beside, given, least };
}

type PlacedChange = PlacedStatement & { readonly statement: ChangeStatement };

export const isChange = (placed: PlacedStatement): placed is PlacedChange => placed.statement.type === "change";

function memberOf({ find }: Admissions, id: StatementId): readonly Member[] {
  const member = find(id);
  return member !== undefined && isMember(member) ? [member] : [];
}

/**
 * What the changes of a person let in that neither ended the other nor what it rests on. Of those that rest on one another, the last.
 * @param counting what changes that count let in, each with its first device
 */
function besideBy(
  counting: readonly Member[],
  personOf: People["personOf"],
  endedBy: Membership["endedBy"],
): (user: StatementId) => readonly Member[] {
  const groups = Map.groupBy(counting, (member) => hexOf(personOf(member)));
  const groupByUser = new Map<string, readonly Member[]>();
  for (const group of groups.values())
    if (group.length > 1) for (const { id } of group) groupByUser.set(hexOf(id), group);
  const none: readonly Member[] = [];
  if (groupByUser.size === 0) return () => none; // nearly always, and asked of everybody for every key
  const known = new Map<string, readonly Member[]>();
  return (user) => {
    const name = hexOf(user);
    const group = groupByUser.get(name);
    if (group === undefined) return none;
    const found = known.get(name) ?? besideIn(group, name, endedBy);
    known.set(name, found);
    return found;
  };
}

function besideIn(group: readonly Member[], name: string, endedBy: Membership["endedBy"]): readonly Member[] {
  const after = new Map(group.map(({ id }) => [hexOf(id), endedBy(id)]));
  const before = new Map([...after.keys()].map((id): [string, string[]] => [id, []]));
  for (const [id, later] of after) for (const by of later) before.get(by)?.push(id);
  const related = new Set([...reach([name], before), ...reach([name], after)]);
  const left = group.filter(({ id }) => !related.has(hexOf(id)));
  const names = new Set(left.map(({ id }) => hexOf(id)));
  return left.filter(({ id }) => !endedBy(id).some((by) => names.has(by)));
}

/** These, and all that follow on them. */
export function reach(from: readonly string[], next: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set(from);
  // The set grows while it is walked.
  for (const name of reached) for (const other of next.get(name) ?? []) reached.add(other);
  return reached;
}

function leastRole(admissions: readonly Admission[]): Role {
  const roles = new Set(admissions.map(({ role }) => role));
  if (roles.has("reader")) return "reader";
  return roles.has("editor") ? "editor" : "admin";
}

interface Standing extends Pick<People, "personOf"> {
  /** Users with rights, in hex. */
  readonly live: ReadonlySet<string>;
  endedBy: Membership["endedBy"];
}

/** Of what grants and changes let in, one for each person: what gives rights now, or else what no later change ended; ascending by id. */
function onePerPerson(members: readonly Member[], { personOf, live, endedBy }: Standing): readonly Member[] {
  const grants = members.filter(({ id, user }) => hexOf(id) === hexOf(user));
  const chosen = [...Map.groupBy(grants, (member) => hexOf(personOf(member))).values()].flatMap((group) => {
    if (group.length === 1) return group;
    const names = new Set(group.map(({ id }) => hexOf(id)));
    const isLast = ({ id }: Member): boolean => !endedBy(id).some((by) => names.has(by));
    return [group.find(({ id }) => live.has(hexOf(id))) ?? group.find(isLast) ?? group[0]].flatMap((one) => one ?? []);
  });
  return chosen.sort((a, b) => (hexOf(a.id) < hexOf(b.id) ? -1 : 1));
}
