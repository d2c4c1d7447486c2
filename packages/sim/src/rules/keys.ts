// "Revoke means rotate, and nobody gets stuck."
import type { Accepted } from "./accept.ts";
import type { Admission, Made } from "./admission.ts";
import type { Statement } from "./facts.ts";
import { beside, leastRole } from "./people.ts";

/** The keys that the founding statement makes and everybody is entitled to: the directory's own and the default key. */
export const commonKeys: ReadonlySet<string> = new Set(["directory", "default"]);

/** The first version of a common key, made by the root. */
export const foundingVersion = (key: string): string => `founding ${key}`;

/** How much of a version somebody opens: its content secret, or the history secret too. */
type Depth = "content" | "full";

/** The current versions of each key, and who can open and use them. */
export interface Keys {
  /** By key, ascending: the versions that count and that no counting rotation supersedes. */
  readonly heads: ReadonlyMap<string, readonly string[]>;
  /** By key: the statements that the next rotation supersedes, void ones too. */
  readonly open: ReadonlyMap<string, readonly string[]>;
  /** By key: every version ever made. */
  readonly versions: ReadonlyMap<string, ReadonlySet<string>>;
  isEntitled(admission: string, key: string): boolean;
  depth(admission: string, version: string): Depth | undefined;
  opens(keeper: string, version: string): boolean;
  /** Whether a device can open every current version: "only who can open every one can open the result". */
  canOpenAll(admission: string, key: string): boolean;
  /** Devices that were in and have no right to the key, with none of their admissions. */
  outsiders(key: string): ReadonlySet<string>;
  /** Whether nobody who is out can open what would be sealed now. */
  isSafe(key: string): boolean;
  canSeal(admission: string, key: string): boolean;
}

/** A version and the statement that made it; null for the founding. */
interface Making {
  readonly key: string;
  readonly version: string;
  readonly made: Made | null;
}

/** Judges keys: "versions of void statements are not current; what they superseded is again". */
export function judgeKeys(accepted: Accepted): Keys {
  const { known, everKnown, live } = accepted;
  const makings = makingsOf(accepted);
  const openers = openersOf(accepted, makings);
  const heads = new Map<string, readonly string[]>();
  const open = new Map<string, readonly string[]>();
  for (const [key, some] of makings) {
    const counting = some.filter(({ made }) => made === null || mayMake(accepted, made, key));
    // Statements of its own key: who may turn one key has no say in another.
    const superseded = new Set(counting.flatMap(({ made }) => overOf(made?.statement)));
    const left = some.filter(({ made }) => !superseded.has(made?.statement.id ?? "founding"));
    const current = left.filter((making) => counting.includes(making)).map(({ version }) => version);
    if (current.length > 0) heads.set(key, [...new Set(current)].sort());
    open.set(key, left.map(({ made }) => made?.statement.id ?? "founding").sort());
  }
  const opens = (keeper: string, version: string): boolean => openers.get(version)?.has(keeper) === true;
  const depth = (id: string, version: string): Depth | undefined => {
    const admission = everKnown.admissions.get(id);
    return admission === undefined ? undefined : openers.get(version)?.get(keeperOf(admission));
  };
  const isEntitled = (id: string, key: string): boolean => {
    const admission = known.admissions.get(id);
    return admission !== undefined && live.has(id) && makings.has(key) && isDue(accepted, admission, key);
  };
  const opensAll = (keeper: string, key: string): boolean => {
    const current = heads.get(key) ?? [];
    return current.length > 0 && current.every((version) => opens(keeper, version));
  };
  const outsiders = (key: string): ReadonlySet<string> => {
    const members = [...everKnown.admissions.values()].filter(({ isRoot }) => !isRoot);
    const due = new Set(members.filter(({ id }) => isEntitled(id, key)).map(keeperOf));
    const out = members.filter((member) => !live.has(member.id) && !due.has(keeperOf(member)));
    return new Set(out.map(keeperOf));
  };
  const canOpenAll = (id: string, key: string): boolean => {
    const admission = everKnown.admissions.get(id);
    return admission !== undefined && opensAll(keeperOf(admission), key);
  };
  const isSafe = (key: string): boolean => ![...outsiders(key)].some((keeper) => opensAll(keeper, key));
  const canSeal = (id: string, key: string): boolean => isEntitled(id, key) && canOpenAll(id, key) && isSafe(key);
  const versions = new Map([...makings].map(([key, some]) => [key, new Set(some.map(({ version }) => version))]));
  return { heads, open, versions, isEntitled, depth, opens, canOpenAll, outsiders, isSafe, canSeal };
}

