// The keys of a user's slot at relays: the first, and with each user key that follows on another the one that derives from it.
import type { CryptoProvider, SigningKey } from "@selkie/crypto";
import { equalBytes, toHex } from "@selkie/entry";
import type { Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { nextSlotKeyFor } from "../directory/identity.ts";
import type { UserKey } from "../directory/key-recipients.ts";
import type { PersonKeys } from "../tenant/person-keys.ts";

/** Lines that are made: devices that replaced a user key at the same time are few. */
const MAX_LINES = 4;

/** A line of user keys, the grant's first: each replaces the one before. */
type Line = readonly UserKey[];

/**
 * The slot keys along each line of user keys that this device holds, to one that no other replaces. Two devices may have made the next at
 * the same time; which one a relay saw first, it keeps.
 */
export async function slotLines(
  crypto: CryptoProvider,
  view: Pick<DirectoryView, "userKeys" | "everyUserKey">,
  { person, member }: { readonly person: PersonKeys; readonly member: Member },
): Promise<readonly (readonly SigningKey[])[]> {
  const { slot, userKeys } = person;
  if (slot === null) return [];
  const every = new Map(view.everyUserKey(member).map((key) => [toHex(key.by), key]));
  const lines: SigningKey[][] = [];
  for (const line of view
    .userKeys(member)
    .flatMap((tip) => linesTo(tip, every))
    .slice(0, MAX_LINES)) {
    const seeds = line.slice(1).map(({ kem }) => userKeys.find((held) => equalBytes(held.kem.publicKey, kem))?.seed);
    const known = seeds.filter((seed) => seed !== undefined);
    if (known.length < seeds.length) continue;
    const next = await Promise.all(known.map((seed) => nextSlotKeyFor(crypto, seed, member.slotSalt)));
    lines.push([slot, ...next]);
  }
  return lines;
}

/** Ids are hashes, so no key is replaced by one that it replaced: this ends. */
function linesTo(tip: UserKey, every: ReadonlyMap<string, UserKey>): readonly Line[] {
  const before = tip.over.flatMap((id) => every.get(toHex(id)) ?? []);
  if (before.length === 0) return [[tip]];
  return before.flatMap((each) => linesTo(each, every).map((line): Line => [...line, tip])).slice(0, MAX_LINES);
}
