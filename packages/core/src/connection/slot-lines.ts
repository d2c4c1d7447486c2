// The keys of a user's slot at relays: the first, and with each user key that follows on another the one that derives from it.
import type { CryptoProvider, SigningKey } from "@selkie/crypto";
import { toHex } from "@selkie/entry";
import { MAX_SUCCESSIONS } from "@selkie/sync-protocol";
import { newestAccessList } from "../directory/access.ts";
import type { Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { nextSlotKeyFor } from "../directory/identity.ts";
import type { UserKey } from "../directory/key-recipients.ts";
import type { PersonKeys } from "../tenant/person-keys.ts";

/** Lines that are made: devices that replaced a user key at the same time are few. */
const MAX_LINES = 4;
/** Keys of one line: the slot, and as many as may follow on it at a relay. */
const MAX_KEYS = 1 + MAX_SUCCESSIONS;

/** A line of user keys, the grant's first: each replaces the one before. */
type Line = readonly [UserKey, ...UserKey[]];

/**
 * The slot keys along each line of user keys that this device holds, to one that no other replaces. Two devices may have made the next at
 * the same time; which one a relay saw first, it keeps.
 * SECURITY: a device of the user that is lost may have said anything about the user's keys. Keys that are not here take no place, and the
 * work is bounded by their number, however they replace each other (slot-lines.test.ts).
 */
export async function slotLines(
  crypto: CryptoProvider,
  view: Pick<DirectoryView, "userKeys" | "everyUserKey">,
  { person, member }: { readonly person: PersonKeys; readonly member: Member },
): Promise<readonly (readonly SigningKey[])[]> {
  const { slot, userKeys } = person;
  const [first, ...later] = view.everyUserKey(member);
  if (slot === null || first === undefined) return [];
  const seeds = new Map(userKeys.map(({ kem, seed }) => [toHex(kem.publicKey), seed]));
  const held = later.filter(({ kem }) => seeds.has(toHex(kem)));
  const tips = new Set(view.userKeys(member).map(({ by }) => toHex(by)));
  const lines = linesAmong(first, held, tips).map(async ([, ...line]) => {
    const known = line.flatMap(({ kem }) => seeds.get(toHex(kem)) ?? []);
    return [slot, ...(await Promise.all(known.map((seed) => nextSlotKeyFor(crypto, seed, member.slotSalt))))];
  });
  return await Promise.all(lines);
}

/**
 * The same, each from the key on by which the newest list knows the person: relays keep a slot by its first key, and the list may have put
 * another in its place, which no device that is out holds.
 */
export async function knownSlotLines(
  crypto: CryptoProvider,
  view: Pick<DirectoryView, "userKeys" | "everyUserKey" | "identity" | "accessLists">,
  device: { readonly person: PersonKeys; readonly member: Member },
): Promise<readonly (readonly SigningKey[])[]> {
  const lines = await slotLines(crypto, view, device);
  const list = await newestAccessList(crypto, view.identity, view.accessLists);
  const known = new Set(list?.slots.filter(({ rights }) => rights.pull).map(({ slot }) => toHex(slot)));
  return lines.map((line) => {
    const from = line.findLastIndex(({ publicKey }) => known.has(toHex(publicKey)));
    return line.slice(Math.max(0, from));
  });
}

/** The shortest lines to these tips. */
function linesAmong(first: UserKey, later: readonly UserKey[], tips: ReadonlySet<string>): readonly Line[] {
  const replacing = Map.groupBy(
    later.flatMap((key) => key.over.map((over) => ({ key, over: toHex(over) }))),
    ({ over }) => over,
  );
  const tipOf = (line: Line): string => toHex((line.at(-1) ?? first).by);
  const found: Line[] = [];
  let lines: readonly Line[] = [[first]];
  for (let keys = 1; keys <= MAX_KEYS && lines.length > 0 && found.length < MAX_LINES; keys += 1) {
    found.push(...lines.filter((line) => tips.has(tipOf(line))));
    const longer = lines.flatMap((line) => (replacing.get(tipOf(line)) ?? []).map(({ key }): Line => [...line, key]));
    lines = [...Map.groupBy(longer, tipOf).values()].flatMap((same) => same.slice(0, MAX_LINES));
  }
  return found.slice(0, MAX_LINES);
}
