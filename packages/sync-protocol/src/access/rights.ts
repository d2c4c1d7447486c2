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

/** All of them: what a client grants its relay, and each side of an in-process pipe the other. */
export const ALL_RIGHTS: Rights = { pull: true, push: true, purge: true };

export function equalRights(a: Rights | null, b: Rights): boolean {
  return a !== null && rightsToBits(a) === rightsToBits(b);
}

const PULL = 1;
const PUSH = 2;
const PURGE = 4;

/** Rights as the bits pull 1, push 2, purge 4. */
export function rightsToBits(rights: Rights): number {
  return (rights.pull ? PULL : 0) | (rights.push ? PUSH : 0) | (rights.purge ? PURGE : 0);
}

/** The rights of these bits, or null when a bit is set that has no meaning. */
export function bitsToRights(bits: number): Rights | null {
  if ((bits & ~(PULL | PUSH | PURGE)) !== 0) return null;
  return { pull: (bits & PULL) !== 0, push: (bits & PUSH) !== 0, purge: (bits & PURGE) !== 0 };
}
