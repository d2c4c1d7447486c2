// "Revoke means rotate, and nobody gets stuck."
import type { Accepted } from "./accept.ts";
import type { Admission, Known, Made } from "./known.ts";

/** The keys that everybody is entitled to: the directory's own and the default key. */
export const commonKeys: ReadonlySet<string> = new Set(["directory", "default"]);

type Making = Extract<Made["statement"], { readonly type: "rotate" | "createKey" }>;

/** The current versions of each key, and who can open and use them. */
export interface Keys {
  /** By key, ascending: the versions that count and that no counting rotation supersedes. */
  readonly heads: ReadonlyMap<string, readonly string[]>;
  isEntitled(admission: string, key: string): boolean;
  /** Whether a device can open every current version: "only who can open every one can open the result". */
  canOpenAll(admission: string, key: string): boolean;
  /** Whether no ended device can open what would be sealed now. */
  isSafe(key: string): boolean;
  canSeal(admission: string, key: string): boolean;
}

/** Judges keys: "versions of void statements are not current; what they superseded is again". */
export function judgeKeys(accepted: Accepted): Keys {
  const makings = accepted.statements.flatMap(({ statement, entry }) =>
    isMaking(statement) ? [{ statement, entry }] : [],
  );
  const counting = makings.filter(({ statement, entry }) => mayMake(accepted, entry.admission, statement));
  const superseded = new Set(counting.flatMap(({ statement }) => (statement.type === "rotate" ? statement.over : [])));
  const heads = new Map<string, readonly string[]>();
  for (const { statement } of counting) {
    const { key, version } = statement;
    if (!superseded.has(version)) heads.set(key, [...new Set([...(heads.get(key) ?? []), version])].sort());
  }
  const canOpenAll = (admission: string, key: string): boolean => {
    const current = heads.get(key) ?? [];
    return current.length > 0 && current.every((version) => canOpen(accepted.known, admission, version, new Set()));
  };
  const isEntitled = (id: string, key: string): boolean => {
    const admission = accepted.known.admissions.get(id);
    if (admission === undefined || !accepted.live.has(id)) return false;
    return commonKeys.has(key) || admission.role === "admin" || holds(accepted, admission.user, key);
  };
  const isSafe = (key: string): boolean => ![...accepted.ended.keys()].some((id) => canOpenAll(id, key));
  const canSeal = (id: string, key: string): boolean => isEntitled(id, key) && canOpenAll(id, key) && isSafe(key);
  return { heads, isEntitled, canOpenAll, isSafe, canSeal };
}

const isMaking = (statement: Made["statement"]): statement is Making =>
  statement.type === "rotate" || statement.type === "createKey";

/** "Any live entitled member may rotate a key." A key's id is the hash of its maker's writer key: nobody else can make it. */
function mayMake(accepted: Accepted, id: string, { type, key }: Making): boolean {
  const author = accepted.known.admissions.get(id);
  if (author === undefined) return false;
  if (type === "createKey") return author.role !== "reader";
  return commonKeys.has(key) || author.role === "admin" || holds(accepted, author.user, key);
}

/** Whether a user was given a named key: by its grant, by making it, or by a share of an admin or of somebody who holds it. */
export function holds(accepted: Accepted, user: string, key: string, asking: ReadonlySet<string> = new Set()): boolean {
  if (asking.has(user)) return false;
  const within = new Set([...asking, user]);
  const authorOf = (made: Made): Admission | undefined => accepted.known.author(made);
  if (accepted.known.admissions.get(user)?.keys.includes(key) === true) return true;
  return accepted.statements.some((made) => {
    const { statement } = made;
    const author = authorOf(made);
    if (author === undefined) return false;
    if (statement.type === "createKey")
      return statement.key === key && author.user === user && author.role !== "reader";
    if (statement.type !== "share" || statement.key !== key || !statement.to.includes(user)) return false;
    return author.role === "admin" || holds(accepted, author.user, key, within);
  });
}

/** Who can open a version counts every statement ever seen: bytes that were sent stay sent, whether or not their statement counts. */
function canOpen(known: Known, admission: string, version: string, asked: Set<string>): boolean {
  if (asked.has(version)) return false;
  asked.add(version);
  return known.statements.some((made) => {
    const { statement } = made;
    const isMaker = known.author(made)?.id === admission;
    const isTo = (to: readonly string[]): boolean => to.includes(admission);
    switch (statement.type) {
      case "createKey":
        return statement.version === version && isMaker;
      case "permit":
        return statement.versions.includes(version) && isTo(statement.to);
      case "rotate":
        if (statement.version === version && (isMaker || isTo(statement.to))) return true;
        // "Each version links its predecessors."
        return statement.links.includes(version) && canOpen(known, admission, statement.version, asked);
      default:
        return false;
    }
  });
}
