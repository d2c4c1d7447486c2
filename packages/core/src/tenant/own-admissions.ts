// Under which admissions a device is in: the one it joined with, and those under which changes of its person's rights let it go on.
import { equalBytes, type StatementId } from "@selkie/entry";
import { isMember, type Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";

type People = Pick<DirectoryView, "admission" | "allDevices" | "devices" | "isLive" | "personOf">;

/** What the device joined with; null while it has not arrived. */
export function joinedWith(view: Pick<People, "admission">, admittedBy: StatementId | null): Member | null {
  const joined = admittedBy === null ? undefined : view.admission(admittedBy);
  return joined !== undefined && isMember(joined) ? joined : null;
}

/**
 * Every admission of the device that ever was, that with which it joined first.
 * SECURITY: D10. Anybody may add a device with this one's public keys to their own: only what its person's grant leads to is its own
 * (own-admissions.test.ts).
 */
export function everyAdmissionOf(
  view: Pick<People, "allDevices" | "personOf">,
  joined: Member,
): readonly [Member, ...Member[]] {
  const others = view.allDevices().filter((other) => !equalBytes(other.id, joined.id) && isSame(view, other, joined));
  return [joined, ...others];
}

/** The admission that gives the device its rights now: that with which it joined, as long as it counts. */
export function liveAdmissionOf(
  view: Pick<People, "devices" | "isLive" | "personOf">,
  joined: Member,
): Member | undefined {
  return view.isLive(joined) ? joined : view.devices().find((other) => isSame(view, other, joined));
}

function isSame(view: Pick<People, "personOf">, a: Member, b: Member): boolean {
  const isKeys = equalBytes(a.device, b.device) && equalBytes(a.deviceKem, b.deviceKem);
  return isKeys && equalBytes(view.personOf(a), view.personOf(b));
}
