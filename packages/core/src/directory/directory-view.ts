// The directory as of a set of statements: users, devices, keys, settings. A pure function of the set: neither order nor batching
// changes anything in it (directory-view.test.ts).
import {
  compareBytes,
  type DatabaseId,
  type EntryId,
  equalBytes,
  type Signature,
  type StatementId,
  type Verifier,
  type WriterKey,
} from "@selkie/entry";
import { hexOf } from "../hex.ts";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";
import { sortAccessLists } from "./access.ts";
import {
  type Admission,
  type AdmissionId,
  type Admissions,
  type Chain,
  type DirectoryIdentity,
  type Member,
  type PlacedStatement,
  type RejectionCode,
  resolveAdmissions,
} from "./admission.ts";
import { chainName } from "./chain-name.ts";
import { byDemoted } from "./demotions.ts";
import type { Authored } from "./entitlement.ts";
import { catalogKeys, type DirectoryKey, type KeyCatalog } from "./key-catalog.ts";
import { isSafe, type KeyFitness, keyFitness } from "./key-fitness.ts";
import type { KeyMembership } from "./key-holders.ts";
import { findOpeners } from "./key-openers.ts";
import {
  type DueRecipient,
  everyUserKeyOf,
  type KeyRules,
  lacksUserKey,
  type PersonSlot,
  recipientsOf,
  slotsOf,
  type UserKey,
  userKeysOf,
} from "./key-recipients.ts";
import { type ChainEnd, judgeMembership, type Membership } from "./membership.ts";
import { admissionName, type Known, type PlacedVector } from "./membership-facts.ts";
import { foldName } from "./name.ts";
import { type People, resolvePeople } from "./people.ts";
import { type ProvenFork, provenForks } from "./proven-forks.ts";
import { type CurrentSettings, currentSettings, resolveNames, settingsOf } from "./settings.ts";
import type { FoundStatement, Revocation, SettingValue, Statement } from "./statement.ts";

/** A statement that counts for nothing. */
interface RejectedStatement {
  readonly id: StatementId;
  readonly code: RejectionCode;
}

/** What the directory says of the author of a chain, and how far the chain counts. */
type ChainVerdict =
  | ({ readonly type: "admitted"; readonly admission: Admission } & ChainEnd)
  | Exclude<ReturnType<Admissions["judge"]>, { readonly type: "admitted" }>;

