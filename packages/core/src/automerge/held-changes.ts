// Changes whose dependencies have not arrived, kept in memory within bounds. What finds no room still lies in the entry store, and is
// read again when something passed in its document.
import { fromHex, toHex } from "@selkie/entry";
import type { ChangeChunk } from "./change-chunk.ts";

/** Bounds for each device: THREATS row D7. */
export const heldLimits = {
  changes: 1_000,
  bytes: 16_777_216,
} as const;

/** A change that waits. `device` and `document` are any strings that tell them apart; all branches of a document are one. */
export interface HeldChange {
  readonly device: string;
  readonly document: string;
  /** The actor that the change's writer has in the document; of what a copy carries, that of the document before. */
  readonly actor: Uint8Array;
  readonly change: ChangeChunk;
}

interface Queue {
  readonly document: string;
  readonly actor: string;
  readonly items: HeldChange[];
  /** Of the items, as hexadecimal. */
  readonly hashes: Set<string>;
  /** What the first item waits for, as hexadecimal hashes. */
  missing: ReadonlySet<string>;
}

interface Device {
  changes: number;
  bytes: number;
}

/** Changes of one actor in one document, some of which wait, or found no room to. */
export interface WaitingSpan {
  readonly device: string;
  readonly document: string;
  /** In hexadecimal. */
  readonly actor: string;
  /** The numbers of the first change and of the last. */
  readonly first: number;
  readonly last: number;
}

/** What of an actor found no room, from the first change on. */
export interface DroppedSpan extends WaitingSpan {
  /** Something that the first waits for, as a hexadecimal hash; null when it waits behind others. */
  readonly missing: string | null;
}

/** What waits of one actor in one document, in the order of its chain. */
export interface Waiting {
  readonly items: readonly HeldChange[];
  /** What the first of them waits for. */
  readonly missing: readonly Uint8Array[];
}

/**
 * The waiting room. Changes of one actor in one document stay in the order of its chain: while the first waits, or was dropped, those
 * behind it are not judged.
 */
export class HeldChanges {
  readonly #devices = new Map<string, Device>();
  /**
   * By document and actor: some 200 bytes for each document and writer. Forgetting one would let what its writer made later be judged first,
   * so that replicas disagree; no more are kept than the store holds parts of.
   * SECURITY: D7. What copies carry bears the actors of another document, and blocks nobody there (receive-change.test.ts).
   */
  readonly #dropped = new Map<string, Map<string, DroppedSpan>>();
  readonly #queuesByDocument = new Map<string, Map<string, Queue>>();

