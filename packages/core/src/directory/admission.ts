// Who is in the tenant, as far as statements say: what every part of the directory calls these things.
import {
  type DatabaseId,
  type EntryId,
  equalBytes,
  type StatementId,
  type TenantId,
  type WriterKey,
} from "@selkie/entry";
import { hexOf } from "../hex.ts";
import type { VerifiedCertificate } from "../sealing/control-part.ts";
import type { Role, Statement } from "./statement.ts";

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

/** Whether an author is this device. @param device 32-byte signing key */
export function isOf(author: Admission | null, device: Uint8Array): boolean {
  return author !== null && equalBytes(author.device, device);
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

/** The name of an admission. */
export function admissionName(id: AdmissionId): string {
  return id === "root" ? id : hexOf(id);
}

/** Whether an admission is a user's device rather than the root. */
export function isMember(admission: Admission): admission is Member {
  return admission.user !== "root";
}
