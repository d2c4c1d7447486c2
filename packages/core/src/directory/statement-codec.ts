// Statements as bytes: a length, strict CBOR in arrays, padding. One encoding per statement.
import type { Plaintext } from "@selkie/crypto";
import { ByteWriter, parseStatementId, type StatementId } from "@selkie/entry";
import { CborFields, type CborValue, encodeCbor } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";
import { pad, readPadded } from "../sealing/padme.ts";
import { kemKeyBytes } from "./kem-admission.ts";
import { isName, maxNameLength } from "./name.ts";
import type { FirstVersion, Reference, Role, SettingValue, Statement } from "./statement.ts";

const malformed = "STATEMENT_MALFORMED";
/** Items of any list of a statement. */
const maxItems = 4_096;

const CODE = {
  found: 1,
  grant: 2,
  addDevice: 3,
  createKey: 4,
  share: 5,
  permit: 6,
  accessList: 7,
  settings: 8,
} as const;
const ROLES: readonly Role[] = ["admin", "editor", "reader"];
const HISTORIES: readonly HistoryPolicy[] = ["full", "from-now"];

/** Encodes and pads. @throws CoreError `STATEMENT_MALFORMED` when a field cannot be encoded */
export function encodeStatement(statement: Statement): Plaintext {
  const cbor = statement.type === "unknown" ? statement.bytes : encodeCbor(fieldsOf(statement));
  // What this device would refuse to read it must not write.
  if (statement.type !== "unknown") readStatement(cbor);
  return pad(new ByteWriter(cbor.length + 8).uleb(cbor.length).bytes(cbor).finish());
}

/**
 * Decodes a statement; one of a type this version does not know comes back as `unknown`.
 *
 * @throws CoreError `PART_MALFORMED` for its frame, `STATEMENT_MALFORMED` for its content
 */
export function decodeStatement(plaintext: Plaintext): Statement {
  return readStatement(readPadded(plaintext, (reader) => reader.bytes(reader.uleb())));
}

function readStatement(cbor: Uint8Array): Statement {
  const code = codeOf(cbor);
  const read = READERS.get(code);
  if (read === undefined) return { type: "unknown", code, bytes: cbor.slice() };
  const fields = CborFields.decode(cbor, malformed);
  fields.number();
  const statement = read(fields);
  fields.end();
  return statement;
}

/** A statement is an array whose first item is its code, at most 255; what follows is read only when the code is known. */
function codeOf(cbor: Uint8Array): number {
  const [array = 0, short = 0, long = 0] = cbor;
  const isArray = array > 0x80 && array < 0x98;
  if (isArray && short < 0x18) return short;
  if (isArray && short === 0x18 && long >= 0x18) return long;
  throw new CoreError(malformed, "a statement is an array that begins with its code");
}

type KnownStatement = Exclude<Statement, { readonly type: "unknown" }>;

function fieldsOf(statement: KnownStatement): readonly CborValue[] {
  const code = CODE[statement.type];
  switch (statement.type) {
    case "found": {
      const { name, tenantSecret, directoryKey, defaultKey, history } = statement;
      return [code, name, tenantSecret, versionFields(directoryKey), versionFields(defaultKey), historyCode(history)];
    }
    case "grant": {
      const { name, role, after, userKem, deviceSign, deviceKem, slot, slotSalt, keys } = statement;
      return [code, name, ROLES.indexOf(role), after, userKem, deviceSign, deviceKem, slot, slotSalt, keys];
    }
    case "addDevice":
      return [code, statement.deviceSign, statement.deviceKem];
    case "createKey":
      return [code, statement.nonce, statement.name, statement.commitment];
    case "share":
      return [code, statement.keyId, statement.to];
    case "permit": {
      const versions = statement.versions.map(({ keyId, version }) => [keyId, version]);
      return [code, historyCode(statement.history), versions, statement.to.map(referenceField)];
    }
    case "accessList":
      return [code, statement.list];
    case "settings":
      return [code, statement.over, [...statement.values]];
    default:
      return statement satisfies never;
  }
}

const READERS: ReadonlyMap<number, (fields: CborFields) => KnownStatement> = new Map([
  [CODE.found, readFound],
  [CODE.grant, readGrant],
  [CODE.addDevice, readAddDevice],
  [CODE.createKey, readCreateKey],
  [CODE.share, readShare],
  [CODE.permit, readPermit],
  [CODE.accessList, readAccessList],
  [CODE.settings, readSettings],
]);

