// Who is due which keys: a pure function of the directory, never anybody's choice.
import { compareBytes, equalBytes, type StatementId, toHex } from "@selkie/entry";
import { isMember, type Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import type { KeyGift, KeyRecipient } from "./directory-entries.ts";

/** Users who are not in the directory yet, but in the entry that is being made. */
export interface Newcomer extends KeyRecipient {
  readonly keys: readonly Uint8Array[];
}

/**
 * How permits reach a user: through the person's key, or, while a device that is out holds that key, through those of its devices that
 * are in.
 * SECURITY: nothing is wrapped for a key that a revoked device can open (due-keys.test.ts).
 */
export function recipientsOf(view: DirectoryView, user: Member): readonly KeyRecipient[] {
  const devices = view.devices(user.user);
  const { id, kem } = view.personKey(user);
  const isLost = view
    .allDevices()
    .some((device) => isOfPerson(device, user) && !view.isLive(device) && !isStillIn(view, device) && view.holdsPersonKey(device, id));
  if (!isLost) return [{ name: { type: "statement", id }, kem }];
  return devices.map((device) => ({ name: deviceOf(device.id), kem: device.deviceKem }));
}

/** The gifts that bring these versions to everybody who is due them: one for each group that is due the same. */
export function giftsOf(view: DirectoryView, versions: readonly KeyVersion[]): readonly KeyGift[] {
  const groups = new Map<string, { to: KeyRecipient[]; versions: readonly KeyVersion[] }>();
  for (const user of view.users()) {
    const due = versions.filter(({ keyId }) => view.isEntitled(user, keyId));
    if (due.length === 0) continue;
    const name = due.map(({ version }) => toHex(version)).join();
    const group = groups.get(name) ?? { to: [], versions: due };
    groups.set(name, group);
    group.to.push(...recipientsOf(view, user));
  }
  return [...groups.values()];
}

const deviceOf = (id: StatementId): KeyRecipient["name"] => ({ type: "device", of: { type: "statement", id } });

const isOfPerson = (device: Member, { userKem }: Member): boolean => equalBytes(device.userKem, userKem);

/** A device whose admission ended and that goes on under another: its rights changed, it is not out. */
function isStillIn(view: DirectoryView, { device }: Member): boolean {
  return view.devices().some((other) => isMember(other) && compareBytes(other.device, device) === 0);
}
