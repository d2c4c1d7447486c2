// The keys of a tenant and who is entitled to them.
import { compareBytes, equalBytes, type StatementId, toHex, type Verifier } from "@selkie/entry";
import { keyIdOf } from "../keys/key-version.ts";
import { type Admission, type AdmissionId, isMember, type PlacedStatement } from "./admission.ts";
import type { CreateKeyStatement, FoundStatement, ShareStatement } from "./statement.ts";

/** A key as the directory knows it. */
export interface DirectoryKey {
  /** 16 bytes. */
  readonly keyId: Uint8Array;
  readonly name: string;
  /** The directory's own key, the key of documents that name none, or a key made by a user. */
  readonly kind: "directory" | "default" | "named";
  /** Commitments of all versions. */
  readonly versions: readonly Uint8Array[];
  /** Commitments of the versions to seal under. */
  readonly current: readonly Uint8Array[];
}

/** A statement and the admission of its author. */
export interface Authored<Statement> {
  readonly placed: PlacedStatement;
  readonly statement: Statement;
  readonly author: Admission;
}

/** The keys that a set of statements makes. */
export interface KeyCatalog {
  /** Directory key, default key, then named keys ascending by id. */
  readonly keys: readonly DirectoryKey[];
  find(keyId: Uint8Array): DirectoryKey | undefined;
  isEntitled(admission: Admission, keyId: Uint8Array): boolean;
  /** The shares that did not count: their author holds no right to the key. */
  readonly rejected: readonly StatementId[];
}

/** Collects keys, and entitlements: who was granted, who created, and whom those shared with. */
export function catalogKeys(
  verifier: Verifier,
  found: FoundStatement | null,
  statements: {
    readonly creations: readonly Authored<CreateKeyStatement>[];
    readonly shares: readonly Authored<ShareStatement>[];
  },
): KeyCatalog {
  const named = namedKeys(verifier, statements.creations);
  const keys = [...foundingKeys(found), ...named.keys];
  const keyById = new Map(keys.map((key) => [toHex(key.keyId), key]));
  const { holders, rejected } = spreadShares(named.creatorByKey, statements.shares);
  const isEntitled = (admission: Admission, keyId: Uint8Array): boolean => {
    const kind = keyById.get(toHex(keyId))?.kind;
    if (kind === undefined) return false;
    return kind !== "named" || admission.role === "admin" || holds(holders, admission, keyId);
  };
  return { keys, find: (keyId) => keyById.get(toHex(keyId)), isEntitled, rejected };
}

function foundingKeys(found: FoundStatement | null): readonly DirectoryKey[] {
  if (found === null) return [];
  const { directoryKey, defaultKey } = found;
  return [
    { keyId: directoryKey.keyId, name: "directory", kind: "directory", ...firstVersion(directoryKey.commitment) },
    { keyId: defaultKey.keyId, name: "default", kind: "default", ...firstVersion(defaultKey.commitment) },
  ];
}

const firstVersion = (commitment: Uint8Array) => ({ versions: [commitment], current: [commitment] });

function namedKeys(
  verifier: Verifier,
  creations: readonly Authored<CreateKeyStatement>[],
): { keys: readonly DirectoryKey[]; creatorByKey: ReadonlyMap<string, AdmissionId> } {
  const keyById = new Map<string, DirectoryKey>();
  const creatorByKey = new Map<string, AdmissionId>();
  // A writer can use a nonce twice; the first place in its chain counts. No two writers share a key id.
  const inPlace = creations.toSorted(
    (a, b) => a.placed.seq - b.placed.seq || a.placed.part - b.placed.part || compareBytes(a.placed.id, b.placed.id),
  );
  for (const { placed, statement, author } of inPlace) {
    const keyId = keyIdOf(verifier, placed.writer, statement.nonce);
    const name = toHex(keyId);
    if (keyById.has(name)) continue;
    keyById.set(name, { keyId, name: statement.name, kind: "named", ...firstVersion(statement.commitment) });
    creatorByKey.set(name, author.user);
  }
  return { keys: [...keyById.values()].sort((a, b) => compareBytes(a.keyId, b.keyId)), creatorByKey };
}

type Holders = ReadonlyMap<string, ReadonlySet<string>>;

function holds(holders: Holders, admission: Admission, keyId: Uint8Array): boolean {
  if (!isMember(admission)) return true;
  if (admission.keys.some((key) => equalBytes(key, keyId))) return true;
  return holders.get(toHex(keyId))?.has(toHex(admission.user)) === true;
}

/** A share counts when its author is an admin or holds the key, which another share may be the reason of: to the fixpoint. */
function spreadShares(
  creatorByKey: ReadonlyMap<string, AdmissionId>,
  shares: readonly Authored<ShareStatement>[],
): { holders: Holders; rejected: readonly StatementId[] } {
  const holders = new Map<string, Set<string>>();
  for (const [key, creator] of creatorByKey) holders.set(key, new Set(creator === "root" ? [] : [toHex(creator)]));
  let waiting = shares;
  for (;;) {
    const [counting, rest] = partition(waiting, ({ author, statement }) => mayShare(holders, author, statement));
    for (const { statement } of counting) {
      const of = holders.get(toHex(statement.keyId)) ?? new Set<string>();
      holders.set(toHex(statement.keyId), of);
      for (const user of statement.to) of.add(toHex(user));
    }
    waiting = rest;
    if (counting.length === 0) return { holders, rejected: waiting.map(({ placed }) => placed.id) };
  }
}

const mayShare = (holders: Holders, author: Admission, { keyId }: ShareStatement): boolean =>
  author.role === "admin" || holds(holders, author, keyId);

function partition<Item>(items: readonly Item[], test: (item: Item) => boolean): readonly [Item[], Item[]] {
  const [yes, no]: [Item[], Item[]] = [[], []];
  for (const item of items) (test(item) ? yes : no).push(item);
  return [yes, no];
}
