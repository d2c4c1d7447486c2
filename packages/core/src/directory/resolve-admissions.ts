// Who is in the tenant: from the root key, through the statements of those it let in.
import { compareBytes, equalBytes, type StatementId, type Verifier } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { type Lines, mayCut, type Ranked } from "../membership/may-cut.ts";
import {
  type Admission,
  type AdmissionId,
  type Admissions,
  admissionName,
  type Chain,
  type DirectoryIdentity,
  isMember,
  type Member,
  type PlacedStatement,
  type RejectionCode,
} from "./admission.ts";
import { type AdmittingStatement, admit, isAdmitting, isReady } from "./admit.ts";
import { claimedAdmission, judgeChain } from "./judge-chain.ts";

/**
 * The admissions that follow from a set of statements: the least fixpoint from the root, the same in any order.
 * SECURITY: nobody is let in but by the root, an admin, or, for further devices, the user itself (admission.test.ts "A2", "A3").
 *
 * @param refused ids in hex of statements that count for nothing, whatever their author may otherwise do
 */
export function resolveAdmissions(
  verifier: Verifier,
  identity: DirectoryIdentity,
  placed: readonly PlacedStatement[],
  refused: ReadonlySet<string> = new Set(),
): Admissions {
  const root = rootOf(identity);
  const admissionById = new Map<string, Admission>();
  const rejectionById = new Map<string, RejectionCode>([...refused].map((id) => [id, "NOT_ADMIN"]));
  const parentById: Parents = new Map();
  /** By the user that a change made of one before. */
  const personByUser = new Map<string, StatementId>();
  const personOf = ({ user }: Member): StatementId => personByUser.get(hexOf(user)) ?? user;
  let neverAdmit: ReadonlySet<string> | null = null; // few directories know of chains that nobody is known to have let in
  const admitsNobody = (id: string): boolean => {
    neverAdmit ??= idsThatNeverAdmit(placed);
    return neverAdmit.has(id);
  };
  const isVoid = (id: StatementId) => rejectionById.has(hexOf(id)) || admitsNobody(hexOf(id));
  const find = (id: AdmissionId) => (id === "root" ? (root ?? undefined) : admissionById.get(hexOf(id)));
  const judge = (chain: Chain) => judgeChain(identity, chain.database, chain, { find, isVoid });
  const judgeAuthor: Admissions["judgeAuthor"] = (placed) =>
    judgeChain(identity, identity.directory, placed, { find, isVoid });

  const statementsBy = groupByAuthor(identity, placed);
  const authors: Admission[] = root === null ? [] : [root];
  const letIn = (author: Admission, asked: AdmittingStatement): void => {
    if (refused.has(hexOf(asked.id))) return;
    const verdict = judgeAuthor(asked);
    const known = {
      ...{ verifier, find },
      mayChange: (target: Member) =>
        mayEnd(parentById, author, target) && !(isMember(author) && isBesideItself(author, target, personOf)),
    };
    const outcome = verdict.type === "admitted" ? admit(known, author, asked) : "AUTHOR_REFUSED";
    if (typeof outcome === "string") rejectionById.set(hexOf(asked.id), outcome);
    else
      for (const admission of outcome) {
        if (!register(admissionById, admission)) continue;
        // The others that a change lets go on are as if the first had added them.
        parentById.set(admissionName(admission.id), admissionName(admission === outcome[0] ? author.id : asked.id));
        const [before] = asked.statement.type === "change" ? asked.statement.devices : [];
        const changed = before === undefined ? undefined : find(before);
        if (changed !== undefined && isMember(changed)) personByUser.set(hexOf(asked.id), personOf(changed));
        authors.push(admission);
      }
  };
  /** Changes of people whose own admissions are still to come. */
  let waiting: { readonly author: Admission; readonly asked: AdmittingStatement }[] = [];
  // The list grows while it is walked: whoever is let in may let others in.
  for (const author of authors) {
    for (const asked of statementsBy.get(admissionName(author.id)) ?? []) {
      // Who is no admin lets nobody go on, and has no say in how long the others wait.
      if (author.role !== "admin" || isReady(asked, find)) letIn(author, asked);
      else waiting.push({ author, asked });
    }
    const ready = waiting.filter(({ asked }) => isReady(asked, find));
    waiting = waiting.filter(({ asked }) => !isReady(asked, find));
    for (const each of ready) letIn(each.author, each.asked);
  }
  // Nor does anybody let others in whom nobody let in, however long the line.
  const isNobody = (author: string): boolean => author !== "root" && !admissionById.has(author) && admitsNobody(author);
  const voids = [...[...statementsBy.keys()].filter(isNobody), ...rejectionById.keys()];
  for (const author of voids) {
    for (const { id } of statementsBy.get(author) ?? []) {
      rejectionById.set(hexOf(id), "AUTHOR_REFUSED");
      voids.push(hexOf(id));
    }
  }
  const members = [...admissionById.values()].filter(isMember).sort((a, b) => compareBytes(a.id, b.id));
  const roots = authors.filter((author) => !isMember(author));
  return {
    ...{ root, roots, members, find, judge, judgeAuthor, personOf },
    rejection: (id) => rejectionById.get(hexOf(id)),
    mayEnd: (author, target) => mayEnd(parentById, author, target),
  };
}

/**
 * SECURITY: D10. Who several admins changed at once, and one of them left an admin, would lift by a change what another took (people.test.ts).
 */
function isBesideItself(author: Member, target: Member, personOf: Admissions["personOf"]): boolean {
  return !equalBytes(author.user, target.user) && equalBytes(personOf(author), personOf(target));
}

function rootOf({ root }: DirectoryIdentity): Admission | null {
  return root === null ? null : { id: "root", user: "root", name: "root", role: "admin", device: root };
}

function register(admissionById: Map<string, Admission>, admission: Admission): boolean {
  const name = admissionName(admission.id);
  if (admissionById.has(name)) return false;
  admissionById.set(name, admission);
  return true;
}

function groupByAuthor(
  identity: DirectoryIdentity,
  placed: readonly PlacedStatement[],
): ReadonlyMap<string, readonly AdmittingStatement[]> {
  return Map.groupBy(placed.filter(isAdmitting), (each) => admissionName(claimedAdmission(identity, each.certificate)));
}

/** Statements that are known and admit nobody. One of a later version may, for all we know. */
function idsThatNeverAdmit(placed: readonly PlacedStatement[]): ReadonlySet<string> {
  const known = placed.filter((each) => !isAdmitting(each) && each.statement.type !== "unknown");
  return new Set(known.map(({ id }) => hexOf(id)));
}

/** By admission, whom it descends from. */
type Parents = Map<string, string>;

/** As the rules of membership say it: whom the author may take rights from, and itself. */
function mayEnd(parents: Parents, author: Admission, target: Admission): boolean {
  const [by, of] = [author, target].map(
    ({ id, user, role }): Ranked => ({
      id: admissionName(id),
      user: admissionName(user),
      role,
      isRoot: user === "root",
    }),
  );
  const lines: Lines<Ranked> = {
    isInLine: ({ id }, ancestor) => {
      for (let above: string | undefined = id; above !== undefined; above = parents.get(above))
        if (above === ancestor) return true;
      return false;
    },
  };
  return by !== undefined && of !== undefined && (by.id === of.id || mayCut(lines, by, of));
}
