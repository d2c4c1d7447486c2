// What a device knows of a version that it made, without asking the directory who opens what.
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DueRecipient } from "../directory/key-recipients.ts";
import { hexOf } from "../hex.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { KeyVersion } from "../keys/key-version.ts";

/** How a version was made. */
interface Turned {
  /** Everybody who was due it: each got it, in full. */
  readonly to: readonly DueRecipient[];
  /** The versions that it leads to, in hex. */
  readonly leadsTo: ReadonlySet<string>;
}

const turnedBy = new WeakMap<KeyVersion, Turned>();

/** This device turned a key: it links all that it holds of it, and gives the version to all who are due it. */
export function rememberTurned(key: KeyVersion, { to, leadsTo }: Turned): void {
  if (to.every(({ history }) => history === "full")) turnedBy.set(key, { to, leadsTo });
}

/**
 * Whether a key is as this device turned it: nobody's rights changed since, so nobody who is out opens it, and who is due it lacks nothing that
 * this device could give.
 * INVARIANT: a view has one list of those who are due keys, which the views that go on from it keep, and no other has (go-on.test.ts).
 */
export function isAsTurned({ view, ring }: AsHeld, keyId: Uint8Array): boolean {
  const current = ring.current(keyId);
  const turned = current === undefined ? undefined : turnedBy.get(current);
  return turned !== undefined && turned.to === view.recipients(keyId);
}

/** Whether a key is as this device turned it, and leads to all of these versions, or is one of them. */
export function leadsToAll(held: AsHeld, keyId: Uint8Array, versions: readonly KeyVersion[]): boolean {
  const current = held.ring.current(keyId);
  const turned = current === undefined ? undefined : turnedBy.get(current);
  if (turned === undefined || !isAsTurned(held, keyId)) return false;
  return versions.every((key) => key === current || turned.leadsTo.has(hexOf(key.version)));
}

/** What decides about it. */
export interface AsHeld {
  readonly view: Pick<DirectoryView, "recipients">;
  readonly ring: Pick<KeyRing, "current">;
}