/** What a set of statements says. */
export interface DirectoryView {
  readonly identity: DirectoryIdentity;
  /** Null while the founding entry is not here, or not open. */
  readonly found: FoundStatement | null;
  /** Access lists that admins published, oldest first; each is signed on its own and must be verified. */
  readonly accessLists: readonly Uint8Array[];
  readonly settings: ReadonlyMap<string, SettingValue>;
  /** The same with what the next statement replaces, or those of one database. */
  settingsOf(database: DatabaseId | null): CurrentSettings;
  /** The least format version that this tenant's devices are to write. */
  readonly minVersion: number;
  /** The names of the databases that somebody wrote in, ascending. Such a name may have been said by who is out. */
  readonly databases: readonly string[];
  /** The same with who said it, as often as it was said. */
  readonly databasesSaid: readonly { readonly author: Admission; readonly name: string }[];
  /** Ascending by id. */
  readonly rejected: readonly RejectedStatement[];
  /** Statements of a later version, from admitted authors: held until this software is updated. */
  readonly unknown: number;
  /** Chains whose writers are proven to have signed two entries at one place. */
  readonly forks: readonly ProvenFork[];
  forkOf(database: DatabaseId, writer: WriterKey): ProvenFork | undefined;
  /** Whether a user's voice is heard about a fork. */
  hasVoice(user: AdmissionId, fork: ProvenFork): boolean;
  /** An admission that was ever given. */
  admission(id: AdmissionId): Admission | undefined;
  /** The first root, and those that were to follow it, with and without rights. */
  roots(): readonly Admission[];
  /** Whether it gives rights now. */
  isLive(admission: Admission): boolean;
  /** The statements that ended it, in hex, ascending. */
  endedBy(id: StatementId): readonly string[];
  /** Seconds after which a device whose admission ended wipes its store: the shortest that one of its revocations says; null for none. */
  wipeAfter(admission: Admission): number | null;
  /** The people that have rights, ascending by id: one admission of each, with what is left of its rights when several admins changed them at once. */
  users(): readonly Member[];
  /** Every person that ever was. */
  everybody(): readonly Member[];
  /** The first grant of a member's person, through all changes of its rights. */
  personOf(member: Member): StatementId;
  /** What the member's person is called now. */
  nameOf(member: Member): string;
  /** The renames that the next one of the member's person replaces, ascending. */
  openRenames(member: Member): readonly StatementId[];
  /** People with rights whose names fold to the same; more than one are shown with their fingerprints. */
  findUser(name: string): readonly Member[];
  /** The devices with rights of a user, or all: a device is there as often as it was admitted. */
  devices(user?: StatementId): readonly Member[];
  /** The devices with rights of a member's person, each once, the one that stands first in line first. */
  devicesOf(member: Member): readonly Member[];
  /** Every device that ever was. */
  allDevices(): readonly Member[];
  keys(): readonly DirectoryKey[];
  key(keyId: Uint8Array): DirectoryKey | undefined;
  /** Whether the directory names this version of this key. */
  commits(keyId: Uint8Array, version: Uint8Array): boolean;
  isEntitled(admission: Admission, keyId: Uint8Array): boolean;
  /** How far back who is entitled to a key reads what lies under it; null for who is not. */
  dueHistory(admission: Admission, keyId: Uint8Array): HistoryPolicy | null;
  /** Whom the next version of a key is due: each person once, where that is safe. */
  recipients(keyId: Uint8Array): readonly DueRecipient[];
  /** Whether nobody without a right to a key can open all of its current versions. */
  isSafe(keyId: Uint8Array): boolean;
  /** What else has to be right before a key is sealed under. */
  readonly keyFitness: KeyFitness;
  /** The KEM keys of a person that no other replaces. */
  userKeys(member: Member): readonly UserKey[];
  /** The KEM keys of a person, that of the grant first, those that were replaced or are void too. */
  everyUserKey(member: Member): readonly UserKey[];
  /** Whether a device that is out holds every KEM key of a person: one of its live devices is to make the next. */
  lacksUserKey(member: Member): boolean;
  /** The people that have rights, as relays are to know them. */
  slots(): readonly PersonSlot[];
  judge(chain: Chain): ChainVerdict;
  /** How far a chain of this admission counts. */
  endOf(chain: Pick<Chain, "database" | "writer">, admission: Admission): ChainEnd;
  /** What cuts give as the writer's signature of this entry, whoever says them: not each need be one. None when nothing names it. */
  cutSignatures(writer: WriterKey, id: EntryId): readonly Signature[];
}

