import "@automerge/automerge";
import { Counter } from "@automerge/automerge";
import { fromHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { applyTo, type Edited, editDocument, endEdit, loadDocument } from "../../src/automerge/document.ts";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { restoreHistory } from "../../src/automerge/gate.ts";
import { alice, bob } from "./hand-made-change.ts";
import { Random } from "./random-history.ts";
import { sha256 } from "./sha256.ts";

const actors = [fromHex(alice), fromHex(bob)] as const;

interface Shape {
  [key: string]: unknown;
  readonly map: Record<string, unknown>;
  readonly list: unknown[];
  readonly count: Counter;
  n?: number;
}

const start = (): Uint8Array => {
  const live = loadDocument([], actors[0]);
  const data = { map: { inner: {} }, list: [1, 2], count: new Counter(1), n: 0 };
  return (
    editDocument(live, { actor: actors[0], sha256 }, (draft) => void Object.assign(draft, data)).change ??
    new Uint8Array()
  );
};

const keys = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, n) => [`key ${n}`, n]));

/** An edit of a document with a map, a list and a counter. */
function edit(change: (data: Shape) => unknown): Edited<void> {
  const live = loadDocument([start()], actors[0]);
  const edited = editDocument(live, { actor: actors[0], sha256 }, (data) => void change(data as Shape));
  endEdit(live);
  return edited;
}

describe("an edit is plain", () => {
  test.each<[string, (data: Shape) => unknown]>([
    ["a number", (data) => Object.assign(data, { n: 7 })],
    ["a truth value in a map of a map", ({ map }) => Object.assign(Object(map["inner"]), { yes: true })],
    ["null, after reading a list", (data) => Object.assign(data, { none: data.list.length > 0 ? null : 1 })],
    ["64 keys", ({ map }) => Object.assign(map, keys(64))],
  ])("when it sets %s", (_, change) => {
    expect(edit(change).isPlain).toBe(true);
  });

  test.each<[string, (data: Shape) => unknown]>([
    ["sets a text", (data) => Object.assign(data, { name: "Ann" })],
    ["sets an object", (data) => Object.assign(data, { map: {} })],
    ["sets an element", ({ list }) => list.splice(0, 1, 9)],
    ["assigns an element", ({ list }) => Object.assign(list, [9])],
    ["pushes", ({ list }) => list.push(3)],
    ["deletes", (data) => Reflect.deleteProperty(data, "n")],
    ["counts", ({ count }) => count.increment(1)],
    ["counts and sets a number", (data) => Object.assign(data, { n: data.count.increment(1) })],
    ["sets 65 keys", ({ map }) => Object.assign(map, keys(65))],
  ])("but not when it %s", (_, change) => {
    expect(edit(change)).toMatchObject({ isPlain: false, change: expect.any(Uint8Array) });
  });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])("no rule refuses a plain edit, whatever came before it (seed %i)", (seed) => {
  const random = new Random(seed);
  const names = ["a", "b", "map", "list", "constructor", ""];
  const first = writeFirstChange(actors[0], { map: { map: { map: {} } }, list: [{ map: {} }], a: 1 }, sha256);
  const lives = actors.map((actor) => loadDocument([first], actor));
  const histories = actors.map(() => new DocumentHistory());
  const changes = actors.map(() => [first]);
  let plain = 0;
  for (let step = 0; step < 120; step++) {
    const at = random.below(2);
    const [live, mine] = [lives[at], changes[at]];
    if (live === undefined || mine === undefined) continue;
    if (random.below(4) === 0) {
      const theirs = (changes[1 - at] ?? []).filter((change) => !mine.includes(change));
      applyTo(live, theirs);
      mine.push(...theirs);
      continue;
    }
    const { change, isPlain } = editDocument(live, { actor: actors[at] ?? actors[0], sha256 }, (data) => {
      let map = data as Record<string, unknown>;
      for (let depth = random.below(4); depth > 0; depth--)
        if (typeof map["map"] === "object" && map["map"] !== null) map = map["map"] as Record<string, unknown>;
      for (let sets = 1 + random.below(3); sets > 0; sets--)
        map[random.pick(names)] = random.pick([0, -1.5, 2 ** 40, true, false, null]);
    });
    endEdit(live);
    if (change === null) continue;
    expect(isPlain).toBe(true);
    plain += 1;
    mine.push(change);
  }
  for (const [at, history] of histories.entries()) restoreHistory(history, changes[at] ?? [], sha256);
  expect(plain).toBeGreaterThan(50);
});
