// "A person is what its changes make one." (docs/adr/0020): who is who, and the least that changes at once leave.
import type { Accepted } from "./accept.ts";
import { type Admission, personOf } from "./admission.ts";

const besideById = new WeakMap<Accepted, Map<string, readonly Admission[]>>();

/** What other changes of the person let in, made in ignorance of the one that let this in: neither ended the other, nor what it rests on. */
export function beside(accepted: Accepted, admission: Admission): readonly Admission[] {
  const found = besideById.get(accepted) ?? new Map<string, readonly Admission[]>();
  besideById.set(accepted, found);
  const others = found.get(admission.id) ?? besideOf(accepted, admission);
  found.set(admission.id, others);
  return others;
}

function besideOf({ known, statements, ended }: Accepted, admission: Admission): readonly Admission[] {
  if (admission.isRoot) return [];
  const changed = statements.flatMap(({ statement }) => {
    const first = statement.type === "change" ? known.admissions.get(statement.id) : undefined;
    return first !== undefined && personOf(known.admissions, first) === personOf(known.admissions, admission)
      ? [first]
      : [];
  });
  const ids = changed.map(({ id }) => id);
  if (!ids.includes(admission.user)) return [];
  const endings = (id: string): readonly string[] => (ended.get(id) ?? []).filter((by) => ids.includes(by));
  const leadsTo = (from: string, to: string): boolean => from === to || endings(from).some((by) => leadsTo(by, to));
  const unaware = changed.filter(({ id }) => !leadsTo(id, admission.user) && !leadsTo(admission.user, id));
  // Of those that rest on one another, the last.
  return unaware.filter(({ id }) => !unaware.some((other) => endings(id).includes(other.id)));
}

/** "Of changes at once the least is left": the lowest role. */
export function leastRole(accepted: Accepted, admission: Admission): Admission["role"] {
  const roles = [admission, ...beside(accepted, admission)].map(({ role }) => role);
  if (roles.includes("reader")) return "reader";
  return roles.includes("editor") ? "editor" : "admin";
}
