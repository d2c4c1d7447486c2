// The one place that seals an entry.
import type { CryptoProvider, Plaintext, SealItem, SecretKey, SigningKey } from "@selkie/crypto";
import {
  adoptOwnRun,
  type Ciphertext,
  type DatabaseId,
  type EntryHeader,
  type EntryId,
  type EntryType,
  equalBytes,
  headerPrefixHash,
  type IdentifiedEntry,
  identifyEntry,
  type KeyTag,
  limits,
  type Part,
  partKind,
  type Salt,
  tableIndex,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { type KeyVersion, placeKeysOf } from "../keys/key-version.ts";
import { isMerged } from "../keys/merged-version.ts";
import { deriveEntryKey, partAad, type SealedKind, sealedKinds } from "./part-cipher.ts";
import { entrySalt, type PartFrame } from "./part-salt.ts";
import { encodePermitSecret, type PermitItem, permitBytes, sealBundle, wrapPermits } from "./permit-part.ts";

/** A part to be sealed; its index is its place in the list. */
export type PartDraft =
  | { readonly kind: SealedKind; readonly key: KeyVersion; readonly plaintext: Plaintext }
  /** Wraps `secret` for a 1,216-byte KEM key; the entry has one bundle with the same secret. */
  | { readonly kind: "permit"; readonly recipient: Uint8Array; readonly secret: Uint8Array }
  /** Sealed under the permits' 32-byte secret. */
  | { readonly kind: "bundle"; readonly secret: Uint8Array; readonly plaintext: Plaintext };

/** Where an entry goes: the next place of its writer's chain. */
export interface EntryPlace {
  readonly type: EntryType;
  readonly database: DatabaseId;
  readonly writer: WriterKey;
  /** Makes the salt of an entry that uses no key. */
  readonly writerSecret: SecretKey;
  readonly seq: number;
  readonly prev: EntryId;
}

/**
 * Seals the parts of one entry. But for permits, whose wrapping is randomised, the same place and parts give the same bytes.
 *
 * @throws CoreError `ENTRY_TOO_LARGE` beyond the format's limits; `PART_MALFORMED` for a control part that is not the first part, or a
 * permit without its bundle
 */
export async function sealEntry(
  crypto: CryptoProvider,
  at: EntryPlace,
  drafts: readonly PartDraft[],
): Promise<IdentifiedEntry> {
  const layout = layOut(drafts);
  const tags = await Promise.all(
    layout.places.map(async ({ named }) => (await placeKeysOf(crypto, named, at.database)).tag),
  );
  const header = await makeHeader(crypto, at, layout, tags);
  const prefixHash = headerPrefixHash(crypto, header);
  const ciphertexts = new Map<number, Ciphertext>();
  for (const [table, { key }] of layout.places.entries()) {
    if (key === null) continue;
    const { tag } = await placeKeysOf(crypto, key, at.database);
    await sealTable(crypto, { layout, table, key, tag, salt: header.salt, prefixHash }, ciphertexts);
  }
  await sealPermits(crypto, { layout, drafts, salt: header.salt, prefixHash }, ciphertexts);
  const parts = layout.frames.map(({ kind, table }, index): Part => {
    const ciphertext = ciphertexts.get(index);
    if (ciphertext === undefined) throw new CoreError("PART_MALFORMED", `part ${index} was not sealed`);
    return { type: "sealed", kind, table, ciphertext };
  });
  return identifyEntry(crypto, { header, table: tags, parts, signature: null });
}

/** Signs consecutive entries of one writer: one signature, on the last. @throws CoreError `PART_MALFORMED` without entries */
export async function signRun(
  crypto: CryptoProvider,
  key: SigningKey,
  entries: readonly IdentifiedEntry[],
): Promise<VerifiedRun> {
  const last = entries.at(-1);
  const [signature] = last === undefined ? [] : await crypto.signMany(key, "sign-entry", [last.id]);
  if (signature === undefined) throw new CoreError("PART_MALFORMED", "a run has at least one entry");
  return adoptOwnRun(entries, signature);
}

/** A place of the key table. */
interface TablePlace {
  /** The version whose tag stands there. */
  readonly named: KeyVersion;
  /** What seals the parts of this place: the same, or what it and the versions after it make together. Null for those after it. */
  readonly key: KeyVersion | null;
}

interface Layout {
  readonly places: readonly TablePlace[];
  readonly frames: readonly PartFrame[];
  readonly plaintexts: readonly Plaintext[];
  readonly control: boolean;
}

function layOut(drafts: readonly PartDraft[]): Layout {
  const places: TablePlace[] = [];
  const tableByKey = new Map<KeyVersion, number>();
  const frames: PartFrame[] = [];
  const plaintexts: Plaintext[] = [];
  const wrappedUnder = permitPlaintexts(drafts);
  for (const [index, draft] of drafts.entries()) {
    if (draft.kind === "control" && index > 0)
      throw new CoreError("PART_MALFORMED", "a control part is the first part");
    const plaintext = draft.kind === "permit" ? wrappedUnder(draft.secret) : draft.plaintext;
    plaintexts.push(plaintext);
    if (draft.kind === "permit") {
      frames.push({ kind: partKind.permit, table: tableIndex.hpke, length: permitBytes });
    } else if (draft.kind === "bundle") {
      frames.push({ kind: partKind.permit, table: tableIndex.bundle, length: plaintext.length + 16 });
    } else {
      const table = tableByKey.get(draft.key) ?? addKey(places, draft.key);
      tableByKey.set(draft.key, table);
      frames.push({ kind: sealedKinds[draft.kind], table, length: plaintext.length + 16 });
    }
  }
  requireWithinLimits(drafts, places);
  return { places, frames, plaintexts, control: drafts[0]?.kind === "control" };
}

/** Two handles of one version share a place in the table. The parts of a merged version follow each other, in id order. */
function addKey(places: TablePlace[], key: KeyVersion): number {
  const same = places.findIndex((known) => known.key !== null && equalBytes(known.key.version, key.version));
  if (same >= 0) return same;
  const [first = key, ...more] = isMerged(key) ? key.parts : [key];
  const place = places.push({ named: first, key }) - 1;
  for (const named of more) places.push({ named, key: null });
  return place;
}

function requireWithinLimits(drafts: readonly PartDraft[], places: readonly TablePlace[]): void {
  const permits = drafts.filter(({ kind }) => kind === "permit").length;
  const fits =
    permits <= limits.permitsPerEntry && drafts.length <= limits.partsPerEntry && places.length <= limits.tagsPerEntry;
  if (!fits)
    throw new CoreError("ENTRY_TOO_LARGE", `${drafts.length} parts, ${permits} permits, ${places.length} keys`);
}

/** What the permits of an entry wrap, by the secrets of its bundles: mostly one for all of them. */
function permitPlaintexts(drafts: readonly PartDraft[]): (secret: Uint8Array) => Plaintext {
  const bundles = drafts.flatMap((draft, index) =>
    draft.kind === "bundle"
      ? [{ secret: draft.secret, wrapped: encodePermitSecret({ secret: draft.secret, bundle: index }) }]
      : [],
  );
  return (secret) => {
    const bundle = bundles.find((known) => equalBytes(known.secret, secret));
    if (bundle === undefined) throw new CoreError("PART_MALFORMED", "a permit opens no bundle of its entry");
    return bundle.wrapped;
  };
}

async function makeHeader(
  crypto: CryptoProvider,
  at: EntryPlace,
  layout: Layout,
  tags: readonly KeyTag[],
): Promise<EntryHeader> {
  const { type, database, writer, seq, prev } = at;
  const { control, frames, plaintexts, places } = layout;
  const first = places[0]?.key ?? null;
  const saltKey = first === null ? await writerSaltKey(crypto, at) : (await placeKeysOf(crypto, first, database)).salt;
  const salt = await entrySalt(crypto, saltKey, { writer, seq, prev, tags, frames, plaintexts });
  return { type, control, database, writer, seq, prev, salt };
}

async function writerSaltKey(crypto: CryptoProvider, { writerSecret, database }: EntryPlace): Promise<SecretKey> {
  return crypto.importSecret(await crypto.derive(writerSecret, "derive-writer-salt-key", database, 32));
}

interface TableSealing {
  readonly layout: Layout;
  readonly table: number;
  readonly key: KeyVersion;
  readonly tag: KeyTag;
  readonly salt: Salt;
  readonly prefixHash: Uint8Array;
}

interface PermitSealing {
  readonly layout: Layout;
  readonly drafts: readonly PartDraft[];
  readonly salt: Salt;
  readonly prefixHash: Uint8Array;
}

/** Permits and their bundles. */
async function sealPermits(
  crypto: CryptoProvider,
  { layout, drafts, ...place }: PermitSealing,
  ciphertexts: Map<number, Ciphertext>,
): Promise<void> {
  const permits: PermitItem[] = [];
  for (const [index, draft] of drafts.entries()) {
    const sealed = layout.plaintexts[index];
    if (draft.kind === "permit" && sealed !== undefined)
      permits.push({ index, recipient: draft.recipient, secret: sealed });
    if (draft.kind !== "bundle") continue;
    const { secret, plaintext } = draft;
    ciphertexts.set(index, await sealBundle(crypto, secret, { ...place, index, plaintext }));
  }
  if (permits.length === 0) return;
  const wrapped = await wrapPermits(crypto, place, permits);
  for (const [nth, { index }] of permits.entries()) {
    const ciphertext = wrapped[nth];
    if (ciphertext !== undefined) ciphertexts.set(index, ciphertext);
  }
}

/** All parts of one key version: one derivation, one call. */
async function sealTable(
  crypto: CryptoProvider,
  { layout, table, key, ...at }: TableSealing,
  ciphertexts: Map<number, Ciphertext>,
): Promise<void> {
  const items: SealItem[] = [];
  for (const [nonce, frame] of layout.frames.entries()) {
    const plaintext = layout.plaintexts[nonce];
    if (frame.table === table && plaintext !== undefined) {
      items.push({ nonce, aad: partAad(frame.kind, nonce), plaintext });
    }
  }
  const entryKey = await deriveEntryKey(crypto, key.content, at);
  const sealed = await crypto.sealMany(entryKey, items);
  entryKey[Symbol.dispose]();
  for (const [at, { nonce }] of items.entries()) {
    const ciphertext = sealed[at];
    if (ciphertext !== undefined) ciphertexts.set(nonce, ciphertext);
  }
}
