// What acceptance is judged from: chains as their forks divide them, statements, and what vectors say about forked chains. Ids and
// keys are text (hex): they are compared and looked up, never computed with.

/** Where an entry stands. */
export interface Place {
  /** Name of the chain: database and writer. */
  readonly chain: string;
  /** Index into the branches of the chain. */
  readonly branch: number;
  readonly seq: number;
}

/** Entries of a chain between two forks, each naming the one before. A chain without a fork has one. */
export interface BranchFacts {
  /** The branch that ends where this begins; null at the first entry. */
  readonly parent: number | null;
  /** "root", or the statement named by the certificate in the first entry; null when that certificate is no good. */
  readonly admission: string | null;
  readonly first: { readonly seq: number; readonly id: string };
  readonly last: { readonly seq: number; readonly id: string };
}

/** The entries of one writer in one database, as far as they link to a first one. */
export interface ChainFacts {
  readonly name: string;
  readonly branches: readonly BranchFacts[];
}

/** Where a revocation ends a chain: the entry named still counts. */
export interface Cut {
  readonly seq: number;
  readonly id: string;
}

/** The rights that an admitting statement fixes. */
export interface GrantFacts {
  readonly role: "admin" | "editor" | "reader";
  /** Fingerprints of the person's keys: of all its devices. */
  readonly person: readonly string[];
  /** Fingerprints of the keys of the first device alone. */
  readonly device: readonly string[];
  /** Revocations that the grant overrules. */
  readonly after: readonly string[];
  readonly keys: readonly string[];
}

/** What a statement takes away. */
export interface RevokeFacts {
  /** Admissions of devices, or of users with all their devices. */
  readonly targets: readonly string[];
  /** Fingerprints: every admission of these keys. */
  readonly keys: readonly string[];
  /** By name of a chain; one that is not listed is cut before its first entry. */
  readonly cuts: ReadonlyMap<string, Cut>;
}

/** What statements say about membership. */
export type StatementFacts =
  | { readonly type: "grant"; readonly grant: GrantFacts }
  | { readonly type: "addDevice"; readonly device: readonly string[] }
  | { readonly type: "revoke"; readonly revoke: RevokeFacts }
  | {
      readonly type: "change";
      readonly revoke: RevokeFacts;
      /** What is left, to the user's oldest device that goes on. */
      readonly grant: GrantFacts;
      /** The admissions of the user's other devices that go on. */
      readonly others: readonly { readonly id: string; readonly device: readonly string[] }[];
    }
  | { readonly type: "readmit"; readonly lifts: readonly string[]; readonly cuts: ReadonlyMap<string, Cut> }
  | { readonly type: "replaceRoot"; readonly cuts: ReadonlyMap<string, Cut> };

/** A statement and the entry it stands in. Several may stand in one. */
export interface PlacedFacts {
  /** No two have the same. */
  readonly id: string;
  readonly at: Place;
  readonly statement: StatementFacts;
}

/** An entry says which entry of a chain its writer holds for the newest. Needed for forked chains only. */
export interface ClaimFacts {
  readonly at: Place;
  readonly chain: string;
  readonly head: string;
}

/** What the directory and the vectors say. */
export interface DirectoryFacts {
  readonly statements: readonly PlacedFacts[];
  readonly claims: readonly ClaimFacts[];
  /** Where an entry stands that a cut, a readmit or a claim names; undefined while it does not link to a first entry. */
  place(id: string): Place | undefined;
  /** Where of a forked chain one branch is held: the place on a branch that is not, for what cuts name and is not here. */
  unheld?(chain: string, seq: number): Place | undefined;
}
