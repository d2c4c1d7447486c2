// Whom a version of a key is due: what the directory entitles to, never a choice.
import { compareBytes, equalBytes, type StatementId } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";
import { isMember, type Member } from "./admission.ts";
import type { Authored } from "./entitlement.ts";
import type { KeyCatalog } from "./key-catalog.ts";
import type { Keeper, KeyMembership } from "./key-holders.ts";
import type { KeyOpeners } from "./key-openers.ts";
import type { Recipient, Role, UserKeyStatement } from "./statement.ts";

/** A KEM key that a permit is for, and how the permit statement names it. */
export interface PermitRecipient {
  /** 1,216 bytes. */
  readonly kem: Uint8Array;
  readonly recipient: Recipient;
}

/** One that a key is due to. */
export interface DueRecipient extends PermitRecipient {
  /** Whether versions come with their history secrets. */
  readonly history: HistoryPolicy;
}

/** What answers follow from. */
export interface KeyRules {
  readonly catalog: Pick<KeyCatalog, "find" | "isEntitled" | "dueHistory" | "dueUnder">;
  readonly openers: KeyOpeners;
  readonly membership: KeyMembership;
  /** The user keys that count. */
  readonly userKeys: readonly Authored<UserKeyStatement>[];
  /** Every one ever seen of an author once admitted. */
  readonly seenUserKeys: readonly Authored<UserKeyStatement>[];
}

/** A key's people, by what the directory says of them. */
export interface Audience {
  /** Devices that are entitled to it. */
  readonly due: readonly Member[];
  /** Those of them that read from now on, and nothing from before. */
  readonly fromNow: ReadonlySet<Member>;
  /** Devices that were in and no longer have a right to the key: none of their admissions that is left entitles to it. */
  readonly outsiders: ReadonlySet<Keeper>;
}

/** What every audience of a directory is found from. */
interface Everybody {
  readonly live: readonly Member[];
  /** The keepers of admissions that are not live. */
  readonly ended: readonly Keeper[];
  /** Audiences by key. Keys that are due to the same devices, as far back, have one. */
  readonly audiences: Map<string, FoundAudience>;
}

interface FoundAudience extends Audience {
  /** Of everybody who is live: how far back each reads. */
  readonly histories: readonly (HistoryPolicy | null)[];
}

/** By what does not change while nobody's rights do. */
const everybody = new WeakMap<KeyMembership, Everybody>();

function everybodyIn(rules: KeyRules): Everybody {
  const { membership, openers } = rules;
  const known = everybody.get(membership);
  if (known !== undefined) return known;
  const [live, ended]: [Member[], Member[]] = [[], []];
  for (const member of membership.members) (membership.isLive(member.id) ? live : ended).push(member);
  const found: Everybody = { live, ended: ended.map(openers.keeperOf), audiences: new Map() };
  everybody.set(membership, found);
  return found;
}

/** Every write asks about some keys, and a revocation about most. */
export function audienceOf(rules: KeyRules, keyId: Uint8Array): Audience {
  const { live, ended, audiences } = everybodyIn(rules);
  const name = hexOf(keyId);
  const known = audiences.get(name);
  if (known !== undefined) return known;
  const histories = live.map(rules.catalog.dueUnder(keyId));
  const isSame = (other: FoundAudience): boolean => other.histories.every((history, at) => history === histories[at]);
  const audience = [...audiences.values()].find(isSame) ?? audienceWith(rules, { live, ended, histories });
  audiences.set(name, audience);
  return audience;
}

function audienceWith(
  rules: KeyRules,
  { live, ended, histories }: Omit<Everybody, "audiences"> & Pick<FoundAudience, "histories">,
): FoundAudience {
  const due = live.filter((_, at) => histories[at] !== null);
  const fromNow = new Set(live.filter((_, at) => histories[at] === "from-now"));
  return { due, fromNow, outsiders: outsidersOf(rules, due, ended), histories };
}

function outsidersOf({ openers }: KeyRules, due: readonly Member[], ended: readonly Keeper[]): ReadonlySet<Keeper> {
  const outsiders = new Set(ended);
  for (const member of due) outsiders.delete(openers.keeperOf(member));
  return outsiders;
}

/**
 * The recipients of the next version of a key: each person once, by its user key. Where an outsider holds that, until the person publishes
 * the next, its live devices each; and so a device that was added since and does not hold the user key.
 */
export function recipientsOf(rules: KeyRules, keyId: Uint8Array): readonly DueRecipient[] {
  return recipientsIn(rules, audienceOf(rules, keyId));
}

const recipientsByAudience = new WeakMap<Audience, readonly DueRecipient[]>();

