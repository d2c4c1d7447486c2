// Who is in the tenant: from the root key, through the statements of those it let in.
import {
  compareBytes,
  type DatabaseId,
  type EntryId,
  equalBytes,
  isAdmissiblePublicKey,
  type StatementId,
  type TenantId,
  type Verifier,
  type WriterKey,
} from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { type Lines, mayCut, type Ranked } from "../membership/may-cut.ts";
import type { VerifiedCertificate } from "../sealing/control-part.ts";
import { isAdmissibleKnownKemKey } from "./kem-admission.ts";
import {
  type AddDeviceStatement,
  type ChangeStatement,
  continuedAdmission,
  type GrantStatement,
  type ReplaceRootStatement,
  type Role,
  type Statement,
} from "./statement.ts";

/** The tenant whose directory is read. */
export interface DirectoryIdentity {
  readonly tenant: TenantId;
  /** Writer of the founding entry; null while that entry is not here. */
  readonly root: WriterKey | null;
  readonly directory: DatabaseId;
}

/** A statement of the directory and where it stands. */
export interface PlacedStatement {
  readonly id: StatementId;
  readonly entry: EntryId;
  readonly part: number;
  readonly writer: WriterKey;
  readonly seq: number;
  /** Of the writer's first entry; null for the root's own chain, which has none. */
  readonly certificate: VerifiedCertificate | null;
  readonly statement: Statement;
}

/** The statement that admits a device, or the root that follows on the first; the first root needs none. */
export type AdmissionId = StatementId | "root";

/** What an author may do, fixed by the statement that admits the device for as long as its writers live. */
export interface Admission {
  readonly id: AdmissionId;
  /** The admission of the user's first device. */
  readonly user: AdmissionId;
  readonly name: string;
  readonly role: Role;
  /** 32-byte signing key. */
  readonly device: Uint8Array;
}

/** The admission of a user's device. */
export interface Member extends Admission {
  readonly id: StatementId;
  readonly user: StatementId;
  readonly userKem: Uint8Array;
  readonly deviceKem: Uint8Array;
  readonly slot: Uint8Array;
  readonly slotSalt: Uint8Array;
  /** 16-byte ids of named keys that the grant or change entitles to. */
  readonly keys: readonly Uint8Array[];
  /** What the person was let in with before a change of its rights; null where this goes back to a grant. */
  readonly before: Member | null;
}

/** Why a statement counts for nothing. */
export type RejectionCode =
  | "AUTHOR_REFUSED"
  | "BEYOND_CUT"
  | "NOT_ADMIN"
  | "NOT_ENTITLED"
  | "NOT_FOUNDING"
  | "NOT_PERMITTED"
  | "NOT_ROOT"
  | "READER"
  | "ROOT_HAS_NO_DEVICES"
  | "DEVICE_UNKNOWN"
  | "KEY_INADMISSIBLE";

/** What is known of the author of a chain. */
export type WriterVerdict =
  | { readonly type: "admitted"; readonly admission: Admission }
  /** The statement that its certificate names is not known, or its author is not: more of the directory may come. */
  | { readonly type: "held" }
  | { readonly type: "refused"; readonly code: "CERTIFICATE_MISSING" | "CERTIFICATE_ELSEWHERE" | "NOT_ADMITTED" };

/** Every admission that a set of statements gives. */
export interface Admissions {
  readonly root: Admission | null;
  /** The first root, and those that were to follow it. */
  readonly roots: readonly Admission[];
  /** Ascending by id. */
  readonly members: readonly Member[];
  find(id: AdmissionId): Admission | undefined;
  judge(chain: Chain): WriterVerdict;
  /** The same of a chain of the directory. */
  judgeAuthor(placed: Pick<Chain, "writer" | "certificate">): WriterVerdict;
  /** Why a statement admits nobody, where that is settled. */
  rejection(id: StatementId): RejectionCode | undefined;
  /** The first grant of a member's person, through all changes of its rights. */
  personOf(member: Member): StatementId;
  /** Whether one may take rights of another, or is it. */
  mayEnd(author: Admission, target: Admission): boolean;
}