/** Reads a directory. Statements may come in any order, and more than once. */
export function buildDirectory(
  verifier: Verifier,
  identity: DirectoryIdentity,
  placed: readonly PlacedStatement[],
  vectors: readonly PlacedVector[] = [],
): DirectoryView {
  const statements = inOrder(placed);
  const forks = provenForks(verifier, identity, statements);
  const { admissions, membership } = settle(verifier, identity, { statements, forks, vectors });
  const people = resolvePeople(admissions, statements, membership);
  const sorted = sortOut(identity, { admissions, membership, people }, statements);
  const found = sorted.found;
  const settings = currentSettings(sorted.of("settings"));
  const names = resolveNames(sorted.of("rename"), admissions.members, people);
  const catalog = catalogKeys(verifier, {
    found: sorted.seen("found")[0], // whatever cuts the founding chain: a tenant without keys is lost (membership.test.ts "D10 ...")
    creations: sorted.seen("createKey"),
    rotations: sorted.seen("rotate"),
    links: sorted.seen("link"),
    shares: sorted.of("share"),
    counts: (id) => sorted.counts(id),
    beside: people.beside,
  });
  const keyMembership: KeyMembership = {
    members: admissions.members.map(people.least),
    isLive: (id) => membership.isLive({ id }),
    personOf: people.personOf,
  };
  const notEntitled = catalog.rejected.map((id): RejectedStatement => ({ id, code: "NOT_ENTITLED" }));
  return {
    identity,
    found,
    accessLists: sortAccessLists(sorted.of("accessList").map(({ statement }) => statement.list)),
    settings: settings.values,
    settingsOf: (database) => (database === null ? settings : settingsOf(sorted.of("databaseSettings"), database)),
    minVersion: Math.max(1, ...sorted.of("minVersion").map(({ statement }) => statement.version)),
    databases: [...new Set(sorted.of("database").map(({ statement }) => statement.name))].sort(),
    databasesSaid: sorted.of("database").map(({ author, statement: { name } }) => ({ author, name })),
    rejected: [...sorted.rejected, ...notEntitled].sort((a, b) => compareBytes(a.id, b.id)),
    unknown: sorted.of("unknown").length,
    forks: [...forks.values()],
    forkOf: (database, writer) => forks.get(chainName(database, writer)),
    hasVoice: (user, { database, writer }) =>
      membership.voicesOn(chainName(database, writer)).includes(admissionName(user)),
    ...memberQueries(identity, { admissions, membership, people }),
    ...names,
    findUser: finderByName(people.users, names),
    cutSignatures: (writer, id) => cutSignatures(statements, writer, id),
    wipeAfter: wipeDelays([...sorted.of("revoke"), ...sorted.of("change")], membership),
    ...keyQueries(catalog),
    ...ruleQueries(
      {
        catalog,
        membership: keyMembership,
        openers: findOpeners(
          verifier,
          catalog,
          {
            permits: sorted.seen("permit"),
            userKeys: sorted.seen("userKey"),
            addedDevices: sorted.seen("addDevice"),
          },
          keyMembership,
        ),
        userKeys: sorted.of("userKey"),
        seenUserKeys: sorted.seen("userKey"),
      },
      { found, users: people.users },
    ),
  };
}

/**
 * Who is in. Whom those let in who lost the role of admin is refused before the rules of membership are asked; who lost it is for these to
 * say. Looking once is enough: what says so comes from above, and where that is refused all below is void with it.
 */
function settle(
  verifier: Verifier,
  identity: DirectoryIdentity,
  known: Omit<Known, "admissions">,
): Pick<Settled, "admissions" | "membership"> {
  const { statements } = known;
  const judge = (refused: ReadonlySet<string>): Pick<Settled, "admissions" | "membership"> => {
    const admissions = resolveAdmissions(verifier, identity, statements, refused);
    return { admissions, membership: judgeMembership(verifier, identity, { ...known, admissions }) };
  };
  const judged = judge(new Set());
  const refused = byDemoted(identity, judged, statements);
  return refused.size === 0 ? judged : judge(refused);
}

/** Looked up for many at a time, such as those a key is shared with. */
function finderByName(users: readonly Member[], { nameOf }: Pick<DirectoryView, "nameOf">): DirectoryView["findUser"] {
  let byName: Map<string, readonly Member[]> | null = null;
  return (name) => {
    byName ??= Map.groupBy(users, (user) => foldName(nameOf(user)));
    return byName.get(foldName(name)) ?? [];
  };
}

/** Each statement once, ascending by id. */
function inOrder(placed: readonly PlacedStatement[]): readonly PlacedStatement[] {
  const byId = new Map(placed.map((each) => [hexOf(each.id), each]));
  return [...byId.values()].sort((a, b) => compareBytes(a.id, b.id));
}

interface SortedStatements {
  readonly found: FoundStatement | null;
  readonly rejected: readonly RejectedStatement[];
  /** The statements of a type that their authors may make, and that count. */
  readonly of: OfType;
  /** Those that their authors might have made once: beyond a cut, too. */
  readonly seen: OfType;
  counts(id: StatementId): boolean;
}

/** What is settled about who is in. */
interface Settled {
  readonly admissions: Admissions;
  readonly membership: Membership;
  readonly people: People;
}

