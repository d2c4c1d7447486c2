// Who may take rights away.
import { type Admission, lineOf } from "./admission.ts";

/**
 * Whether one admission may take rights from another. (non-admin?, user depth, device depth) of who may is always smaller than of
 * whom it may: so mutual revocation can't arise, and what decides about a writer is decided before it.
 */
export function mayCut(author: Admission, target: Admission): boolean {
  // "The root anyone", and nobody the root: a root ends only itself.
  if (target.isRoot) return false;
  if (author.isRoot) return true;
  // "Within a user a device may revoke the devices it added, and theirs."
  if (author.user === target.user) return author.id !== target.id && lineOf(target).some(({ id }) => id === author.id);
  // "Any admin may revoke, change and readmit any non-admin; another admin only when it stands on that admin's grant path."
  if (author.role !== "admin") return false;
  return target.role !== "admin" || lineOf(target).some(({ user }) => user === author.user);
}
