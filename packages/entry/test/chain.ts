// Deterministic writers, entries and chains for the tests. Portable: the browser suites use it too.
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  type Ciphertext,
  type DatabaseId,
  type Entry,
  type EntryHeader,
  type EntryType,
  entryType,
  type IdentifiedEntry,
  identifyEntry,
  type KeyTag,
  labelled,
  type Part,
  type PartKind,
  parseCiphertext,
  parseDatabaseId,
  parseKeyTag,
  parseSalt,
  parseSignature,
  parseWriterKey,
  partKind,
  portableVerifier,
  type Signature,
  type SignLabel,
  type Verifier,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "../src/index.ts";

export interface TestWriter {
  readonly seed: Uint8Array;
  readonly key: WriterKey;
  sign(entry: IdentifiedEntry): Signature;
  signPayload(label: SignLabel, payload: Uint8Array): Signature;
}

/** Bytes that look random and are not: SHA-256 of the name and a counter. */
export function pattern(name: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const text = new TextEncoder().encode(name);
  for (let block = 0; block * 32 < length; block++) {
    const digest = sha256(new Uint8Array([...text, block >> 8, block & 255]));
    bytes.set(digest.subarray(0, Math.min(32, length - block * 32)), block * 32);
  }
  return bytes;
}

export function testWriter(name = "writer"): TestWriter {
  const seed = pattern(`seed of ${name}`, 32);
  const signPayload = (label: SignLabel, payload: Uint8Array): Signature =>
    parseSignature(ed25519.sign(labelled(label, payload), seed));
  return {
    seed,
    key: parseWriterKey(ed25519.getPublicKey(seed)),
    signPayload,
    sign: (entry) => signPayload("sign-entry", entry.id),
  };
}

export const testDatabase: DatabaseId = parseDatabaseId(pattern("database", 32));
export const otherDatabase: DatabaseId = parseDatabaseId(pattern("other database", 32));
export const testTag: KeyTag = parseKeyTag(pattern("tag", 16));
export const secondTag: KeyTag = parseKeyTag(pattern("second tag", 16));

function ciphertext(name: string, length = 144): Ciphertext {
  return parseCiphertext(pattern(name, length));
}

export function sealedPart(
  name: string,
  options: { kind?: PartKind; table?: number; length?: number } = {},
): Part & { readonly type: "sealed" } {
  const { kind = partKind.change, table = 0, length = 144 } = options;
  return { type: "sealed", kind, table, ciphertext: ciphertext(name, length) };
}

export interface TestEntry {
  readonly writer?: WriterKey;
  readonly database?: DatabaseId;
  readonly seq?: number;
  readonly prev?: EntryHeader["prev"];
  readonly type?: EntryType;
  readonly control?: boolean;
  readonly salt?: string;
  readonly table?: readonly KeyTag[];
  readonly parts?: readonly Part[];
}

/** An unsigned entry; without options, the first change entry of `testWriter()` with one part. */
export function testEntry(options: TestEntry = {}): Entry {
  const { type = entryType.change, control = false, seq = 0, prev = ZERO_ENTRY_ID } = options;
  const writer = options.writer ?? testWriter().key;
  const salt = parseSalt(pattern(options.salt ?? `salt ${seq}`, 24));
  return {
    header: { type, control, database: options.database ?? testDatabase, writer, seq, prev, salt },
    table: options.table ?? [testTag],
    parts: options.parts ?? [sealedPart(`part ${seq}`)],
    signature: null,
  };
}

export interface TestChain {
  readonly length: number;
  readonly writer?: TestWriter;
  readonly database?: DatabaseId;
  /** Which entries carry a signature; without it, all. */
  readonly signed?: (seq: number) => boolean;
  readonly verifier?: Verifier;
  /** Makes two chains of one writer differ. */
  readonly branch?: string;
  readonly partLength?: number;
}

/** A chain from seq 0, each entry linking to the one before. */
export function testChain(options: TestChain): readonly IdentifiedEntry[] {
  const { length, writer = testWriter(), signed = () => true, verifier = portableVerifier, branch = "" } = options;
  const chain: IdentifiedEntry[] = [];
  for (let seq = 0; seq < length; seq++) {
    const part = sealedPart(`part ${seq}${branch}`, { length: options.partLength ?? 144 });
    const entry = testEntry({
      writer: writer.key,
      database: options.database ?? testDatabase,
      seq,
      prev: chain.at(-1)?.id ?? ZERO_ENTRY_ID,
      parts: [part],
    });
    chain.push(signEntry(verifier, entry, signed(seq) ? writer : null));
  }
  return chain;
}

export function signEntry(verifier: Verifier, entry: Entry, writer: TestWriter | null): IdentifiedEntry {
  const identified = identifyEntry(verifier, entry);
  return writer === null ? identified : identifyEntry(verifier, { ...entry, signature: writer.sign(identified) });
}

/** An entry that has one of everything: control part, change parts under two tags, a hole. */
export function richEntry(verifier: Verifier = portableVerifier, writer: TestWriter = testWriter()): IdentifiedEntry {
  const entry = testEntry({
    writer: writer.key,
    control: true,
    table: [testTag, secondTag],
    parts: [
      sealedPart("control", { kind: partKind.control }),
      sealedPart("first", { table: 1 }),
      { type: "hole", kind: partKind.change, table: 1, length: 300, hash: pattern("hole", 32) },
      sealedPart("third", { table: 0, length: 160 }),
    ],
  });
  return signEntry(verifier, entry, writer);
}
