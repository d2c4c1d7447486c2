import type { CryptoProvider } from "@selkie/crypto";
import { equalBytes, limits, toHex, type WriterKey } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { actorOf } from "../automerge/actor.ts";
import { type DocId, docIdOf } from "../document/doc-id.ts";
import { carriedIn, changesIn, type UnheardChange } from "../document/part-contents.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { Delivery } from "../replica/delivery.ts";
import { documentIdOf } from "../sealing/document-id.ts";
import { openEntries } from "../sealing/open-entry.ts";

const SLICE = { entries: 256, bytes: limits.runBytes };

export interface LostChangesContext {
  readonly crypto: CryptoProvider;
  readonly ring: KeyRing;
  readonly entries: Pick<EntryStore, "read">;
}

/** A chain that may hold what does not count. */
export interface LostChain {
  readonly writer: WriterKey;
  /** Whether what it holds is for this device to make anew. */
  readonly isOwn: boolean;
}

/** A change that may not count. */
export interface LostChange extends Pick<UnheardChange, "change" | "kind" | "replaces"> {
  readonly writer: WriterKey;
  /** Whether it is for this device to make anew. */
  readonly isOwn: boolean;
}

/** Changes of one document that may not count, by their hexadecimal hashes. */
export type Lost = ReadonlyMap<string, LostChange>;

/** What chains hold of some documents, whether or not it counts. */
export async function lostChanges(
  { crypto, ring, entries }: LostChangesContext,
  chains: Iterable<LostChain>,
  names: ReadonlySet<DocId>,
): Promise<ReadonlyMap<DocId, Lost>> {
  const found = new Map([...names].map((name) => [name, new Map<string, LostChange>()]));
  for (const { writer, isOwn } of chains)
    for await (const { entry, parts } of openedEntries({ crypto, ring, entries }, writer))
      for (const part of parts) {
        for (const unheard of changesIn(crypto, { entry }, part)) {
          const { hash, actor } = unheard.change;
          // SECURITY: D2. Who repeats another's change did not make it (reissue-room.test.ts "... repeats ...").
          if (equalBytes(actor, actorOf(crypto, writer, documentIdOf(unheard), null)))
            found.get(docIdOf(unheard))?.set(toHex(hash), { ...unheard, writer, isOwn });
        }
        // What is brought along is nobody's work in this document; who lost a copy of its own makes it again.
        if (isOwn) continue;
        for (const { change, kind, ...place } of carriedIn(crypto, { entry }, part))
          found.get(docIdOf(place))?.set(toHex(change.hash), { change, kind, writer, isOwn: false });
      }
  return found;
}

/** What is stored of a chain, whether or not it counts. */
export async function* openedEntries(
  { crypto, ring, entries }: LostChangesContext,
  writer: WriterKey,
): AsyncIterable<Pick<Delivery, "entry" | "parts">> {
  for (let run = await entries.read(writer, 0, SLICE); run !== null; ) {
    const opened = await openEntries(crypto, ring, run.entries, ["change"]);
    for (const [at, entry] of run.entries.entries()) yield { entry, parts: opened[at] ?? [] };
    run = await entries.read(writer, run.firstSeq + run.entries.length, SLICE);
  }
}
