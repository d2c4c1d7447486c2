// The directory as of a set of statements: users, devices, keys, settings. A pure function of the set: neither order nor batching
// changes anything in it (directory-view.test.ts).
import { compareBytes, equalBytes, type StatementId, toHex, type Verifier } from "@selkie/entry";
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
  type WriterVerdict,
} from "./admission.ts";
import type { Authored } from "./entitlement.ts";
import { catalogKeys, type DirectoryKey, type KeyCatalog } from "./key-catalog.ts";
import { foldName } from "./name.ts";
import type { FoundStatement, SettingsStatement, SettingValue, Statement } from "./statement.ts";

/** A statement that counts for nothing. */
interface RejectedStatement {
  readonly id: StatementId;
  readonly code: RejectionCode;
}

/** What a set of statements says. */
export interface DirectoryView {
  readonly identity: DirectoryIdentity;
  /** Null while the founding entry is not here, or not open. */
  readonly found: FoundStatement | null;
  /** Access lists that admins published, oldest first; each is signed on its own and must be verified. */
  readonly accessLists: readonly Uint8Array[];
  readonly settings: ReadonlyMap<string, SettingValue>;
  /** Ascending by id. */
  readonly rejected: readonly RejectedStatement[];
  /** Statements of a later version, from admitted authors: held until this software is updated. */
  readonly unknown: number;
  admission(id: AdmissionId): Admission | undefined;
  /** The first device of each user, ascending by id. */
  users(): readonly Member[];
  /** Users whose names fold to the same; more than one are shown with their fingerprints. */
  findUser(name: string): readonly Member[];
  /** The devices of a user, or all. */
  devices(user?: StatementId): readonly Member[];
  keys(): readonly DirectoryKey[];
  key(keyId: Uint8Array): DirectoryKey | undefined;
  /** Whether the directory names this version of this key. */
  commits(keyId: Uint8Array, version: Uint8Array): boolean;
  isEntitled(admission: Admission, keyId: Uint8Array): boolean;
  judge(chain: Chain): WriterVerdict;
}

/** Reads a directory. Statements may come in any order, and more than once. */
export function buildDirectory(
  verifier: Verifier,
  identity: DirectoryIdentity,
  placed: readonly PlacedStatement[],
): DirectoryView {
  const statements = inOrder(placed);
  const admissions = resolveAdmissions(identity, statements);
  const sorted = sortOut(identity, admissions, statements);
  const found = sorted.found;
  const catalog = catalogKeys(verifier, {
    found: sorted.of("found")[0],
    creations: sorted.of("createKey"),
    rotations: sorted.of("rotate"),
    links: sorted.of("link"),
    shares: sorted.of("share"),
    counts: () => true,
  });
  const notEntitled = catalog.rejected.map((id): RejectedStatement => ({ id, code: "NOT_ENTITLED" }));
  return {
    identity,
    found,
    accessLists: sortAccessLists(sorted.of("accessList").map(({ statement }) => statement.list)),
    settings: currentSettings(sorted.of("settings")),
    rejected: [...sorted.rejected, ...notEntitled].sort((a, b) => compareBytes(a.id, b.id)),
    unknown: sorted.of("unknown").length,
    ...memberQueries(admissions),
    ...keyQueries(catalog),
  };
}

/** Each statement once, ascending by id. */
function inOrder(placed: readonly PlacedStatement[]): readonly PlacedStatement[] {
  const byId = new Map(placed.map((each) => [toHex(each.id), each]));
  return [...byId.values()].sort((a, b) => compareBytes(a.id, b.id));
}

interface SortedStatements {
  readonly found: FoundStatement | null;
  readonly rejected: readonly RejectedStatement[];
  /** The statements of a type that their authors may make. */
  of<Type extends Statement["type"]>(type: Type): readonly Authored<Extract<Statement, { readonly type: Type }>>[];
}

function sortOut(
  identity: DirectoryIdentity,
  admissions: Admissions,
  statements: readonly PlacedStatement[],
): SortedStatements {
  const founding = foundingStatement(identity, statements);
  const counting: Authored<Statement>[] = [];
  const rejected: RejectedStatement[] = [];
  for (const placed of statements) {
    const verdict = admissions.judge({ ...placed, database: identity.directory });
    if (verdict.type === "held") continue;
    const code =
      verdict.type === "refused" ? "AUTHOR_REFUSED" : objection(placed, { admissions, founding, ...verdict });
    if (code !== undefined) rejected.push({ id: placed.id, code });
    else if (verdict.type === "admitted") {
      counting.push({ placed, statement: placed.statement, author: verdict.admission });
    }
  }
  const isOf =
    <Type extends Statement["type"]>(type: Type) =>
    (each: Authored<Statement>): each is Authored<Extract<Statement, { readonly type: Type }>> =>
      each.statement.type === type;
  const found = founding?.statement.type === "found" ? founding.statement : null;
  return { found, rejected, of: (type) => counting.filter(isOf(type)) };
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
      return by.admissions.rejection(placed.id);
    case "createKey":
      return by.admission.role === "reader" ? "READER" : undefined;
    case "accessList":
    case "settings":
    case "databaseSettings":
    case "readmit":
    case "rename":
    case "purge":
      return by.admission.role === "admin" ? undefined : "NOT_ADMIN";
    case "minVersion":
    case "replaceRoot":
      return by.admission.id === "root" ? undefined : "NOT_ROOT";
    case "userKey":
      return by.admission.id === "root" ? "ROOT_HAS_NO_DEVICES" : undefined;
    // Whether a share or rotation counts depends on other shares. Permits and links give nothing: who opens them compares with the keys
    // named here. Whom a revocation may reach is for membership to say.
    case "share":
    case "rotate":
    case "link":
    case "revoke":
    case "change":
    case "permit":
    case "unknown":
      return undefined;
    default:
      return placed.statement satisfies never;
  }
}

/** The settings over which no other was set; among concurrent ones the lowest id, by setting. */
function currentSettings(statements: readonly Authored<SettingsStatement>[]): ReadonlyMap<string, SettingValue> {
  const replaced = new Set(statements.flatMap(({ statement }) => statement.over.map(toHex)));
  const heads = statements.filter(({ placed }) => !replaced.has(toHex(placed.id)));
  return new Map(heads.toReversed().flatMap(({ statement }) => [...statement.values]));
}

function memberQueries({
  root,
  members,
  find,
  judge,
}: Admissions): Pick<DirectoryView, "admission" | "users" | "findUser" | "devices" | "judge"> {
  const users = members.filter((member) => equalBytes(member.id, member.user));
  return {
    admission: (id) => (id === "root" ? (root ?? undefined) : find(id)),
    users: () => users,
    findUser: (name) => users.filter((user) => foldName(user.name) === foldName(name)),
    devices: (user) => members.filter((member) => user === undefined || equalBytes(member.user, user)),
    judge,
  };
}

function keyQueries(catalog: KeyCatalog): Pick<DirectoryView, "keys" | "key" | "commits" | "isEntitled"> {
  const { keys, find, isEntitled } = catalog;
  return {
    keys: () => keys,
    key: find,
    commits: (keyId, version) => find(keyId)?.versions.some((known) => equalBytes(known, version)) === true,
    isEntitled,
  };
}