/** The recipients in an audience, ascending: an array for each, however many keys are due to it. */
export function recipientsIn(rules: KeyRules, audience: Audience): readonly DueRecipient[] {
  const known = recipientsByAudience.get(audience);
  if (known !== undefined) return known;
  const { due, fromNow, outsiders } = audience;
  const byKem = new Map<string, DueRecipient>();
  for (const devices of Map.groupBy(due, (member) => hexOf(rules.membership.personOf(member))).values()) {
    const isFull = !devices.some((device) => fromNow.has(device));
    for (const key of recipientsAmong(rules, devices, outsiders)) {
      const kem = hexOf(key.kem);
      // Of people who were let in with one key, the one that is due more: a copied key takes nothing from whose it is.
      if (isFull || !byKem.has(kem)) byKem.set(kem, { ...key, history: isFull ? "full" : "from-now" });
    }
  }
  const found = [...byKem.values()].sort((a, b) => compareBytes(a.kem, b.kem));
  recipientsByAudience.set(audience, found);
  return found;
}

function recipientsAmong(
  rules: KeyRules,
  devices: readonly Member[],
  out: ReadonlySet<Keeper>,
): readonly PermitRecipient[] {
  const [first] = devices;
  if (first === undefined) return [];
  const key = userKeysOf(rules, first).find(({ kem }) => !isHeldBy(rules, kem, out));
  const holders = key === undefined ? new Set<Keeper>() : rules.openers.holdersOf(key.kem);
  const left = devices.filter((device) => !holders.has(rules.openers.keeperOf(device)));
  const toDevices = left.map(
    ({ id, deviceKem }): PermitRecipient => ({
      kem: deviceKem,
      recipient: { type: "device", of: { type: "statement", id } },
    }),
  );
  return key === undefined ? toDevices : [{ kem: key.kem, recipient: { type: "statement", id: key.by } }, ...toDevices];
}

/** A user key and the statement that names it. */
export interface UserKey {
  readonly kem: Uint8Array;
  /** The slot key that goes with it. */
  readonly slot: Uint8Array;
  readonly by: StatementId;
  /** The statements that named the keys it replaces; of a grant, none. */
  readonly over: readonly StatementId[];
}

/** The user keys of a person that no other replaces, ascending by statement; the next one names them all. */
export function userKeysOf(rules: KeyRules, member: Member): readonly UserKey[] {
  const keys = keysAmong(rules, member, rules.userKeys);
  if (keys.length === 1) return keys;
  const replaced = new Set(keys.flatMap(({ over }) => over.map(hexOf)));
  return keys.filter(({ by }) => !replaced.has(hexOf(by))).sort((a, b) => compareBytes(a.by, b.by));
}

/** The user keys of a person, those that were replaced or are void too: permits went to each of them. */
export function everyUserKeyOf(rules: KeyRules, member: Member): readonly UserKey[] {
  return keysAmong(rules, member, rules.seenUserKeys);
}

/** The user key of the person's grant first. */
function keysAmong({ membership }: KeyRules, member: Member, among: KeyRules["userKeys"]): readonly UserKey[] {
  const person = membership.personOf(member);
  const published = among.filter(({ author }) => isMember(author) && equalBytes(membership.personOf(author), person));
  return [
    { kem: member.userKem, slot: member.slot, by: person, over: [] },
    ...published.map(({ placed, statement: { kem, slot, over } }) => ({ kem, slot, by: placed.id, over })),
  ];
}

/** Whether a device that is out holds every user key of the person: permits go to its live devices until one of them makes the next. */
export function lacksUserKey(rules: KeyRules, member: Member, directoryKey: Uint8Array): boolean {
  const { outsiders } = audienceOf(rules, directoryKey);
  return userKeysOf(rules, member).every(({ kem }) => isHeldBy(rules, kem, outsiders));
}

/** A person, as relays are to know it. */
export interface PersonSlot {
  /** 32-byte slot key: the one that goes with the user key permits are for. */
  readonly slot: Uint8Array;
  readonly role: Role;
  /** A device that is out holds it, and the person has not made the next. */
  readonly isLost: boolean;
}

/** How relays are to know these people. SECURITY: A3. A device that is out holds the key of nobody's slot, once its person has made the next (a3-lost-device-at-a-relay.test.ts). */
export function slotsOf(rules: KeyRules, users: readonly Member[], directoryKey: Uint8Array): readonly PersonSlot[] {
  const { outsiders } = audienceOf(rules, directoryKey);
  return users.map((user) => {
    const keys = userKeysOf(rules, user);
    const safe = keys.find(({ kem }) => !isHeldBy(rules, kem, outsiders));
    return { slot: (safe ?? keys[0])?.slot ?? user.slot, role: user.role, isLost: safe === undefined };
  });
}

function isHeldBy({ openers }: KeyRules, userKem: Uint8Array, keepers: ReadonlySet<Keeper>): boolean {
  return [...openers.holdersOf(userKem)].some((keeper) => keepers.has(keeper));
}

/** The people who would read a document that is copied from one key to another, and perhaps can't read it now, or not what was written before they came. */
export function readersGained(rules: KeyRules, from: Uint8Array, to: Uint8Array): readonly Member[] {
  const { membership, catalog } = rules;
  const gains = membership.members.filter(
    (member) =>
      membership.isLive(member.id) && catalog.isEntitled(member, to) && catalog.dueHistory(member, from) !== "full",
  );
  return [...new Map(gains.map((member) => [hexOf(member.user), member])).values()];
}