/** A writer chain and the certificate in its first entry, if there is one. */
export interface Chain {
  readonly database: DatabaseId;
  readonly writer: WriterKey;
  readonly certificate: VerifiedCertificate | null;
}

/**
 * The admissions that follow from a set of statements: the least fixpoint from the root, the same in any order.
 * SECURITY: nobody is let in but by the root, an admin, or, for further devices, the user itself (admission.test.ts "A2", "A3").
 *
 * @param refused ids in hex of statements that count for nothing, whatever their author may otherwise do
 */
export function resolveAdmissions(
  verifier: Verifier,
  identity: DirectoryIdentity,
  placed: readonly PlacedStatement[],
  refused: ReadonlySet<string> = new Set(),
): Admissions {
  const root = rootOf(identity);
  const admissionById = new Map<string, Admission>();
  const rejectionById = new Map<string, RejectionCode>([...refused].map((id) => [id, "NOT_ADMIN"]));
  const parentById: Parents = new Map();
  /** By the user that a change made of one before. */
  const personByUser = new Map<string, StatementId>();
  const personOf = ({ user }: Member): StatementId => personByUser.get(hexOf(user)) ?? user;
  const neverAdmit = idsThatNeverAdmit(placed);
  const isVoid = (id: StatementId) => neverAdmit.has(hexOf(id)) || rejectionById.has(hexOf(id));
  const find = (id: AdmissionId) => (id === "root" ? (root ?? undefined) : admissionById.get(hexOf(id)));
  const judge = (chain: Chain) => judgeChain(identity, chain.database, chain, { find, isVoid });
  const judgeAuthor: Admissions["judgeAuthor"] = (placed) =>
    judgeChain(identity, identity.directory, placed, { find, isVoid });

  const statementsBy = groupByAuthor(identity, placed);
  const authors: Admission[] = root === null ? [] : [root];
  const letIn = (author: Admission, asked: AdmittingStatement): void => {
    if (refused.has(hexOf(asked.id))) return;
    const verdict = judgeAuthor(asked);
    const known = {
      ...{ verifier, find },
      mayChange: (target: Member) =>
        mayEnd(parentById, author, target) && !(isMember(author) && isBesideItself(author, target, personOf)),
    };
    const outcome = verdict.type === "admitted" ? admit(known, author, asked) : "AUTHOR_REFUSED";
    if (typeof outcome === "string") rejectionById.set(hexOf(asked.id), outcome);
    else
      for (const admission of outcome) {
        if (!register(admissionById, admission)) continue;
        // The others that a change lets go on are as if the first had added them.
        parentById.set(keyOf(admission.id), keyOf(admission === outcome[0] ? author.id : asked.id));
        const [before] = asked.statement.type === "change" ? asked.statement.devices : [];
        const changed = before === undefined ? undefined : find(before);
        if (changed !== undefined && isMember(changed)) personByUser.set(hexOf(asked.id), personOf(changed));
        authors.push(admission);
      }
  };
  /** Changes of people whose own admissions are still to come. */
  let waiting: { readonly author: Admission; readonly asked: AdmittingStatement }[] = [];
  // The list grows while it is walked: whoever is let in may let others in.
  for (const author of authors) {
    for (const asked of statementsBy.get(keyOf(author.id)) ?? []) {
      // Who is no admin lets nobody go on, and has no say in how long the others wait.
      if (author.role !== "admin" || isReady(asked, find)) letIn(author, asked);
      else waiting.push({ author, asked });
    }
    const ready = waiting.filter(({ asked }) => isReady(asked, find));
    waiting = waiting.filter(({ asked }) => !isReady(asked, find));
    for (const each of ready) letIn(each.author, each.asked);
  }
  // Nor does anybody let others in whom nobody let in, however long the line.
  const voids = [...neverAdmit, ...rejectionById.keys()];
  for (const author of voids) {
    for (const { id } of statementsBy.get(author) ?? []) {
      rejectionById.set(hexOf(id), "AUTHOR_REFUSED");
      voids.push(hexOf(id));
    }
  }
  const members = [...admissionById.values()].filter(isMember).sort((a, b) => compareBytes(a.id, b.id));
  const roots = authors.filter((author) => !isMember(author));
  return {
    ...{ root, roots, members, find, judge, judgeAuthor, personOf },
    rejection: (id) => rejectionById.get(hexOf(id)),
    mayEnd: (author, target) => mayEnd(parentById, author, target),
  };
}

