// Who would be let in by which statement, whatever counts: an admitting statement and its author fix user, role and line for good.
import type { ChainTree } from "./chain-tree.ts";
import type { PlacedFacts } from "./facts.ts";

/** A right, as its statement gives it. Whether the statement counts is judged elsewhere. */
export interface AdmissionFacts {
  /** "root", or the id of the statement. */
  readonly id: string;
  /** The admission of the user's first device; "root" for every root. */
  readonly user: string;
  readonly role: "admin" | "editor" | "reader";
  readonly isRoot: boolean;
  /** Of the person: devices added later inherit them. */
  readonly person: readonly string[];
  readonly fingerprints: readonly string[];
  /** Revocations that the user's grant overrules. */
  readonly after: ReadonlySet<string>;
  readonly keys: ReadonlySet<string>;
  readonly userDepth: number;
  /** How many devices of its user stand before it; for a root, how many roots. */
  readonly deviceDepth: number;
  /** Whom it descends from: the author of the statement, or the first of several devices it admits. Null for the first root. */
  readonly parent: AdmissionFacts | null;
  /** Null for the first root. */
  readonly by: { readonly author: AdmissionFacts; readonly statement: PlacedFacts } | null;
}

const none: ReadonlySet<string> = new Set();
/** Most grants name nothing, and there are as many as users. */
const setOf = (names: readonly string[]): ReadonlySet<string> => (names.length === 0 ? none : new Set(names));

const firstRoot: AdmissionFacts = {
  id: "root",
  user: "root",
  role: "admin",
  isRoot: true,
  person: [],
  fingerprints: [],
  after: none,
  keys: none,
  userDepth: 0,
  deviceDepth: 0,
  parent: null,
  by: null,
};

/** Everybody whom a set of statements would let in. */
export class AdmissionTree {
  /** Those who may take rights away before those from whom they may. */
  readonly ranked: readonly AdmissionFacts[];
  readonly #byId = new Map<string, AdmissionFacts>([[firstRoot.id, firstRoot]]);
  readonly #statementsBy: ReadonlyMap<string | null, readonly PlacedFacts[]>;
  readonly #span = new Map<string, { entered: number; left: number }>();

  constructor(trees: ReadonlyMap<string, ChainTree>, statements: readonly PlacedFacts[]) {
    const authorOf = ({ at }: PlacedFacts): string | null => trees.get(at.chain)?.branch(at.branch)?.admission ?? null;
    this.#statementsBy = Map.groupBy(statements, authorOf);
    const found = [firstRoot];
    // The list grows while it is walked: whoever would be in would let others in.
    for (const author of found) {
      for (const admission of this.statementsBy(author.id).flatMap((placed) => letIn(author, placed))) {
        if (this.#byId.has(admission.id)) continue;
        this.#byId.set(admission.id, admission);
        found.push(admission);
      }
    }
    this.#measure(Map.groupBy(found, ({ parent }) => parent?.id ?? ""));
    this.ranked = found.sort(byRank);
  }

  get(id: string | null): AdmissionFacts | undefined {
    return id === null ? undefined : this.#byId.get(id);
  }

  statementsBy(admission: string): readonly PlacedFacts[] {
    return this.#statementsBy.get(admission) ?? [];
  }

  /** Whether one admission descends from another, or is it. */
  isInLine(admission: AdmissionFacts, ancestor: string): boolean {
    const [at, above] = [this.#span.get(admission.id), this.#span.get(ancestor)];
    return at !== undefined && above !== undefined && above.entered <= at.entered && at.entered < above.left;
  }

  #measure(below: ReadonlyMap<string, readonly AdmissionFacts[]>): void {
    let next = 0;
    const enter = ({ id }: AdmissionFacts) => {
      const span = { entered: next, left: Number.POSITIVE_INFINITY };
      this.#span.set(id, span);
      next += 1;
      return { span, behind: (below.get(id) ?? []).values() };
    };
    const open = [enter(firstRoot)];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const { value, done } = top.behind.next();
      if (done !== true) open.push(enter(value));
      else {
        top.span.left = next;
        open.pop();
      }
    }
  }
}

function letIn(author: AdmissionFacts, placed: PlacedFacts): readonly AdmissionFacts[] {
  const { id, statement } = placed;
  const by = { author, statement: placed };
  switch (statement.type) {
    case "addDevice":
      return author.isRoot ? [] : [addedTo(author, { id, device: statement.device, by })];
    case "grant":
    case "change": {
      if (author.role !== "admin") return [];
      const { role, person, device } = statement.grant;
      // What a change ends is never what it lets in.
      const after = setOf(statement.type === "change" ? [...statement.grant.after, id] : statement.grant.after);
      const keys = setOf(statement.grant.keys);
      const fingerprints = [...person, ...device];
      const depth = { userDepth: author.userDepth + 1, deviceDepth: 0 };
      const first = {
        id,
        user: id,
        role,
        isRoot: false,
        person,
        fingerprints,
        after,
        keys,
        parent: author,
        by,
        ...depth,
      };
      // As if the first had added them.
      const others = statement.type === "change" ? statement.others : [];
      return [first, ...others.map((other) => addedTo(first, { ...other, by }))];
    }
    case "replaceRoot":
      return author.isRoot ? [{ ...author, id, parent: author, by, deviceDepth: author.deviceDepth + 1 }] : [];
    default:
      return [];
  }
}

/** Another device of a user. */
function addedTo(
  parent: AdmissionFacts,
  { id, device, by }: Pick<AdmissionFacts, "id" | "by"> & { readonly device: readonly string[] },
): AdmissionFacts {
  const fingerprints = [...parent.person, ...device];
  return { ...parent, id, parent, by, fingerprints, deviceDepth: parent.deviceDepth + 1 };
}

const kindOf = ({ isRoot, role }: AdmissionFacts): number => (isRoot ? 0 : role === "admin" ? 1 : 2);

/** INVARIANT: whoever may take rights from another ranks before it (membership/may-cut.test.ts). So one pass in this order settles everything. */
function byRank(a: AdmissionFacts, b: AdmissionFacts): number {
  return kindOf(a) - kindOf(b) || a.userDepth - b.userDepth || a.deviceDepth - b.deviceDepth;
}
