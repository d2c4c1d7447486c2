// Which statements say something: those whose authors may make them, and that count where they stand.
import { compareBytes, equalBytes, type StatementId } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import type { Admission, Admissions, DirectoryIdentity, PlacedStatement, RejectionCode } from "./admission.ts";
import type { RejectedStatement } from "./directory-view.ts";
import type { Authored } from "./entitlement.ts";
import type { Membership } from "./membership.ts";
import type { People } from "./people.ts";
import type { FoundStatement, Statement } from "./statement.ts";

/** Statements by what they are, and those that count for nothing. */
export interface SortedStatements {
  readonly found: FoundStatement | null;
  readonly rejected: readonly RejectedStatement[];
  /** The statements of a type that their authors may make, and that count. */
  readonly of: OfType;
  /** Those that their authors might have made once: beyond a cut, or let in by who was demoted since, too. */
  readonly seen: OfType;
  counts(id: StatementId): boolean;
}

/** What is settled about who is in. */
export interface Settled {
  readonly admissions: Admissions;
  /** These, and whom those let in who were demoted: they are out, and hold what they were given (people.test.ts "D10"). */
  readonly everAdmitted: Admissions;
  readonly membership: Membership;
  readonly people: People;
}

/** Sorts statements: whose author is nobody, or may not make them, say nothing. */
export function sortOut(
  identity: DirectoryIdentity,
  { admissions, everAdmitted, membership, people }: Settled,
  statements: readonly PlacedStatement[],
): SortedStatements {
  const founding = foundingStatement(identity, statements);
  const seen: Authored<Statement>[] = [];
  const counting = new Map<string, Authored<Statement>>();
  const rejected: RejectedStatement[] = [];
  for (const placed of statements) {
    const said = saidUnder(admissions, { placed, people, founding });
    const once = everAdmitted === admissions ? said : saidUnder(everAdmitted, { placed, people, founding });
    if (typeof once === "object") seen.push(once);
    if (said === "held") continue;
    if (typeof said === "string") rejected.push({ id: placed.id, code: said });
    else if (membership.counts(placed)) counting.set(hexOf(placed.id), said);
    else rejected.push({ id: placed.id, code: "BEYOND_CUT" });
  }
  const found = founding?.statement.type === "found" ? founding.statement : null;
  return {
    found,
    rejected,
    of: byType([...counting.values()]),
    seen: byType(seen),
    counts: (id) => counting.has(hexOf(id)),
  };
}

/** A statement with its author, who may make it if these are admitted; else why it says nothing. */
function saidUnder(
  admissions: Admissions,
  {
    placed,
    people,
    founding,
  }: {
    readonly placed: PlacedStatement;
    readonly people: People;
    readonly founding: PlacedStatement | undefined;
  },
): Authored<Statement> | RejectionCode | "held" {
  const verdict = admissions.judgeAuthor(placed);
  if (verdict.type === "held") return "held";
  if (verdict.type === "refused") return "AUTHOR_REFUSED";
  const author = people.least(verdict.admission);
  return (
    objection(placed, { admissions, founding, admission: author }) ?? { placed, statement: placed.statement, author }
  );
}

type OfType = <Type extends Statement["type"]>(
  type: Type,
) => readonly Authored<Extract<Statement, { readonly type: Type }>>[];

/** Statements by what they are. */
export function byType(statements: readonly Authored<Statement>[]): OfType {
  const groups = Map.groupBy(statements, ({ statement }) => statement.type);
  const isOf =
    <Type extends Statement["type"]>(type: Type) =>
    (each: Authored<Statement>): each is Authored<Extract<Statement, { readonly type: Type }>> =>
      each.statement.type === type;
  return (type) => (groups.get(type) ?? []).filter(isOf(type));
}

/** The first statement of its type in the founding entry: that entry's hash is the tenant id, so it needs no other proof. */
function foundingStatement(
  { tenant }: DirectoryIdentity,
  statements: readonly PlacedStatement[],
): PlacedStatement | undefined {
  return statements
    .filter(({ entry, statement }) => equalBytes(entry, tenant) && statement.type === "found")
    .reduce<PlacedStatement | undefined>((a, b) => (a === undefined || b.part < a.part ? b : a), undefined);
}

/** Why an admitted author may not make this statement. SECURITY: directory-view.test.ts "A2", "A3", "D11". */
function objection(
  placed: PlacedStatement,
  by: { admission: Admission; admissions: Admissions; founding: PlacedStatement | undefined },
): RejectionCode | undefined {
  switch (placed.statement.type) {
    case "found":
      return placed === by.founding ? undefined : "NOT_FOUNDING";
    case "grant":
    case "addDevice":
    case "change":
    case "replaceRoot":
      return by.admissions.rejection(placed.id);
    case "createKey":
    case "database":
      return by.admission.role === "reader" ? "READER" : undefined;
    case "accessList":
    case "settings":
    case "databaseSettings":
    case "readmit":
    case "rename":
    case "purge":
      return by.admission.role === "admin" ? undefined : "NOT_ADMIN";
    case "minVersion":
      return by.admission.user === "root" ? undefined : "NOT_ROOT";
    case "userKey":
      return by.admission.user === "root" ? "ROOT_HAS_NO_DEVICES" : undefined;
    // Whether a share or rotation counts depends on other shares. Permits and links give nothing: who opens them compares with the keys
    // named here. A fork was proven when it was read. Whom a revocation may reach is for membership to say.
    case "share":
    case "rotate":
    case "link":
    case "revoke":
    case "permit":
    case "fork":
    case "unknown":
      return undefined;
    default:
      return placed.statement satisfies never;
  }
}

/** Each statement once, ascending by id. */
export function inOrder(placed: readonly PlacedStatement[]): readonly PlacedStatement[] {
  const sorted = placed.toSorted((a, b) => compareBytes(a.id, b.id));
  return sorted.filter(({ id }, at) => {
    const next = sorted[at + 1];
    return next === undefined || !equalBytes(id, next.id);
  });
}
