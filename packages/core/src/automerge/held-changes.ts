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
  /** The actor that the change's writer has in the document, and in no other. */
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
  /**
   * Actors whose changes found no room, a character a byte: about 60 bytes for each document and writer. Forgetting one would let
   * what its writer made later be judged first, so that replicas disagree; no more are kept than the store holds parts of.
   */
  readonly dropped: Set<string>;
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
  readonly #queuesByDocument = new Map<string, Map<string, Queue>>();

  /** How many changes wait, of all devices. */
  get count(): number {
    let count = 0;
    for (const { changes } of this.#devices.values()) count += changes;
    return count;
  }

  /** Whether a change of this actor has to wait behind an earlier one, whatever its own dependencies are. */
  blocks(device: string, document: string, actor: Uint8Array): boolean {
    return this.#queue(document, actor) !== undefined || this.drops(device, actor);
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
    if (known?.hashes.has(hash) === true || device.dropped.has(compact(held.actor))) return;
    const size = held.change.bytes.length;
    if (device.changes >= heldLimits.changes || device.bytes + size > heldLimits.bytes) {
      device.dropped.add(compact(held.actor));
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

  /** The documents in which an actor's changes wait, and the actors. */
  *waiting(): Iterable<{ readonly document: string; readonly actor: Uint8Array }> {
    for (const [document, queues] of this.#queuesByDocument)
      for (const actor of queues.keys()) yield { document, actor: fromHex(actor) };
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

  /** Of how many actors changes of this device were dropped. */
  droppedCount(device: string): number {
    return this.#devices.get(device)?.dropped.size ?? 0;
  }

  /** Whether changes of this actor were dropped. */
  drops(device: string, actor: Uint8Array): boolean {
    const dropped = this.#devices.get(device)?.dropped;
    return dropped !== undefined && dropped.size > 0 && dropped.has(compact(actor));
  }

  /** As if changes of this actor had found no room. */
  drop(device: string, actor: Uint8Array): void {
    this.#device(device).dropped.add(compact(actor));
  }

  /** Lifts the block that dropping an actor's changes left behind. */
  undrop(device: string, actor: Uint8Array): void {
    this.#devices.get(device)?.dropped.delete(compact(actor));
  }

  /** The same for all: the caller is about to feed the device's changes once more, from the first that was dropped. */
  retry(device: string): void {
    this.#devices.get(device)?.dropped.clear();
  }

  #device(key: string): Device {
    const known = this.#devices.get(key);
    if (known !== undefined) return known;
    const device: Device = { changes: 0, bytes: 0, dropped: new Set() };
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

function compact(actor: Uint8Array): string {
  return String.fromCharCode(...actor);
}
