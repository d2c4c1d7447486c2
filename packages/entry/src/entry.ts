// Entries: the unit of everything. Three types tell how much is known about one:
//   Entry            well, it was decoded
//   IdentifiedEntry  its id was computed from its bytes
//   VerifiedEntry    its writer's signature covers that id
import { concatBytes } from "./bytes.ts";
import { EntryError } from "./entry-error.ts";
import { type EntryHeader, HEADER_PREFIX_BYTES, writeHeaderPrefix } from "./header.ts";
import { type EntryId, type KeyTag, parseEntryId, parseKeyTag, parseSignature, type Signature } from "./ids.ts";
import { limits } from "./limits.ts";
import { checkPart, type Part, partHash, partLength, tableIndex } from "./part.ts";
import { hash, type Verifier } from "./verifier.ts";

/** An entry nobody has verified: what a decoder returns, or what is about to be signed. */
export interface Entry {
  readonly header: EntryHeader;
  readonly table: readonly KeyTag[];
  readonly parts: readonly Part[];
  /** Over label `sign-entry` and the entry id; null when a later entry's signature covers this one. */
  readonly signature: Signature | null;
}

/** An entry whose id was computed from its content. Says nothing about who made it. */
export interface IdentifiedEntry extends Entry {
  readonly id: EntryId;
  /** Hash of the header prefix, 32 bytes. */
  readonly prefixHash: Uint8Array;
  /** Parts root, 32 bytes. */
  readonly root: Uint8Array;
}

/**
 * Declared size of an entry in bytes: header and signature, key tags, frames, and the length of every part, holes included. A
 * function of what the id covers, so that a purge changes no limit's verdict.
 */
export function entrySize(entry: Pick<Entry, "table" | "parts">): number {
  let size = HEADER_PREFIX_BYTES + 32 + 64 + 1 + 16 * entry.table.length + 2;
  for (const part of entry.parts) size += 6 + partLength(part);
  return size;
}

/**
 * Checks the shape of an entry and computes its id, from its content and nothing else.
 *
 * SECURITY: the id an entry claims to have is never read (K-8, B8). Test: entry.test.ts "K-8 ...".
 *
 * @throws EntryError `BAD_TYPE`, `BAD_POSITION`, `BAD_LENGTH`, `BAD_PART`, `TOO_LARGE`
 */
export function identifyEntry(verifier: Verifier, entry: Entry): IdentifiedEntry {
  if (HashedEntry.is(entry)) return entry;
  checkShape(entry);
  const prefixHash = hash(verifier, "prefix", writeHeaderPrefix(prefixScratch, entry.header));
  const root = partsRoot(verifier, entry);
  const id = entryIdOf(verifier, prefixHash, root);
  return new HashedEntry(entry, entry.signature, { id, prefixHash, root });
}

/** Entry id = H(entry, prefix hash, parts root). */
export function entryIdOf(verifier: Verifier, prefixHash: Uint8Array, root: Uint8Array): EntryId {
  return parseEntryId(hash(verifier, "entry", prefixHash, root));
}

/** Whether this very object came out of {@link identifyEntry}: a copy with other fields did not, whatever its type claims. */
export function isIdentified(entry: Entry): entry is IdentifiedEntry {
  return HashedEntry.is(entry);
}

/** The same entry with another signature, or none: the id does not cover it. */
export function withSignature(entry: IdentifiedEntry, signature: Signature | null): IdentifiedEntry {
  if (entry.signature === signature) return entry;
  if (!HashedEntry.is(entry)) throw new EntryError("NOT_IDENTIFIED", "the entry did not come out of identifyEntry");
  return new HashedEntry(entry, signature, entry);
}

/** The same entry with each part as a hole or whole: the id covers ciphertexts by their hashes alone. */
export function withParts(entry: IdentifiedEntry, partAs: (part: Part, index: number) => Part): IdentifiedEntry {
  if (!HashedEntry.is(entry)) throw new EntryError("NOT_IDENTIFIED", "the entry did not come out of identifyEntry");
  return new HashedEntry({ ...entry, parts: entry.parts.map(partAs) }, entry.signature, entry);
}

/**
 * The class behind IdentifiedEntry. INVARIANT: id, prefix hash and root belong to the content: only this file makes one, and a
 * spread copy is a plain object, which is hashed again. Test: entry.test.ts "K-8 ...".
 */
