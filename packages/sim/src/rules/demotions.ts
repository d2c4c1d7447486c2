// "Who was demoted lets nobody in." (docs/adr/0020)
import { type Admission, type Made, personOf } from "./admission.ts";
import type { Statement } from "./facts.ts";
import type { Known } from "./known.ts";
import { mayCut } from "./may-cut.ts";

/** A change that counts, by whom, and what it leaves. */
interface Left {
  readonly change: Statement & { readonly type: "change" };
  readonly by: Admission;
  readonly member: Admission;
}

/**
 * Grants, changes and readmissions of an admin under one of several changes of its person at once, where the author of another, that leaves it
 * less, may take the rights that the first left: these say nothing, whatever was known when they were said.
 */
export function byDemoted({
  known,
  statements,
}: {
  readonly known: Known;
  readonly statements: readonly Made[];
}): ReadonlySet<string> {
  const left = statements.flatMap((made): Left[] => {
    const { statement: change } = made;
    const [by, member] = [known.author(made), known.admissions.get(change.id)];
    return change.type === "change" && by !== undefined && member !== undefined ? [{ change, by, member }] : [];
  });
  const demoted = left
    .filter(({ member }) => member.role === "admin" && isLess(known, left, member))
    .map(({ member }) => member.id);
  const refused = known.statements.filter((made) => {
    const author = known.author(made);
    const isOfAdmins = ["grant", "change", "readmit"].includes(made.statement.type);
    return isOfAdmins && author !== undefined && !author.isRoot && demoted.includes(author.user);
  });
  return new Set(refused.map(({ statement }) => statement.id));
}

/** Whether another change takes the role: of those by who may, that knew nothing of this one nor it of them, one that none of them knew of. */
function isLess(known: Known, left: readonly Left[], admin: Admission): boolean {
  const { admissions } = known;
  const beside = left.filter(
    ({ by, member }) =>
      personOf(admissions, member) === personOf(admissions, admin) &&
      !knewOf(known, member.id, admin.id) &&
      !knewOf(known, admin.id, member.id) &&
      (by.id === admin.id || mayCut(by, admin)),
  );
  return beside.some(
    ({ member }) =>
      member.role !== "admin" &&
      !beside.some((other) => other.member !== member && knewOf(known, other.member.id, member.id)),
  );
}

/** Whether a change names what another let in, or one that does. */
function knewOf(known: Known, id: string, other: string, asked: ReadonlySet<string> = new Set()): boolean {
  if (id === other) return true;
  if (asked.has(id)) return false;
  const change = known.statements.find(({ statement }) => statement.id === id)?.statement;
  const targets = change?.type === "change" ? change.revoke.targets : [];
  return targets.some((target) => knewOf(known, target, other, new Set([...asked, id])));
}
