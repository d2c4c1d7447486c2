// What the rules look at: entries with what they say, without cryptography. DESIGN.md section 5 in sentences is quoted throughout
// this folder; the code beneath a sentence is that sentence.

/** The database of statements. */
export const directory = "directory";

/** One entry. Everything of one writer in one database is a chain; entries of a chain that fork are its branches. */
export interface Entry {
  readonly id: string;
  readonly writer: string;
  readonly database: string;
  /** "root", or the id of the statement named by the certificate in the first entry of this branch. */
  readonly admission: string;
  readonly seq: number;
  /** Null for a first entry. */
  readonly prev: string | null;
  /** Control parts of the directory. */
  readonly statements: readonly Statement[];
  /** By chain, the entry that this writer holds for its newest. */
  readonly vector: ReadonlyMap<string, string>;
  /** Absent when the entry holds no change. */
  readonly change?: Change;
}

/** A change of a document. */
export interface Change {
  /** The entries that hold the changes it builds on. */
  readonly dependencies: readonly string[];
  /** Of a document under a named key. */
  readonly key?: string;
}

/** Where a revocation ends a chain: at this entry, which counts. */
export interface Cut {
  readonly seq: number;
  readonly id: string;
}

/** What a statement that lets a user in fixes for good. */
export interface GrantFields {
  readonly role: "admin" | "editor" | "reader";
  /** Fingerprints of the person's keys; devices that the user adds later have them too. */
  readonly person: readonly string[];
  /** Fingerprints of the first device's keys. */
  readonly device: readonly string[];
  /** The revocations that this grant knows and overrules. */
  readonly after: readonly string[];
  readonly keys: readonly string[];
}

/** What a statement that takes rights away says. */
export interface RevokeFields {
  /** Admissions: of a device, or of a user and with it of all the user's devices. */
  readonly targets: readonly string[];
  /** Fingerprints: every admission of these keys ends, known or not. */
  readonly keys: readonly string[];
  /** By chain. A chain that is not listed ends before its first entry. */
  readonly cuts: ReadonlyMap<string, Cut>;
}

/** A statement; its id names what it makes: an admission, a revocation. */
export type Statement = { readonly id: string } & (
  | { readonly type: "grant"; readonly grant: GrantFields }
  | { readonly type: "addDevice"; readonly device: readonly string[] }
  | { readonly type: "revoke"; readonly revoke: RevokeFields }
  | {
      readonly type: "change";
      readonly revoke: RevokeFields;
      /** What is left, to the user's oldest device that goes on. */
      readonly grant: GrantFields;
      /** The admissions of the user's other devices that go on. */
      readonly others: readonly { readonly id: string; readonly device: readonly string[] }[];
      /** What these devices were admitted by before, the first's first. Without it nobody asks whose rights are changed. */
      readonly continues?: readonly string[];
    }
  | {
      readonly type: "readmit";
      /** Revocations whose cut on this chain is replaced. */
      readonly lifts: readonly string[];
      /** By chain. */
      readonly cuts: ReadonlyMap<string, Cut>;
    }
  | { readonly type: "replaceRoot"; readonly cuts: ReadonlyMap<string, Cut> }
  | { readonly type: "createKey"; readonly key: string; readonly version: string }
  | {
      readonly type: "rotate";
      readonly key: string;
      /** Of this key: no other has one of this name. Somebody may have made it before. */
      readonly version: string;
      /** The statements that made the versions it supersedes; "founding" for the first of a common key. */
      readonly over: readonly string[];
      readonly links: readonly string[];
      /** Admissions of devices. */
      readonly to: readonly string[];
    }
  | {
      readonly type: "permit";
      readonly versions: readonly string[];
      /** Admissions of devices. */
      readonly to: readonly string[];
      /** Admissions of users: whoever holds the person's key opens it. */
      readonly people?: readonly string[];
      /** The content secret alone, that leads to no other version. */
      readonly isFromNow?: boolean;
    }
  | { readonly type: "share"; readonly key: string; readonly to: readonly string[] }
);

/** A chain's name: vectors and cuts speak of it. */
export const chainOf = ({ database, writer }: Pick<Entry, "database" | "writer">): string => `${database}/${writer}`;
