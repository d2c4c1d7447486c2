// Changes whose dependencies have not arrived, kept in memory within bounds. What is dropped still lies in the entry store, and is read
// again when the document is wanted.
import { toHex } from "@selkie/entry";
import type { ChangeChunk } from "./change-chunk.ts";

/** Bounds for each device: THREATS row D7. */
export const heldLimits = {
  changes: 1_000,
  bytes: 16_777_216,
  /** Documents of one device in which changes were dropped; beyond, everything of that device is. */
  droppedDocuments: 10_000,
} as const;

/** A change that waits. `device` and `document` are any strings that tell them apart; all branches of a document are one. */
export interface HeldChange {
  readonly device: string;
  readonly document: string;
  /** The actor that the change's writer has in the document. */
  readonly actor: Uint8Array;
  readonly change: ChangeChunk;
}

interface Queue {
  readonly document: string;
  readonly actor: string;
  readonly items: HeldChange[];
  /** What the first item waits for, as hexadecimal hashes. */
  missing: ReadonlySet<string>;
}

interface Device {
  /** Oldest first. */
  readonly queues: Set<Queue>;
  changes: number;
  bytes: number;
  dropped: Map<string, Set<string>> | "everything";
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
    const key = toHex(actor);
    return this.#queue(document, key) !== undefined || this.#wasDropped(this.#devices.get(device), document, key);
  }

  /** Keeps a change; when the device has too many, its oldest ones are dropped, with all that wait behind them. */
  hold(held: HeldChange, missing: readonly Uint8Array[]): void {
    const device = this.#device(held.device);
    const actor = toHex(held.actor);
    if (this.#wasDropped(device, held.document, actor)) return;
    const queue = this.#queue(held.document, actor) ?? this.#addQueue(device, held.document, actor);
    if (queue.items.push(held) === 1) queue.missing = new Set(missing.map(toHex));
    device.changes++;
    device.bytes += held.change.bytes.length;
    while (device.changes > heldLimits.changes || device.bytes > heldLimits.bytes) this.#dropOldest(device);
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
    const queue = this.#queue(held.document, toHex(held.actor));
    if (queue?.items[0] === held) queue.missing = new Set(missing.map(toHex));
  }

  /** Takes the first waiting change of an actor out, now that it was judged, and gives the one behind it. */
  settle(held: HeldChange): HeldChange | undefined {
    const queue = this.#queue(held.document, toHex(held.actor));
    const device = this.#devices.get(held.device);
    if (queue === undefined || device === undefined || queue.items[0] !== held) return undefined;
    queue.items.shift();
    device.changes--;
    device.bytes -= held.change.bytes.length;
    if (queue.items.length === 0) this.#removeQueue(device, queue);
    return queue.items[0];
  }

  /** Documents in which changes of this device were dropped; null when there were too many to remember. */
  droppedIn(device: string): readonly string[] | null {
    const dropped = this.#devices.get(device)?.dropped;
    return dropped === "everything" ? null : [...(dropped?.keys() ?? [])];
  }

  /**
   * Lifts the block that dropping left behind, and forgets what waits in the document (all of them without a document): the caller is
   * about to feed the device's changes there once more, from the first that was not judged.
   */
  retry(device: string, document?: string): void {
    const state = this.#devices.get(device);
    if (state === undefined) return;
    for (const queue of state.queues)
      if (document === undefined || queue.document === document) this.#clear(state, queue);
    if (document === undefined) state.dropped = new Map();
    else if (state.dropped !== "everything") state.dropped.delete(document);
  }

  #dropOldest(device: Device): void {
    const [oldest] = device.queues;
    if (oldest === undefined) return;
    this.#clear(device, oldest);
    if (device.dropped === "everything") return;
    const actors = device.dropped.get(oldest.document) ?? new Set();
    device.dropped.set(oldest.document, actors.add(oldest.actor));
    if (device.dropped.size > heldLimits.droppedDocuments) device.dropped = "everything";
  }

  #clear(device: Device, queue: Queue): void {
    device.changes -= queue.items.length;
    for (const { change } of queue.items) device.bytes -= change.bytes.length;
    this.#removeQueue(device, queue);
  }

  #wasDropped(device: Device | undefined, document: string, actor: string): boolean {
    if (device === undefined) return false;
    return device.dropped === "everything" || device.dropped.get(document)?.has(actor) === true;
  }

  #device(key: string): Device {
    const known = this.#devices.get(key);
    if (known !== undefined) return known;
    const device: Device = { queues: new Set(), changes: 0, bytes: 0, dropped: new Map() };
    this.#devices.set(key, device);
    return device;
  }

  #queue(document: string, actor: string): Queue | undefined {
    return this.#queuesByDocument.get(document)?.get(actor);
  }

  #addQueue(device: Device, document: string, actor: string): Queue {
    const queue: Queue = { document, actor, items: [], missing: new Set() };
    device.queues.add(queue);
    const queues = this.#queuesByDocument.get(document) ?? new Map<string, Queue>();
    this.#queuesByDocument.set(document, queues.set(actor, queue));
    return queue;
  }

  #removeQueue(device: Device, queue: Queue): void {
    device.queues.delete(queue);
    const queues = this.#queuesByDocument.get(queue.document);
    queues?.delete(queue.actor);
    if (queues?.size === 0) this.#queuesByDocument.delete(queue.document);
  }
}
