// The JSON of docs/spec/vectors/entry: byte strings are lower-case hexadecimal, numbers are numbers. A case with `code` must be
// refused with that code, every other one must give what it lists.
import {
  type Entry,
  type EntryType,
  fromHex,
  type Part,
  type PartKind,
  parseCiphertext,
  parseDatabaseId,
  parseEntryId,
  parseKeyTag,
  parseSalt,
  parseSignature,
  parseWriterKey,
  toHex,
} from "../../src/index.ts";

export interface VectorFile<C> {
  readonly comment: string;
  readonly cases: readonly C[];
}
interface Case {
  readonly comment: string;
  /** The error it must be refused with. */
  readonly code?: string;
}
export interface UlebCase extends Case {
  readonly bytes: string;
  readonly value?: number;
}
export interface LabelCase extends Case {
  readonly label: string;
  readonly prefix: string;
}
export interface Ed25519Case extends Case {
  readonly seed?: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  readonly isValid: boolean;
}
export interface HeaderFields {
  readonly type: number;
  readonly control: boolean;
  readonly database: string;
  readonly writer: string;
  readonly seq: number;
  readonly prev: string;
  readonly salt: string;
}
export interface HeaderCase extends Case {
  readonly bytes: string;
  readonly header?: HeaderFields;
  readonly hash?: string;
}
type PartFields =
  | { readonly kind: number; readonly table: number; readonly ciphertext: string }
  | { readonly kind: number; readonly table: number; readonly length: number; readonly hash: string };
export interface EntryFields {
  readonly header: HeaderFields;
  readonly table: readonly string[];
  readonly parts: readonly PartFields[];
}
export interface EntryCase extends Case {
  /** Seed of the writer key. */
  readonly seed: string;
  readonly entry: EntryFields;
  readonly prefixHash?: string;
  readonly tableHash?: string;
  readonly partHashes?: readonly string[];
  readonly root?: string;
  readonly id?: string;
  readonly signature?: string;
  readonly size?: number;
  readonly body?: string;
}
export interface BodyCase extends Case {
  readonly body: string;
}
export interface RunCase extends Case {
  readonly database: string;
  /** Messages of one direction of one session, in order. */
  readonly messages: readonly {
    readonly bytes: string;
    readonly code?: string;
    readonly runs?: readonly {
      readonly writer: string;
      readonly firstSeq: number;
      readonly prev: string;
      readonly ids: readonly string[];
      readonly verdict: string;
    }[];
  }[];
}
export interface FoundingCase extends Case {
  readonly seed?: string;
  readonly bytes: string;
  readonly tenant?: string;
  readonly root?: string;
  readonly database?: string;
}
export interface VectorCase extends Case {
  readonly bytes: string;
  readonly database?: string;
  readonly heads?: readonly { readonly writer: string; readonly seq: number; readonly id: string }[];
  readonly digest?: string;
}

/** All files, by name. */
export interface VectorFiles {
  readonly uleb: VectorFile<UlebCase>;
  readonly labels: VectorFile<LabelCase>;
  readonly ed25519: VectorFile<Ed25519Case>;
  readonly header: VectorFile<HeaderCase>;
  readonly entry: VectorFile<EntryCase>;
  readonly body: VectorFile<BodyCase>;
  readonly run: VectorFile<RunCase>;
  readonly founding: VectorFile<FoundingCase>;
  readonly vector: VectorFile<VectorCase>;
}

export function headerToFields(header: Entry["header"]): HeaderFields {
  return {
    type: header.type,
    control: header.control,
    database: toHex(header.database),
    writer: toHex(header.writer),
    seq: header.seq,
    prev: toHex(header.prev),
    salt: toHex(header.salt),
  };
}

export function entryToFields({ header, table, parts }: Entry): EntryFields {
  return {
    header: headerToFields(header),
    table: table.map(toHex),
    parts: parts.map((part): PartFields => {
      const { kind, table } = part;
      if (part.type === "sealed") return { kind, table, ciphertext: toHex(part.ciphertext) };
      return { kind, table, length: part.length, hash: toHex(part.hash) };
    }),
  };
}

export function fieldsToEntry({ header, table, parts }: EntryFields, signature?: string): Entry {
  return {
    header: {
      type: header.type as EntryType,
      control: header.control,
      database: parseDatabaseId(fromHex(header.database)),
      writer: parseWriterKey(fromHex(header.writer)),
      seq: header.seq,
      prev: parseEntryId(fromHex(header.prev)),
      salt: parseSalt(fromHex(header.salt)),
    },
    table: table.map((tag) => parseKeyTag(fromHex(tag))),
    parts: parts.map((part): Part => {
      const frame = { kind: part.kind as PartKind, table: part.table };
      if ("ciphertext" in part)
        return { type: "sealed", ...frame, ciphertext: parseCiphertext(fromHex(part.ciphertext)) };
      return { type: "hole", ...frame, length: part.length, hash: fromHex(part.hash) };
    }),
    signature: signature === undefined ? null : parseSignature(fromHex(signature)),
  };
}
