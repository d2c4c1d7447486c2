// What follows from the entries alone, whatever counts: which entry follows which, who an author would be, in which line.
import { chainOf, directory, type Entry, type Statement } from "./facts.ts";

/** A statement where it stands. */
export interface Made {
  readonly statement: Statement;
  readonly entry: Entry;
}

/** "What fixes a right: the certificate in entry 0 names the statement that admits the device; that statement fixes user, role and keys." */
export interface Admission {
  readonly id: string;
  /** The admission of the user's first device; "root" for the root and for every root that replaced it. */
  readonly user: string;
  readonly role: "admin" | "editor" | "reader";
  readonly isRoot: boolean;
  /** Null for the first root only. */
  readonly parent: Admission | null;
  readonly fingerprints: readonly string[];
  readonly person: readonly string[];
  /** Revocations that the user's grant overrules. */
  readonly after: readonly string[];
  readonly keys: readonly string[];
  /** How many devices of its user stand before it; for a root, how many roots. */
  readonly deviceDepth: number;
  /** Where the admitting statement stands; null for the first root. */
  readonly made: Made | null;
}

const firstRoot: Admission = {
  id: "root",
  user: "root",
  role: "admin",
  isRoot: true,
  parent: null,
  fingerprints: [],
  person: [],
  after: [],
  keys: [],
  deviceDepth: 0,
  made: null,
};

/** Static facts of a set of entries. */
export class Known {
  /** By id: entries that link to a first entry. An entry depends on its predecessor. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** Entries whose predecessor is not here: nothing is said about them but that there is a gap. */
  readonly unlinked: readonly Entry[];
  readonly statements: readonly Made[];
  /** Everybody whom some statement would let in, whether or not it counts. */
  readonly admissions: ReadonlyMap<string, Admission>;
  readonly #following = new Map<string, Entry[]>();

  constructor(entries: Iterable<Entry>) {
    const all = new Map([...entries].map((entry) => [entry.id, entry]));
    const linked = new Map<string, Entry>();
    const isLinked = (entry: Entry): boolean => {
      if (entry.prev === null) return entry.seq === 0;
      const before = all.get(entry.prev);
      return (
        before !== undefined && chainOf(before) === chainOf(entry) && before.seq === entry.seq - 1 && isLinked(before)
      );
    };
    for (const entry of all.values()) if (isLinked(entry)) linked.set(entry.id, entry);
    this.entries = linked;
    this.unlinked = [...all.values()].filter(({ id }) => !linked.has(id));
    for (const entry of linked.values()) {
      const place = `${chainOf(entry)} ${entry.prev}`;
      this.#following.set(place, [...(this.#following.get(place) ?? []), entry]);
    }
    this.statements = [...linked.values()]
      .filter(({ database }) => database === directory)
      .flatMap((entry) => entry.statements.map((statement) => ({ statement, entry })));
    this.admissions = admissionsOf(this.statements);
  }

  /** The entries that name this one as their predecessor, or the first entries of a chain: more than one are a fork. */
  following(chain: string, entry: Entry | null): readonly Entry[] {
    return this.#following.get(`${chain} ${entry === null ? null : entry.id}`) ?? [];
  }

  /** The chains that some first entry says belong to this admission. */
  chainsOf(admission: Admission): readonly string[] {
    const first = [...this.entries.values()].filter((entry) => entry.prev === null && entry.admission === admission.id);
    return [...new Set(first.map(chainOf))];
  }

  author(made: Made): Admission | undefined {
    return this.admissions.get(made.entry.admission);
  }

  /** Whether an entry is on the way from the first entry to `tip`, or is `tip`. */
  isOnTheWay(entry: Entry, tip: Entry): boolean {
    for (
      let at: Entry | undefined = tip;
      at !== undefined;
      at = at.prev === null ? undefined : this.entries.get(at.prev)
    ) {
      if (at.id === entry.id) return true;
    }
    return false;
  }
}

/** Who would be let in by which statement if all counted: fixed by the statement and its author, for good. */
function admissionsOf(statements: readonly Made[]): ReadonlyMap<string, Admission> {
  const admissions = new Map([[firstRoot.id, firstRoot]]);
  for (let before = 0; before !== admissions.size; ) {
    before = admissions.size;
    for (const made of statements) {
      const author = admissions.get(made.entry.admission);
      for (const admission of author === undefined ? [] : letIn(author, made)) admissions.set(admission.id, admission);
    }
  }
  return admissions;
}

/** "Users add and revoke their own devices without an admin"; admins let users in; the root names the next root. */
function letIn(author: Admission, made: Made): readonly Admission[] {
  const { statement } = made;
  const by = { id: statement.id, parent: author, made };
  switch (statement.type) {
    case "addDevice":
      return author.isRoot ? [] : [addedTo(author, { ...by, device: statement.device })];
    case "grant":
    case "change": {
      if (author.role !== "admin") return [];
      const { role, person, device, keys } = statement.grant;
      const after = [...statement.grant.after, statement.id];
      const fingerprints = [...person, ...device];
      const first = {
        ...by,
        user: statement.id,
        role,
        isRoot: false,
        fingerprints,
        person,
        after,
        keys,
        deviceDepth: 0,
      };
      // As if the first had added them.
      const others = statement.type === "change" ? statement.others : [];
      return [first, ...others.map((other) => addedTo(first, { ...other, made }))];
    }
    case "replaceRoot":
      return author.isRoot ? [{ ...author, ...by, deviceDepth: author.deviceDepth + 1 }] : [];
    default:
      return [];
  }
}

/** Another device of a user. */
function addedTo(
  parent: Admission,
  { id, device, made }: { id: string; device: readonly string[]; made: Made },
): Admission {
  const fingerprints = [...parent.person, ...device];
  return { ...parent, id, parent, made, fingerprints, deviceDepth: parent.deviceDepth + 1 };
}

/** An admission and everybody it descends from, up to the first root. */
export function lineOf(admission: Admission): readonly Admission[] {
  return admission.parent === null ? [admission] : [admission, ...lineOf(admission.parent)];
}
