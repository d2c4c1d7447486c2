// Whom a version of a key is due, and whether one may be sealed under: what the directory entitles to, never a choice.
import { compareBytes, equalBytes, type StatementId, toHex } from "@selkie/entry";
import type { Member } from "./admission.ts";
import type { Authored } from "./entitlement.ts";
import type { KeyCatalog } from "./key-catalog.ts";
import { type Keeper, type KeyMembership, type KeyOpeners, keeperOf } from "./key-openers.ts";
import type { Recipient, UserKeyStatement } from "./statement.ts";

/** A KEM key that a permit is due to, and how the permit statement names it. */
export interface DueRecipient {
  /** 1,216 bytes. */
  readonly kem: Uint8Array;
  readonly recipient: Recipient;
}

/** What answers follow from. */
export interface KeyRules {
  readonly catalog: Pick<KeyCatalog, "find" | "isEntitled">;
  readonly openers: KeyOpeners;
  readonly membership: KeyMembership;
  /** The user keys that count. */
  readonly userKeys: readonly Authored<UserKeyStatement>[];
}

/** Devices that were in and no longer have a right to the key: none of their admissions that is left entitles to it. */
function outsiders({ catalog, membership }: KeyRules, keyId: Uint8Array): ReadonlySet<Keeper> {
  const out = new Set<Keeper>();
  const isIn = new Set<Keeper>();
  for (const member of membership.members) {
    if (!membership.isLive(member.id)) out.add(keeperOf(member));
    else if (catalog.isEntitled(member, keyId)) isIn.add(keeperOf(member));
  }
  for (const keeper of isIn) out.delete(keeper);
  return out;
}

/**
 * Whether something may be sealed under the current versions of a key: no device that lost its right can open all of them. Otherwise the
 * writer rotates first.
 */
export function isSafe(rules: KeyRules, keyId: Uint8Array): boolean {
  const current = rules.catalog.find(keyId)?.current ?? [];
  return ![...outsiders(rules, keyId)].some((keeper) => opensAll(rules, keeper, current));
}

/** Whether a device is entitled to a key and can open all its current versions. Who is entitled and can't asks for a permit, or rotates. */
export function canSeal(rules: KeyRules, member: Member, keyId: Uint8Array): boolean {
  const current = rules.catalog.find(keyId)?.current ?? [];
  const isEntitled = rules.membership.isLive(member.id) && rules.catalog.isEntitled(member, keyId);
  return isEntitled && current.length > 0 && opensAll(rules, keeperOf(member), current);
}

function opensAll({ openers }: KeyRules, keeper: Keeper, versions: readonly Uint8Array[]): boolean {
  return versions.length > 0 && versions.every((version) => openers.canOpen(keeper, version));
}

/**
 * The recipients of the next version of a key: each person once, by its user key. Where an outsider holds that, until the person publishes
 * the next, its live devices each; and so a device that was added since and does not hold the user key.
 */
export function recipientsOf(rules: KeyRules, keyId: Uint8Array): readonly DueRecipient[] {
  const out = outsiders(rules, keyId);
  const { membership, catalog } = rules;
  const live = membership.members.filter((member) => membership.isLive(member.id) && catalog.isEntitled(member, keyId));
  const people = Map.groupBy(live, (member) => toHex(membership.personOf(member)));
  const due = [...people.values()].flatMap((devices) => recipientsAmong(rules, devices, out));
  const byKem = new Map(due.map((each) => [toHex(each.kem), each]));
  return [...byKem.values()].sort((a, b) => compareBytes(a.kem, b.kem));
}

function recipientsAmong(
  rules: KeyRules,
  devices: readonly Member[],
  out: ReadonlySet<Keeper>,
): readonly DueRecipient[] {
  const [first] = devices;
  if (first === undefined) return [];
  const key = userKeysOf(rules, first).find(({ kem }) => !isHeldBy(rules, kem, out));
  const holders = key === undefined ? new Set<Keeper>() : rules.openers.holdersOf(key.kem);
  const left = devices.filter((device) => !holders.has(keeperOf(device)));
  const toDevices = left.map(
    ({ id, deviceKem }): DueRecipient => ({
      kem: deviceKem,
      recipient: { type: "device", of: { type: "statement", id } },
    }),
  );
  return key === undefined ? toDevices : [{ kem: key.kem, recipient: { type: "statement", id: key.by } }, ...toDevices];
}

/** A user key and the statement that names it. */
export interface UserKey {
  readonly kem: Uint8Array;
  readonly by: StatementId;
}

/** The user keys of a person that no other replaces, ascending by statement; the next one names them all. */
export function userKeysOf(rules: KeyRules, member: Member): readonly UserKey[] {
  const keys = everyUserKeyOf(rules, member);
  const replaced = new Set(keys.flatMap(({ over }) => over.map(toHex)));
  return keys.filter(({ by }) => !replaced.has(toHex(by))).sort((a, b) => compareBytes(a.by, b.by));
}

/** The user keys of a person, those that were replaced too: permits went to each of them. */
export function everyUserKeyOf(
  { membership, userKeys }: KeyRules,
  member: Member,
): readonly (UserKey & { readonly over: readonly StatementId[] })[] {
  const person = membership.personOf(member);
  const published = userKeys.filter(({ author }) => {
    const by = membership.members.find(({ id }) => author.id !== "root" && equalBytes(id, author.id));
    return by !== undefined && equalBytes(membership.personOf(by), person);
  });
  return [
    { kem: member.userKem, by: person, over: [] },
    ...published.map(({ placed, statement: { kem, over } }) => ({ kem, by: placed.id, over })),
  ];
}

/** Whether a device that is out holds every user key of the person: permits go to its live devices until one of them makes the next. */
export function lacksUserKey(rules: KeyRules, member: Member, directoryKey: Uint8Array): boolean {
  const out = outsiders(rules, directoryKey);
  return userKeysOf(rules, member).every(({ kem }) => isHeldBy(rules, kem, out));
}

function isHeldBy({ openers }: KeyRules, userKem: Uint8Array, keepers: ReadonlySet<Keeper>): boolean {
  return [...openers.holdersOf(userKem)].some((keeper) => keepers.has(keeper));
}

/** The people who would read a document that goes from one key to another and can't read it now: the caller names them, or does not move it. */
export function readersGained(rules: KeyRules, from: Uint8Array, to: Uint8Array): readonly Member[] {
  const { membership, catalog } = rules;
  const gains = membership.members.filter(
    (member) => membership.isLive(member.id) && catalog.isEntitled(member, to) && !catalog.isEntitled(member, from),
  );
  return [...new Map(gains.map((member) => [toHex(member.user), member])).values()];
}
