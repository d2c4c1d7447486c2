// The keys of a tenant, their versions, and who is entitled to them.
import { compareBytes, type StatementId, type Verifier } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { keyIdOf } from "../keys/key-version.ts";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";
import type { VersionLink } from "../keys/version-link.ts";
import type { Admission, AdmissionId, PlacedStatement } from "./admission.ts";
import { type Authored, dueUnder, type Given, spreadShares } from "./entitlement.ts";
import { keeperOf } from "./key-holders.ts";
import {
  type CreateKeyStatement,
  type FoundStatement,
  type LinkStatement,
  linksOf,
  type RotateStatement,
  type ShareStatement,
} from "./statement.ts";

/** A key as the directory knows it. */
export interface DirectoryKey {
  /** 16 bytes. */
  readonly keyId: Uint8Array;
  readonly name: string;
  /** The directory's own key, the key of documents that name none, or a key made by a user. */
  readonly kind: "directory" | "default" | "named";
  /** How far back those read to whom nobody gave more: of the directory's own key, always all. */
  readonly history: HistoryPolicy;
  /** Commitments of all versions ever made, ascending: those of void statements too, for something may be sealed under them. */
  readonly versions: readonly Uint8Array[];
  /** Commitments of the versions to seal under, ascending; several are merged. Empty when the key itself is void. */
  readonly current: readonly Uint8Array[];
  /** The statements that the next rotation replaces, ascending: all that no counting rotation replaces, void ones too. */
  readonly open: readonly StatementId[];
}

/** A version and the statement that made it. */
interface MadeVersion {
  /** Founding, create-key or rotate statement. */
  readonly by: StatementId;
  readonly keyId: Uint8Array;
  readonly commitment: Uint8Array;
  readonly author: Admission;
}

/** A link and who vouches for it. */
export interface MadeLink extends VersionLink {
  readonly author: Admission;
}

/** The links in statements. */
export function madeLinks(statements: readonly Authored<LinkStatement | RotateStatement>[]): readonly MadeLink[] {
  return statements.flatMap(({ statement, author }) => linksOf(statement).map((link) => ({ ...link, author })));
}

/** The statements that bear on keys. All but shares are those ever seen of authors once admitted, whether they count or not. */
export interface KeyStatements {
  readonly found: Authored<FoundStatement> | undefined;
  readonly creations: readonly Authored<CreateKeyStatement>[];
  readonly rotations: readonly Authored<RotateStatement>[];
  readonly links: readonly Authored<LinkStatement>[];
  /** Those that count. */
  readonly shares: readonly Authored<ShareStatement>[];
  /** Whether a statement of the other lists counts. */
  counts(id: StatementId): boolean;
  readonly given: Given;
}

/** The keys that a set of statements makes. */
export interface KeyCatalog {
  /** Directory key, default key, then named keys ascending by id. */
  readonly keys: readonly DirectoryKey[];
  /** Each with who made it, where that is known. */
  readonly versions: readonly MadeVersion[];
  /** Collected when asked for: many catalogs never are. */
  links(): readonly MadeLink[];
  find(keyId: Uint8Array): DirectoryKey | undefined;
  isEntitled(admission: Admission, keyId: Uint8Array): boolean;
  /** How far back who is entitled reads; null for who is not. */
  dueHistory(admission: Admission, keyId: Uint8Array): HistoryPolicy | null;
  /** The same, to be asked about many. */
  dueUnder(keyId: Uint8Array): (admission: Admission) => HistoryPolicy | null;
  /** The shares and rotations that do not count, because their author holds no right to the key. */
  readonly rejected: readonly StatementId[];
}

