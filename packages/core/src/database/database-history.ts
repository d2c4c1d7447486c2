import { equalBytes, toHex, type VerifiedEntry, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import { PartBudget } from "../automerge/part-work.ts";
import type { Admission } from "../directory/admission.ts";
import { type CarriedHistory, decodeCarriedHistory } from "../document/carried-history.ts";
import type { DocId } from "../document/doc-id.ts";
import type { Documents } from "../document/documents.ts";
import { changesIn, mostWorkOf, nameIn } from "../document/part-contents.ts";
import { CoreError } from "../errors.ts";
import type { Delivery } from "../replica/delivery.ts";
import { decodeChangePart } from "../sealing/change-part.ts";
import type { OpenedPart } from "../sealing/open-entry.ts";
import type { History, HistoryItem } from "./history.ts";
import type { ReceivedChanges } from "./received-changes.ts";

export interface HistoryContext {
  readonly verifier: Verifier;
  readonly documents: Documents;
  readonly received: Pick<ReceivedChanges, "read" | "admissionOf">;
  /** The writer this device writes as, and who that is. */
  own(): WriterKey | null;
  self(): Admission;
}

/** Where a change was found. */
interface Found extends Pick<HistoryItem, "claimedTime"> {
  readonly change: ChangeChunk;
  readonly entry: VerifiedEntry;
  readonly author: WriterKey;
  readonly isTold: boolean;
}

type Said = Omit<HistoryItem, "heads">;

export class DatabaseHistory implements History {
  readonly #at: HistoryContext;

  constructor(at: HistoryContext) {
    this.#at = at;
  }

  async *changes(id: DocId): AsyncIterable<HistoryItem> {
    const { documents, received } = this.#at;
    const record = documents.get(id);
    if (record === undefined || record.changes.length === 0)
      throw new CoreError("DOC_NOT_FOUND", "no document with this id is known here");
    const changes = record.changes.map((bytes) =>
      parseChange(bytes, (...chunks) => this.#at.verifier.sha256(...chunks)),
    );
    const found = new Map<string, Found>();
    await received.read(id, (deliveries) => {
      for (const delivery of deliveries)
        for (const part of delivery.parts)
          if (nameIn(this.#at.verifier, delivery, part) === id)
            for (const finding of this.#findings(record.id, delivery, part))
              if (!found.has(toHex(finding.change.hash))) found.set(toHex(finding.change.hash), finding);
    });
    for (const change of changes) {
      const finding = found.get(toHex(change.hash));
      yield {
        ...(finding === undefined ? this.#unsealed(record.id, change) : this.#item(finding)),
        heads: [toHex(change.hash)],
      };
    }
  }

  /**
   * The changes of a document in a part, and whose they are: its author's or, of what is carried, whose its author tells.
   * SECURITY: D2. What the gate refuses says nothing of anybody (history.test.ts).
   */
  #findings(id: Uint8Array, delivery: Delivery, opened: OpenedPart): readonly Found[] {
    const { verifier } = this.#at;
    const { entry } = delivery;
    const author = entry.header.writer;
    const actor = actorOf(verifier, author, id, null);
    const signed = changesIn(verifier, delivery, opened).filter(({ change }) => equalBytes(change.actor, actor));
    const carried = carriedIn(verifier, entry, opened);
    const isTold = carried !== null && !equalBytes(carried.before, id);
    return [
      ...signed.map(({ change, time }) => ({ change, entry, author, claimedTime: new Date(time), isTold: false })),
      ...(isTold ? carried.strands : []).flatMap(({ writer, changes }) =>
        changes.map(({ change, time }) => {
          const claimedTime = time === null ? null : new Date(time);
          return { change, entry, author: writer, claimedTime, isTold };
        }),
      ),
    ];
  }

  #item({ entry, author, isTold, claimedTime }: Found): Said {
    const [of, by] = [author, entry.header.writer].map((writer) => this.#at.received.admissionOf(writer));
    return {
      entryId: toHex(entry.id),
      author: of?.name ?? null,
      device: of == null ? null : toHex(of.device),
      toldBy: isTold ? (by?.name ?? null) : null,
      claimedTime,
    };
  }

  /** What no entry holds was made here; or the disk has lost the entry. */
  #unsealed(id: Uint8Array, { actor }: ChangeChunk): Said {
    const { verifier, own, self } = this.#at;
    const writer = own();
    const isOwn = writer !== null && equalBytes(actorOf(verifier, writer, id, null), actor);
    const { name, device } = self();
    const author = isOwn ? { author: name, device: toHex(device) } : { author: null, device: null };
    return { entryId: null, ...author, toldBy: null, claimedTime: null };
  }
}

/** The history that a part carries; null when it carries none, or cannot be read. */
function carriedIn(verifier: Verifier, entry: VerifiedEntry, opened: OpenedPart): CarriedHistory | null {
  if (opened.type !== "opened" || opened.kind !== "change") return null;
  try {
    const { kind, payload } = decodeChangePart(opened.plaintext);
    return kind === "carry" ? decodeCarriedHistory(verifier, payload, new PartBudget(mostWorkOf(entry))) : null;
  } catch (error) {
    if (error instanceof CoreError) return null;
    throw error;
  }
}
