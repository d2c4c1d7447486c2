// Who is in the tenant: from the root key, through the statements of those it let in.
import {
  compareBytes,
  type DatabaseId,
  type EntryId,
  equalBytes,
  isAdmissiblePublicKey,
  type StatementId,
  type TenantId,
  toHex,
  type WriterKey,
} from "@selkie/entry";
import type { VerifiedCertificate } from "../sealing/control-part.ts";
import { isAdmissibleKemKey } from "./kem-admission.ts";
import type { AddDeviceStatement, GrantStatement, Role, Statement } from "./statement.ts";

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

/** The statement that admits a device; the root needs none. */
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
  /** 16-byte ids of named keys that the grant entitles to. */
  readonly keys: readonly Uint8Array[];
}

/** Why a statement counts for nothing. */
export type RejectionCode =
  | "AUTHOR_REFUSED"
  | "NOT_ADMIN"
  | "NOT_ENTITLED"
  | "NOT_FOUNDING"
  | "NOT_ROOT"
  | "READER"
  | "ROOT_HAS_NO_DEVICES"
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
  /** Ascending by id. */
  readonly members: readonly Member[];
  find(id: AdmissionId): Admission | undefined;
  judge(chain: Chain): WriterVerdict;
  /** Why an admitting statement admits nobody, where that is settled. */
  rejection(id: StatementId): RejectionCode | undefined;
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
 */
export function resolveAdmissions(identity: DirectoryIdentity, placed: readonly PlacedStatement[]): Admissions {
  const root = rootOf(identity);
  const memberById = new Map<string, Member>();
  const rejectionById = new Map<string, RejectionCode>();
  const neverAdmit = idsThatNeverAdmit(placed);
  const isVoid = (id: StatementId) => neverAdmit.has(toHex(id)) || rejectionById.has(toHex(id));
  const find = (id: AdmissionId) => (id === "root" ? (root ?? undefined) : memberById.get(toHex(id)));
  const judge = (chain: Chain) => judgeChain(identity, chain, { find, isVoid });

  const statementsBy = groupByAuthor(identity, placed);
  const authors: Admission[] = root === null ? [] : [root];
  // The list grows while it is walked: whoever is let in may let others in.
  for (const author of authors) {
    for (const placedStatement of statementsBy.get(keyOf(author.id)) ?? []) {
      const outcome = admit(author, placedStatement, judge({ ...placedStatement, database: identity.directory }));
      if (typeof outcome === "string") rejectionById.set(toHex(placedStatement.id), outcome);
      else if (!memberById.has(toHex(outcome.id))) {
        memberById.set(toHex(outcome.id), outcome);
        authors.push(outcome);
      }
    }
  }
  // Nor does anybody let others in whom nobody let in, however long the line.
  const voids = [...neverAdmit, ...rejectionById.keys()];
  for (const author of voids) {
    for (const { id } of statementsBy.get(author) ?? []) {
      rejectionById.set(toHex(id), "AUTHOR_REFUSED");
      voids.push(toHex(id));
    }
  }
  const members = [...memberById.values()].sort((a, b) => compareBytes(a.id, b.id));
  return { root, members, find, judge, rejection: (id) => rejectionById.get(toHex(id)) };
}

function rootOf({ root }: DirectoryIdentity): Admission | null {
  return root === null ? null : { id: "root", user: "root", name: "root", role: "admin", device: root };
}

const keyOf = (id: AdmissionId): string => (id === "root" ? "root" : toHex(id));

/** The admission that a chain claims: the root's is named by the tenant id. */
function claimedAdmission({ tenant }: DirectoryIdentity, certificate: VerifiedCertificate | null): AdmissionId {
  if (certificate === null) return "root";
  const { admission } = certificate.certificate;
  return equalBytes(admission, tenant) ? "root" : admission;
}

type AdmittingStatement = PlacedStatement & { readonly statement: GrantStatement | AddDeviceStatement };

function isAdmitting(placed: PlacedStatement): placed is AdmittingStatement {
  return placed.statement.type === "grant" || placed.statement.type === "addDevice";
}

function groupByAuthor(
  identity: DirectoryIdentity,
  placed: readonly PlacedStatement[],
): ReadonlyMap<string, readonly AdmittingStatement[]> {
  return Map.groupBy(placed.filter(isAdmitting), (each) => keyOf(claimedAdmission(identity, each.certificate)));
}

/** Statements that are known and admit nobody. A change admits, and one of a later version may, for all we know. */
function idsThatNeverAdmit(placed: readonly PlacedStatement[]): ReadonlySet<string> {
  const known = placed.filter((each) => !isAdmitting(each) && !["unknown", "change"].includes(each.statement.type));
  return new Set(known.map(({ id }) => toHex(id)));
}

function judgeChain(
  identity: DirectoryIdentity,
  { database, writer, certificate }: Chain,
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

function admit(
  author: Admission,
  { id, statement }: AdmittingStatement,
  verdict: WriterVerdict,
): Member | RejectionCode {
  if (verdict.type !== "admitted") return "AUTHOR_REFUSED";
  const { deviceSign, deviceKem } = statement;
  // SECURITY: A12. A key of small or mixed order, or one that is not canonical, is never admitted (admission.test.ts).
  if (!isAdmissibleDeviceKey(deviceSign) || !isAdmissibleKemKey(deviceKem)) return "KEY_INADMISSIBLE";
  if (statement.type === "addDevice") {
    if (!isMember(author)) return "ROOT_HAS_NO_DEVICES";
    return { ...author, id, device: deviceSign, deviceKem };
  }
  if (author.role !== "admin") return "NOT_ADMIN";
  const { name, role, userKem, slot, slotSalt, keys } = statement;
  if (!isAdmissibleKemKey(userKem)) return "KEY_INADMISSIBLE";
  return { id, user: id, name, role, device: deviceSign, userKem, deviceKem, slot, slotSalt, keys };
}

/** Whether an admission is a user's device rather than the root. */
export function isMember(admission: Admission): admission is Member {
  return admission.id !== "root";
}

const verdictByKey = new Map<string, boolean>();
const rememberedKeys = 65_536;

/** The check costs about a millisecond, and a view is built again with every new statement: answers are remembered. */
function isAdmissibleDeviceKey(key: Uint8Array): boolean {
  const name = toHex(key);
  const known = verdictByKey.get(name);
  if (known !== undefined) return known;
  if (verdictByKey.size >= rememberedKeys) verdictByKey.clear();
  const verdict = isAdmissiblePublicKey(key);
  verdictByKey.set(name, verdict);
  return verdict;
}
