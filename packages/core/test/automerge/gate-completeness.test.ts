// The gate is there so that Automerge never meets what it cannot keep. These tests build changes at random, most of them nearly right,
// and hold Automerge to every one that passes.
import * as Automerge from "@automerge/automerge";
import { fromHex, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { act, alice, bob, type HandMadeOp, handMade, head, type Made, type OpId, signed } from "./hand-made-change.ts";
import { judge } from "./judge.ts";
import { Random } from "./random-history.ts";

test("every change that passes can be applied, saved and loaded by Automerge: 4,000 changes built at random", () => {
  const verdicts = new Map<string, number>();
  for (let seed = 0; seed < 400; seed++) {
    const random = new Random(seed);
    const history = new DocumentHistory();
    const model = new Model();
    const passed: Made[] = [];
    for (let i = 0; i < 10; i++) {
      const made = randomChange(random, history, passed, model);
      const verdict = judge(history, made.bytes, made.actor);
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      if (verdict !== "pass") continue;
      passed.push(made);
      made.keep();
    }
    expectAutomergeToKeep(seed, passed);
  }
  console.log(`verdicts: ${JSON.stringify(Object.fromEntries(verdicts))}`);
  expect(verdicts.get("pass")).toBeGreaterThan(1500);
  expect(verdicts.get("CHANGE_BAD_REFERENCE")).toBeGreaterThan(100);
  expect(verdicts.get("CHANGE_BAD_MARK")).toBeGreaterThan(20);
});

function expectAutomergeToKeep(seed: number, changes: readonly Made[]): void {
  const [doc] = Automerge.applyChanges(
    Automerge.init<Record<string, unknown>>(),
    changes.map(({ bytes }) => bytes),
  );
  const kept = Automerge.getAllChanges(doc);
  expect([seed, kept.map(toHex).sort()]).toEqual([seed, changes.map(({ bytes }) => toHex(bytes)).sort()]);
  const loaded = Automerge.load<Record<string, unknown>>(Automerge.save(doc));
  expect([seed, Automerge.getHeads(loaded)]).toEqual([seed, Automerge.getHeads(doc)]);
  expect(JSON.stringify(loaded)).toBe(JSON.stringify(doc));
  Automerge.free(doc);
  Automerge.free(loaded);
}

interface Authored extends Made {
  readonly actor: string;
  /** Lets later changes refer to it. */
  keep(): void;
}

/** An operation that later ones may refer to. */
interface Known {
  readonly id: OpId;
  /** The same for every author. */
  readonly name: string;
  /** The object it makes, if any. */
  readonly makes: "map" | "list" | "text" | null;
  /** Where it stands: its object, and its key or element there. */
  readonly object: string;
  readonly place: string;
  readonly isElement: boolean;
  readonly isValue: boolean;
}

type Place = Omit<Known, "id" | "name">;

/** What the changes of one document hold, by the counter and the actor's name. */
class Model {
  readonly known: { readonly actor: string; readonly counter: number; readonly op: Place }[] = [];
}

const made: Readonly<Record<number, Known["makes"]>> = {
  [act.makeMap]: "map",
  [act.makeList]: "list",
  [act.makeText]: "text",
};

function randomChange(random: Random, history: DocumentHistory, passed: readonly Made[], model: Model): Authored {
  const actor = random.pick([alice, bob]);
  const other = actor === alice ? bob : alice;
  const all = random.below(5) > 0 || passed.length === 0;
  const deps = all ? history.heads().map(toHex).sort() : [random.pick(passed).hash];
  const maxOp = Math.max(0, ...deps.map((hash) => history.maxOpOf(history.changeOf(fromHex(hash)))));
  const known = model.known.map(
    ({ actor: by, counter, op }): Known => ({ id: [counter, by === actor ? 0 : 1], name: `${counter}@${by}`, ...op }),
  );
  const ops: HandMadeOp[] = [];
  const added: Known[] = [];
  for (let n = 1 + random.below(6); n > 0; n--)
    for (const [op, place] of randomOps(random, [...known, ...added])) {
      ops.push(random.below(25) === 0 ? spoil(random, op, known) : op);
      added.push({ id: [maxOp + ops.length, 0], name: `${maxOp + ops.length}@${actor}`, ...place });
    }
  const names = ops.some((op) => [op.obj, op.key, ...(op.pred ?? [])].some((id) => Array.isArray(id) && id[1] === 1));
  const seq = history.lastSeq(fromHex(actor)) + 1;
  const change = handMade({ actor, others: names ? [other] : [], deps, seq, startOp: maxOp + 1, ops });
  return {
    ...change,
    actor,
    keep: () => void model.known.push(...added.map(({ id: [counter], name: _, ...op }) => ({ actor, counter, op }))),
  };
}

type Placed = readonly [op: HandMadeOp, place: Place];

/** One operation, or a pair of marks, that fits what is known. */
function randomOps(random: Random, known: readonly Known[]): readonly Placed[] {
  const objects = known.filter(({ makes }) => makes !== null);
  const target = objects.length > 0 && random.below(4) > 0 ? random.pick(objects) : null;
  const object = target === null ? "root" : target.name;
  const obj = target === null ? {} : { obj: target.id };
  if (target === null || target.makes === "map") {
    const name = random.pick(["a", "b", ""]);
    return [overwrite(random, known, { ...obj, key: { text: name } }, object, `key ${name}`)];
  }
  const elements = known.filter((op) => op.isElement && op.object === object);
  const element = elements.length > 0 && random.below(4) > 0 ? random.pick(elements) : null;
  if (element?.isValue === true && random.below(3) === 0)
    return [overwrite(random, known, { ...obj, key: element.id }, object, element.name)];
  return insertions(random, { ...obj, key: element?.id ?? head, insert: true }, object, target.makes === "text");
}

function insertions(random: Random, op: HandMadeOp, object: string, inText: boolean): readonly Placed[] {
  const place = { makes: null, object, place: "itself", isElement: true, isValue: false };
  if (!inText || random.below(4) > 0) return [valued(random, op, { ...place, isValue: true })];
  const mark = { ...op, action: act.mark, expand: random.below(2) === 0 };
  return [
    [{ ...mark, mark: random.pick(["m", "n"]), value: random.pick([true, null, "x"]) }, place],
    [{ ...mark, key: random.below(2) === 0 ? (op.key ?? head) : head }, place],
  ];
}

/** Sets, makes, deletes or increments at a place, on top of some of the values there. */
function overwrite(random: Random, known: readonly Known[], op: HandMadeOp, object: string, at: string): Placed {
  const there = known.filter((value) => value.isValue && value.object === object && placeOf(value) === at);
  const pred = there.filter(() => random.below(3) > 0).map(({ id }) => id);
  pred.sort(([a, by], [b, by2]) => a - b || by - by2);
  const placed = pred.length === 0 ? op : { ...op, pred };
  const place = { makes: null, object, place: at, isElement: false, isValue: false };
  const kind = pred.length === 0 ? 9 : random.below(10);
  if (kind < 2) return [{ ...placed, action: act.del }, place];
  if (kind < 4) return [{ ...placed, action: act.inc, value: 2 }, place];
  return valued(random, placed, { ...place, isValue: true });
}

function placeOf({ place, name }: Known): string {
  return place === "itself" ? name : place;
}

function valued(random: Random, op: HandMadeOp, place: Place): Placed {
  if (random.below(3) > 0)
    return [
      { ...op, value: random.pick([null, true, 7, -1.5, "x", [8, signed(4)], [9, signed(77)], [7, [1]]]) },
      place,
    ];
  const action = random.pick([act.makeMap, act.makeList, act.makeText]);
  return [
    { ...op, action },
    { ...place, makes: made[action] ?? null },
  ];
}

/** Replaces one reference by another. */
function spoil(random: Random, op: HandMadeOp, known: readonly Known[]): HandMadeOp {
  const id = known.length === 0 ? ([1, 0] as const) : random.pick(known).id;
  return {
    ...op,
    ...random.pick([{ obj: id }, { key: id }, { key: { text: "a" } }, { pred: [id] }, { insert: true }, { key: head }]),
  };
}
