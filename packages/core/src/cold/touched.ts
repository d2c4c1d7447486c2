import type { CryptoProvider } from "@selkie/crypto";
import { equalBytes, fromHex, parseWriterKey, type Vector, type VerifiedEntry } from "@selkie/entry";
import { type EntryStore, readRuns } from "@selkie/store";
import type { DocId } from "../document/doc-id.ts";
import { nameIn } from "../document/part-contents.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { openEntries } from "../sealing/open-entry.ts";
import type { Head } from "./page-codec.ts";

/** So many parts are looked through: with more, reading everything is no slower by much. */
const MOST_PARTS = 4_096;

export interface TouchedContext {
  readonly crypto: CryptoProvider;
  readonly ring: KeyRing;
  readonly entries: EntryStore;
  /** Whether parts of an entry are missing that should be here. */
  isMissing(entry: VerifiedEntry): boolean;
}

/**
 * The documents that entries beyond a head's vector say something of. Null when they can't be told: they are too many, parts are missing, or
 * they are of a chain that ends. `lost` when the store does not hold what the vector says: entries are gone, or others are in their place.
 */
export async function touchedSince(
  at: TouchedContext,
  head: Pick<Head, "vector" | "ended">,
): Promise<ReadonlySet<DocId> | null | "lost"> {
  const stored = await at.entries.vector();
  for (const [name, { seq, id }] of head.vector) {
    const held = stored.get(name);
    if (held === undefined || held.seq < seq || (held.seq === seq && !equalBytes(held.id, id))) return "lost";
  }
  const touched = new Set<DocId>();
  let parts = 0;
  for (const [name, { seq }] of stored) {
    if (head.vector.get(name)?.seq === seq) continue;
    if (head.ended.includes(name)) return null;
    const fresh = await freshIn(at.entries, name, head.vector);
    if (fresh === "lost" || fresh === null) return fresh;
    parts += fresh.reduce((sum, entry) => sum + entry.parts.length, 0);
    if (parts > MOST_PARTS || fresh.some(at.isMissing)) return null;
    for (const document of await documentsIn(at, fresh)) touched.add(document);
  }
  return touched;
}

/** The entries of a chain beyond the vector. */
async function freshIn(
  entries: EntryStore,
  name: string,
  vector: Vector,
): Promise<readonly VerifiedEntry[] | null | "lost"> {
  const known = vector.get(name);
  const fresh: VerifiedEntry[] = [];
  for await (const run of readRuns(entries, parseWriterKey(fromHex(name)), known?.seq ?? 0)) {
    for (const entry of run.entries) {
      if (entry.header.seq !== known?.seq) fresh.push(entry);
      else if (!equalBytes(entry.id, known.id)) return "lost";
    }
    if (fresh.length > MOST_PARTS) return null;
  }
  return fresh;
}

async function documentsIn(
  { crypto, ring }: TouchedContext,
  entries: readonly VerifiedEntry[],
): Promise<readonly DocId[]> {
  const opened = await openEntries(crypto, ring, entries, ["change"]);
  return entries.flatMap((entry, at) => (opened[at] ?? []).flatMap((part) => nameIn(crypto, { entry }, part) ?? []));
}