/**
 * SECURITY: D10. Who several admins changed at once, and one of them left an admin, would lift by a change what another took (people.test.ts).
 */
function isBesideItself(author: Member, target: Member, personOf: Admissions["personOf"]): boolean {
  return !equalBytes(author.user, target.user) && equalBytes(personOf(author), personOf(target));
}

function rootOf({ root }: DirectoryIdentity): Admission | null {
  return root === null ? null : { id: "root", user: "root", name: "root", role: "admin", device: root };
}

const keyOf = (id: AdmissionId): string => (id === "root" ? "root" : hexOf(id));

/** The admission that a chain claims: the root's is named by the tenant id. */
function claimedAdmission({ tenant }: DirectoryIdentity, certificate: VerifiedCertificate | null): AdmissionId {
  if (certificate === null) return "root";
  const { admission } = certificate.certificate;
  return equalBytes(admission, tenant) ? "root" : admission;
}

type AdmittingStatement = PlacedStatement & {
  readonly statement: GrantStatement | AddDeviceStatement | ChangeStatement | ReplaceRootStatement;
};

function isAdmitting(placed: PlacedStatement): placed is AdmittingStatement {
  return ["grant", "addDevice", "change", "replaceRoot"].includes(placed.statement.type);
}

/** A change can be judged once the devices that go on are known. */
function isReady({ statement }: AdmittingStatement, find: Admissions["find"]): boolean {
  return statement.type !== "change" || statement.devices.every((id) => find(id) !== undefined);
}

function register(admissionById: Map<string, Admission>, admission: Admission): boolean {
  const name = keyOf(admission.id);
  if (admissionById.has(name)) return false;
  admissionById.set(name, admission);
  return true;
}

function groupByAuthor(
  identity: DirectoryIdentity,
  placed: readonly PlacedStatement[],
): ReadonlyMap<string, readonly AdmittingStatement[]> {
  return Map.groupBy(placed.filter(isAdmitting), (each) => keyOf(claimedAdmission(identity, each.certificate)));
}

/** Statements that are known and admit nobody. One of a later version may, for all we know. */
function idsThatNeverAdmit(placed: readonly PlacedStatement[]): ReadonlySet<string> {
  const known = placed.filter((each) => !isAdmitting(each) && each.statement.type !== "unknown");
  return new Set(known.map(({ id }) => hexOf(id)));
}

function judgeChain(
  identity: DirectoryIdentity,
  database: DatabaseId,
  { writer, certificate }: Pick<Chain, "writer" | "certificate">,
  known: { find(id: AdmissionId): Admission | undefined; isVoid(id: StatementId): boolean },
): WriterVerdict {
  if (identity.root === null) return { type: "held" };
  if (certificate === null) {
    const isRootChain = equalBytes(writer, identity.root) && equalBytes(database, identity.directory);
    const admission = isRootChain ? known.find("root") : undefined;
    return admission === undefined ? { type: "refused", code: "CERTIFICATE_MISSING" } : { type: "admitted", admission };
  }
  const isHere =
    equalBytes(certificate.tenant, identity.tenant) &&
    equalBytes(certificate.database, database) &&
    equalBytes(certificate.writer, writer);
  if (!isHere) return { type: "refused", code: "CERTIFICATE_ELSEWHERE" };
  const id = claimedAdmission(identity, certificate);
  const admission = known.find(id);
  if (admission === undefined && (id === "root" || !known.isVoid(id))) return { type: "held" };
  if (admission === undefined || !equalBytes(admission.device, certificate.certificate.device)) {
    return { type: "refused", code: "NOT_ADMITTED" };
  }
  return { type: "admitted", admission };
}

interface Known {
  readonly verifier: Verifier;
  find(id: AdmissionId): Admission | undefined;
  /** Whether the author may end the admission, and says what goes on. */
  mayChange(target: Member): boolean;
}

/** By admission, whom it descends from. */
type Parents = Map<string, string>;