/** Collects keys, versions and entitlements. A pure function of the set of statements. */
export function catalogKeys(verifier: Verifier, statements: KeyStatements): KeyCatalog {
  const origins = [...foundingKeys(statements.found), ...namedKeys(verifier, statements.creations)];
  const originByKey = new Map(origins.map((origin) => [hexOf(origin.version.keyId), origin]));
  const shared = spreadShares(creators(origins, statements), statements.shares, {
    given: statements.given,
    policyOf: (keyId) => originByKey.get(hexOf(keyId))?.history ?? "from-now",
  });
  // By key, what follows from the shares: asked about for every version, and about everybody.
  const dueByKey = new Map(
    origins.map(({ kind, history, version: { keyId } }) => [
      hexOf(keyId),
      kind === "named" ? dueUnder(shared, keyId) : () => history,
    ]),
  );
  const historyUnder: KeyCatalog["dueUnder"] = (keyId) => dueByKey.get(hexOf(keyId)) ?? (() => null);
  const historyFor = (admission: Admission, keyId: Uint8Array): HistoryPolicy | null => historyUnder(keyId)(admission);
  const isEntitled = (admission: Admission, keyId: Uint8Array): boolean => historyFor(admission, keyId) !== null;
  const rotations = statements.rotations.filter(({ statement }) => originByKey.has(hexOf(statement.keyId)));
  const isCounting = ({ placed, statement, author }: Authored<RotateStatement>) =>
    statements.counts(placed.id) && isEntitled(author, statement.keyId);
  const counting = rotations.filter(isCounting);
  const [made, effective] = [byKey(rotations), byKey(counting)];
  const keys = origins.map((origin) => {
    const key = hexOf(origin.version.keyId);
    return keyOf(origin, { rotations: made.get(key) ?? [], counting: effective.get(key) ?? [], statements });
  });
  const keyById = new Map(keys.map((key) => [hexOf(key.keyId), key]));
  const isEffective = new Set(counting);
  const unentitled = rotations.filter((each) => statements.counts(each.placed.id) && !isEffective.has(each));
  return {
    keys,
    versions: [
      ...origins.map(({ version }) => version),
      ...makersAmong(verifier, originByKey, { rotationsByKey: made, counting }),
    ],
    links: () => madeLinks([...statements.rotations, ...statements.links]),
    find: (keyId) => keyById.get(hexOf(keyId)),
    isEntitled,
    dueHistory: historyFor,
    dueUnder: historyUnder,
    rejected: [...shared.rejected, ...unentitled.map(({ placed }) => placed.id)],
  };
}

/** Where a key begins: its first version. */
interface Origin {
  readonly kind: DirectoryKey["kind"];
  readonly name: string;
  readonly history: HistoryPolicy;
  readonly version: MadeVersion;
}

function foundingKeys(found: Authored<FoundStatement> | undefined): readonly Origin[] {
  if (found === undefined) return [];
  const { placed, author, statement } = found;
  const { directoryKey, defaultKey, history } = statement;
  return [
    { kind: "directory", name: "directory", history: "full", version: { by: placed.id, author, ...directoryKey } },
    { kind: "default", name: "default", history, version: { by: placed.id, author, ...defaultKey } },
  ];
}

function namedKeys(verifier: Verifier, creations: readonly Authored<CreateKeyStatement>[]): readonly Origin[] {
  const originByKey = new Map<string, Origin>();
  // A writer can use a nonce twice; the first place in its chain counts. No two writers share a key id.
  const inPlace = creations.toSorted(
    (a, b) => a.placed.seq - b.placed.seq || a.placed.part - b.placed.part || compareBytes(a.placed.id, b.placed.id),
  );
  for (const { placed, statement, author } of inPlace) {
    const keyId = knownKeyId(verifier, placed, statement);
    if (originByKey.has(hexOf(keyId))) continue;
    const version = { by: placed.id, keyId, commitment: statement.commitment, author };
    const { name, history } = statement;
    originByKey.set(hexOf(keyId), { kind: "named", name, history, version });
  }
  return [...originByKey.values()].sort((a, b) => compareBytes(a.version.keyId, b.version.keyId));
}

const keyIdByCreation = new WeakMap<StatementId, Uint8Array>();

