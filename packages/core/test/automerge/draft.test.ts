// What a draft does with values as they are written, wherever that is.
// Fills in the WebAssembly that `@automerge/automerge/slim` waits for.
import "@automerge/automerge";
import { fromHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { type Counter, counter } from "../../src/automerge/counter.ts";
import {
  dataOf,
  type Edited,
  editDocument,
  endEdit,
  type LiveDocument,
  loadDocument,
} from "../../src/automerge/document.ts";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { CoreError } from "../../src/errors.ts";
import { alice } from "./hand-made-change.ts";
import { sha256 } from "./sha256.ts";

const aliceId = fromHex(alice);
const createChange = (actor: Uint8Array, data: object): Uint8Array => writeFirstChange(actor, data, sha256);

interface Shape {
  readonly list: { n: number }[];
  readonly map: { n?: number };
}

/** Runs an edit on data of this shape. */
function edit<R>(live: LiveDocument, change: (data: Shape) => R): Edited<R> {
  try {
    return editDocument(live, { actor: aliceId, sha256 }, (data) => change(data as Shape));
  } finally {
    endEdit(live);
  }
}

function thrownBy(run: () => unknown): CoreError {
  try {
    run();
  } catch (error) {
    if (error instanceof CoreError) return error;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

test("says where a value is that cannot be stored, and the message says nothing of it", () => {
  const live = loadDocument([createChange(aliceId, { list: [{ n: 1 }], map: {}, text: "a" })], aliceId);
  const bad = 2 ** 60;
  const writes: readonly (readonly [path: string, write: (data: Shape) => unknown])[] = [
    ["n", (data) => Object.assign(data, { n: bad })],
    ["map secret 1 deep", (data) => Object.assign(data.map, { secret: [0, { deep: bad }] })],
    ["list 0 n", (data) => Object.assign(data.list[0] ?? {}, { n: bad })],
    ["list 0 n", (data) => data.list.forEach((item) => void Object.assign(item, { n: bad }))],
    ["list 1 x", (data) => Object.assign(data.list, { 1: { x: bad } })],
    ["list 2 n", (data) => data.list.push({ n: 1 }, { n: bad })],
    ["list 0", (data) => data.list.splice(-1, 1, bad as unknown as { n: number })],
    ["map __proto__", (data) => Reflect.set(data.map, "__proto__", 1)],
    ["map x", (data) => Object.assign(data.map, { x: undefined })],
    ["map deep __proto__", (data) => Object.assign(data.map, { deep: JSON.parse('{"__proto__":1}') as unknown })],
  ];
  for (const [path, write] of writes) {
    const error = thrownBy(() => edit(live, write));
    expect([error.code, error.path?.join(" ")]).toEqual(["VALUE_UNSUPPORTED", path]);
    for (const name of path.split(" ").filter((step) => !/[0-9_]/.test(step)))
      expect(error.message.split(/\W/)).not.toContain(name);
  }
  expect(thrownBy(() => createChange(aliceId, { rows: [{ when: new Date(Number.NaN) }] })).path).toEqual([
    "rows",
    0,
    "when",
  ]);
});

test("refuses dates and bytes that were changed in place, and takes them when they are assigned", () => {
  const data = { due: new Date(1), list: [{ bytes: Uint8Array.of(1, 2) }] };
  const live = loadDocument([createChange(aliceId, data)], aliceId);
  const inPlace: Record<string, (draft: typeof data) => unknown> = {
    due: ({ due }) => due.setTime(5),
    "list 0 bytes": ({ list }) => list[0]?.bytes.fill(7),
    "list 1 bytes": ({ list }) => list.unshift({ bytes: Uint8Array.of(0) }) && list[1]?.bytes.reverse(),
  };
  for (const [path, change] of Object.entries(inPlace)) {
    const error = thrownBy(() => edit(live, (draft) => change(draft as unknown as typeof data)));
    expect([error.code, error.path?.join(" ")]).toEqual(["VALUE_UNSUPPORTED", path]);
  }
  expect(dataOf(live)).toEqual(data);
  edit(live, (draft) => {
    const both = draft as unknown as typeof data;
    const [due, bytes] = [both.due, both.list[0]?.bytes ?? new Uint8Array()];
    due.setTime(5);
    bytes.fill(7);
    both.due = due;
    both.list[0] = { bytes };
    bytes.slice().fill(9);
  });
  expect(dataOf(live)).toEqual({ due: new Date(5), list: [{ bytes: Uint8Array.of(7, 7) }] });
});

test("shortens lists by their length, and takes elements out, counters too", () => {
  const live = loadDocument([createChange(aliceId, { list: [1, counter(2), [3], counter(4), 5] })], aliceId);
  const lengths = edit(live, (data) => {
    const list = data.list as unknown[];
    list.length = 5;
    list.length = 4;
    Reflect.deleteProperty(list, 1);
    const after = [list.length];
    list.splice(2, 1);
    after.push(list.length);
    return after;
  }).result;
  expect([lengths, dataOf(live)]).toEqual([[3, 2], { list: [1, [3]] }]);
  edit(live, ({ list }) => {
    list.length = 0;
  });
  expect(dataOf(live)).toEqual({ list: [] });
});

test("puts counters into lists, and into values that are written as a whole, as counters", () => {
  const live = loadDocument([createChange(aliceId, { list: [], map: {} })], aliceId);
  const wholes = edit(live, (data) => {
    const list = data.list as unknown[];
    Object.assign(data, { deep: { deeper: [counter(1), { count: counter(2) }] } });
    list.push(counter(3), { count: counter(4) });
    list.unshift(counter(5));
    list.splice(1, 1, [counter(6)], counter(7));
    list[3] = { count: counter(8) };
    return JSON.stringify(data);
  }).result;
  const list = [5, [6], 7, { count: 8 }];
  const expected = { deep: { deeper: [1, { count: 2 }] }, list, map: {} };
  for (const json of [JSON.stringify(dataOf(live)), JSON.stringify(dataOf(loadDocument(live.changes)))])
    expect(JSON.parse(json)).toEqual(expected);
  expect(JSON.parse(wholes)).toEqual(expected);
  type Counts = { deep: { deeper: [Counter, { count: Counter }] }; list: [Counter] };
  edit(live, (data) => {
    const { deep, list: counters } = data as unknown as Counts;
    for (const each of [deep.deeper[0], deep.deeper[1].count, counters[0]]) each.increment(10);
  });
  expect(JSON.parse(JSON.stringify(dataOf(live)))).toMatchObject({
    deep: { deeper: [11, { count: 12 }] },
    list: [15, [6], 7, { count: 8 }],
  });
});