class HashedEntry implements IdentifiedEntry {
  readonly header: EntryHeader;
  readonly table: readonly KeyTag[];
  readonly parts: readonly Part[];
  readonly signature: Signature | null;
  readonly id: EntryId;
  readonly prefixHash: Uint8Array;
  readonly root: Uint8Array;
  readonly #hashed = true;

  constructor(
    content: Omit<Entry, "signature">,
    signature: Signature | null,
    hashes: Pick<IdentifiedEntry, "id" | "prefixHash" | "root">,
  ) {
    this.header = content.header;
    this.table = content.table;
    this.parts = content.parts;
    this.signature = signature;
    this.id = hashes.id;
    this.prefixHash = hashes.prefixHash;
    this.root = hashes.root;
  }

  static is(entry: Entry): entry is HashedEntry {
    return #hashed in entry && entry.#hashed;
  }
}

function checkShape(entry: Entry): void {
  const { header, table, parts, signature } = entry;
  if (table.length > limits.tagsPerEntry) throw new EntryError("TOO_LARGE", `${table.length} key tags`);
  for (const tag of table) parseKeyTag(tag);
  if (signature !== null) parseSignature(signature);
  if (parts.length === 0) throw new EntryError("BAD_PART", "an entry has at least one part");
  if (parts.length > limits.partsPerEntry) throw new EntryError("TOO_LARGE", `${parts.length} parts`);
  const context = { type: header.type, control: header.control, tags: table.length };
  let permits = 0;
  parts.forEach((part, index) => {
    checkPart(part, index, context);
    if (part.table === tableIndex.hpke) permits += 1;
  });
  if (permits > limits.permitsPerEntry) throw new EntryError("TOO_LARGE", `${permits} permits`);
  if (entrySize(entry) > limits.entryBytes) throw new EntryError("TOO_LARGE", "an entry is above 1 MiB");
}

/** root = H(root, H(table, n, tags), count u16, per part: kind, table index, length u32, H(ct, ciphertext)). */
function partsRoot(verifier: Verifier, { table, parts }: Entry): Uint8Array {
  const size = 34 + 38 * parts.length;
  if (frames.length !== size)
    frames = size > framesScratch.length ? new Uint8Array(size) : framesScratch.subarray(0, size);
  frames.set(tableHash(verifier, table), 0);
  frames[32] = parts.length >>> 8;
  frames[33] = parts.length;
  let offset = 34;
  for (const part of parts) {
    writeFrame(verifier, part, offset);
    offset += 38;
  }
  return hash(verifier, "root", frames);
}

function writeFrame(verifier: Verifier, part: Part, offset: number): void {
  const length = partLength(part);
  frames[offset] = part.kind;
  frames[offset + 1] = part.table;
  for (let i = 0; i < 4; i++) frames[offset + 2 + i] = length >>> (24 - 8 * i);
  frames.set(partHash(verifier, part), offset + 6);
}

// What is hashed at once and kept by nobody: making arrays of more than 64 bytes costs more than filling them.
const prefixScratch = new Uint8Array(HEADER_PREFIX_BYTES);
const framesScratch = new Uint8Array(34 + 38 * 100);
let frames = framesScratch;

/** The table that was hashed last: entries of a chain mostly carry the key tags of the entry before. */
let lastTable: { readonly verifier: Verifier; readonly tags: Uint8Array; readonly hash: Uint8Array } | null = null;

/** H(table, n, tags). */
function tableHash(verifier: Verifier, table: readonly KeyTag[]): Uint8Array {
  if (lastTable?.verifier !== verifier || !isTable(lastTable.tags, table)) {
    const tags = concatBytes(Uint8Array.of(table.length), ...table);
    lastTable = { verifier, tags, hash: hash(verifier, "table", tags) };
  }
  return lastTable.hash;
}

/** Whether these are the number of the tags and the tags, 16 bytes each. */
function isTable(tags: Uint8Array, table: readonly KeyTag[]): boolean {
  if (tags.length !== 1 + 16 * table.length) return false;
  let at = 1;
  for (const tag of table) for (let i = 0; i < 16; i++) if (tags[at++] !== tag[i]) return false;
  return true;
}