function sortOut(
  identity: DirectoryIdentity,
  { admissions, membership, people }: Settled,
  statements: readonly PlacedStatement[],
): SortedStatements {
  const founding = foundingStatement(identity, statements);
  const seen: Authored<Statement>[] = [];
  const counting = new Map<string, Authored<Statement>>();
  const rejected: RejectedStatement[] = [];
  for (const placed of statements) {
    const verdict = admissions.judge({ ...placed, database: identity.directory });
    if (verdict.type === "held") continue;
    const author = verdict.type === "admitted" ? people.least(verdict.admission) : null;
    const code = author === null ? "AUTHOR_REFUSED" : objection(placed, { admissions, founding, admission: author });
    if (code !== undefined || author === null) {
      rejected.push({ id: placed.id, code: code ?? "AUTHOR_REFUSED" });
      continue;
    }
    const authored = { placed, statement: placed.statement, author };
    seen.push(authored);
    if (membership.counts(placed)) counting.set(hexOf(placed.id), authored);
    else rejected.push({ id: placed.id, code: "BEYOND_CUT" });
  }
  const found = founding?.statement.type === "found" ? founding.statement : null;
  return {
    found,
    rejected,
    of: byType([...counting.values()]),
    seen: byType(seen),
    counts: (id) => counting.has(hexOf(id)),
  };
}

type OfType = <Type extends Statement["type"]>(
  type: Type,
) => readonly Authored<Extract<Statement, { readonly type: Type }>>[];

function byType(statements: readonly Authored<Statement>[]): OfType {
  const groups = Map.groupBy(statements, ({ statement }) => statement.type);
  const isOf =
    <Type extends Statement["type"]>(type: Type) =>
    (each: Authored<Statement>): each is Authored<Extract<Statement, { readonly type: Type }>> =>
      each.statement.type === type;
  return (type) => (groups.get(type) ?? []).filter(isOf(type));
}

/** The first statement of its type in the founding entry: that entry's hash is the tenant id, so it needs no other proof. */
function foundingStatement(
  { tenant }: DirectoryIdentity,
  statements: readonly PlacedStatement[],
): PlacedStatement | undefined {
  return statements
    .filter(({ entry, statement }) => equalBytes(entry, tenant) && statement.type === "found")
    .reduce<PlacedStatement | undefined>((a, b) => (a === undefined || b.part < a.part ? b : a), undefined);
}

/** Why an admitted author may not make this statement. SECURITY: directory-view.test.ts "A2", "A3", "D11". */
function objection(
  placed: PlacedStatement,
  by: { admission: Admission; admissions: Admissions; founding: PlacedStatement | undefined },
): RejectionCode | undefined {
  switch (placed.statement.type) {
    case "found":
      return placed === by.founding ? undefined : "NOT_FOUNDING";
    case "grant":
    case "addDevice":
    case "change":
    case "replaceRoot":
      return by.admissions.rejection(placed.id);
    case "createKey":
    case "database":
      return by.admission.role === "reader" ? "READER" : undefined;
    case "accessList":
    case "settings":
    case "databaseSettings":
    case "readmit":
    case "rename":
    case "purge":
      return by.admission.role === "admin" ? undefined : "NOT_ADMIN";
    case "minVersion":
      return by.admission.user === "root" ? undefined : "NOT_ROOT";
    case "userKey":
      return by.admission.user === "root" ? "ROOT_HAS_NO_DEVICES" : undefined;
    // Whether a share or rotation counts depends on other shares. Permits and links give nothing: who opens them compares with the keys
    // named here. A fork was proven when it was read. Whom a revocation may reach is for membership to say.
    case "share":
    case "rotate":
    case "link":
    case "revoke":
    case "permit":
    case "fork":
    case "unknown":
      return undefined;
    default:
      return placed.statement satisfies never;
  }
}

/** Asked for few entries, of chains that fork. */
function cutSignatures(statements: readonly PlacedStatement[], writer: WriterKey, id: EntryId): readonly Signature[] {
  const cuts = statements.flatMap(({ statement }) => ("cuts" in statement ? statement.cuts : []));
  const found = cuts
    .flatMap((each) => each.cuts)
    .filter((cut) => equalBytes(cut.id, id) && equalBytes(cut.writer, writer));
  return [...new Map(found.map(({ signature }) => [hexOf(signature), signature])).values()];
}

function wipeDelays(
  revocations: readonly Authored<Statement & Revocation>[],
  { endedBy }: Membership,
): DirectoryView["wipeAfter"] {
  const delayById = new Map(revocations.map(({ placed, statement }) => [hexOf(placed.id), statement.wipe]));
  return ({ id }) => {
    const delays = id === "root" ? [] : endedBy(id).flatMap((by) => delayById.get(by) ?? []);
    return delays.length === 0 ? null : Math.min(...delays);
  };
}