function readFound(fields: CborFields): KnownStatement {
  return {
    type: "found",
    name: readName(fields),
    tenantSecret: fields.bytes(32),
    directoryKey: readVersion(fields),
    defaultKey: readVersion(fields),
    history: readHistory(fields),
  };
}

function readGrant(fields: CborFields): KnownStatement {
  return {
    type: "grant",
    name: readName(fields),
    role: ROLES[fields.number(ROLES.length - 1)] ?? "reader",
    after: readIds(fields),
    userKem: fields.bytes(kemKeyBytes),
    deviceSign: fields.bytes(32),
    deviceKem: fields.bytes(kemKeyBytes),
    slot: fields.bytes(32),
    slotSalt: fields.bytes(16),
    keys: fields.list(maxItems).map((key) => new CborFields([key], malformed).bytes(16)),
  };
}

function readAddDevice(fields: CborFields): KnownStatement {
  return { type: "addDevice", deviceSign: fields.bytes(32), deviceKem: fields.bytes(kemKeyBytes) };
}

function readCreateKey(fields: CborFields): KnownStatement {
  return { type: "createKey", nonce: fields.bytes(16), name: readName(fields), commitment: fields.bytes(32) };
}

function readShare(fields: CborFields): KnownStatement {
  return { type: "share", keyId: fields.bytes(16), to: readIds(fields) };
}

function readPermit(fields: CborFields): KnownStatement {
  return {
    type: "permit",
    history: readHistory(fields),
    versions: fields.list(maxItems).map((version) => {
      const parts = new CborFields(version, malformed);
      const named = { keyId: parts.bytes(16), version: parts.bytes(32) };
      parts.end();
      return named;
    }),
    to: fields.list(maxItems).map(readReference),
  };
}

function readAccessList(fields: CborFields): KnownStatement {
  return { type: "accessList", list: fields.bytes({ max: 2 ** 20 }) };
}

/** Settings ascend by name, so that equal settings are equal bytes. */
function readSettings(fields: CborFields): KnownStatement {
  const over = readIds(fields);
  const values = new Map<string, SettingValue>();
  let before = "";
  for (const item of fields.list(maxItems)) {
    const pair = new CborFields(item, malformed);
    const name = readName(pair);
    if (name <= before) throw new CoreError(malformed, "settings ascend by name");
    values.set(name, readSetting(item));
    before = name;
  }
  return { type: "settings", over, values };
}

function readSetting(pair: CborValue): SettingValue {
  const [, value, ...rest] = Array.isArray(pair) ? (pair as readonly CborValue[]) : [];
  if (rest.length > 0 || (typeof value !== "string" && typeof value !== "number")) {
    throw new CoreError(malformed, "a setting is a name and a string or a number");
  }
  return value;
}

function readName(fields: CborFields): string {
  const name = fields.text(maxNameLength);
  if (!isName(name)) throw new CoreError(malformed, "not a name");
  return name;
}

function readIds(fields: CborFields): readonly StatementId[] {
  return fields.list(maxItems).map((id) => parseStatementId(new CborFields([id], malformed).bytes(32)));
}

function readVersion(fields: CborFields): FirstVersion {
  const [keyId = null, commitment = null, ...rest] = fields.list(2);
  const version = new CborFields([keyId, commitment, ...rest], malformed);
  return { keyId: version.bytes(16), commitment: version.bytes(32) };
}

function readHistory(fields: CborFields): HistoryPolicy {
  return HISTORIES[fields.number(HISTORIES.length - 1)] ?? "from-now";
}

function readReference(item: CborValue): Reference {
  const fields = new CborFields([item], malformed);
  return typeof item === "number"
    ? { type: "part", index: fields.number(maxItems) }
    : { type: "statement", id: parseStatementId(fields.bytes(32)) };
}

const versionFields = ({ keyId, commitment }: FirstVersion): CborValue => [keyId, commitment];
const historyCode = (history: HistoryPolicy): number => HISTORIES.indexOf(history);
const referenceField = (reference: Reference): CborValue =>
  reference.type === "part" ? reference.index : reference.id;
