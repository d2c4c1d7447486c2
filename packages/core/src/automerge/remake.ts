// Makes changes anew that build on others that count no more: the same edits, on the document as it stands.
import { compareBytes, equalBytes, toHex } from "@selkie/entry";
import type { ChangeChunk, Sha256 } from "./change-chunk.ts";
import { action, type Op } from "./change-op.ts";
import { valueType } from "./change-value.ts";
import { writeChange } from "./change-writer.ts";
import { actorBytes, counterOf, OpGround, type OpId, opId, opsOf, type Place, type PlacedOp } from "./op-ground.ts";
import { OpWriter } from "./op-writer.ts";
import { type DraftOp, writeOps } from "./written-ops.ts";

/** Whose changes the new ones are, and on what they are made. */
export interface Remaking {
  /** The changes that count, dependencies first. */
  readonly ground: readonly ChangeChunk[];
  /** Those that no other of them depends on. */
  readonly heads: readonly Uint8Array[];
  /** What the edits depended on besides. */
  readonly lost: readonly ChangeChunk[];
  readonly actor: Uint8Array;
  /** Number of the actor's first new change. */
  readonly firstSeq: number;
  /** Whether marks are set again: without what lay between, one may end before it begins, and the gate refuses that. */
  readonly marks: boolean;
  /** Changes that nothing stands for where nothing of them is left to be done: no entry holds them. */
  readonly unsealed: ReadonlySet<ChangeChunk>;
  /** Of these nothing is left to be done: they were made for others, which count. */
  readonly done: ReadonlySet<ChangeChunk>;
  /** By operation of those: the one on the ground that it was made for. */
  readonly same: ReadonlyMap<OpId, OpId>;
  readonly sha256: Sha256;
}

const writer = new OpWriter();
/** Nothing of them was made for others, and marks are not looked at. */
const asTheyWere: Pick<Remaking, "marks" | "done" | "same"> = { marks: false, done: new Set(), same: new Map() };

/**
 * The edits of these changes, dependencies first, as changes of `actor` on the ground. A value is set where it was set, in the place of what its
 * author saw there; an element comes behind the nearest one before it that is there. Maps, lists and texts that something was written into, and that
 * are gone, are the ones that stand in their place, or begin anew. What was deleted and is not there stays away.
 *
 * Gives for each its new change, which may do nothing; null for one that is not sealed and of which nothing is left to be done.
 * @throws ChangeError when they are not changes
 */
export function* remakeChanges(
  changes: readonly ChangeChunk[],
  at: Remaking,
): Generator<ChangeChunk | null, undefined> {
  const isOver = (change: ChangeChunk): boolean =>
    change.opCount > 0 && at.unsealed.has(change) && !at.done.has(change);
  yield* written(changes, at, { add: (edits, op) => edits.add(op), isOver });
}

/**
 * Deletes what these changes took the place of, as changes of `actor`, where it shows on the ground: it did not count when they were made
 * anew, and does again. Gives for each its new change; null when nothing shows of that.
 * @param at `lost` are those that count no more and that these were made with, themselves among them
 * @throws ChangeError when they are not changes
 */
export function* deleteAgain(
  changes: readonly ChangeChunk[],
  at: Omit<Remaking, "marks" | "unsealed" | "done" | "same">,
): Generator<ChangeChunk | null, undefined> {
  yield* written(changes, { ...at, ...asTheyWere }, { add: (edits, op) => edits.deleteAgain(op), isOver: () => true });
}

/**
 * Whether something that these changes took the place of shows on the ground.
 * @throws ChangeError when they are not changes
 */
export function showsAgain(changes: readonly ChangeChunk[], at: Pick<Remaking, "ground" | "lost" | "actor">): boolean {
  const edits = new Edits({ ...at, ...asTheyWere });
  for (const change of changes) for (const op of opsOf(change)) edits.deleteAgain(op);
  return edits.take().ops.length > 0;
}

