// The current versions of keys: who can open them, and whether what is sealed now stays closed to those who are out.
import type { Accepted } from "./accept.ts";
import { append } from "./append.ts";
import type { PlacedFacts } from "./facts.ts";
import { collectHolders } from "./holders.ts";

/** Keys as what counts leaves them. */
export interface KeyHeads {
  /** By key, ascending: the versions that count and that nothing that counts supersedes. */
  readonly heads: ReadonlyMap<string, readonly string[]>;
  /** Whether a device has rights and is due the key. */
  isEntitled(admission: string, key: string): boolean;
  /** Whether a device was given every current version: only who can open every one can open the result. */
  canOpenAll(admission: string, key: string): boolean;
  /** Whether nobody that is out can open what would be sealed now. */
  isSafe(key: string): boolean;
  canSeal(admission: string, key: string): boolean;
}

/**
 * Judges keys. `common` are the keys that everybody is entitled to: the directory's own and the default key.
 * SECURITY: who can open counts every statement ever seen, void ones too: what was sent stays sent (membership/key-heads.test.ts).
 */
export function judgeKeys(accepted: Accepted, common: ReadonlySet<string>): KeyHeads {
  const holders = collectHolders(accepted);
  const heads = currentVersions(accepted, (placed) => {
    const { statement } = placed;
    const author = accepted.author(placed);
    if (author === undefined) return false;
    if (statement.type === "createKey") return author.role !== "reader";
    return statement.type === "rotate" && (common.has(statement.key) || holders.mayUse(author, statement.key));
  });
  const openers = new Openers(accepted);
  const canOpenAll = (admission: string, key: string): boolean => {
    const current = heads.get(key) ?? [];
    return current.length > 0 && current.every((version) => openers.of(version).has(admission));
  };
  const isEntitled = (id: string, key: string): boolean => {
    const admission = accepted.admission(id);
    return admission !== undefined && accepted.isLive(id) && (common.has(key) || holders.mayUse(admission, key));
  };
  const safe = new Map<string, boolean>();
  const isSafe = (key: string): boolean => {
    const known = safe.get(key) ?? ![...accepted.ended.keys()].some((id) => canOpenAll(id, key));
    safe.set(key, known);
    return known;
  };
  const canSeal = (id: string, key: string) => isEntitled(id, key) && canOpenAll(id, key) && isSafe(key);
  return { heads, isEntitled, canOpenAll, isSafe, canSeal };
}

function currentVersions(
  accepted: Accepted,
  counts: (placed: PlacedFacts) => boolean,
): ReadonlyMap<string, readonly string[]> {
  const versionsByKey = new Map<string, Set<string>>();
  const superseded = new Set<string>();
  for (const placed of accepted.statements) {
    const { statement } = placed;
    if ((statement.type !== "rotate" && statement.type !== "createKey") || !counts(placed)) continue;
    const { key, version } = statement;
    versionsByKey.set(key, (versionsByKey.get(key) ?? new Set()).add(version));
    if (statement.type === "rotate") for (const over of statement.over) superseded.add(over);
  }
  const current = [...versionsByKey].map(
    ([key, versions]) => [key, [...versions].filter((version) => !superseded.has(version)).sort()] as const,
  );
  return new Map(current.filter(([, versions]) => versions.length > 0));
}

/** To whom versions were ever given. Only of versions that are asked for: of many rotations few are current. */
class Openers {
  readonly #given = new Map<string, (readonly string[])[]>();
  /** By version, the versions that link to it: who opens those opens it. */
  readonly #linking = new Map<string, string[]>();
  readonly #known = new Map<string, ReadonlySet<string>>();

  constructor(accepted: Accepted) {
    const give = (version: string, to: readonly string[]) => append(this.#given, version, to);
    for (const placed of accepted.seen) {
      const { statement } = placed;
      const author = accepted.author(placed)?.id ?? "";
      if (statement.type === "createKey") give(statement.version, [author]);
      if (statement.type === "permit") for (const version of statement.versions) give(version, statement.to);
      if (statement.type !== "rotate") continue;
      give(statement.version, [author, ...statement.to]);
      for (const version of statement.links) append(this.#linking, version, statement.version);
    }
  }

  of(version: string): ReadonlySet<string> {
    const known = this.#known.get(version);
    if (known !== undefined) return known;
    // The set grows while it is walked: links lead on.
    const versions = new Set([version]);
    for (const each of versions) for (const linking of this.#linking.get(each) ?? []) versions.add(linking);
    const openers = new Set([...versions].flatMap((each) => this.#given.get(each) ?? []).flat());
    this.#known.set(version, openers);
    return openers;
  }
}
