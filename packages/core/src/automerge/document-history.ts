import { BytesTable } from "./bytes-table.ts";
import type { ChangeChunk } from "./change-chunk.ts";
import { actorLength, changeHashLength } from "./change-limits.ts";
import { OpIndex } from "./op-index.ts";

/** Which changes a change depends on, directly or not: the last seq of every actor; null means all changes known before it. */
export type Clock = Uint32Array | null;

/**
 * The changes of one document, as the gate needs them. Filled by the gate; for a document that was stored, feed it the stored changes
 * in their order with `restoreHistory` of gate.ts. One of a document with one change takes 4 to 5 KB: keep it for documents in use only.
 */
export class DocumentHistory {
  readonly ops: OpIndex = new OpIndex();
  readonly #hashes = new BytesTable(changeHashLength);
  readonly #actors = new BytesTable(actorLength);
  readonly #changeActor: number[] = [];
  readonly #changeSeq: number[] = [];
  readonly #startOp: number[] = [];
  readonly #maxOp: number[] = [];
  readonly #firstRow: number[] = [];
  readonly #clock: Clock[] = [];
  /** By actor: its changes in order, so that seq n is at n - 1. */
  readonly #byActor: number[][] = [];
  #heads: readonly number[] = [];

  /** How many changes it holds. */
  get count(): number {
    return this.#hashes.count;
  }

  /** Hashes of the changes that no other depends on. */
  heads(): readonly Uint8Array[] {
    return this.#heads.map((change) => this.#hashes.at(change).slice());
  }

  has(hash: Uint8Array): boolean {
    return this.changeOf(hash) >= 0;
  }

  /** Seq of the last change of an actor; 0 when there is none. */
  lastSeq(actor: Uint8Array): number {
    return this.seqCount(this.actorOf(actor));
  }

  /** Number of a change by its hash; -1 when unknown. */
  changeOf(hash: Uint8Array): number {
    return this.#hashes.find(hash);
  }

  /** Number of an actor; -1 when unknown. */
  actorOf(actor: Uint8Array): number {
    return this.#actors.find(actor);
  }

  /** How many changes an actor has made, by its number. */
  seqCount(actor: number): number {
    return this.#byActor[actor]?.length ?? 0;
  }

  /** Whether one change, by its hash, depends on another, directly or not. */
  dependsOn(change: Uint8Array, other: Uint8Array): boolean {
    const [later, earlier] = [this.changeOf(change), this.changeOf(other)];
    if (later < 0 || earlier < 0 || later === earlier) return false;
    return this.#seqBefore(later, this.#changeActor[earlier] ?? 0) >= (this.#changeSeq[earlier] ?? 0);
  }

  /** The numbers of the changes that are neither among these nor something that one of these builds on; null when one of these is unknown. */
  beyond(hashes: readonly Uint8Array[]): readonly number[] | null {
    const changes = hashes.map((hash) => this.changeOf(hash));
    if (changes.includes(-1)) return null;
    const clock = this.clockOf(changes);
    const numbers: number[] = [];
    if (clock === null) return numbers;
    for (let change = 0; change < this.count; change++)
      if ((this.#changeSeq[change] ?? 0) > (clock[this.#changeActor[change] ?? 0] ?? 0)) numbers.push(change);
    return numbers;
  }

  maxOpOf(change: number): number {
    return this.#maxOp[change] ?? 0;
  }

  /** What a change with these dependencies depends on. */
  clockOf(deps: readonly number[]): Clock {
    // Nearly always a change depends on all that its author and we know, and nothing need be counted.
    if (deps.length === this.#heads.length && deps.every((dep) => this.#heads.includes(dep))) return null;
    const clock = new Uint32Array(this.#byActor.length);
    // Latest first: whatever another dependency covers is skipped, so that many dependencies cost no more than there are actors.
    for (const dep of deps.toSorted((a, b) => b - a)) {
      if ((clock[this.#changeActor[dep] ?? 0] ?? 0) >= (this.#changeSeq[dep] ?? 0)) continue;
      for (let actor = 0; actor < clock.length; actor++)
        clock[actor] = Math.max(clock[actor] ?? 0, this.#seqBefore(dep, actor));
    }
    return clock;
  }

  /** Last seq of an actor, by its number, among what `clock` covers. */
  coveredSeq(clock: Clock, actor: number): number {
    return clock === null ? this.seqCount(actor) : (clock[actor] ?? 0);
  }

  /** Row of an operation in `ops`; -1 unless `clock` covers it. */
  rowOf(clock: Clock, actor: number, counter: number): number {
    const changes = this.#byActor[actor];
    if (changes === undefined) return -1;
    let low = 0;
    let high = this.coveredSeq(clock, actor);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#startOp[changes[middle] ?? 0] ?? 0) <= counter) low = middle + 1;
      else high = middle;
    }
    const change = changes[low - 1];
    if (change === undefined || counter > this.maxOpOf(change)) return -1;
    return (this.#firstRow[change] ?? 0) + counter - (this.#startOp[change] ?? 0);
  }

  /** Compares two actors, by their numbers, in the order of their bytes. */
  compareActors(a: number, b: number): number {
    const left = this.#actors.at(a);
    const right = this.#actors.at(b);
    for (let i = 0; i < actorLength; i++) if (left[i] !== right[i]) return (left[i] ?? 0) - (right[i] ?? 0);
    return 0;
  }

  /** Counter and actor of the operation in a row. */
  idOf(row: number): { readonly counter: number; readonly actor: number } {
    let low = 0;
    let high = this.#firstRow.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#firstRow[middle] ?? 0) <= row) low = middle + 1;
      else high = middle;
    }
    const change = low - 1;
    return {
      counter: (this.#startOp[change] ?? 0) + row - (this.#firstRow[change] ?? 0),
      actor: this.#changeActor[change] ?? 0,
    };
  }

  /** Adds a change whose operations are the last `opCount` rows of `ops`. */
  add(change: ChangeChunk, deps: readonly number[], clock: Clock): void {
    const number = this.#hashes.add(change.hash);
    let actor = this.actorOf(change.actor);
    if (actor < 0) {
      actor = this.#actors.add(change.actor);
      this.#byActor.push([]);
    }
    this.#byActor[actor]?.push(number);
    this.#changeActor.push(actor);
    this.#changeSeq.push(change.seq);
    this.#startOp.push(change.startOp);
    this.#maxOp.push(change.maxOp);
    this.#firstRow.push(this.ops.count - change.opCount);
    this.#clock.push(this.#shareClock(clock, deps, actor));
    this.#heads = clock === null ? [number] : [...this.#heads.filter((head) => !deps.includes(head)), number];
  }

  /** A change that continues its author's last one depends on the same others: one clock serves the whole run. */
  #shareClock(clock: Clock, deps: readonly number[], actor: number): Clock {
    const [dep] = deps;
    if (clock === null || dep === undefined || deps.length > 1 || this.#changeActor[dep] !== actor) return clock;
    return this.#clock[dep] ?? clock;
  }

  /** Last seq of an actor among a change and what it depends on. */
  #seqBefore(change: number, actor: number): number {
    if (this.#changeActor[change] === actor) return this.#changeSeq[change] ?? 0;
    const clock = this.#clock[change];
    if (clock !== null && clock !== undefined) return clock[actor] ?? 0;
    const changes = this.#byActor[actor] ?? [];
    let low = 0;
    let high = changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((changes[middle] ?? 0) < change) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