/** A key begins with the founding or with the statement that makes it: before that is known nothing is. A reader makes none. */
function makingsOf(accepted: Accepted): ReadonlyMap<string, readonly Making[]> {
  const makings = new Map<string, Making[]>();
  for (const key of commonKeys) makings.set(key, [{ key, version: foundingVersion(key), made: null }]);
  const said = accepted.everKnown.statements.filter((made) => accepted.everKnown.author(made) !== undefined);
  for (const made of said) {
    const { statement } = made;
    if (statement.type === "createKey" && isMaker(accepted, made)) makings.set(statement.key, [{ ...statement, made }]);
  }
  for (const made of said)
    if (made.statement.type === "rotate") makings.get(made.statement.key)?.push({ ...made.statement, made });
  return makings;
}

/**
 * By version, the keeper that is known to have made it. Whoever reads the directory can repeat a version's name, so it is asked who is
 * entitled to make it; and where two are, nobody is known to hold it (docs/adr/0025).
 */
function makersOf(accepted: Accepted, makings: ReadonlyMap<string, readonly Making[]>): ReadonlyMap<string, string> {
  const makers = new Map<string, string>();
  for (const [key, some] of makings) {
    for (const [version, same] of Map.groupBy(some, (making) => making.version)) {
      // What a key began with is of who made the key, whatever counts.
      const first = same.filter((making) => making === some[0]);
      const rightful = same.filter(({ made }) => made !== null && mayMake(accepted, made, key));
      const told = [first, rightful, same].find((each) => each.length > 0) ?? [];
      const [maker, ...others] = new Set(told.map(({ made }) => makerIn(accepted, made)));
      if (maker !== undefined && others.length === 0) makers.set(version, maker);
    }
  }
  return makers;
}

function makerIn(accepted: Accepted, made: Made | null): string | undefined {
  const author = made === null ? undefined : accepted.everKnown.author(made);
  return made === null ? "root" : author && keeperOf(author);
}

function isMaker(accepted: Accepted, made: Made): boolean {
  const author = accepted.everKnown.author(made);
  return author !== undefined && leastRole(accepted, author) !== "reader";
}

const overOf = (statement: Statement | undefined): readonly string[] =>
  statement?.type === "rotate" ? statement.over : [];

/** "Any live entitled member may rotate a key." A key's id is the hash of its maker's writer key: nobody else can make it. */
function mayMake(accepted: Accepted, made: Made, key: string): boolean {
  const author = accepted.known.author(made);
  if (author === undefined || !accepted.entries.has(made.entry.id)) return false;
  return made.statement.type === "createKey" || isDue(accepted, author, key);
}

/** Whether a key is due to who has these rights, whether or not they have ended: "the named keys that all of them leave". */
function isDue(
  accepted: Accepted,
  admission: Admission,
  key: string,
  asking: ReadonlySet<string> = new Set(),
): boolean {
  if (commonKeys.has(key)) return true;
  const given = [admission, ...beside(accepted, admission)];
  return given.every(({ role, user }) => role === "admin" || holds(accepted, user, key, asking));
}

/** Whether a user was given a named key: by its grant, by making it, or by a share of an admin or of somebody who holds it. */
export function holds(accepted: Accepted, user: string, key: string, asking: ReadonlySet<string> = new Set()): boolean {
  if (asking.has(user)) return false;
  const within = new Set([...asking, user]);
  if (accepted.known.admissions.get(user)?.keys.includes(key) === true) return true;
  return accepted.statements.some((made) => {
    const { statement } = made;
    const author = accepted.known.author(made);
    if (author === undefined) return false;
    if (statement.type === "createKey") return statement.key === key && author.user === user && isMaker(accepted, made);
    if (statement.type !== "share" || statement.key !== key || !statement.to.includes(user)) return false;
    return isDue(accepted, author, key, within);
  });
}

