// What a login key may do at a relay, or a device at a peer.

/** What a peer may do in one tenant. */
export interface Rights {
  /** May receive entries. */
  readonly pull: boolean;
  /** May send entries. */
  readonly push: boolean;
  /** May sign retire lists. */
  readonly purge: boolean;
}

/** None of them. In an access list: whose slot this is was removed, and may read the directory to learn it. */
export const NO_RIGHTS: Rights = { pull: false, push: false, purge: false };

/** All of them: what a client grants its relay, and each side of an in-process pipe the other. */
export const ALL_RIGHTS: Rights = { pull: true, push: true, purge: true };

/** Whether two grants allow the same. */
export function equalRights(a: Grant | null, b: Grant | null): boolean {
  return a === null || b === null ? a === b : grantToBits(a) === grantToBits(b);
}

/** What a side is told it may do. */
export interface Grant extends Rights {
  /** It may receive the entries of the directory, and no other database. */
  readonly directoryOnly?: true;
}

/** Who was let in once and is not any more may still learn why. */
export const DIRECTORY_ONLY: Grant = { pull: true, push: false, purge: false, directoryOnly: true };

const PULL = 1;
const PUSH = 2;
const PURGE = 4;
const DIRECTORY = 8;

/** Rights as the bits pull 1, push 2, purge 4. */
export function rightsToBits(rights: Rights): number {
  return (rights.pull ? PULL : 0) | (rights.push ? PUSH : 0) | (rights.purge ? PURGE : 0);
}

/** The rights of these bits, or null when a bit is set that has no meaning. */
export function bitsToRights(bits: number): Rights | null {
  if ((bits & ~(PULL | PUSH | PURGE)) !== 0) return null;
  return { pull: (bits & PULL) !== 0, push: (bits & PUSH) !== 0, purge: (bits & PURGE) !== 0 };
}

/** A grant as bits: those of its rights, and 8 with pull alone for {@link DIRECTORY_ONLY}. */
export function grantToBits(grant: Grant): number {
  return grant.directoryOnly === true ? PULL | DIRECTORY : rightsToBits(grant);
}

/** The grant of these bits, or null when they have no meaning. */
export function bitsToGrant(bits: number): Grant | null {
  return bits === (PULL | DIRECTORY) ? DIRECTORY_ONLY : bitsToRights(bits);
}
