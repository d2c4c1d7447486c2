// The one place that opens entries.
import type { CryptoProvider, OpenBatch, OpenItem, Plaintext } from "@selkie/crypto";
import { equalBytes, type KeyTag, type VerifiedEntry } from "@selkie/entry";
import type { Found, KeyRing } from "../keys/key-ring.ts";
import { type KeyVersion, placeKeysOf } from "../keys/key-version.ts";
import { entryKeyInfo, entryKeyLabel, partAad, type SealedKind, sealedKindOf } from "./part-cipher.ts";

/** What became of a part. */
export type OpenedPart =
  | {
      readonly type: "opened";
      readonly index: number;
      readonly kind: SealedKind;
      /** Padded, as it was sealed. */
      readonly plaintext: Plaintext;
      readonly key: KeyVersion;
    }
  /** Sealed under a key version that this device does not hold, or several; `tag` is the first it lacks. */
  | { readonly type: "no-key"; readonly index: number; readonly tag: KeyTag }
  /** The device holds the key version, and the part does not open: one answer for every reason. */
  | { readonly type: "undecryptable"; readonly index: number }
  /** Withheld or purged. */
  | { readonly type: "hole"; readonly index: number }
  /** A permit or its bundle; `openPermits` reads them. */
  | { readonly type: "permit"; readonly index: number };

const ALL_KINDS: readonly SealedKind[] = ["control", "change", "statement", "contents"];

/**
 * Opens parts of many entries: one derivation per entry and key version, one call for all. Answers in order; never throws for what a peer
 * may have sealed.
 *
 * @param only kinds to open; parts of other kinds are left out of the answer, but for holes and permits
 */
export async function openEntries(
  crypto: CryptoProvider,
  ring: KeyRing,
  entries: readonly VerifiedEntry[],
  only: readonly SealedKind[] = ALL_KINDS,
): Promise<readonly (readonly OpenedPart[])[]> {
  const batches: SealedBatch[] = [];
  const answers: OpenedPart[][] = [];
  let before: VerifiedEntry | null = null;
  let keys: TableKeys = [];
  for (const entry of entries) {
    // Entries mostly carry the tags of the entry before: then nothing is looked up.
    const isKnown = before !== null && sameTable(before, entry) && usesAll(before) && usesAll(entry);
    if (!isKnown) keys = await findKeys(crypto, ring, entry);
    before = entry;
    answers.push(collectParts(entry, keys, only, batches));
  }
  takeOpened(batches, await crypto.openBatches(entryKeyLabel, batches));
  return answers;
}

/** The key version behind each place of an entry's table, as far as the ring has it, and its tag in this database. */
type TableKeys = readonly ((Found & { readonly tag: KeyTag }) | null)[];

function findKeys(crypto: CryptoProvider, ring: KeyRing, entry: VerifiedEntry): Promise<TableKeys> {
  const { database } = entry.header;
  return Promise.all(
    entry.table.map(async (_, place) => {
      const found = await ring.findGroup(database, groupOf(entry, place));
      return found?.type === "found" ? { ...found, tag: (await placeKeysOf(crypto, found.key, database)).tag } : found;
    }),
  );
}

/** The tags that a place of the table stands for: its own, and those of the places after it that no part uses (docs/spec/part.md section 6). */
export function groupOf({ table, parts }: VerifiedEntry, place: number): readonly KeyTag[] {
  const used = new Set(parts.map((part) => part.table));
  const next = table.findIndex((_, at) => at > place && used.has(at));
  return table.slice(place, next < 0 ? table.length : next);
}

function sameTable(a: VerifiedEntry, b: VerifiedEntry): boolean {
  const { database } = a.header;
  if (database !== b.header.database && !equalBytes(database, b.header.database)) return false;
  if (a.table === b.table) return true;
  return a.table.length === b.table.length && a.table.every((tag, at) => equalBytes(tag, b.table[at] ?? zeroTag));
}
/** Whether no place stands for several: then the table alone says which keys there are. */
function usesAll({ table, parts }: VerifiedEntry): boolean {
  return table.length < 2 || table.every((_, place) => parts.some((part) => part.table === place));
}
const zeroTag = new Uint8Array(16);

/** The parts of an entry that are sealed under one key version. */
interface SealedBatch extends OpenBatch {
  readonly items: SealedItem[];
  readonly key: KeyVersion;
  /** Those of the entry. */
  readonly answers: OpenedPart[];
}

interface SealedItem extends OpenItem {
  readonly kind: SealedKind;
  /** Where among the answers that of this part stands. */
  readonly place: number;
}

/** What can be answered about the parts of an entry; that of what is sealed under a key at hand is `undecryptable` until it is opened. */
function collectParts(
  entry: VerifiedEntry,
  keys: TableKeys,
  only: readonly SealedKind[],
  batches: SealedBatch[],
): OpenedPart[] {
  const answers: OpenedPart[] = [];
  const byTable: (SealedBatch | undefined)[] = [];
  let index = -1;
  for (const part of entry.parts) {
    index++;
    const kind = sealedKindOf(part.kind);
    if (kind === null) answers.push({ type: "permit", index });
    else if (part.type === "hole") answers.push({ type: "hole", index });
    else if (only.includes(kind)) {
      const found = keys[part.table] ?? null;
      if (found?.type === "found") {
        const batch = byTable[part.table] ?? beginBatch(batches, entry, { key: found.key, tag: found.tag, answers });
        byTable[part.table] = batch;
        const aad = partAad(part.kind, index);
        batch.items.push({ nonce: index, aad, ciphertext: part.ciphertext, kind, place: answers.length });
      }
      answers.push(
        found?.type === "missing" ? { type: "no-key", index, tag: found.tag } : { type: "undecryptable", index },
      );
    }
  }
  return answers;
}

/** @param opened what `openBatches` answered */
function takeOpened(batches: readonly SealedBatch[], opened: readonly (readonly (Plaintext | null)[])[]): void {
  let nth = 0;
  for (const { items, key, answers } of batches) {
    const plaintexts = opened[nth++] ?? [];
    let at = 0;
    for (const { nonce: index, kind, place } of items) {
      const plaintext = plaintexts[at++] ?? null;
      if (plaintext !== null) answers[place] = { type: "opened", index, kind, plaintext, key };
    }
  }
}

function beginBatch(
  batches: SealedBatch[],
  { header: { salt }, prefixHash }: VerifiedEntry,
  { key, tag, answers }: Pick<SealedBatch, "key" | "answers"> & { readonly tag: KeyTag },
): SealedBatch {
  const info = entryKeyInfo({ tag, salt, prefixHash });
  const batch: SealedBatch = { secret: key.content, info, items: [], key, answers };
  batches.push(batch);
  return batch;
}