/** Whether a change took the place of something of others that is not on the ground. @throws ChangeError when it is none */
export function tookPlaceOfLost(change: ChangeChunk, ground: Iterable<ChangeChunk>): boolean {
  const known = new OpGround(ground);
  const ofOthers = (id: OpId): boolean => !equalBytes(actorBytes(id), change.actor);
  return opsOf(change).some(
    ({ op, preds }) => op.action !== action.inc && preds.some((id) => ofOthers(id) && !known.has(id)),
  );
}

/** How operations become others, and whether a change is left out of which none is left. */
interface Rewriting {
  add(edits: Edits, op: PlacedOp): void;
  isOver(change: ChangeChunk): boolean;
}

function* written(
  changes: readonly ChangeChunk[],
  at: Omit<Remaking, "unsealed">,
  { add, isOver }: Rewriting,
): Generator<ChangeChunk | null, undefined> {
  const edits = new Edits(at);
  let deps = [...at.heads].sort(compareBytes);
  let seq = at.firstSeq;
  for (const change of changes) {
    const { startOp } = edits;
    if (!at.done.has(change)) for (const op of opsOf(change)) add(edits, op);
    const { ops, actors } = edits.take();
    if (ops.length === 0 && isOver(change)) {
      yield null;
      continue;
    }
    const header = { ...change, deps, actor: at.actor, seq, startOp, otherActors: writeOps(writer, ops, actors) };
    const made = writeChange(header, { type: "written", columns: writer.finish() }, at.sha256);
    deps = [made.hash];
    seq += 1;
    yield made;
  }
}

/** Edits on their way from one ground to another. */
class Edits {
  readonly #ground: OpGround;
  /** What was lost, and what is made anew. */
  readonly #edits = new Map<OpId, PlacedOp>();
  readonly #hasMarks: boolean;
  /** By operation that is not on the ground: what stands for it there. */
  readonly #moved: Map<OpId, OpId>;
  /** By element that is gone: the nearest before it that is there. */
  readonly #nearest = new Map<OpId, OpId>();
  readonly #author: string;
  /** The author, and whoever else was named. */
  readonly #actors: Uint8Array[];
  readonly #numbers = new Map<string, number>();
  #ops: DraftOp[] = [];
  #next: number;

  constructor({
    ground,
    lost,
    actor,
    marks,
    done,
    same,
  }: Pick<Remaking, "ground" | "lost" | "actor" | "marks" | "done" | "same">) {
    this.#hasMarks = marks;
    this.#ground = new OpGround(ground);
    this.#moved = new Map(same);
    for (const change of [...lost, ...done]) for (const op of opsOf(change)) this.#edits.set(op.id, op);
    this.#author = toHex(actor);
    this.#actors = [actor];
    this.#numbers.set(this.#author, 0);
    this.#next = 1 + ground.reduce((most, { maxOp }) => Math.max(most, maxOp), 0);
  }

  /** Counter of the next operation. */
  get startOp(): number {
    return this.#next;
  }

