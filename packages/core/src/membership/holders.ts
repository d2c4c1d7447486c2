// Who was given a named key.
import type { Accepted } from "./accept.ts";
import type { AdmissionFacts } from "./admissions.ts";
import { append } from "./append.ts";

/** The users that hold named keys. */
export interface Holders {
  /** Whether an author had the right to a key: admins have it to all. Whether it still has any right is another question. */
  mayUse(admission: AdmissionFacts, key: string): boolean;
}

/** Collects who holds a key: by its grant, by making it, or by a share of an admin or of somebody who holds it. */
export function collectHolders(accepted: Accepted): Holders {
  const usersByKey = new Map<string, Set<string>>();
  const holds = ({ user, keys }: AdmissionFacts, key: string): boolean =>
    keys.has(key) || usersByKey.get(key)?.has(user) === true;
  const give = (user: string, key: string): void => {
    usersByKey.set(key, (usersByKey.get(key) ?? new Set()).add(user));
  };
  /** Shares of authors that do not hold the key yet: another share may give it to them. */
  const waiting = new Map<string, { readonly key: string; readonly to: readonly string[] }[]>();
  const settle = (shares: { readonly key: string; readonly to: readonly string[] }[]): void => {
    for (let share = shares.pop(); share !== undefined; share = shares.pop()) {
      for (const user of share.to) {
        give(user, share.key);
        const name = `${user} ${share.key}`;
        shares.push(...(waiting.get(name) ?? []));
        waiting.delete(name);
      }
    }
  };
  for (const placed of accepted.statements) {
    const author = accepted.author(placed);
    const { statement } = placed;
    if (author === undefined) continue;
    if (statement.type === "createKey" && author.role !== "reader") settle([{ key: statement.key, to: [author.user] }]);
    if (statement.type !== "share") continue;
    if (author.role === "admin" || holds(author, statement.key)) settle([statement]);
    else {
      append(waiting, `${author.user} ${statement.key}`, statement);
    }
  }
  return { mayUse: (admission, key) => admission.role === "admin" || holds(admission, key) };
}
