import type { CryptoProvider } from "@selkie/crypto";
import { limits, toHex, type WriterKey } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import { type DocId, docIdOf } from "../document/doc-id.ts";
import { changesIn, type UnheardChange } from "../document/part-contents.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { openEntries } from "../sealing/open-entry.ts";

const SLICE = { entries: 256, bytes: limits.runBytes };

export interface LostChangesContext {
  readonly crypto: CryptoProvider;
  readonly ring: KeyRing;
  readonly entries: Pick<EntryStore, "read">;
}

/** A change that may not count. */
export interface LostChange extends UnheardChange {
  /** Of which entry of its chain it is. */
  readonly entrySeq: number;
}

/** What chains hold of some documents, whether or not it counts: by document, and by hash. */
export async function lostChanges(
  { crypto, ring, entries }: LostChangesContext,
  writers: readonly WriterKey[],
  names: ReadonlySet<DocId>,
): Promise<ReadonlyMap<DocId, ReadonlyMap<string, LostChange>>> {
  const found = new Map([...names].map((name) => [name, new Map<string, LostChange>()]));
  for (const writer of writers) {
    for (let run = await entries.read(writer, 0, SLICE); run !== null; ) {
      const opened = await openEntries(crypto, ring, run.entries, ["change"]);
      for (const [at, entry] of run.entries.entries())
        for (const part of opened[at] ?? [])
          for (const unheard of changesIn(crypto, { entry }, part))
            found.get(docIdOf(unheard))?.set(toHex(unheard.change.hash), { ...unheard, entrySeq: entry.header.seq });
      run = await entries.read(writer, run.firstSeq + run.entries.length, SLICE);
    }
  }
  return found;
}

/**
 * What these changes depend on, directly or not, that does not count, dependencies first.
 * @returns null when something of it is not in the pool
 */
export function lostDependencies(
  changes: readonly ChangeChunk[],
  counts: (hash: Uint8Array) => boolean,
  pool: ReadonlyMap<string, ChangeChunk>,
): readonly ChangeChunk[] | null {
  const given = new Set(changes.map(({ hash }) => toHex(hash)));
  const found = new Map<string, ChangeChunk>();
  const left = [...changes];
  for (let change = left.pop(); change !== undefined; change = left.pop())
    for (const dep of change.deps) {
      const name = toHex(dep);
      if (given.has(name) || found.has(name) || counts(dep)) continue;
      const lost = pool.get(name);
      if (lost === undefined) return null;
      found.set(name, lost);
      left.push(lost);
    }
  return inOrder([...found.values()]);
}

/** The same changes, dependencies first. */
export function inOrder(changes: readonly ChangeChunk[]): readonly ChangeChunk[] {
  const byHash = new Map(changes.map((change) => [toHex(change.hash), change]));
  const ordered = new Set<ChangeChunk>();
  for (const change of changes) {
    const above = [change];
    for (let top = above.at(-1); top !== undefined; top = above.at(-1)) {
      const before = top.deps.flatMap((dep) => byHash.get(toHex(dep)) ?? []).find((dep) => !ordered.has(dep));
      if (before !== undefined) above.push(before);
      else ordered.add(above.pop() ?? top);
    }
  }
  return [...ordered];
}