  /** How many changes wait, of all devices. */
  get count(): number {
    let count = 0;
    for (const { changes } of this.#devices.values()) count += changes;
    return count;
  }

  /** Whether a change of this actor has to wait behind an earlier one, whatever its own dependencies are. */
  blocks(document: string, actor: Uint8Array): boolean {
    return this.#queue(document, actor) !== undefined || this.drops(document, actor);
  }

  /**
   * Keeps a change, unless it waits already. When the device has too many, this one is dropped, and so is what its actor made after it in
   * the document: those that have waited longest are the first that others may wait for.
   */
  hold(held: HeldChange, missing: readonly Uint8Array[]): void {
    const device = this.#device(held.device);
    const actor = toHex(held.actor);
    const known = this.#queue(held.document, held.actor);
    const hash = toHex(held.change.hash);
    if (known?.hashes.has(hash) === true) return;
    const size = held.change.bytes.length;
    const isFull = device.changes >= heldLimits.changes || device.bytes + size > heldLimits.bytes;
    if (isFull || this.drops(held.document, held.actor)) {
      this.#drop(held, actor, known === undefined ? missing[0] : undefined);
      return;
    }
    const queue = known ?? this.#addQueue(held.document, actor);
    queue.hashes.add(hash);
    if (queue.items.push(held) === 1) queue.missing = new Set(missing.map(toHex));
    device.changes++;
    device.bytes += size;
  }

  /** The first waiting change of every actor in a document that waits for `hash`; they stay until `settle`. */
  waitingFor(document: string, hash: Uint8Array): readonly HeldChange[] {
    const queues = this.#queuesByDocument.get(document);
    if (queues === undefined) return [];
    const key = toHex(hash);
    return [...queues.values()].flatMap(({ missing, items: [first] }) =>
      first !== undefined && missing.has(key) ? [first] : [],
    );
  }

  /** Says what the first waiting change of an actor still misses. */
  waitOn(held: HeldChange, missing: readonly Uint8Array[]): void {
    const queue = this.#queue(held.document, held.actor);
    if (queue?.items[0] === held) queue.missing = new Set(missing.map(toHex));
  }

  /** Takes the first waiting change of an actor out, now that it was judged, and gives the one behind it. */
  settle(held: HeldChange): HeldChange | undefined {
    const queue = this.#queue(held.document, held.actor);
    if (queue === undefined || queue.items[0] !== held) return undefined;
    queue.items.shift();
    queue.hashes.delete(toHex(held.change.hash));
    this.#free(held);
    if (queue.items.length === 0) this.#removeQueue(queue);
    return queue.items[0];
  }

  /** Whether anything waits in a document. */
  waitsIn(document: string): boolean {
    return this.#queuesByDocument.has(document);
  }

  /** Whether a change waits in a document. */
  holds(document: string, hash: string): boolean {
    for (const { hashes } of this.#queuesByDocument.get(document)?.values() ?? []) if (hashes.has(hash)) return true;
    return false;
  }

  /** What waits of each actor in each document, and what found no room to. */
  *spans(): Iterable<WaitingSpan> {
    for (const queues of this.#queuesByDocument.values())
      for (const { document, actor, items } of queues.values()) {
        const [first, last] = [items[0], items.at(-1)];
        if (first === undefined || last === undefined) continue;
        yield { device: first.device, document, actor, first: first.change.seq, last: last.change.seq };
      }
    yield* this.dropped();
  }

  /** The first that waits of each actor in a document. */
  *firsts(document: string): Iterable<HeldChange> {
    for (const { items } of this.#queuesByDocument.get(document)?.values() ?? [])
      if (items[0] !== undefined) yield items[0];
  }

  /** What waits of an actor in a document, in order. */
  of(document: string, actor: Uint8Array): readonly HeldChange[] {
    return [...(this.#queue(document, actor)?.items ?? [])];
  }

  /** Everything that waits, of a document or of all. */
  *all(document: string | null): Iterable<HeldChange> {
    const documents = document === null ? [...this.#queuesByDocument.keys()] : [document];
    for (const name of documents)
      for (const { items } of this.#queuesByDocument.get(name)?.values() ?? []) yield* items;
  }

  /** Takes out everything that waits in a document. */
  take(document: string): readonly Waiting[] {
    const queues = [...(this.#queuesByDocument.get(document)?.values() ?? [])];
    this.#queuesByDocument.delete(document);
    for (const held of queues.flatMap(({ items }) => items)) this.#free(held);
    return queues.map(({ items, missing }) => ({ items, missing: [...missing].map(fromHex) }));
  }

  /** What found no room, of all documents. */
  *dropped(): Iterable<DroppedSpan> {
    for (const spans of this.#dropped.values()) yield* spans.values();
  }

  /** The same of one document. */
  droppedIn(document: string): readonly DroppedSpan[] {
    return [...(this.#dropped.get(document)?.values() ?? [])];
  }

  /** Whether changes of this actor were dropped in a document. */
  drops(document: string, actor: Uint8Array): boolean {
    return this.#dropped.get(document)?.has(toHex(actor)) === true;
  }

  /** Whether what was dropped may be judged: nothing waits before it, and what it waits for is there. */
  isDue({ document, actor, missing }: DroppedSpan, isThere: (hash: string) => boolean): boolean {
    if (this.#queuesByDocument.get(document)?.has(actor) === true) return false;
    return missing === null || isThere(missing);
  }

  /** As if these changes had found no room either. */
  drop(span: DroppedSpan): void {
    const spans = this.#dropped.get(span.document) ?? new Map<string, DroppedSpan>();
    const known = spans.get(span.actor) ?? span;
    const [first, last] = [Math.min(span.first, known.first), Math.max(span.last, known.last)];
    this.#dropped.set(span.document, spans.set(span.actor, { ...known, first, last }));
  }

  /** Lifts the block that dropping an actor's changes left behind: the caller is about to feed them once more, from the first on. */
  undrop({ document, actor }: Pick<DroppedSpan, "document" | "actor">): void {
    const spans = this.#dropped.get(document);
    spans?.delete(actor);
    if (spans?.size === 0) this.#dropped.delete(document);
  }

  #drop({ device, document, change: { seq } }: HeldChange, actor: string, missing: Uint8Array | undefined): void {
    const behind = missing === undefined ? null : toHex(missing);
    // SECURITY: D7. Who carries what bears another's actor into a document does not make it its own (receive-change.test.ts).
    this.drop({ device, document, actor, first: seq, last: seq, missing: behind });
  }

  #device(key: string): Device {
    const known = this.#devices.get(key);
    if (known !== undefined) return known;
    const device: Device = { changes: 0, bytes: 0 };
    this.#devices.set(key, device);
    return device;
  }

  #free(held: HeldChange): void {
    const device = this.#device(held.device);
    device.changes--;
    device.bytes -= held.change.bytes.length;
  }

  #queue(document: string, actor: Uint8Array): Queue | undefined {
    return this.#queuesByDocument.get(document)?.get(toHex(actor));
  }

  #addQueue(document: string, actor: string): Queue {
    const queue: Queue = { document, actor, items: [], hashes: new Set(), missing: new Set() };
    const queues = this.#queuesByDocument.get(document) ?? new Map<string, Queue>();
    this.#queuesByDocument.set(document, queues.set(actor, queue));
    return queue;
  }

  #removeQueue(queue: Queue): void {
    const queues = this.#queuesByDocument.get(queue.document);
    queues?.delete(queue.actor);
    if (queues?.size === 0) this.#queuesByDocument.delete(queue.document);
  }
}
