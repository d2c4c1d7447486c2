import { compareBytes } from "@selkie/entry";
import type { Op } from "./change-op.ts";
import type { OpWriter } from "./op-writer.ts";

/** An operation on its way into another change; its actors are numbers in a table whose first is the author. */
export interface DraftOp {
  readonly op: Op;
  /** Where its value lies. */
  readonly bytes: Uint8Array;
}

/** Writes operations of a change whose author is the first of `actors`. @returns the others that they name, ascending */
export function writeOps(
  writer: OpWriter,
  ops: readonly DraftOp[],
  actors: readonly Uint8Array[],
): readonly Uint8Array[] {
  const bytesOf = (actor: number): Uint8Array => actors[actor] ?? new Uint8Array();
  const used = new Set<number>();
  for (const { op } of ops)
    mapReferences(op, (actor) => {
      used.add(actor);
      return actor;
    });
  used.delete(0);
  const named = [...used].sort((a, b) => compareBytes(bytesOf(a), bytesOf(b)));
  const numbers = new Map(named.map((actor, index) => [actor, index + 1]));
  writer.clear();
  for (const { op, bytes } of ops) {
    sortPreds(op, bytesOf);
    mapReferences(op, (actor) => numbers.get(actor) ?? 0);
    writer.add(op, bytes);
  }
  return named.map(bytesOf);
}

/** Every actor that an operation names becomes another. */
export function mapReferences(op: Op, map: (actor: number, counter: number) => number): void {
  op.objectActor = map(op.objectActor, op.objectCounter);
  op.keyActor = map(op.keyActor, op.keyCounter);
  for (let i = 0; i < op.predCount; i++) op.predActors[i] = map(op.predActors[i] ?? 0, op.predCounters[i] ?? 0);
}

/** Predecessors stand in the order of their counters, then of their actors' bytes. */
function sortPreds(op: Op, bytesOf: (actor: number) => Uint8Array): void {
  const preds = Array.from({ length: op.predCount }, (_, i) => ({
    counter: op.predCounters[i] ?? 0,
    actor: op.predActors[i] ?? 0,
  }));
  preds.sort((a, b) => a.counter - b.counter || compareBytes(bytesOf(a.actor), bytesOf(b.actor)));
  for (const [i, { counter, actor }] of preds.entries()) {
    op.predCounters[i] = counter;
    op.predActors[i] = actor;
  }
}
