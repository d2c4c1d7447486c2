import { type StatementId, toHex, type Verifier } from "@selkie/entry";
import type { Member, PlacedStatement } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { identityKeyName } from "../keys/identity-key.ts";
import { everyAdmissionOf } from "./own-admissions.ts";

interface PersonLook {
  readonly view: Pick<DirectoryView, "allDevices" | "everyUserKey" | "personOf">;
  /** By id in hex. */
  readonly placed: ReadonlyMap<string, Pick<PlacedStatement, "statement">>;
}

/** A statement whose entry may give a device keys of its person, and the names of those keys. */
export interface PersonPlace {
  readonly by: StatementId;
  /** `identityKeyName` of each. */
  readonly names: readonly Uint8Array[];
}

/**
 * Where the directory says that the person's keys were given to the device that joined so: when it was added, and with each next user key.
 * SECURITY: of these a device takes what the statement lists, whatever else its entry gives: who opens what is told by what devices are known
 * to hold (own-admissions.test.ts).
 */
export function personPlaces(verifier: Verifier, { view, placed }: PersonLook, joined: Member): readonly PersonPlace[] {
  const published = view.everyUserKey(joined);
  const added = everyAdmissionOf(view, joined).map(({ id, userKem, slot }) => {
    const listed = listedIn(placed.get(toHex(id)));
    const keys = [userKem, slot, ...published.filter(({ by }) => listed.has(toHex(by))).map(({ kem }) => kem)];
    return { by: id, names: keys.map((key) => identityKeyName(verifier, key)) };
  });
  return [...added, ...published.map(({ by, kem }) => ({ by, names: [identityKeyName(verifier, kem)] }))];
}

/** The user-key statements whose keys an add-device statement gives, in hex. */
const listedIn = (placed: Pick<PlacedStatement, "statement"> | undefined): ReadonlySet<string> =>
  new Set(placed?.statement.type === "addDevice" ? placed.statement.userKeys.map(toHex) : []);
