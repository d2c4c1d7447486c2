// The one place that opens entries.
import type { CryptoProvider, OpenBatch, OpenItem, Plaintext } from "@selkie/crypto";
import { equalBytes, type KeyTag, type Part, type VerifiedEntry } from "@selkie/entry";
import type { Found, KeyRing } from "../keys/key-ring.ts";
import { type KeyVersion, placeKeysOf } from "../keys/key-version.ts";
import { EntryKeyInfos, entryKeyLabel, partAad, type SealedKind, sealedKindOf } from "./part-cipher.ts";

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

const ALL_KINDS: readonly SealedKind[] = ["control", "change", "statement"];

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
  const keysOf: TableKeys[] = [];
  for (const [at, entry] of entries.entries()) {
    // Entries mostly carry the tags of the entry before: then nothing is looked up.
    const before = entries[at - 1];
    const known = keysOf[at - 1];
    const isKnown = before !== undefined && sameTable(before, entry) && usesAll(before) && usesAll(entry);
    keysOf.push(isKnown && known !== undefined ? known : await findKeys(crypto, ring, entry));
  }
  const sealed: SealedParts[] = [];
  const infos = new EntryKeyInfos(entries.length);
  for (const [at, entry] of entries.entries())
    collectSealed(sealed, { entry, at, keys: keysOf[at] ?? [], only, infos });
  const opened = await crypto.openBatches(
    entryKeyLabel,
    sealed.map(({ batch }) => batch),
  );
  let nth = 0;
  return entries.map((entry, at) => {
    const plaintexts: (Plaintext | null | undefined)[] = [];
    for (; sealed[nth]?.at === at; nth++)
      sealed[nth]?.batch.items.forEach(({ nonce }, item) => {
        plaintexts[nonce] = opened[nth]?.[item];
      });
    const answers: OpenedPart[] = [];
    const keys = keysOf[at] ?? [];
    entry.parts.forEach((part, index) => {
      const answer = answerTo(part, index, { keys, plaintext: plaintexts[index] ?? null, only });
      if (answer !== null) answers.push(answer);
    });
    return answers;
  });
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
  if (!equalBytes(a.header.database, b.header.database)) return false;
  if (a.table === b.table) return true;
  return a.table.length === b.table.length && a.table.every((tag, at) => equalBytes(tag, b.table[at] ?? zeroTag));
}
/** Whether no place stands for several: then the table alone says which keys there are. */
function usesAll({ table, parts }: VerifiedEntry): boolean {
  return table.length < 2 || table.every((_, place) => parts.some((part) => part.table === place));
}
const zeroTag = new Uint8Array(16);

/** The parts of an entry that are sealed under one key version. */
interface SealedParts {
  /** The entry's index. */
  readonly at: number;
  readonly batch: OpenBatch;
}

interface Collecting {
  readonly entry: VerifiedEntry;
  readonly at: number;
  readonly keys: TableKeys;
  readonly only: readonly SealedKind[];
  readonly infos: EntryKeyInfos;
}

function collectSealed(sealed: SealedParts[], { entry, at, keys, only, infos }: Collecting): void {
  const { parts, header, prefixHash } = entry;
  keys.forEach((key, table) => {
    if (key?.type !== "found") return;
    const items = itemsUnder(parts, table, only);
    if (items.length === 0) return;
    const info = infos.make({ tag: key.tag, salt: header.salt, prefixHash });
    sealed.push({ at, batch: { secret: key.key.content, info, items } });
  });
}

function itemsUnder(parts: readonly Part[], table: number, only: readonly SealedKind[]): readonly OpenItem[] {
  const items: OpenItem[] = [];
  parts.forEach((part, nonce) => {
    if (part.type !== "sealed" || part.table !== table) return;
    const kind = sealedKindOf(part.kind);
    if (kind !== null && only.includes(kind))
      items.push({ nonce, aad: partAad(part.kind, nonce), ciphertext: part.ciphertext });
  });
  return items;
}

interface Opening {
  readonly keys: TableKeys;
  /** Null when it did not open. */
  readonly plaintext: Plaintext | null;
  readonly only: readonly SealedKind[];
}

function answerTo(part: Part, index: number, { keys, plaintext, only }: Opening): OpenedPart | null {
  const kind = sealedKindOf(part.kind);
  if (kind === null) return { type: "permit", index };
  if (part.type === "hole") return { type: "hole", index };
  if (!only.includes(kind)) return null;
  const found = keys[part.table] ?? null;
  if (found === null) return { type: "undecryptable", index };
  if (found.type === "missing") return { type: "no-key", index, tag: found.tag };
  return plaintext === null
    ? { type: "undecryptable", index }
    : { type: "opened", index, kind, plaintext, key: found.key };
}