  /** What was added since this was asked last. */
  take(): { readonly ops: readonly DraftOp[]; readonly actors: readonly Uint8Array[] } {
    const ops = this.#ops;
    this.#ops = [];
    return { ops, actors: this.#actors };
  }

  add(edit: PlacedOp): void {
    const { op, element, keyText } = edit;
    this.#edits.set(edit.id, edit);
    if (op.action === action.mark && !this.#hasMarks) return;
    const object = this.#object(edit.object, op.action !== action.del);
    if (object === null) return;
    const known = keyText === null ? this.#element(element) : element;
    if (!op.insert && known !== null) {
      this.#change(edit, { object, keyText, element: known });
      return;
    }
    const behind = { object, keyText, element: this.#before(element, object) };
    if (op.insert) this.#emit(edit, behind, []);
    // The element is gone: what was written into it gets one of its own.
    else if (op.action !== action.del)
      this.#moved.set(element, this.#emit({ ...edit, op: { ...asValue(op), insert: true } }, behind, []));
  }

  /** Deletes what an edit took the place of, as far as that shows. */
  deleteAgain({ op, ...edit }: PlacedOp): void {
    if (op.action === action.inc) return;
    const again = op.insert ? [] : this.#ground.shownAt(edit).filter(this.#seen({ ...edit, op }, edit));
    const deletion = { ...op, action: action.del, valueType: valueType.null, valueStart: 0, valueEnd: 0 };
    if (again.length > 0) this.#emit({ ...edit, op: deletion }, edit, again);
  }

  /** Writes over what shows at a place, as far as it was written over: what the author had not seen stays beside it. */
  #change(edit: PlacedOp, place: Place): void {
    const { op } = edit;
    const isSeen = this.#seen(edit, place);
    const shown = this.#ground.shownAt(place).filter(isSeen);
    if (op.action === action.inc) {
      const counters = this.#ground.countersAt(place).filter(isSeen);
      if (counters.length > 0) this.#emit(edit, place, counters);
      else this.#emit({ ...edit, op: asValue(op) }, place, shown);
      return;
    }
    if (op.action === action.del && shown.length === 0) return;
    this.#emit(edit, place, shown);
  }

  /** What an edit took the place of, directly or by way of what is lost; all of a place where another stands. */
  #seen(edit: PlacedOp, place: Place): (id: OpId) => boolean {
    if (place.object !== edit.object || place.element !== edit.element) return () => true;
    const seen = new Set<OpId>(edit.preds);
    for (const id of seen)
      for (const before of [this.#moved.get(id) ?? [], this.#edits.get(id)?.preds ?? []].flat()) seen.add(before);
    return (id) => seen.has(id);
  }

  /** What stands for an object; null when it is gone and is not to be made. */
  #object(id: OpId, mayMake: boolean): OpId | null {
    const moved = this.#moved.get(id);
    if (moved !== undefined) return moved;
    const lost = this.#edits.get(id);
    if (lost === undefined) return id;
    const object = this.#object(lost.object, mayMake);
    if (object === null) return null;
    const { keyText, op } = lost;
    const element = keyText === null && !op.insert ? this.#element(lost.element) : lost.element;
    const place = { object, keyText, element: element ?? lost.element };
    const there = op.insert || element === null ? null : this.#ground.objectAt(place, op.action);
    if (there !== null) this.#moved.set(id, there);
    else if (mayMake) this.add(lost);
    return this.#moved.get(id) ?? null;
  }

  /** What stands for an element; null when it is gone. */
  #element(id: OpId): OpId | null {
    return this.#moved.get(id) ?? (this.#ground.has(id) ? id : null);
  }

  /** The nearest element at or before this one that is there; looked for once, however much lies between. */
  #before(id: OpId, object: OpId): OpId {
    const passed: OpId[] = [];
    let found: OpId = "";
    for (let at = id; at !== ""; at = this.#edits.get(at)?.element ?? "") {
      const there = this.#element(at);
      const known = there !== null && this.#ground.has(there, object) ? there : this.#nearest.get(at);
      if (known !== undefined) {
        found = known;
        break;
      }
      passed.push(at);
    }
    for (const at of passed) this.#nearest.set(at, found);
    return found;
  }

  #emit({ id: was, op: from, bytes }: PlacedOp, place: Place, preds: readonly OpId[]): OpId {
    const id = opId(this.#next, this.#author);
    this.#next += 1;
    const op: Op = {
      ...{ ...from, keyText: place.keyText, predCount: preds.length, objectCounter: counterOf(place.object) },
      ...{ objectActor: this.#actor(place.object), keyCounter: counterOf(place.element) },
      ...{ keyActor: this.#actor(place.element), predActors: preds.map((pred) => this.#actor(pred)) },
      predCounters: preds.map(counterOf),
    };
    this.#ops.push({ op, bytes });
    this.#ground.take({ id, ...place, preds, op });
    this.#moved.set(was, id);
    return id;
  }

  #actor(id: OpId): number {
    if (id === "") return 0;
    const bytes = actorBytes(id);
    const name = toHex(bytes);
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#actors.length);
    return this.#actors.push(bytes) - 1;
  }
}

/** An increment of a counter that is gone begins another: both are written alike. */
function asValue(op: Op): Op {
  return op.action === action.inc ? { ...op, action: action.set, valueType: valueType.counter } : { ...op };
}
