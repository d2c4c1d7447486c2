// Who an author is: what the statement that lets it in fixes for good.
import type { Entry, Statement } from "./facts.ts";

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
  /** Fingerprints of the device's own keys. */
  readonly device: readonly string[];
  /** Revocations that the user's grant overrules. */
  readonly after: readonly string[];
  readonly keys: readonly string[];
  /** How many devices of its user stand before it; for a root, how many roots. */
  readonly deviceDepth: number;
  /** Where the admitting statement stands; null for the first root. */
  readonly made: Made | null;
}

/** An admission and everybody it descends from, up to the first root. */
export function lineOf(admission: Admission): readonly Admission[] {
  return admission.parent === null ? [admission] : [admission, ...lineOf(admission.parent)];
}

/** The first grant of a person, through all changes of its rights: "a person is what its changes make one" (docs/adr/0020). */
export function personOf(admissions: ReadonlyMap<string, Admission>, { user }: Admission): string {
  const statement = admissions.get(user)?.made?.statement;
  const [first] = statement?.type === "change" ? (statement.continues ?? []) : [];
  const before = admissions.get(first ?? "");
  return before === undefined ? user : personOf(admissions, before);
}
