// Whom a change leaves no admin while another, made at the same time, leaves it one.
import { hexOf } from "../hex.ts";
import { type Admission, type Admissions, isMember, type Member, type PlacedStatement } from "./admission.ts";
import type { Membership } from "./membership.ts";
import { isChange, reach } from "./people.ts";

/** A change, by whom, and what it leaves of a person's rights. */
interface Left {
  readonly id: string;
  readonly by: Admission;
  readonly member: Member;
}

/** By id of a change: which of them it ended, or was ended by. */
interface Lines {
  readonly before: ReadonlyMap<string, readonly string[]>;
  readonly after: ReadonlyMap<string, readonly string[]>;
}

/**
 * The statements, in hex, by which somebody lets people or entries in as an admin under one of several changes of its person, of which
 * another leaves it less. Only one by who may take the rights that the first leaves weighs against it: so what decides about an admission comes
 * from above it alone, as everywhere in the rules of membership, and there is one answer (people.test.ts "D10").
 */
export function byDemoted(
  { admissions, membership }: { readonly admissions: Admissions; readonly membership: Pick<Membership, "counts"> },
  statements: readonly PlacedStatement[],
): ReadonlySet<string> {
  const authorOf = (placed: PlacedStatement): Admission | null => {
    const verdict = admissions.judgeAuthor(placed);
    return verdict.type === "admitted" ? verdict.admission : null;
  };
  const changes = statements.filter(isChange).filter((placed) => membership.counts(placed));
  if (changes.length === 0) return new Set();
  const left = changes.flatMap((placed): Left[] => {
    const [member, by] = [admissions.find(placed.id), authorOf(placed)];
    return member !== undefined && isMember(member) && by !== null ? [{ id: hexOf(placed.id), by, member }] : [];
  });
  const lines = linesOf(statements);
  const demoted = new Set<string>();
  for (const group of Map.groupBy(left, ({ member }) => hexOf(admissions.personOf(member))).values()) {
    if (group.every(({ member }) => member.role === "admin")) continue;
    for (const one of group.filter(({ member }) => member.role === "admin"))
      if (isLess(one, group, { lines, admissions })) demoted.add(one.id);
  }
  if (demoted.size === 0) return demoted;
  const isRefused = (placed: PlacedStatement): boolean => {
    const by = ["grant", "change", "readmit"].includes(placed.statement.type) ? authorOf(placed) : null;
    return by !== null && isMember(by) && demoted.has(hexOf(by.user));
  };
  return new Set(statements.filter(isRefused).map(({ id }) => hexOf(id)));
}

function linesOf(statements: readonly PlacedStatement[]): Lines {
  const before = new Map(
    statements.filter(isChange).map(({ id, statement }) => [hexOf(id), statement.targets.map(hexOf)]),
  );
  const after = new Map<string, string[]>();
  for (const [id, ended] of before)
    for (const other of ended) {
      const later = after.get(other);
      if (later === undefined) after.set(other, [id]);
      else later.push(id);
    }
  return { before, after };
}

/** Whether one of those that weigh, and that knew nothing of the change nor it of them, takes the role of admin. Of these, the last say. */
function isLess(
  one: Left,
  group: readonly Left[],
  { lines: { before, after }, admissions }: { readonly lines: Lines; readonly admissions: Admissions },
): boolean {
  const related = new Set([...reach([one.id], before), ...reach([one.id], after)]);
  const beside = group.filter(({ id, by }) => !related.has(id) && admissions.mayEnd(by, one.member));
  const ended = reach(
    beside.flatMap(({ id }) => before.get(id) ?? []),
    before,
  );
  return beside.some(({ id, member }) => member.role !== "admin" && !ended.has(id));
}
