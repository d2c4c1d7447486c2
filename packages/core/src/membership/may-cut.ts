// Who may take rights away.
import type { AdmissionFacts } from "./admissions.ts";

/** What the rule looks at. */
export type Ranked = Pick<AdmissionFacts, "id" | "user" | "role" | "isRoot">;

/** Who descends from whom. */
export interface Lines<Known extends Ranked> {
  /** Whether one admission descends from another, or is it. */
  isInLine(admission: Known, ancestor: string): boolean;
}

/**
 * Whether one admission may revoke, change or readmit another: the root anyone but a root; a device those it added within its user;
 * an admin every non-admin, and the admins on whose grant path it stands.
 * SECURITY: there is no other seniority, so two can never revoke each other (membership/may-cut.test.ts "D10").
 */
export function mayCut<Known extends Ranked>(lines: Lines<Known>, author: Known, target: Known): boolean {
  if (target.isRoot) return false;
  if (author.isRoot) return true;
  if (author.user === target.user) return author.id !== target.id && lines.isInLine(target, author.id);
  if (author.role !== "admin") return false;
  return target.role !== "admin" || lines.isInLine(target, author.user);
}
