import { partKind, type VerifiedEntry, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import { decodeChanges } from "../automerge/change-codec.ts";
import { ChangeError } from "../automerge/change-error.ts";
import { leastWork, mostWorkIn, PartBudget } from "../automerge/part-work.ts";
import { CoreError } from "../errors.ts";
import type { Delivery } from "../replica/delivery.ts";
import { type ChangeKind, type ChangePart, decodeChangePart, type Replacement } from "../sealing/change-part.ts";
import { countedStem, type DocumentPlace, documentIdOf } from "../sealing/document-id.ts";
import type { OpenedPart } from "../sealing/open-entry.ts";
import { decodeCarriedHistory } from "./carried-history.ts";
import { type DocId, docIdOf } from "./doc-id.ts";

/** A change as a part holds it. */
export interface UnheardChange extends DocumentPlace {
  readonly kind: ChangeKind;
  readonly time: number;
  /** What the part replaces. */
  readonly replaces?: readonly Replacement[];
  readonly change: ChangeChunk;
}

/** The most work of each part of an entry: holes count like what was there. */
export function mostWorkOf({ parts }: VerifiedEntry): number {
  let changeParts = 0;
  for (const { kind } of parts) if (kind === partKind.change) changeParts += 1;
  return mostWorkIn(changeParts);
}

/** Whether an entry has so many parts that none may hold a change: it need not be opened. */
export function hasTooManyParts(entry: VerifiedEntry): boolean {
  return mostWorkOf(entry) < leastWork;
}

/** The stem of the document that a part is of. */
export function stemIn(verifier: Verifier, writer: WriterKey, { document }: Pick<ChangePart, "document">): Uint8Array {
  return document.type === "stem" ? document.stem : countedStem(verifier, writer, document.counter);
}

/** The document that a part names, unless the part cannot be read. */
export function nameIn(verifier: Verifier, { entry }: Pick<Delivery, "entry">, opened: OpenedPart): DocId | null {
  if (opened.type !== "opened" || opened.kind !== "change") return null;
  try {
    const stem = stemIn(verifier, entry.header.writer, decodeChangePart(opened.plaintext));
    return docIdOf({ stem, keyId: opened.key.keyId });
  } catch (error) {
    if (error instanceof CoreError) return null; // `ReceivedParts` says why
    throw error;
  }
}

/** The copy that a part brings a history into; null for any other part. */
export function copyIn(verifier: Verifier, delivery: Delivery, opened: OpenedPart): DocId | null {
  const name = nameIn(verifier, delivery, opened);
  if (name === null || opened.type !== "opened") return null;
  return decodeChangePart(opened.plaintext).kind === "carry" ? name : null;
}

/** What a part brings along from another document; none when it brings nothing, or cannot be read. */
export function carriedIn(
  verifier: Verifier,
  { entry }: Pick<Delivery, "entry">,
  opened: OpenedPart,
): readonly (DocumentPlace & Pick<UnheardChange, "change" | "kind">)[] {
  if (opened.type !== "opened" || opened.kind !== "change") return [];
  try {
    const part = decodeChangePart(opened.plaintext);
    if (part.kind !== "carry") return [];
    const place = { stem: stemIn(verifier, entry.header.writer, part), keyId: opened.key.keyId };
    const { strands } = decodeCarriedHistory(verifier, part.payload, new PartBudget(mostWorkOf(entry)));
    return strands.flatMap(({ changes }) => changes.map(({ change, kind }) => ({ ...place, change, kind })));
  } catch (error) {
    if (error instanceof CoreError || error instanceof ChangeError) return [];
    throw error;
  }
}

/** The changes that a part holds; none when it cannot be read. */
export function changesIn(
  verifier: Verifier,
  { entry }: Pick<Delivery, "entry">,
  opened: OpenedPart,
): readonly UnheardChange[] {
  if (opened.type !== "opened" || opened.kind !== "change") return [];
  const { writer } = entry.header;
  try {
    const part = decodeChangePart(opened.plaintext);
    const place = { stem: stemIn(verifier, writer, part), keyId: opened.key.keyId };
    const { kind, time, replaces = [] } = part;
    if (kind === "carry") return []; // its document is this writer's, and nobody else can make it anew
    const actor = actorOf(verifier, writer, documentIdOf(place), null);
    const budget = new PartBudget(mostWorkOf(entry));
    const changes = decodeChanges(part, { actor, budget, sha256: verifier.sha256 });
    return changes.map((change) => ({ ...place, kind, time, replaces, change }));
  } catch (error) {
    if (error instanceof CoreError || error instanceof ChangeError) return [];
    throw error;
  }
}
