// Whose a chain is, as the certificate in its first entry says.
import { type DatabaseId, equalBytes, type StatementId } from "@selkie/entry";
import type { VerifiedCertificate } from "../sealing/control-part.ts";
import type { Admission, AdmissionId, Chain, DirectoryIdentity, WriterVerdict } from "./admission.ts";

/** The admission that a chain claims: the root's is named by the tenant id. */
export function claimedAdmission({ tenant }: DirectoryIdentity, certificate: VerifiedCertificate | null): AdmissionId {
  if (certificate === null) return "root";
  const { admission } = certificate.certificate;
  return equalBytes(admission, tenant) ? "root" : admission;
}

export function judgeChain(
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
