import type { StatementId, Verifier } from "@selkie/entry";
import type { Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { identityKeyName } from "../keys/identity-key.ts";
import { everyAdmissionOf } from "./own-admissions.ts";

/** A statement whose entry may give a device keys of its person, and the names of those keys. */
export interface PersonPlace {
  readonly by: StatementId;
  /** `identityKeyName` of each. */
  readonly names: readonly Uint8Array[];
}

/** Where the directory says that the person's keys were given to the device that joined so: when it was added, and with each next user key. */
export function personPlaces(
  verifier: Verifier,
  view: Pick<DirectoryView, "allDevices" | "everyUserKey" | "personOf">,
  joined: Member,
): readonly PersonPlace[] {
  const published = view.everyUserKey(joined);
  const added = everyAdmissionOf(view, joined).map(({ id, userKem, slot }) => {
    const keys = [userKem, slot, ...published.map(({ kem }) => kem)];
    return { by: id, names: keys.map((key) => identityKeyName(verifier, key)) };
  });
  return [...added, ...published.map(({ by, kem }) => ({ by, names: [identityKeyName(verifier, kem)] }))];
}
