import { fromHex, toHex, type VerifiedEntry, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import type { DocumentHistory } from "../automerge/document-history.ts";
import { type HeldChange, HeldChanges } from "../automerge/held-changes.ts";
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
}

/** A document as the gate asks for it. */
export interface JudgedDocument {
  /** Whether it has no change yet. */
  readonly isNew: boolean;
  history(): DocumentHistory;
}

/** The changes of a database that wait for others, and the chains with changes that found no room to wait. */
export class WaitingChanges {
  readonly #verifier: Verifier;
  readonly #held = new HeldChanges();
  /** By device: the chains whose changes found no room, from the first of them on. */
  readonly #dropped = new Map<string, Map<string, ChainPlace>>();
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

  /** Whether earlier changes of this actor wait in the document. */
  blocks(name: DocId, actor: Uint8Array): boolean {
    return this.#held.blocks(THIS_DEVICE, name, actor);
  }

  /** The changes of an actor that wait in a document, in order. */
  of(name: DocId, actor: Uint8Array): readonly ChangeChunk[] {
    return this.#held.of(name, actor).map(({ change }) => change);
  }

  /** What waits, in one document or in all, and where it came from. */
  *list(name: DocId | null): Iterable<HeldChange & { readonly origin: Origin | undefined }> {
    for (const held of this.#held.all(name)) yield { ...held, origin: this.#origins.get(held.change) };
  }

  /** The chains to read again, given the documents in which changes passed. */
  toReadAgain(moved: Iterable<DocumentRecord>): readonly ChainPlace[] {
    if (this.#dropped.size === 0) return [];
    const documents = [...moved];
    return [...this.#dropped].flatMap(([device, chains]) => {
      const isDue = [...chains.values()].some(({ writer }) =>
        documents.some(({ id }) => this.#held.drops(device, this.#actor(writer, id))),
      );
      if (!isDue) return [];
      this.#held.retry(device);
      this.#dropped.delete(device);
      return [...chains.values()];
    });
  }

  /** Whether changes of this writer wait, in any document. */
  hasOf(writer: WriterKey): boolean {
    for (const { document, actor } of this.#held.waiting())
      if (toHex(actor) === toHex(this.#actor(writer, fromHex(document)))) return true;
    return false;
  }

  /** Whether changes wait in a document, or found no room to. */
  hasIn(name: DocId): boolean {
    return this.#held.waitsIn(name) || this.#droppedIn(name).length > 0;
  }

  /** The same for one writer. */
  touches(name: DocId, writer: WriterKey): boolean {
    if (this.#held.blocks(THIS_DEVICE, name, this.#actor(writer, fromHex(name)))) return true;
    return this.#droppedIn(name).some((place) => toHex(place.writer) === toHex(writer));
  }

  /** What waits in a document is what waits of it in `other`, from now on. */
  replace(name: DocId, other: WaitingChanges): void {
    const id = fromHex(name);
    this.#held.take(name);
    for (const { device, writer } of this.#droppedIn(name)) this.#held.undrop(device, this.#actor(writer, id));
    for (const { device, writer, from } of other.#droppedIn(name)) {
      this.#held.drop(device, this.#actor(writer, id));
      this.#addDropped(device, { writer, from });
    }
    for (const { items, missing } of other.#held.take(name))
      for (const item of items) {
        this.#held.hold(item, missing);
        this.#note(item, other.#origins.get(item.change));
      }
  }

  #droppedIn(name: DocId): readonly (ChainPlace & { readonly device: string })[] {
    if (this.#dropped.size === 0) return [];
    const id = fromHex(name);
    return [...this.#dropped].flatMap(([device, chains]) =>
      [...chains.values()].flatMap((place) =>
        this.#held.drops(device, this.#actor(place.writer, id)) ? [{ ...place, device }] : [],
      ),
    );
  }

  #note({ device, actor, change }: HeldChange, origin: Origin | undefined): void {
    if (origin === undefined) return;
    this.#origins.set(change, origin);
    // What no entry holds can't be read again.
    if (origin.entry === null || !this.#held.drops(device, actor)) return;
    const { writer, seq } = origin.entry.header;
    this.#addDropped(device, { writer, from: seq });
  }

  #addDropped(device: string, { writer, from }: ChainPlace): void {
    const chains = this.#dropped.get(device) ?? new Map<string, ChainPlace>();
    const first = Math.min(from, chains.get(toHex(writer))?.from ?? from);
    this.#dropped.set(device, chains.set(toHex(writer), { writer, from: first }));
  }

  #actor(writer: WriterKey, document: Uint8Array): Uint8Array {
    return actorOf(this.#verifier, writer, document, null);
  }
}