/** Of statements whose ids stand in arrays that never change: remembered as long as they do, and what is remembered of the key id with it. */
function knownKeyId(verifier: Verifier, { id, writer }: PlacedStatement, { nonce }: CreateKeyStatement): Uint8Array {
  const keyId = keyIdByCreation.get(id) ?? keyIdOf(verifier, writer, nonce);
  keyIdByCreation.set(id, keyId);
  return keyId;
}

/** Who made a key is entitled to it, unless making it does not count. */
function creators(origins: readonly Origin[], { counts }: KeyStatements): ReadonlyMap<string, AdmissionId> {
  const named = origins.filter(({ kind, version }) => kind === "named" && counts(version.by));
  return new Map(named.map(({ version }) => [hexOf(version.keyId), version.author.user]));
}

const byKey = (
  rotations: readonly Authored<RotateStatement>[],
): ReadonlyMap<string, readonly Authored<RotateStatement>[]> =>
  Map.groupBy(rotations, ({ statement }) => hexOf(statement.keyId));

interface RotationsByKey {
  readonly rotationsByKey: ReadonlyMap<string, readonly Authored<RotateStatement>[]>;
  readonly counting: readonly Authored<RotateStatement>[];
}

interface Rotations {
  readonly rotations: readonly Authored<RotateStatement>[];
  readonly counting: readonly Authored<RotateStatement>[];
  readonly statements: KeyStatements;
}

/**
 * INVARIANT: a key that is not void has a current version. What a rotation replaces it names by statement id, a hash, so no two rotations
 * replace each other and one is always left (key-catalog.test.ts).
 */
function keyOf({ kind, name, history, version }: Origin, { rotations, counting, statements }: Rotations): DirectoryKey {
  const all = [version, ...rotations.map(madeBy)];
  const replaced = new Set(counting.flatMap(({ statement }) => statement.over.map(hexOf)));
  const valid = new Set(counting.map(({ placed }) => hexOf(placed.id)));
  if (kind !== "named" || statements.counts(version.by)) valid.add(hexOf(version.by));
  const open = all.filter(({ by }) => !replaced.has(hexOf(by)));
  return {
    keyId: version.keyId,
    name,
    kind,
    history,
    versions: distinct(all.map(({ commitment }) => commitment)),
    current: distinct(open.filter(({ by }) => valid.has(hexOf(by))).map(({ commitment }) => commitment)),
    open: distinct(open.map(({ by }) => by)),
  };
}

const madeBy = ({ placed, statement, author }: Authored<RotateStatement>): MadeVersion => ({
  by: placed.id,
  keyId: statement.keyId,
  commitment: statement.commitment,
  author,
});

/**
 * The versions that rotations make, but for what others only say that they made: whoever reads the directory can repeat a commitment. What a
 * key began with is of who made the key; of others, those count who may turn the key. Of two such, nobody is known to have made it, and so
 * nobody to hold it: whoever writes turns the key.
 * SECURITY: D11. Who made a version holds it, and what that one gives is believed (key-makers.test.ts).
 */
function makersAmong(
  verifier: Verifier,
  originByKey: ReadonlyMap<string, Origin>,
  { rotationsByKey, counting }: RotationsByKey,
): readonly MadeVersion[] {
  const rightfully = new Set(counting);
  return [...rotationsByKey].flatMap(([key, rotations]) => {
    const origin = originByKey.get(key)?.version;
    const byVersion = Map.groupBy(rotations, ({ statement }) => hexOf(statement.commitment));
    if (origin !== undefined) byVersion.delete(hexOf(origin.commitment));
    return [...byVersion.values()].flatMap((same) => {
      if (same.length === 1) return same.map(madeBy);
      const rightful = same.filter((each) => rightfully.has(each));
      const made = (rightful.length > 0 ? rightful : same).map(madeBy);
      return new Set(made.map(({ author }) => keeperOf(verifier, author))).size === 1 ? made : [];
    });
  });
}

/** Each once, ascending. */
function distinct<Item extends Uint8Array>(items: readonly Item[]): readonly Item[] {
  return [...new Map(items.map((item) => [hexOf(item), item])).values()].sort(compareBytes);
}
