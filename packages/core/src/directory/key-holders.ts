// Which devices hold which KEM keys: whom permits reach.
import type { StatementId, Verifier } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { identityKeyText } from "../keys/identity-key.ts";
import { type Admission, isMember, type Member } from "./admission.ts";
import type { Authored } from "./entitlement.ts";
import { deviceName, recipientNames } from "./recipient-names.ts";
import type { AddDeviceStatement, PermitStatement, UserKeyStatement } from "./statement.ts";

/** What membership says, as far as keys need it. */
export interface KeyMembership {
  /** Every admission ever seen but the root's, void and ended ones too. */
  readonly members: readonly Member[];
  /** Whether an admission counts and no revocation covers it. */
  isLive(id: StatementId): boolean;
  /** The first grant of the person, through all changes. */
  personOf(member: Member): StatementId;
}

/** Every such statement ever seen of an author once admitted, whether it counts or not. */
export interface KeyGifts {
  readonly permits: readonly Authored<PermitStatement>[];
  readonly userKeys: readonly Authored<UserKeyStatement>[];
  readonly addedDevices: readonly Authored<AddDeviceStatement>[];
}

/** A device as a keeper of secrets: the name of its KEM key, or the root. Admissions of one KEM key are one keeper. */
export type Keeper = string;

export function keeperOf(verifier: Verifier, admission: Admission): Keeper {
  return isMember(admission) ? identityKeyText(verifier, admission.deviceKem) : "root";
}

/** By the name of a KEM key. */
export type Holders = ReadonlyMap<string, ReadonlySet<Keeper>>;

/** Who holds which user key. */
export function findHolders(
  verifier: Verifier,
  { userKeys, addedDevices }: KeyGifts,
  membership: KeyMembership,
): Holders {
  const holders = new Map<string, Set<Keeper>>();
  const hold = (kem: string, keeper: Keeper): void => {
    const of = holders.get(kem) ?? new Set<Keeper>();
    holders.set(kem, of.add(keeper));
  };
  // SECURITY: a device that a user-key statement leaves out can add devices to no avail (key-recipients.test.ts).
  for (const member of membership.members) {
    hold(identityKeyText(verifier, member.userKem), keeperOf(verifier, member));
  }
  const byId = new Map(userKeys.length === 0 ? [] : membership.members.map((member) => [hexOf(member.id), member]));
  for (const { statement, author } of userKeys) {
    const kem = identityKeyText(verifier, statement.kem);
    hold(kem, keeperOf(verifier, author));
    for (const id of statement.to) {
      const device = byId.get(hexOf(id));
      if (device !== undefined) hold(kem, keeperOf(verifier, device));
    }
  }
  const nameOf = (kem: Uint8Array): string => identityKeyText(verifier, kem);
  const kemByStatement = new Map(userKeys.map(({ placed, statement }) => [hexOf(placed.id), nameOf(statement.kem)]));
  const passedOn = addedDevices.flatMap(({ author, statement }) =>
    statement.userKeys.flatMap((id) => {
      const kem = kemByStatement.get(hexOf(id));
      return kem === undefined ? [] : [{ kem, from: keeperOf(verifier, author), to: nameOf(statement.deviceKem) }];
    }),
  );
  for (let grew = true; grew; ) {
    const due = passedOn.filter(
      ({ kem, from, to }) => holders.get(kem)?.has(from) === true && !holders.get(kem)?.has(to),
    );
    for (const { kem, to } of due) hold(kem, to);
    grew = due.length > 0;
  }
  return holders;
}

/** Whom permits reach, by the names of recipients. */
export type Reach = ReadonlyMap<string, ReadonlySet<Keeper>>;

/** Everybody whom permits may reach. */
export function findReach(
  verifier: Verifier,
  { userKeys }: Pick<KeyGifts, "userKeys">,
  { members }: Pick<KeyMembership, "members">,
  holders: Holders,
): Reach {
  const reach = new Map<string, ReadonlySet<Keeper>>();
  const hold = (name: string, kem: Uint8Array) =>
    reach.set(name, holders.get(identityKeyText(verifier, kem)) ?? new Set());
  for (const member of members) {
    hold(hexOf(member.user), member.userKem);
    reach.set(deviceName(hexOf(member.id)), new Set([keeperOf(verifier, member)]));
  }
  for (const { placed, statement } of userKeys) hold(hexOf(placed.id), statement.kem);
  return reach;
}

/** As far as it reaches these. */
export function reachWithin(reach: Reach, keepers: ReadonlySet<Keeper>): Reach {
  const within = new Map<string, ReadonlySet<Keeper>>();
  for (const [name, holders] of reach) {
    const some = [...holders].filter((keeper) => keepers.has(keeper));
    if (some.length > 0) within.set(name, new Set(some));
  }
  return within;
}

/** Whom a permit reaches. */
export function receiversOf(verifier: Verifier, reach: Reach, permit: Authored<PermitStatement>): readonly Keeper[] {
  const names = recipientNames(verifier, permit.placed, permit.statement);
  // Permits are many, each for many, and mostly it is asked which of them reach a few.
  const reached = reach.size < names.size ? [...reach.keys()].filter((name) => names.has(name)) : [...names];
  return reached.flatMap((name) => [...(reach.get(name) ?? [])]);
}
