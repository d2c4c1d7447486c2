import type { StatementId, Verifier } from "@selkie/entry";
import { equalBytes } from "@selkie/entry";
import type { DirectoryView } from "../directory/directory-view.ts";
import { identityKeyName } from "../keys/identity-key.ts";

/** A statement whose entry may give a device keys of its person, and the names of those keys. */
export interface PersonPlace {
  readonly by: StatementId;
  /** `identityKeyName` of each. */
  readonly names: readonly Uint8Array[];
}

/** Where the directory says that the person's keys were given to the device with this KEM key: when it was added, and with each next user key. */
export function personPlaces(
  verifier: Verifier,
  view: Pick<DirectoryView, "allDevices" | "everyUserKey">,
  deviceKem: Uint8Array,
): readonly PersonPlace[] {
  const admissions = view.allDevices().filter((member) => equalBytes(member.deviceKem, deviceKem));
  const [first] = admissions;
  const published = first === undefined ? [] : view.everyUserKey(first);
  const added = admissions.map(({ id, userKem, slot }) => {
    const keys = [userKem, slot, ...published.map(({ kem }) => kem)];
    return { by: id, names: keys.map((key) => identityKeyName(verifier, key)) };
  });
  return [...added, ...published.map(({ by, kem }) => ({ by, names: [identityKeyName(verifier, kem)] }))];
}
