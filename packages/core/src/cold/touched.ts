import type { CryptoProvider } from "@selkie/crypto";
import { entrySize, equalBytes, fromHex, parseWriterKey, type Vector, type VerifiedEntry } from "@selkie/entry";
import { type EntryStore, readRuns } from "@selkie/store";
import type { DocId } from "../document/doc-id.ts";
import { nameIn } from "../document/part-contents.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { openEntries } from "../sealing/open-entry.ts";
import type { Covered } from "./covered.ts";

/** So many parts, and bytes of entries, are looked through before anything is shown: with more, reading everything is no slower by much. */
const MOST = { parts: 4_096, bytes: 2 ** 25 };

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
  head: Pick<Covered, "vector" | "ended">,
): Promise<ReadonlySet<DocId> | null | "lost"> {
  const stored = await at.entries.vector();
  const gone = [...head.vector].flatMap(([name, { seq, id }]) => {
    const held = stored.get(name);
    return held !== undefined && (held.seq > seq || (held.seq === seq && equalBytes(held.id, id))) ? [] : [name];
  });
  // Of one that ends the branch that counts may have come in the place of another.
  if (gone.length > 0) return gone.every((name) => head.ended.includes(name)) ? null : "lost";
  const touched = new Set<DocId>();
  const left = { ...MOST };
  for (const [name, { seq }] of stored) {
    if (head.vector.get(name)?.seq === seq) continue;
    if (head.ended.includes(name)) return null;
    for await (const fresh of freshIn(at.entries, name, head.vector)) {
      if (fresh === "lost") return "lost";
      for (const entry of fresh) {
        left.parts -= entry.parts.length;
        left.bytes -= entrySize(entry);
      }
      if (left.parts < 0 || left.bytes < 0 || fresh.some(at.isMissing)) return null;
      for (const document of await documentsIn(at, fresh)) touched.add(document);
    }
  }
  return touched;
}

/** The entries of a chain beyond the vector, run by run: no more of them is in memory than that. */
async function* freshIn(
  entries: EntryStore,
  name: string,
  vector: Vector,
): AsyncIterable<readonly VerifiedEntry[] | "lost"> {
  const known = vector.get(name);
  for await (const run of readRuns(entries, parseWriterKey(fromHex(name)), known?.seq ?? 0)) {
    const there = run.entries.find(({ header }) => header.seq === known?.seq);
    if (known !== undefined && there !== undefined && !equalBytes(there.id, known.id)) yield "lost";
    yield run.entries.filter((entry) => entry !== there);
  }
}

async function documentsIn(
  { crypto, ring }: TouchedContext,
  entries: readonly VerifiedEntry[],
): Promise<readonly DocId[]> {
  const opened = await openEntries(crypto, ring, entries, ["change"]);
  return entries.flatMap((entry, at) => (opened[at] ?? []).flatMap((part) => nameIn(crypto, { entry }, part) ?? []));
}
