// Who may take rights away.
import type { AdmissionFacts, AdmissionTree } from "./admissions.ts";

/**
 * Whether one admission may revoke, change or readmit another: the root anyone but a root; a device those it added within its user;
 * an admin every non-admin, and the admins on whose grant path it stands.
 * SECURITY: there is no other seniority, so two can never revoke each other (membership/may-cut.test.ts "D10").
 */
export function mayCut(admissions: AdmissionTree, author: AdmissionFacts, target: AdmissionFacts): boolean {
  if (target.isRoot) return false;
  if (author.isRoot) return true;
  if (author.user === target.user) return author.id !== target.id && admissions.isInLine(target, author.id);
  if (author.role !== "admin") return false;
  return target.role !== "admin" || admissions.isInLine(target, author.user);
}
