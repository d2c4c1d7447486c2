// The operations of a document by their ids, as far as edits have to be put among them: what is where, and which values show.
import { fromHex, toHex } from "@selkie/entry";
import type { ChangeChunk } from "./change-chunk.ts";
import { action, emptyOp, type Op } from "./change-op.ts";
import { valueType } from "./change-value.ts";
import { OpReader, opSourceOf } from "./op-reader.ts";

/** Counter and actor of an operation, as text; empty for the root of a document and the head of a list. */
export type OpId = string;

const HEAD: OpId = "";

/** An operation with its ids written out. */
export interface PlacedOp {
  readonly id: OpId;
  readonly object: OpId;
  /** The key in a map; null in a list or text. */
  readonly keyText: string | null;
  /** The element that it changes, or comes after; empty in a map. */
  readonly element: OpId;
  readonly preds: readonly OpId[];
  /** The rest of it. */
  readonly op: Op;
  /** Where its value lies. */
  readonly bytes: Uint8Array;
}

/** Where a value stands: a key of a map, or an element. */
export type Place = Pick<PlacedOp, "object" | "keyText" | "element">;

const reader = new OpReader();

export function opId(counter: number, actor: string): OpId {
  return counter === 0 ? HEAD : `${counter}@${actor}`;
}

export function counterOf(id: OpId): number {
  return id === HEAD ? 0 : Number(id.slice(0, id.indexOf("@")));
}

export function actorBytes(id: OpId): Uint8Array {
  return fromHex(id.slice(id.indexOf("@") + 1));
}

/** Whether one operation is later than another in the order in which values win. */
function isLater(a: OpId, b: OpId): boolean {
  const [left, right] = [counterOf(a), counterOf(b)];
  return left === right ? a > b : left > right;
}

/** The operations of a change. @throws ChangeError when it is none */
export function opsOf(change: ChangeChunk): readonly PlacedOp[] {
  const actors = [change.actor, ...change.otherActors].map(toHex);
  const idOf = (actor: number, counter: number): OpId => opId(counter, actors[actor] ?? "");
  reader.open(opSourceOf(change));
  const placed = Array.from({ length: change.opCount }, (_, i): PlacedOp => {
    const op = emptyOp();
    reader.next(op);
    return {
      id: idOf(0, change.startOp + i),
      object: idOf(op.objectActor, op.objectCounter),
      keyText: op.keyText,
      element: op.keyText === null ? idOf(op.keyActor, op.keyCounter) : HEAD,
      preds: Array.from({ length: op.predCount }, (_, at) => idOf(op.predActors[at] ?? 0, op.predCounters[at] ?? 0)),
      op,
      bytes: change.bytes,
    };
  });
  reader.finish();
  return placed;
}

/** A document's operations, taken in one after the other, dependencies first. */
export class OpGround {
  /** By id: the object it is in, and what it does. */
  readonly #known = new Map<OpId, { readonly object: OpId; readonly op: Pick<Op, "action" | "valueType"> }>();
  /** By place: the values that nothing has overwritten. */
  readonly #shown = new Map<string, Set<OpId>>();

  constructor(changes: Iterable<ChangeChunk>) {
    for (const change of changes) for (const op of opsOf(change)) this.take(op);
  }

  take({ id, preds, op, ...place }: Omit<PlacedOp, "bytes">): void {
    this.#known.set(id, { object: place.object, op: { action: op.action, valueType: op.valueType } });
    if (op.action === action.inc || op.action === action.mark) return;
    const name = nameOf(op.insert ? { ...place, element: id } : place);
    const shown = this.#shown.get(name) ?? new Set<OpId>();
    for (const pred of preds) shown.delete(pred);
    if (op.action !== action.del) shown.add(id);
    this.#shown.set(name, shown);
  }

  /** Whether an element or object with this id is in an object. */
  has(id: OpId, object?: OpId): boolean {
    const known = this.#known.get(id);
    return known !== undefined && (object === undefined || known.object === object);
  }

  /** The values that show at a place. */
  shownAt(place: Place): readonly OpId[] {
    return [...(this.#shown.get(nameOf(place)) ?? [])];
  }

  /** Those of them that are counters. */
  countersAt(place: Place): readonly OpId[] {
    return this.shownAt(place).filter((id) => this.#known.get(id)?.op.valueType === valueType.counter);
  }

  /** The map, list or text that shows at a place. */
  objectAt(place: Place, make: number): OpId | null {
    const objects = this.shownAt(place).filter((id) => this.#known.get(id)?.op.action === make);
    return objects.reduce<OpId | null>((best, id) => (best === null || isLater(id, best) ? id : best), null);
  }
}

function nameOf({ object, keyText, element }: Place): string {
  return keyText === null ? `${object} e${element}` : `${object} k${keyText}`;
}