/** A device as a keeper of secrets is its KEM key: admissions of one KEM key are one. Roots keep none apart: what they make, one device holds. */
export const keeperOf = ({ isRoot, device, id }: Admission): string => (isRoot ? "root" : (device[0] ?? id));

/** Who holds the KEM key of a user: every device of the person ever seen, for who adds a device gives it this key. */
function holdersOf({ everKnown }: Accepted, user: string): readonly string[] {
  const person = personKey(everKnown.admissions.get(user));
  const all = [...everKnown.admissions.values()].filter(({ isRoot }) => !isRoot);
  return person === undefined ? [] : all.filter((each) => personKey(each) === person).map(keeperOf);
}

const personKey = (admission: Admission | undefined): string | undefined =>
  admission === undefined || admission.isRoot ? undefined : (admission.person[0] ?? `of ${admission.user}`);

/**
 * By version, who opens it. Counts every statement ever seen: bytes that were sent stay sent, whether or not their statement counts, and
 * whether or not who let their author in was demoted since. But
 * nobody gives what it cannot open: so nobody makes a version look open to others by saying so (docs/adr/0025).
 */
function openersOf(accepted: Accepted, makings: ReadonlyMap<string, readonly Making[]>): Openers {
  const gifts = accepted.everKnown.statements.flatMap((made) => giftIn(accepted, made, makings));
  const openers = new Map<string, Map<string, Depth>>();
  let grew = true;
  const give = (version: string, keeper: string, depth: Depth): void => {
    const known = openers.get(version) ?? new Map<string, Depth>();
    openers.set(version, known);
    const before = known.get(keeper);
    if (before === "full" || before === depth) return;
    known.set(keeper, depth);
    grew = true;
  };
  for (const [version, maker] of makersOf(accepted, makings)) give(version, maker, "full");
  while (grew) {
    grew = false;
    for (const { by, versions, to, links, isFromNow } of gifts)
      for (const version of versions) {
        const depth = openers.get(version)?.get(by);
        if (depth !== undefined) for (const keeper of to) give(version, keeper, isFromNow ? "content" : depth);
        // "Each version links its predecessors": to who opens the history of this one, those that its maker opened.
        if (depth !== "full") continue;
        const full = [...(openers.get(version) ?? [])].filter(([, each]) => each === "full");
        for (const link of links)
          if (openers.get(link)?.get(by) === "full") for (const [keeper] of full) give(link, keeper, "full");
      }
  }
  return openers;
}

type Openers = ReadonlyMap<string, ReadonlyMap<string, Depth>>;

/** What one statement gives, and to whom. */
interface Gift {
  readonly by: string;
  readonly versions: readonly string[];
  readonly to: readonly string[];
  readonly links: readonly string[];
  readonly isFromNow: boolean;
}

function giftIn(accepted: Accepted, made: Made, makings: ReadonlyMap<string, readonly Making[]>): readonly Gift[] {
  const { statement } = made;
  const author = accepted.everKnown.author(made);
  if (author === undefined) return [];
  const devices = (ids: readonly string[]): readonly string[] =>
    ids.flatMap((id) => {
      const device = accepted.everKnown.admissions.get(id);
      return device === undefined || device.isRoot ? [] : [keeperOf(device)];
    });
  const gift = { by: keeperOf(author), to: [], links: [], isFromNow: false };
  switch (statement.type) {
    case "rotate": {
      // A version is one key's: who may turn one key says nothing about another's.
      const ofKey = makings.get(statement.key)?.map(({ version }) => version) ?? [];
      const links = statement.links.filter((link) => ofKey.includes(link));
      return ofKey.length === 0 ? [] : [{ ...gift, versions: [statement.version], to: devices(statement.to), links }];
    }
    case "permit": {
      const { versions, to, people = [], isFromNow = false } = statement;
      const holders = people.flatMap((user) => holdersOf(accepted, user));
      return [{ ...gift, versions, to: [...devices(to), ...holders], isFromNow }];
    }
    default:
      return [];
  }
}