type MemberQueries = Pick<
  DirectoryView,
  | "admission"
  | "roots"
  | "isLive"
  | "endedBy"
  | "users"
  | "everybody"
  | "personOf"
  | "devices"
  | "devicesOf"
  | "allDevices"
  | "judge"
  | "endOf"
>;

function memberQueries(identity: DirectoryIdentity, { admissions, membership, people }: Settled): MemberQueries {
  const { root, roots, members, find, judge } = admissions;
  const { isLive, endedBy } = membership;
  const { users, everybody, devices, personOf, least } = people;
  const endOf = endsOf(identity, { membership, people });
  return {
    admission: (id) => [id === "root" ? root : find(id)].flatMap((known) => (known == null ? [] : [least(known)]))[0],
    roots: () => roots,
    isLive,
    endedBy,
    endOf,
    users: () => users,
    everybody: () => everybody,
    personOf,
    devices: (user) => devices.filter((member) => user === undefined || equalBytes(member.user, user)),
    devicesOf: (member) => eachOnce(devices.filter((other) => equalBytes(personOf(other), personOf(member)))),
    allDevices: () => members,
    judge: (chain) => {
      const verdict = judge(chain);
      return verdict.type === "admitted" ? { ...verdict, ...endOf(chain, verdict.admission) } : verdict;
    },
  };
}

/** A device that several changes let go on is one. First in line is what a grant or change names first. */
function eachOnce(devices: readonly Member[]): readonly Member[] {
  const [first, others] = [devices.filter(isFirst), devices.filter((device) => !isFirst(device))];
  const byKeys = new Map(
    [...others, ...first].reverse().map((each) => [`${hexOf(each.device)} ${hexOf(each.deviceKem)}`, each]),
  );
  return [...byKeys.values()];
}

const isFirst = ({ id, user }: Member): boolean => hexOf(id) === hexOf(user);

/**
 * SECURITY: P-11. What one admin leaves of somebody's rights is no way around what another takes at the same time: whom a change beside
 * makes a reader has no chain in a database, wherever it was admitted (people.test.ts).
 */
function endsOf(
  { directory }: DirectoryIdentity,
  { membership, people }: Pick<Settled, "membership" | "people">,
): DirectoryView["endOf"] {
  return (chain, admission) => {
    if (equalBytes(chain.database, directory)) return membership.endOf(chain, admission);
    const demoted = people.beside(admission).filter(({ role }) => role === "reader");
    if (demoted.length === 0) return membership.endOf(chain, admission);
    return { last: -1, endedBy: demoted.map(({ id }) => hexOf(id)).sort(), fork: null, named: null };
  };
}

function ruleQueries(
  rules: KeyRules,
  { found, users }: { readonly found: FoundStatement | null; readonly users: readonly Member[] },
): Pick<
  DirectoryView,
  "recipients" | "isSafe" | "keyFitness" | "userKeys" | "everyUserKey" | "lacksUserKey" | "slots"
> {
  /** Every flush asks, and the answer follows from all members. */
  const safe = new Map<string, boolean>();
  let slots: readonly PersonSlot[] | null = null;
  return {
    recipients: (keyId) => recipientsOf(rules, keyId),
    isSafe: (keyId) => {
      const known = safe.get(hexOf(keyId)) ?? isSafe(rules, keyId);
      safe.set(hexOf(keyId), known);
      return known;
    },
    keyFitness: keyFitness(rules),
    userKeys: (member) => userKeysOf(rules, member),
    everyUserKey: (member) => everyUserKeyOf(rules, member),
    slots: () => {
      slots ??= found === null ? [] : slotsOf(rules, users, found.directoryKey.keyId);
      return slots;
    },
    lacksUserKey: (member) => found !== null && lacksUserKey(rules, member, found.directoryKey.keyId),
  };
}

function keyQueries(
  catalog: KeyCatalog,
): Pick<DirectoryView, "keys" | "key" | "commits" | "isEntitled" | "dueHistory"> {
  const { keys, find, isEntitled, dueHistory } = catalog;
  return {
    keys: () => keys,
    key: find,
    commits: (keyId, version) => find(keyId)?.versions.some((known) => equalBytes(known, version)) === true,
    isEntitled,
    dueHistory,
  };
}
