// Proofs that a writer signed two entries at one place of its chain, as statements of the directory: who holds one branch learns of the
// other, and everybody of both.
import {
  ByteReader,
  ByteWriter,
  compareBytes,
  type DatabaseId,
  EntryError,
  type EntryHeader,
  type EntryId,
  type EntryType,
  entryIdOf,
  entryType,
  equalBytes,
  headerPrefixHash,
  labelled,
  limits,
  parseDatabaseId,
  parseEntryId,
  parseEntryType,
  parseSalt,
  parseSignature,
  parseWriterKey,
  type Salt,
  type Signature,
  type VerifiedEntry,
  type Verifier,
  type WriterKey,
} from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { CborFields, type CborValue } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import type { FieldsCodec } from "./statement-fields.ts";

/** What of an entry its id is made of, but for its place. */
interface Link {
  readonly type: EntryType;
  readonly control: boolean;
  readonly salt: Salt;
  readonly root: Uint8Array;
}

/** The entries of a branch from the forked place to the next that is signed. */
export interface ForkBranch {
  readonly links: readonly Link[];
  /** Of the last of them. */
  readonly signature: Signature;
}

/** Two entries of one writer with one predecessor. */
export interface ForkStatement {
  readonly type: "fork";
  readonly database: DatabaseId;
  readonly writer: WriterKey;
  /** Where the chain forks. */
  readonly seq: number;
  /** The entry before the fork. */
  readonly prev: EntryId;
  /** Ascending by the bytes of their first links. */
  readonly branches: readonly [ForkBranch, ForkBranch];
}

/** Type, flags, salt 24, parts root 32. */
const linkBytes = 58;

export const fork: FieldsCodec<ForkStatement> = {
  code: 21,
  write: ({ database, writer, seq, prev, branches }) => [
    database,
    writer,
    seq,
    prev,
    ...branches.map(({ links, signature }): CborValue => [encodeLinks(links), signature]),
  ],
  read: (fields) => {
    const place = {
      database: parseDatabaseId(fields.bytes(32)),
      writer: parseWriterKey(fields.bytes(32)),
      seq: fields.number(),
      prev: parseEntryId(fields.bytes(32)),
    };
    const branches = [readBranch(fields), readBranch(fields)] as const;
    const [first, second] = branches.map(({ links }) => encodeLinks(links.slice(0, 1)));
    if (first === undefined || second === undefined || compareBytes(first, second) >= 0)
      throw malformed("branches differ and ascend");
    return { type: "fork", ...place, branches };
  },
};

/**
 * Whether the statement proves what it says: both branches belong to one predecessor, and their writer signed both.
 * SECURITY: who says it does not matter; a proof that is none counts for nothing (forks.test.ts "D1 ...").
 */
export async function isProof(verifier: Verifier, statement: ForkStatement): Promise<boolean> {
  try {
    const checks = statement.branches.map((branch) => ({
      publicKey: statement.writer,
      message: labelled("sign-entry", idsOf(verifier, statement, branch).at(-1) ?? statement.prev),
      signature: branch.signature,
    }));
    return (await verifier.verifyMany(checks)).every((isValid) => isValid);
  } catch (error) {
    if (error instanceof EntryError) return false; // a place that no entry can have
    throw error;
  }
}

/** The ids of a branch, in order. @throws EntryError `BAD_TYPE` | `BAD_POSITION` */
export function idsOf(verifier: Verifier, at: ForkStatement, { links }: ForkBranch): readonly EntryId[] {
  const ids: EntryId[] = [];
  let prev = at.prev;
  for (const [offset, { type, control, salt, root }] of links.entries()) {
    const { database, writer } = at;
    const header: EntryHeader = { type, control, database, writer, seq: at.seq + offset, prev, salt };
    prev = entryIdOf(verifier, headerPrefixHash(verifier, header), root);
    ids.push(prev);
  }
  return ids;
}

/**
 * The proof that these entries, of which the last is signed, fork from what a store holds; null when the store does not hold the place.
 * @param theirs from the forked place on
 */
export async function proveFork(
  store: Pick<EntryStore, "read">,
  theirs: readonly VerifiedEntry[],
): Promise<ForkStatement | null> {
  const [first] = theirs;
  if (first === undefined) return null;
  const { database, writer, seq, prev } = first.header;
  const ours = (await store.read(writer, seq, { entries: 1, bytes: limits.runBytes }))?.entries ?? [];
  const [branch, other] = [branchOf(ours), branchOf(theirs)];
  if (branch === null || other === null || !equalBytes(ours[0]?.header.prev ?? writer, prev)) return null;
  const [a, b] = [branch, other].sort((one, two) => compareBytes(encodeLinks(one.links), encodeLinks(two.links)));
  return a === undefined || b === undefined ? null : { type: "fork", database, writer, seq, prev, branches: [a, b] };
}

/** As far as the first entry that is signed. */
function branchOf(entries: readonly VerifiedEntry[]): ForkBranch | null {
  const end = entries.findIndex(({ signature }) => signature !== null);
  const signature = entries[end]?.signature ?? null;
  if (signature === null) return null;
  const links = entries.slice(0, end + 1).map(({ header: { type, control, salt }, root }) => ({
    ...{ type, control, salt, root },
  }));
  return { links, signature };
}

function encodeLinks(links: readonly Link[]): Uint8Array {
  const writer = new ByteWriter(linkBytes * links.length);
  for (const { type, control, salt, root } of links)
    writer
      .u8(type)
      .u8(control ? 1 : 0)
      .bytes(salt)
      .bytes(root);
  return writer.finish();
}

function readBranch(fields: CborFields): ForkBranch {
  const pair = new CborFields(fields.list(2), "STATEMENT_MALFORMED");
  const rows = pair.bytes({ max: linkBytes * limits.runEntries });
  const signature = parseSignature(pair.bytes(64));
  pair.end();
  if (rows.length === 0 || rows.length % linkBytes !== 0) throw malformed("a branch is incomplete");
  const reader = new ByteReader(rows);
  const links: Link[] = [];
  while (reader.remaining > 0) {
    const type = readType(reader.u8());
    const control = reader.u8();
    if (control > 1) throw malformed("unknown flags");
    links.push({ type, control: control === 1, salt: parseSalt(reader.bytes(24)), root: reader.bytes(32) });
  }
  return { links, signature };
}

function readType(value: number): EntryType {
  if (value > entryType.change) throw malformed("unknown type of entry");
  return parseEntryType(value);
}

const malformed = (message: string): CoreError => new CoreError("STATEMENT_MALFORMED", message);
