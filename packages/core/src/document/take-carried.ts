import type { WriterKey } from "@selkie/entry";
import { gate } from "../automerge/gate.ts";
import { CoreError } from "../errors.ts";
import type { DocumentPlace } from "../sealing/document-id.ts";
import { CarriedChanges, unravel } from "./carried-changes.ts";
import type { CarriedHistory, ToldChange } from "./carried-history.ts";
import { docIdOf } from "./doc-id.ts";
import { type DocumentRecord, newRecord } from "./document-record.ts";
import type { Documents } from "./documents.ts";

/** What a document is given of another's history, and who tells it. */
interface Told {
  readonly history: CarriedHistory;
  readonly creator: WriterKey;
}

/**
 * Puts what is told through `judge`, in an order in which it may pass.
 * @returns what builds on something that is not carried
 */
export function takeCarried(
  documents: Documents,
  record: DocumentRecord,
  { told: { history, creator }, judge }: { readonly told: Told; judge(told: ToldChange): void },
): readonly ToldChange[] {
  const carried = record.carried ?? new CarriedChanges(creator);
  record.carried = carried;
  return unravel(
    history,
    (hash) => carried.has(hash),
    (told, writer) => {
      const { change } = told;
      judge(told);
      if (documents.has(record, change.hash)) carried.add(change, { document: history.before, writer });
    },
  );
}

/**
 * A document of this device that brings all this along: judged as others will, and not among the documents before it is taken.
 * @throws CoreError CHANGE_REFUSED
 */
export function carryOn(
  documents: Documents,
  place: DocumentPlace,
  { creator, histories }: { readonly creator: WriterKey; readonly histories: readonly CarriedHistory[] },
): DocumentRecord {
  const record = newRecord({ name: docIdOf(place), keyId: place.keyId });
  const refused = (): CoreError => new CoreError("CHANGE_REFUSED", "every replica would refuse what is carried");
  const judge = ({ change, kind }: ToldChange): void => {
    const { type } = gate(change, { history: documents.histories.of(record), actor: change.actor });
    if (type !== "pass") throw refused();
    documents.admit(record, change, kind);
  };
  for (const history of histories)
    if (takeCarried(documents, record, { told: { history, creator }, judge }).length > 0) throw refused();
  return record;
}
