import { fromHex, type WriterKey } from "@selkie/entry";
import type { Replacement } from "../sealing/change-part.ts";
import { type DocId, docIdOf, placeOf } from "./doc-id.ts";
import type { ReplacedChanges } from "./replaced-changes.ts";
import { THIS_DEVICE, type WaitingChanges } from "./waiting-changes.ts";

/** What this device made and what does not count, by document and actor. */
export interface OwnSpan {
  readonly name: DocId;
  readonly actor: Uint8Array;
  /** The numbers of the first change and of the last. */
  readonly first: number;
  readonly last: number;
}

/** What lies beyond the end of a chain of this device. */
export interface LostSpan extends OwnSpan {
  readonly writer: WriterKey;
  /** What that says it stands for. */
  readonly replaces: readonly Replacement[];
}

/** What waits of this device, with what found no room to. @param device its name, in hex */
export function* ownSpans(waiting: WaitingChanges, device: string): Iterable<OwnSpan> {
  for (const { document, device: of, actor, first, last } of waiting.spans())
    if (of === device || of === THIS_DEVICE)
      yield { name: docIdOf(placeOf(document)), actor: fromHex(actor), first, last };
}

/** Documents in which something of this device does not count that it has not made anew, or what was may not do what it did. */
export function notRemadeIn(replaced: ReplacedChanges, device: string, spans: Iterable<OwnSpan>): ReadonlySet<DocId> {
  const names = new Set<DocId>(replaced.returned(device));
  for (const { name, actor, first, last } of spans)
    if (!replaced.has(name, device, { actor, seq: first }, last)) names.add(name);
  return names;
}
