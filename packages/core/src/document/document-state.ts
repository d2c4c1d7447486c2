import { equalBytes, fromHex, toHex, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import type { EntryRefusalCode } from "../replica/delivery.ts";
import type { Quarantine, Quarantined } from "../replica/quarantine.ts";
import { type DocId, docIdOf, placeOf } from "./doc-id.ts";
import type { Documents } from "./documents.ts";
import type { ReplacedChanges } from "./replaced-changes.ts";
import type { WaitingChanges } from "./waiting-changes.ts";

/** All that is known of the documents of a database: what counts, what waits for others, and what is refused. */
export interface DocumentState {
  readonly documents: Documents;
  readonly waiting: WaitingChanges;
  readonly replaced: ReplacedChanges;
  readonly quarantine: Quarantine;
}

/** Whether anything came for a document so far: accepted, waiting or refused. */
export function isTouched({ documents, waiting, quarantine }: DocumentState, name: DocId): boolean {
  if (documents.peek(name) !== undefined) return true;
  return waiting.hasIn(name) || quarantine.writersIn(name).length > 0;
}

/** Which of these writers something came from for any of these documents. */
export function writersOf(
  { documents, waiting, replaced, quarantine }: DocumentState,
  names: ReadonlySet<DocId>,
  among: Iterable<WriterKey>,
): ReadonlySet<WriterKey> {
  const found = new Set<WriterKey>();
  const left = new Set(among);
  for (const name of names) {
    const id = fromHex(name);
    const record = documents.get(name);
    const history = record === undefined ? null : documents.histories.of(record);
    const named = new Set(quarantine.writersIn(name).map(toHex));
    for (const each of replaced.writersIn(name)) named.add(toHex(each));
    for (const writer of left) {
      const creator = record?.carried?.creator;
      const wrote =
        (creator !== undefined && equalBytes(creator, writer)) ||
        (history !== null && history.actorOf(actorOf(documents.verifier, writer, id, null)) >= 0);
      if (!wrote && !named.has(toHex(writer)) && !waiting.touches(name, writer)) continue;
      found.add(writer);
      left.delete(writer);
    }
  }
  return found;
}

/** What counts for nothing, and what waits for something that does not or is not here. */
export function* quarantinedIn({ quarantine, waiting, replaced }: DocumentState): Iterable<Quarantined> {
  yield* quarantine.list();
  const named = new Set<string>();
  for (const { document, device, change, entryId, user } of waitingIn(waiting)) {
    const isReplaced = replaced.has(docIdOf(placeOf(document)), device, change);
    const reason: EntryRefusalCode = isReplaced ? "CHANGE_REPLACED" : "CHANGE_WAITING";
    const name = `${entryId} ${reason}`;
    if (!named.has(name)) yield { entryId, user, reason };
    named.add(name);
  }
}

interface WaitingItem extends Pick<Quarantined, "entryId" | "user"> {
  readonly document: string;
  readonly device: string;
  readonly change: Pick<ChangeChunk, "actor" | "seq">;
}

/** What waits and lies in an entry; of a chain whose changes found no room the first of these. */
function* waitingIn(waiting: WaitingChanges): Iterable<WaitingItem> {
  for (const { document, device, change, origin } of waiting.list(null))
    if (origin?.entry != null) yield { document, device, change, entryId: toHex(origin.entry.id), user: origin.user };
  for (const { device, first, entryId, user } of waiting.dropped()) yield { ...first, device, entryId, user };
}
