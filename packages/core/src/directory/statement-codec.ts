// Statements as bytes: a length, strict CBOR in arrays, padding. One encoding per statement.
import type { Plaintext } from "@selkie/crypto";
import { ByteWriter, EntryError } from "@selkie/entry";
import { CborFields, type CborValue, encodeCbor } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import { pad, readPadded } from "../sealing/padme.ts";
import { fork } from "./fork.ts";
import { createKey, link, permit, rotate, share, userKey } from "./keys-codec.ts";
import { addDevice, change, grant, readmit, rename, revoke } from "./people-codec.ts";
import type { Statement } from "./statement.ts";
import type { FieldsCodec } from "./statement-fields.ts";
import {
  accessList,
  database,
  databaseSettings,
  found,
  minVersion,
  purge,
  replaceRoot,
  settings,
} from "./tenant-codec.ts";

const malformed = "STATEMENT_MALFORMED";

type KnownStatement = Exclude<Statement, { readonly type: "unknown" }>;
type CodecByType = {
  readonly [Type in KnownStatement["type"]]: FieldsCodec<Extract<KnownStatement, { readonly type: Type }>>;
};

const codecs: CodecByType = {
  found,
  grant,
  addDevice,
  createKey,
  share,
  permit,
  accessList,
  settings,
  revoke,
  change,
  rotate,
  readmit,
  purge,
  minVersion,
  userKey,
  replaceRoot,
  rename,
  database,
  databaseSettings,
  link,
  fork,
};
const readerByCode: ReadonlyMap<number, (fields: CborFields) => KnownStatement> = new Map(
  Object.values(codecs).map(({ code, read }) => [code, read]),
);

/** What was read of plaintexts when they were encoded. */
const readWhenEncoded = new WeakMap<Plaintext, Statement>();

/** Encodes and pads. @throws CoreError `STATEMENT_MALFORMED` when a field cannot be encoded */
export function encodeStatement(statement: Statement): Plaintext {
  const cbor = statement.type === "unknown" ? statement.bytes : encodeCbor(fieldsOf(statement));
  const plaintext = pad(new ByteWriter(cbor.length + 8).uleb(cbor.length).bytes(cbor).finish());
  // What this device would refuse to read it must not write.
  if (statement.type !== "unknown") readWhenEncoded.set(plaintext, readStatement(cbor));
  return plaintext;
}

/**
 * Decodes a statement; one of a type this version does not know comes back as `unknown`.
 *
 * @throws CoreError `PART_MALFORMED` for its frame, `STATEMENT_MALFORMED` for its content
 */
export function decodeStatement(plaintext: Plaintext): Statement {
  return readStatement(readPadded(plaintext, (reader) => reader.bytes(reader.uleb())));
}

/** The same; a plaintext that was encoded here was read then, and nobody changes it. @throws CoreError as {@link decodeStatement} */
export function statementIn(plaintext: Plaintext): Statement {
  return readWhenEncoded.get(plaintext) ?? decodeStatement(plaintext);
}

function readStatement(cbor: Uint8Array): Statement {
  const code = codeOf(cbor);
  const read = readerByCode.get(code);
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

function fieldsOf<Type extends KnownStatement["type"]>(
  statement: Extract<KnownStatement, { readonly type: Type }>,
): readonly CborValue[] {
  const { code, write } = codecs[statement.type as Type] as FieldsCodec<typeof statement>;
  try {
    return [code, ...write(statement)];
  } catch (cause) {
    if (!(cause instanceof EntryError)) throw cause;
    throw new CoreError(malformed, "a number does not fit", { cause });
  }
}
