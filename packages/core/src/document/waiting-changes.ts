import { fromHex, toHex, type VerifiedEntry, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import type { DocumentHistory } from "../automerge/document-history.ts";
import { type HeldChange, HeldChanges, type WaitingSpan } from "../automerge/held-changes.ts";
import { isJudgedAgain, type Received, receiveChange, receiveFirst } from "../automerge/receive-change.ts";
import type { ChainPlace } from "../replica/delivery.ts";
import type { ChangeKind } from "../sealing/change-part.ts";
import type { DocId } from "./doc-id.ts";
import type { DocumentRecord } from "./document-record.ts";

/** Stands for this device where changes wait that it made and that no entry has to hold yet. */
export const THIS_DEVICE = "";

/** Where a received change came from. */
export interface Origin {
  readonly kind: ChangeKind;
  /** Null for a change of this device that was made here. */
  readonly entry: VerifiedEntry | null;
  readonly user: string;
  /** Whose it is, in hex; THIS_DEVICE where it was made here. */
  readonly device: string;
}

/** A document as the gate asks for it. */
export interface JudgedDocument {
  /** Whether it has no change yet. */
  readonly isNew: boolean;
  history(): DocumentHistory;
}

/** From where on changes of a chain found no room, and what the first of them is. */
interface DroppedPlace extends ChainPlace {
  readonly first: { readonly document: string; readonly change: Pick<ChangeChunk, "actor" | "seq"> };
  /** In hexadecimal. */
  readonly entryId: string;
  readonly user: string;
}

/** The changes of a database that wait for others, and the chains with changes that found no room to wait. */
export class WaitingChanges {
  readonly #verifier: Verifier;
  readonly #held = new HeldChanges();
  /** By device, and by writer in hex: the chains whose changes found no room, from the first of them on. */
  readonly #places = new Map<string, Map<string, DroppedPlace>>();
  /** Of changes that wait; weak, because they may be dropped. */
  readonly #origins = new WeakMap<ChangeChunk, Origin>();

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  receive(document: JudgedDocument, change: HeldChange, origin: Origin): Received {
    const isFirst = document.isNew && isJudgedAgain(change.change) && !this.#held.waitsIn(change.document);
    const received = isFirst ? receiveFirst(this.#held, change) : receiveChange(document.history(), this.#held, change);
    if (received.held) this.#note(change, origin);
    return received;
  }

  /** Where a change came from that had to wait here. */
  originOf(change: ChangeChunk): Origin | undefined {
    return this.#origins.get(change);
  }

  /** Whether earlier changes of this actor wait in the document, or found no room to. */
  blocks(name: DocId, actor: Uint8Array): boolean {
    return this.#held.blocks(name, actor);
  }

  /** The changes of an actor that wait in a document, in order. */
  of(name: DocId, actor: Uint8Array): readonly ChangeChunk[] {
    return this.#held.of(name, actor).map(({ change }) => change);
  }

  /** Whether any of these waits, by document and hexadecimal hash. */
  holdsAny(hashes: ReadonlyMap<DocId, ReadonlySet<string>>): boolean {
    for (const [name, some] of hashes) for (const hash of some) if (this.#held.holds(name, hash)) return true;
    return false;
  }

  /** What waits, in one document or in all, and where it came from. */
  *list(name: DocId | null): Iterable<HeldChange & { readonly origin: Origin | undefined }> {
    for (const held of this.#held.all(name)) yield { ...held, origin: this.#origins.get(held.change) };
  }

  /** Whether changes of an actor found no room in a document. */
  drops(name: DocId, actor: Uint8Array): boolean {
    return this.#held.drops(name, actor);
  }

  /** The first change that waits of each actor in a document. */
  *firsts(name: DocId): Iterable<ChangeChunk> {
    for (const { change } of this.#held.firsts(name)) yield change;
  }

  /** What waits of each actor in each document, with what found no room to. */
  spans(): Iterable<WaitingSpan> {
    return this.#held.spans();
  }

  /** The chains of which changes found no room, and the first of these. */
  *dropped(): Iterable<DroppedPlace & { readonly device: string }> {
    for (const [device, places] of this.#places) for (const place of places.values()) yield { ...place, device };
  }

  /** Whether anything found no room. */
  get isShort(): boolean {
    return this.#places.size > 0;
  }

  /** The chains to read again, given the documents in which changes passed. */
  toReadAgain(
    moved: Iterable<DocumentRecord>,
    isThere: (record: DocumentRecord, hash: string) => boolean,
  ): readonly ChainPlace[] {
    if (!this.isShort) return [];
    const records = new Map<string, DocumentRecord>([...moved].map((record) => [record.name, record]));
    const due = new Set<string>();
    for (const span of this.#held.dropped()) {
      const record = records.get(span.document);
      if (record === undefined || !this.#places.has(span.device)) continue;
      if (this.#held.isDue(span, (hash) => isThere(record, hash))) due.add(span.device);
    }
    for (const span of due.size === 0 ? [] : [...this.#held.dropped()])
      if (due.has(span.device)) this.#held.undrop(span);
    return [...due].flatMap((device) => {
      const places = [...(this.#places.get(device)?.values() ?? [])];
      this.#places.delete(device);
      return places;
    });
  }

  /** Whether changes wait in a document, or found no room to. */
  hasIn(name: DocId): boolean {
    return this.#held.waitsIn(name) || this.#held.droppedIn(name).length > 0;
  }

  /** The same for one writer. */
  touches(name: DocId, writer: WriterKey): boolean {
    return this.#held.blocks(name, actorOf(this.#verifier, writer, fromHex(name), null));
  }

  /** What waits in a document is what waits of it in `other`, from now on. */
  replace(name: DocId, other: WaitingChanges): void {
    this.#held.take(name);
    for (const span of this.#held.droppedIn(name)) this.#held.undrop(span);
    for (const { items, missing } of other.#held.take(name))
      for (const item of items) {
        this.#held.hold(item, missing);
        this.#note(item, other.#origins.get(item.change));
      }
    // What found no room there stands behind what did.
    for (const span of other.#held.droppedIn(name)) {
      this.#held.drop(span);
      for (const place of other.#places.get(span.device)?.values() ?? []) this.#addPlace(span.device, place);
    }
  }

  #note({ device, document, actor, change }: HeldChange, origin: Origin | undefined): void {
    if (origin === undefined) return;
    this.#origins.set(change, origin);
    const { entry, user } = origin;
    // What no entry holds can't be read again.
    if (entry === null || !this.#held.drops(document, actor)) return;
    const { writer, seq } = entry.header;
    const first = { document, change: { actor, seq: change.seq } };
    this.#addPlace(device, { writer, from: seq, first, entryId: toHex(entry.id), user });
  }

  #addPlace(device: string, place: DroppedPlace): void {
    const places = this.#places.get(device) ?? new Map<string, DroppedPlace>();
    const known = places.get(toHex(place.writer));
    this.#places.set(device, places);
    if (known === undefined || place.from < known.from) places.set(toHex(place.writer), place);
  }
}
