// What takes rights away, found by whom it takes them from; and what gives entries back.
import type { AdmissionFacts, AdmissionTree } from "./admissions.ts";
import { append } from "./append.ts";
import type { Cut, DirectoryFacts, Place, PlacedFacts, RevokeFacts } from "./facts.ts";
import { mayCut } from "./may-cut.ts";

/** A cut on a chain, and the statement that made it. */
export interface EffectiveCut extends Cut {
  /** Statement id of the revocation, also where a readmit moved its cut. */
  readonly by: string;
  /** Of the entry it names, when that is known and of this chain. */
  readonly place: Place | null;
}

/** Where entries stand that cuts name. */
type Places = Pick<DirectoryFacts, "place" | "unheld">;

/** A revocation that counts and its author. */
export interface Revocation {
  readonly id: string;
  readonly author: AdmissionFacts;
  readonly cuts: ReadonlyMap<string, Cut>;
}

interface Readmission {
  readonly author: AdmissionFacts;
  readonly cuts: ReadonlyMap<string, Cut>;
}

/** What a statement takes away, if it takes anything. A change lets somebody in, too: only an admin makes one. */
function revocationIn({ statement }: PlacedFacts, author: AdmissionFacts): RevokeFacts | null {
  if (statement.type === "revoke") return statement.revoke;
  return statement.type === "change" && author.role === "admin" ? statement.revoke : null;
}

const beforeFirst: Cut = { seq: -1, id: "" };

/** Whether a statement ends the admission of its own author: a device revokes itself, a root is replaced. */
export function endsItself(placed: PlacedFacts, author: AdmissionFacts): boolean {
  if (placed.statement.type === "replaceRoot") return author.isRoot;
  const revoke = revocationIn(placed, author);
  if (revoke === null) return false;
  if (revoke.targets.includes(author.id) || revoke.targets.includes(author.user)) return true;
  return !author.after.has(placed.id) && revoke.keys.some((key) => author.fingerprints.includes(key));
}

/** Where a statement by which an author ended itself ends one of its chains: its own right after the statement's entry. */
export function ownCut({ id, at, statement }: PlacedFacts, chain: string, places: Places): EffectiveCut {
  if (at.chain === chain) return { seq: at.seq, id: "", by: id, place: at };
  const cuts = statement.type === "replaceRoot" ? statement.cuts : "revoke" in statement ? statement.revoke.cuts : null;
  return effective(cuts?.get(chain) ?? beforeFirst, { by: id, chain, places });
}

function effective(
  { seq, id }: Cut,
  { by, chain, places }: { readonly by: string; readonly chain: string; readonly places: Places },
): EffectiveCut {
  const found = places.place(id) ?? places.unheld?.(chain, seq);
  return { seq, id, by, place: found?.chain === chain ? found : null };
}

/** The revocations and readmits that count so far. */
export class Revocations {
  readonly #admissions: AdmissionTree;
  readonly #places: Places;
  readonly #byTarget = new Map<string, Revocation[]>();
  readonly #byKey = new Map<string, Revocation[]>();
  /** By the revocation they lift. */
  readonly #readmissions = new Map<string, Readmission[]>();

  constructor(admissions: AdmissionTree, places: Places) {
    this.#admissions = admissions;
    this.#places = places;
  }

  /** Takes in a statement that counts. */
  add(author: AdmissionFacts, placed: PlacedFacts): void {
    const { id, statement } = placed;
    const revoke = revocationIn(placed, author);
    if (revoke !== null) {
      const revocation = { id, author, cuts: revoke.cuts };
      for (const target of new Set(revoke.targets)) append(this.#byTarget, target, revocation);
      for (const key of new Set(revoke.keys)) append(this.#byKey, key, revocation);
    }
    if (statement.type === "readmit" && author.role === "admin") {
      for (const lifted of new Set(statement.lifts))
        append(this.#readmissions, lifted, { author, cuts: statement.cuts });
    }
  }

  /** The revocations of an admission by those who may, ascending by id. */
  of(target: AdmissionFacts): readonly Revocation[] {
    const { id: own, user, fingerprints } = target;
    const isNamed = this.#byTarget.has(own) || this.#byTarget.has(user);
    if (!isNamed && !fingerprints.some((key) => this.#byKey.has(key))) return []; // nearly nobody is
    const named = [own, user].flatMap((id) => this.#byTarget.get(id) ?? []);
    const byKey = fingerprints.flatMap((key) => this.#byKey.get(key) ?? []).filter(({ id }) => !target.after.has(id));
    const found = new Map([...named, ...byKey].map((revocation) => [revocation.id, revocation]));
    found.delete(own);
    return [...found.values()]
      .filter(({ author }) => mayCut(this.#admissions, author, target))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Where a revocation of `target` ends a chain, once readmits are heard: the longest, then the lowest id. */
  cut({ id, author, cuts }: Revocation, target: AdmissionFacts, chain: string): EffectiveCut {
    const [longest] = (this.#readmissions.get(id) ?? [])
      .filter((each) => mayCut(this.#admissions, each.author, target) && !this.#isBelow(each.author, author))
      .flatMap((each) => each.cuts.get(chain) ?? [])
      .sort((a, b) => b.seq - a.seq || (a.id < b.id ? -1 : 1));
    const own = cuts.get(chain) ?? beforeFirst;
    const cut = longest !== undefined && longest.seq > own.seq ? longest : own;
    return effective(cut, { by: id, chain, places: this.#places });
  }

  /** SECURITY: no readmit lifts the cut of an admin above its author (membership/accept.test.ts "K-3"). */
  #isBelow(author: AdmissionFacts, other: AdmissionFacts): boolean {
    return author.id !== other.id && this.#admissions.isInLine(author, other.id);
  }
}
