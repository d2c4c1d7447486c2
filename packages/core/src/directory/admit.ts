// Whom one statement lets in.
import { equalBytes, type StatementId, type Verifier } from "@selkie/entry";
import {
  type Admission,
  type AdmissionId,
  isMember,
  type Member,
  type PlacedStatement,
  type RejectionCode,
} from "./admission.ts";
import { isAdmissibleKnownKemKey } from "./kem-admission.ts";
import { isAdmissibleSigningKey } from "./signing-key-admission.ts";
import {
  type AddDeviceStatement,
  type ChangeStatement,
  continuedAdmission,
  type GrantStatement,
  type ReplaceRootStatement,
} from "./statement.ts";

export type AdmittingStatement = PlacedStatement & {
  readonly statement: GrantStatement | AddDeviceStatement | ChangeStatement | ReplaceRootStatement;
};

const admitting: ReadonlySet<string> = new Set(["grant", "addDevice", "change", "replaceRoot"]);

export function isAdmitting(placed: PlacedStatement): placed is AdmittingStatement {
  return admitting.has(placed.statement.type);
}

interface Known {
  readonly verifier: Verifier;
  find(id: AdmissionId): Admission | undefined;
  /** Whether the author may end the admission, and says what goes on. */
  mayChange(target: Member): boolean;
}

/** A change can be judged once the devices that go on are known. */
export function isReady({ statement }: AdmittingStatement, find: Known["find"]): boolean {
  return statement.type !== "change" || statement.devices.every((id) => find(id) !== undefined);
}

/** Whom a statement of an admitted author lets in. */
export function admit(
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
      if (!isAdmissibleSigningKey(deviceSign) || !isAdmissibleKnownKemKey(deviceKem)) return "KEY_INADMISSIBLE";
      const device: Member = { ...author, id, device: deviceSign, deviceKem };
      return [device];
    }
    case "replaceRoot":
      if (author.user !== "root") return "NOT_ROOT";
      return isAdmissibleSigningKey(statement.key) ? [{ ...author, id, device: statement.key }] : "KEY_INADMISSIBLE";
    default:
      return statement satisfies never;
  }
}

/** SECURITY: A12. A key of small or mixed order, or one that is not canonical, is never admitted (admission.test.ts). */
function granted(id: StatementId, statement: GrantStatement): readonly Member[] | RejectionCode {
  const { deviceSign, deviceKem, name, role, userKem, slot, slotSalt, keys } = statement;
  const isAdmissible =
    isAdmissibleSigningKey(deviceSign) && isAdmissibleKnownKemKey(deviceKem) && isAdmissibleKnownKemKey(userKem);
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