/** As the rules of membership say it: whom the author may take rights from, and itself. */
function mayEnd(parents: Parents, author: Admission, target: Admission): boolean {
  const [by, of] = [author, target].map(
    ({ id, user, role }): Ranked => ({ id: keyOf(id), user: keyOf(user), role, isRoot: user === "root" }),
  );
  const lines: Lines<Ranked> = {
    isInLine: ({ id }, ancestor) => {
      for (let above: string | undefined = id; above !== undefined; above = parents.get(above))
        if (above === ancestor) return true;
      return false;
    },
  };
  return by !== undefined && of !== undefined && (by.id === of.id || mayCut(lines, by, of));
}

/** Whom a statement of an admitted author lets in. */
function admit(
  known: Known,
  author: Admission,
  { id, statement }: AdmittingStatement,
): readonly Admission[] | RejectionCode {
  switch (statement.type) {
    case "grant":
      return author.role === "admin" ? granted(id, statement) : "NOT_ADMIN";
    case "change":
      return author.role === "admin" ? continued(known, id, statement) : "NOT_ADMIN";
    case "addDevice": {
      if (!isMember(author)) return "ROOT_HAS_NO_DEVICES";
      const { deviceSign, deviceKem } = statement;
      if (!isAdmissibleDeviceKey(deviceSign) || !isAdmissibleKnownKemKey(deviceKem)) return "KEY_INADMISSIBLE";
      const device: Member = { ...author, id, device: deviceSign, deviceKem };
      return [device];
    }
    case "replaceRoot":
      if (author.user !== "root") return "NOT_ROOT";
      return isAdmissibleDeviceKey(statement.key) ? [{ ...author, id, device: statement.key }] : "KEY_INADMISSIBLE";
    default:
      return statement satisfies never;
  }
}

/** SECURITY: A12. A key of small or mixed order, or one that is not canonical, is never admitted (admission.test.ts). */
function granted(id: StatementId, statement: GrantStatement): readonly Member[] | RejectionCode {
  const { deviceSign, deviceKem, name, role, userKem, slot, slotSalt, keys } = statement;
  const isAdmissible =
    isAdmissibleDeviceKey(deviceSign) && isAdmissibleKnownKemKey(deviceKem) && isAdmissibleKnownKemKey(userKem);
  if (!isAdmissible) return "KEY_INADMISSIBLE";
  return [{ id, user: id, name, role, device: deviceSign, userKem, deviceKem, slot, slotSalt, keys, before: null }];
}

/**
 * SECURITY: an admin plants no device, and takes no rights of who stands above it by letting them go on with less: a change continues
 * devices of one user that are in already, and which it ends (admission.test.ts "D10").
 */
function continued(
  { verifier, find, mayChange }: Known,
  id: StatementId,
  statement: ChangeStatement,
): readonly Member[] | RejectionCode {
  const { name, role, keys, devices, targets } = statement;
  const members: Member[] = [];
  for (const [at, device] of devices.entries()) {
    const member = find(device);
    const [first] = members;
    if (member === undefined || !isMember(member)) return "DEVICE_UNKNOWN";
    const isEnded = targets.some((target) => equalBytes(target, member.user));
    if (!isEnded || (first !== undefined && !equalBytes(first.userKem, member.userKem))) return "DEVICE_UNKNOWN";
    if (!mayChange(member)) return "NOT_PERMITTED";
    const admission = at === 0 ? id : continuedAdmission(verifier, id, device);
    members.push({ ...member, id: admission, user: id, name, role, keys, before: member });
  }
  return members.length === 0 ? "DEVICE_UNKNOWN" : members;
}

/** Whether an admission is a user's device rather than the root. */
export function isMember(admission: Admission): admission is Member {
  return admission.user !== "root";
}

const verdictByKey = new Map<string, boolean>();
const rememberedKeys = 65_536;

/** The check costs about a millisecond, and a view is built again with every new statement: answers are remembered. */
function isAdmissibleDeviceKey(key: Uint8Array): boolean {
  const name = hexOf(key);
  const known = verdictByKey.get(name);
  if (known !== undefined) return known;
  if (verdictByKey.size >= rememberedKeys) verdictByKey.clear();
  const verdict = isAdmissiblePublicKey(key);
  verdictByKey.set(name, verdict);
  return verdict;
}
