import { fromHex } from "@selkie/entry";
import { type DocId, docIdOf, placeOf } from "./doc-id.ts";
import type { DocumentState } from "./document-state.ts";
import { THIS_DEVICE, type WaitingChanges } from "./waiting-changes.ts";

/** What waits of this device, with what found no room to: by document and actor. */
export interface OwnSpan {
  readonly name: DocId;
  readonly actor: Uint8Array;
  /** The numbers of the first change and of the last. */
  readonly first: number;
  readonly last: number;
}

/** What waits of this device. @param device its name, in hex */
export function* ownSpans(waiting: WaitingChanges, device: string): Iterable<OwnSpan> {
  for (const { document, device: of, actor, first, last } of waiting.spans())
    if (of === device || of === THIS_DEVICE)
      yield { name: docIdOf(placeOf(document)), actor: fromHex(actor), first, last };
}

/** Documents in which changes of this device wait that it has not made anew. */
export function ownWaitingIn(
  { waiting, replaced }: Pick<DocumentState, "waiting" | "replaced">,
  device: string,
): ReadonlySet<DocId> {
  const names = new Set<DocId>();
  for (const { name, actor, first, last } of ownSpans(waiting, device))
    if (!replaced.has(name, device, { actor, seq: first }, last)) names.add(name);
  return names;
}
