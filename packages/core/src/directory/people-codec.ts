// Statements about people: who is in, with what rights, and who no longer is.
import { parseStatementId, toHex } from "@selkie/entry";
import { CborFields, type CborValue } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import { cutsField, readCuts } from "./cuts.ts";
import { kemKeyBytes } from "./kem-admission.ts";
import type {
  AddDeviceStatement,
  ChangeStatement,
  GrantStatement,
  ReadmitStatement,
  RenameStatement,
  Revocation,
  RevokeStatement,
  Role,
} from "./statement.ts";
import {
  type FieldsCodec,
  readByteList,
  readByteSet,
  readIdSet,
  readIds,
  readName,
  readWord,
} from "./statement-fields.ts";

const malformed = "STATEMENT_MALFORMED";
const ROLES: readonly [Role, ...Role[]] = ["admin", "editor", "reader"];
/** Longest delay before a revoked device wipes its store, seconds. */
const maxWipe = 2 ** 32 - 1;

export const grant: FieldsCodec<GrantStatement> = {
  code: 2,
  write: ({ name, role, after, userKem, deviceSign, deviceKem, slot, slotSalt, keys }) => [
    name,
    ROLES.indexOf(role),
    after,
    userKem,
    deviceSign,
    deviceKem,
    slot,
    slotSalt,
    keys,
  ],
  read: (fields) => ({
    type: "grant",
    name: readName(fields),
    role: readWord(fields, ROLES),
    after: readIds(fields),
    userKem: fields.bytes(kemKeyBytes),
    deviceSign: fields.bytes(32),
    deviceKem: fields.bytes(kemKeyBytes),
    slot: fields.bytes(32),
    slotSalt: fields.bytes(16),
    keys: readByteList(fields, 16),
  }),
};

export const addDevice: FieldsCodec<AddDeviceStatement> = {
  code: 3,
  write: ({ deviceSign, deviceKem, userKeys }) => [deviceSign, deviceKem, userKeys],
  read: (fields) => ({
    type: "addDevice",
    deviceSign: fields.bytes(32),
    deviceKem: fields.bytes(kemKeyBytes),
    userKeys: readIdSet(fields),
  }),
};

export const revoke: FieldsCodec<RevokeStatement> = {
  code: 9,
  write: writeRevocation,
  read: (fields) => ({ type: "revoke", ...readRevocation(fields) }),
};

export const change: FieldsCodec<ChangeStatement> = {
  code: 10,
  write: (statement) => {
    const { name, role, keys, devices } = statement;
    return [...writeRevocation(statement), name, ROLES.indexOf(role), keys, devices];
  },
  read: (fields) => ({
    type: "change",
    ...readRevocation(fields),
    name: readName(fields),
    role: readWord(fields, ROLES),
    keys: readByteSet(fields, 16),
    devices: readDevices(fields),
  }),
};

export const readmit: FieldsCodec<ReadmitStatement> = {
  code: 12,
  write: ({ lifts, cuts }) => [lifts, cutsField(cuts)],
  read: (fields) => ({ type: "readmit", lifts: readIdSet(fields), cuts: readCuts(fields) }),
};

export const rename: FieldsCodec<RenameStatement> = {
  code: 17,
  write: ({ user, over, name }) => [user, over, name],
  read: (fields) => ({
    type: "rename",
    user: parseStatementId(fields.bytes(32)),
    over: readIdSet(fields),
    name: readName(fields),
  }),
};

function writeRevocation({ targets, identityKeys, cuts, wipe }: Revocation): readonly CborValue[] {
  return [targets, identityKeys, cutsField(cuts), wipe === null ? [] : [wipe]];
}

function readRevocation(fields: CborFields): Revocation {
  const targets = readIdSet(fields);
  const identityKeys = readByteSet(fields, 32);
  if (targets.length + identityKeys.length === 0) throw new CoreError(malformed, "a revocation of nobody");
  return { targets, identityKeys, cuts: readCuts(fields), wipe: readWipe(fields) };
}

/** A list of the number, or of nothing. */
function readWipe(fields: CborFields): number | null {
  const [seconds] = fields.list(1);
  return seconds === undefined ? null : new CborFields([seconds], malformed).number(maxWipe);
}

/** In the order they are written: the first is admitted by the statement itself. */
function readDevices(fields: CborFields): ChangeStatement["devices"] {
  const devices = readIds(fields);
  if (devices.length === 0 || new Set(devices.map(toHex)).size < devices.length) {
    throw new CoreError(malformed, "a change leaves at least one device, each once");
  }
  return devices;
}
