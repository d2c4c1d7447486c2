// Statements about the tenant as a whole: its founding, access lists, settings, purges and its root key.
import { ByteReader, ByteWriter, compareBytes, parseDatabaseId, parseEntryId } from "@selkie/entry";
import { CborFields, type CborValue } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import { cutsField, readCuts } from "./cuts.ts";
import { HISTORIES } from "./keys-codec.ts";
import type {
  AccessListStatement,
  DatabaseSettingsStatement,
  DatabaseStatement,
  FirstVersion,
  FoundStatement,
  MinVersionStatement,
  PartName,
  PurgeStatement,
  ReplaceRootStatement,
  SettingsStatement,
  SettingValue,
} from "./statement.ts";
import { type FieldsCodec, maxItems, readByteSet, readIdSet, readIds, readName, readWord } from "./statement-fields.ts";

const malformed = "STATEMENT_MALFORMED";

export const found: FieldsCodec<FoundStatement> = {
  code: 1,
  write: ({ name, tenantSecret, directoryKey, defaultKey, history }) => [
    name,
    tenantSecret,
    versionField(directoryKey),
    versionField(defaultKey),
    HISTORIES.indexOf(history),
  ],
  read: (fields) => ({
    type: "found",
    name: readName(fields),
    tenantSecret: fields.bytes(32),
    directoryKey: readVersion(fields),
    defaultKey: readVersion(fields),
    history: readWord(fields, HISTORIES),
  }),
};

export const accessList: FieldsCodec<AccessListStatement> = {
  code: 7,
  write: ({ list }) => [list],
  read: (fields) => ({ type: "accessList", list: fields.bytes({ max: 2 ** 20 }) }),
};

export const settings: FieldsCodec<SettingsStatement> = {
  code: 8,
  write: ({ over, values }) => [over, [...values]],
  read: (fields) => ({ type: "settings", over: readIds(fields), values: readValues(fields) }),
};

export const databaseSettings: FieldsCodec<DatabaseSettingsStatement> = {
  code: 18,
  write: ({ database, over, values }) => [database, over, [...values]],
  read: (fields) => ({
    type: "databaseSettings",
    database: parseDatabaseId(fields.bytes(32)),
    over: readIdSet(fields),
    values: readValues(fields),
  }),
};

export const database: FieldsCodec<DatabaseStatement> = {
  code: 20,
  write: ({ name }) => [name],
  read: (fields) => ({ type: "database", name: readDatabaseName(fields) }),
};

function readDatabaseName(fields: CborFields): string {
  const name = readName(fields);
  if (name !== name.normalize("NFC")) throw new CoreError(malformed, "names of databases are in normal form C");
  return name;
}

/** Entry id 32, part index u16. */
const partNameBytes = 34;
/** Parts of one purge: as many bytes as the cuts of one revocation. */
export const maxPurgedParts = 24_576;

export const purge: FieldsCodec<PurgeStatement> = {
  code: 13,
  write: ({ database, documents, parts }) => {
    const rows = new ByteWriter(partNameBytes * parts.length);
    for (const { entry, part } of parts) rows.bytes(entry).u16(part);
    return [database, documents, rows.finish()];
  },
  read: (fields) => ({
    type: "purge",
    database: parseDatabaseId(fields.bytes(32)),
    documents: readByteSet(fields, 32),
    parts: readPartNames(fields.bytes({ max: partNameBytes * maxPurgedParts })),
  }),
};

export const minVersion: FieldsCodec<MinVersionStatement> = {
  code: 14,
  write: ({ version }) => [version],
  read: (fields) => {
    const version = fields.number(255);
    if (version === 0) throw new CoreError(malformed, "format versions begin at 1");
    return { type: "minVersion", version };
  },
};

export const replaceRoot: FieldsCodec<ReplaceRootStatement> = {
  code: 16,
  write: ({ key, cuts }) => [key, cutsField(cuts)],
  read: (fields) => ({ type: "replaceRoot", key: fields.bytes(32), cuts: readCuts(fields) }),
};

const versionField = ({ keyId, commitment }: FirstVersion): CborValue => [keyId, commitment];

function readVersion(fields: CborFields): FirstVersion {
  const [keyId = null, commitment = null, ...rest] = fields.list(2);
  const version = new CborFields([keyId, commitment, ...rest], malformed);
  return { keyId: version.bytes(16), commitment: version.bytes(32) };
}

/** Settings ascend by name, so that equal settings are equal bytes. */
function readValues(fields: CborFields): ReadonlyMap<string, SettingValue> {
  const values = new Map<string, SettingValue>();
  let before = "";
  for (const item of fields.list(maxItems)) {
    const name = readName(new CborFields(item, malformed));
    if (name <= before) throw new CoreError(malformed, "settings ascend by name");
    values.set(name, readSetting(item));
    before = name;
  }
  return values;
}

function readSetting(pair: CborValue): SettingValue {
  const [, value, ...rest] = Array.isArray(pair) ? (pair as readonly CborValue[]) : [];
  if (rest.length > 0 || (typeof value !== "string" && typeof value !== "number")) {
    throw new CoreError(malformed, "a setting is a name and a string or a number");
  }
  return value;
}

function readPartNames(rows: Uint8Array): readonly PartName[] {
  if (rows.length % partNameBytes !== 0) throw new CoreError(malformed, "rows of parts are incomplete");
  const reader = new ByteReader(rows);
  const parts: PartName[] = [];
  let before: Uint8Array = new Uint8Array();
  while (reader.remaining > 0) {
    const row = reader.bytes(partNameBytes);
    if (compareBytes(before, row) >= 0) throw new CoreError(malformed, "parts ascend");
    const part = (row[32] ?? 0) * 0x100 + (row[33] ?? 0);
    parts.push({ entry: parseEntryId(row.slice(0, 32)), part });
    before = row;
  }
  return parts;
}
