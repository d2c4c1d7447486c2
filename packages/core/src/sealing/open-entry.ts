// The one place that opens entries.
import type { CryptoProvider, OpenItem, Plaintext } from "@selkie/crypto";
import { equalBytes, type KeyTag, type Part, type VerifiedEntry } from "@selkie/entry";
import type { KeyRing } from "../keys/key-ring.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { deriveEntryKey, partAad, type SealedKind, sealedKindOf } from "./part-cipher.ts";

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
  /** Sealed under a key version that this device does not hold. */
  | { readonly type: "no-key"; readonly index: number; readonly tag: KeyTag }
  /** The device holds the key version, and the part does not open: one answer for every reason. */
  | { readonly type: "undecryptable"; readonly index: number }
  /** Withheld or purged. */
  | { readonly type: "hole"; readonly index: number }
  /** A permit or its bundle; `openPermits` reads them. */
  | { readonly type: "permit"; readonly index: number };

const ALL_KINDS: readonly SealedKind[] = ["control", "change", "statement"];

/**
 * Opens parts of many entries: one derivation and one call per entry and key version. Answers in order; never throws for what a peer
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
  const opened: (readonly OpenedPart[])[] = [];
  let before: { readonly entry: VerifiedEntry; readonly keys: TableKeys } | null = null;
  for (const entry of entries) {
    // Entries mostly carry the tags of the entry before: then nothing is looked up.
    const keys: TableKeys =
      before !== null && sameTable(before.entry, entry) ? before.keys : await findKeys(ring, entry);
    before = { entry, keys };
    opened.push(await openEntry(crypto, entry, keys, only));
  }
  return opened;
}

/** The key version of each of an entry's tags, as far as the ring has it. */
type TableKeys = readonly (KeyVersion | undefined)[];

function findKeys(ring: KeyRing, { header, table }: VerifiedEntry): Promise<TableKeys> {
  return Promise.all(table.map((tag) => ring.find(header.database, tag)));
}

function sameTable(a: VerifiedEntry, b: VerifiedEntry): boolean {
  if (!equalBytes(a.header.database, b.header.database)) return false;
  if (a.table === b.table) return true;
  return a.table.length === b.table.length && a.table.every((tag, at) => equalBytes(tag, b.table[at] ?? zeroTag));
}
const zeroTag = new Uint8Array(16);

async function openEntry(
  crypto: CryptoProvider,
  entry: VerifiedEntry,
  keys: TableKeys,
  only: readonly SealedKind[],
): Promise<readonly OpenedPart[]> {
  const plaintexts = new Map<number, Plaintext | null>();
  for (const [table, tag] of entry.table.entries()) {
    const key = keys[table];
    const items = key === undefined ? [] : itemsUnder(entry.parts, table, only);
    if (key === undefined || items.length === 0) continue;
    const at = { tag, salt: entry.header.salt, prefixHash: entry.prefixHash };
    const entryKey = await deriveEntryKey(crypto, key.content, at);
    const opened = await crypto.openMany(entryKey, items);
    entryKey[Symbol.dispose]();
    for (const [nth, { nonce }] of items.entries()) plaintexts.set(nonce, opened[nth] ?? null);
  }
  const answers: OpenedPart[] = [];
  for (const [index, part] of entry.parts.entries()) {
    const answer = answerTo(part, index, { entry, keys, plaintexts, only });
    if (answer !== null) answers.push(answer);
  }
  return answers;
}

function itemsUnder(parts: readonly Part[], table: number, only: readonly SealedKind[]): readonly OpenItem[] {
  const items: OpenItem[] = [];
  for (const [nonce, part] of parts.entries()) {
    if (part.type !== "sealed" || part.table !== table) continue;
    const kind = sealedKindOf(part.kind);
    if (kind === null || !only.includes(kind)) continue;
    items.push({ nonce, aad: partAad(part.kind, nonce), ciphertext: part.ciphertext });
  }
  return items;
}

interface Opening {
  readonly entry: VerifiedEntry;
  readonly keys: TableKeys;
  readonly plaintexts: ReadonlyMap<number, Plaintext | null>;
  readonly only: readonly SealedKind[];
}

function answerTo(part: Part, index: number, { entry, keys, plaintexts, only }: Opening): OpenedPart | null {
  const kind = sealedKindOf(part.kind);
  if (kind === null) return { type: "permit", index };
  if (part.type === "hole") return { type: "hole", index };
  if (!only.includes(kind)) return null;
  const tag = entry.table[part.table];
  const key = keys[part.table];
  if (tag === undefined) return { type: "undecryptable", index };
  if (key === undefined) return { type: "no-key", index, tag };
  const plaintext = plaintexts.get(index) ?? null;
  return plaintext === null ? { type: "undecryptable", index } : { type: "opened", index, kind, plaintext, key };
}
