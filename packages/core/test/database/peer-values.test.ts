// What peers may send as values, and what they may not, however a document is read: live, early, in the feed, in its history, in a past.
import { beforeAll, describe, expect, test } from "vitest";
import { type Counter, counter } from "../../src/automerge/counter.ts";
import type { When } from "../../src/database/history.ts";
import { whenVerified } from "../../src/database/over-database.ts";
import { openPast } from "../../src/database/past-database.ts";
import { type DocId, docIdOf } from "../../src/document/doc-id.ts";
import { act, type HandMadeOp, handMade, head, signed, unsigned } from "../automerge/hand-made-change.ts";
import { type Author, type Device, Lab, placeOf } from "./lab.ts";
import { meanwhile } from "./meanwhile.ts";

type Raw = NonNullable<HandMadeOp["value"]>;

const float = (value: number): Raw => [5, [...new Uint8Array(new Float64Array([value]).buffer)]];
const integer = (value: number | bigint): Raw => [4, signed(value)];
const date = (ms: number | bigint): Raw => [9, signed(ms)];

/** As it is sent, and as it is read. */
const TAKEN: Readonly<Record<string, readonly [sent: Raw, read: unknown]>> = {
  "0": [integer(0), 0],
  "-0": [float(-0), -0],
  "the smallest float": [float(5e-324), 5e-324],
  "the largest float": [float(Number.MAX_VALUE), Number.MAX_VALUE],
  "1e19": [float(1e19), 1e19],
  "2^53 as a float": [float(2 ** 53), 2 ** 53],
  "2^53 - 2": [integer(2 ** 53 - 2), 2 ** 53 - 2],
  "-(2^53 - 2)": [integer(-(2 ** 53 - 2)), -(2 ** 53 - 2)],
  "the first date": [date(-8_640_000_000_000_000), new Date(-8_640_000_000_000_000)],
  "the last date": [date(8_640_000_000_000_000), new Date(8_640_000_000_000_000)],
  "no bytes": [[7, []], new Uint8Array()],
  bytes: [[7, [0, 255, 0xed, 0xa0, 0x80]], Uint8Array.of(0, 255, 0xed, 0xa0, 0x80)],
  "a large counter": [[8, signed(2 ** 53 - 2)], counter(2 ** 53 - 2)],
};

const REFUSED: Readonly<Record<string, readonly [sent: Raw, code: string]>> = {
  "5, unsigned": [[3, unsigned(5)], "CHANGE_BAD_VALUE"],
  "2^64 - 1, unsigned": [[3, unsigned(2n ** 64n - 1n)], "CHANGE_BAD_VALUE"],
  "2^53 - 1": [integer(2 ** 53 - 1), "CHANGE_BAD_VALUE"],
  "2^53": [integer(2n ** 53n), "CHANGE_BAD_VALUE"],
  "2^63 - 1": [integer(2n ** 63n - 1n), "CHANGE_BAD_VALUE"],
  "-2^63": [integer(-(2n ** 63n)), "CHANGE_BAD_VALUE"],
  "10^19 as an integer": [integer(10n ** 19n), "CHANGE_BAD_VALUE"],
  "a counter of 2^60": [[8, signed(2n ** 60n)], "CHANGE_BAD_VALUE"],
  NaN: [float(Number.NaN), "CHANGE_BAD_VALUE"],
  infinity: [float(Number.POSITIVE_INFINITY), "CHANGE_BAD_VALUE"],
  "-infinity": [float(Number.NEGATIVE_INFINITY), "CHANGE_BAD_VALUE"],
  "half a float": [[5, [0, 0, 0, 0]], "CHANGE_MALFORMED"],
  "a date after the last": [date(8_640_000_000_000_001), "CHANGE_BAD_VALUE"],
  "a date of 2^62": [date(2n ** 62n), "CHANGE_BAD_VALUE"],
  "half a surrogate pair": [[6, [0xed, 0xa0, 0x80]], "CHANGE_BAD_VALUE"],
  "a letter longer than it has to be": [[6, [0xc1, 0x81]], "CHANGE_BAD_VALUE"],
  "a number longer than it has to be": [[4, [0x81, 0x00]], "CHANGE_NOT_CANONICAL"],
  "null with bytes": [[0, [1]], "CHANGE_NOT_CANONICAL"],
  "a value of type 10": [[10, [1]], "CHANGE_BAD_VALUE"],
  "a value of type 15": [[15, []], "CHANGE_BAD_VALUE"],
};

const PLACE = placeOf("of a peer");
const ID = docIdOf(PLACE);

/** Ben, who sends what he likes, and Anna, whose database is large enough to open from its projections. */
async function begin(seed: string): Promise<{ readonly ben: Author; readonly anna: Device }> {
  const lab = await Lab.begin(seed);
  const ben = await lab.author("ben");
  const anna = await lab.device("anna");
  await anna.database.createDocuments(Array.from({ length: 510 }, (_, n) => ({ n })));
  return { ben, anna };
}

/** Each value in a map, in a map of a map, and in a list. */
function opsOf(values: Readonly<Record<string, Raw>>): readonly HandMadeOp[] {
  const all = Object.entries(values);
  const inList = (at: number): NonNullable<HandMadeOp["key"]> =>
    at === 0 ? head : ([2 + all.length * 2 + at, 0] as const);
  return [
    { key: { text: "list" }, action: act.makeList },
    { key: { text: "map" }, action: act.makeMap },
    ...all.map(([key, value]) => ({ key: { text: key }, value })),
    ...all.map(([key, value]) => ({ obj: [2, 0] as const, key: { text: key }, value })),
    ...all.map(([, value], at) => ({ obj: [1, 0] as const, key: inList(at), insert: true, value })),
  ];
}

function readOf(values: Readonly<Record<string, unknown>>): object {
  return { ...values, map: values, list: Object.values(values) };
}

/** The document in every way in which it can be read. */
async function* ways(device: Device, id: DocId): AsyncIterable<readonly [way: string, data: object]> {
  const { database } = device;
  const doc = await database.getDocument(id);
  yield ["as it is", doc.getData()];
  const last = async <T>(items: AsyncIterable<T>): Promise<T> => (await Array.fromAsync(items)).at(-1) ?? expect.fail();
  const isIt = <T extends { readonly doc: { readonly id: string } }>(items: readonly T[]): T =>
    items.findLast((item) => item.doc.id === id) ?? expect.fail();
  yield [
    "in the feed",
    isIt(await meanwhile(device, Array.fromAsync(database.iterateChangesSince(null)))).doc.getData(),
  ];
  const revisions = await meanwhile(device, Array.fromAsync(database.iterateChangesSince(null, { revisions: true })));
  yield ["in the feed of revisions", isIt(revisions).doc.getData()];
  const { heads } = await last(database.history.changes(id));
  for (const [name, when] of [
    ["heads", heads],
    ["time", new Date(1_000)],
  ] as readonly (readonly [string, When])[]) {
    yield [`in its history, by ${name}`, (await database.history.getDocumentAt(id, when))?.getData() ?? expect.fail()];
    const past = await openPast<object, null>({ database, letGo: async () => undefined }, { at: when, tenant: null });
    yield [`in a past, by ${name}`, (await past.getDocument(id)).getData()];
    yield [
      `in the feed of a past, by ${name}`,
      isIt(await Array.fromAsync(past.iterateChangesSince(null))).doc.getData(),
    ];
    await past[Symbol.asyncDispose]();
  }
  expect((await database.history.diff(id, new Date(-1), heads)).length).toBeGreaterThan(0);
  await device.close();
  await device.open();
  const again = await device.database.getDocument(id);
  yield ["before its entries are read", again.getData()];
  await whenVerified(device.database);
  yield ["after its entries are read", again.getData()];
}

test("what passes is read as it was sent, however it is read", async () => {
  const { ben, anna } = await begin("peer values taken");
  const sent = Object.fromEntries(Object.entries(TAKEN).map(([key, [raw]]) => [key, raw]));
  const expected = readOf(Object.fromEntries(Object.entries(TAKEN).map(([key, [, read]]) => [key, read])));
  const change = handMade({ actor: ben.actor(PLACE), ops: opsOf(sent) });
  await anna.receive(await ben.write([ben.part(PLACE, change.bytes, { kind: "create" })]));
  expect(anna.announced).toEqual([]);
  for await (const [way, data] of ways(anna, ID)) expect([way, data]).toEqual([way, expected]);
  expect(anna.reports).toEqual([]);
});

describe("what does not pass", () => {
  let anna: Device;
  const codes = new Map<string, readonly string[]>();

  beforeAll(async () => {
    const { ben, anna: device } = await begin("peer values refused");
    anna = device;
    const honest = handMade({ actor: ben.actor(PLACE), ops: [{ key: { text: "n" }, value: 1 }] });
    await anna.receive(await ben.write([ben.part(PLACE, honest.bytes, { kind: "create" })]));
    for (const [name, [value]] of Object.entries(REFUSED)) {
      const chain = await ben.again(name);
      const own = placeOf(`document of ${name}`);
      const first = handMade({ actor: chain.actor(own), ops: opsOf({ fine: 1, [name]: value }) });
      const ops = [{ key: { text: name }, value }];
      const onTop = { actor: chain.actor(PLACE), others: [ben.actor(PLACE)], deps: [honest.hash], startOp: 2, ops };
      anna.announced.length = 0;
      await anna.receive(
        await chain.write(
          [chain.part(own, first.bytes, { kind: "create" })],
          [chain.part(PLACE, handMade(onTop).bytes)],
        ),
      );
      codes.set(
        name,
        anna.announced.map((text) => text.split(" ")[1] ?? ""),
      );
    }
  });

  test.each(Object.entries(REFUSED))(
    "is refused with a code, by itself and on top of what passed: %s",
    (name, [, code]) => {
      expect(codes.get(name)).toEqual([code, code]);
    },
  );

  test("is nowhere to be read", async () => {
    for await (const [way, data] of ways(anna, ID)) expect([way, data]).toEqual([way, { n: 1 }]);
    const fed = await meanwhile(anna, Array.fromAsync(anna.database.iterateChangesSince(null)));
    for (const name of Object.keys(REFUSED)) {
      const id = docIdOf(placeOf(`document of ${name}`));
      expect(await anna.database.findDocument(id)).toBeUndefined();
      expect(fed.map(({ doc }) => doc.id)).not.toContain(id);
    }
    expect(fed).toHaveLength(511);
    expect(anna.reports).toEqual([]);
  });
});

test("a counter that peers count beyond what a number says is the nearest one, however it is read, and JSON takes it", async () => {
  const { ben, anna } = await begin("peer values counted");
  const most = 2 ** 53 - 2;
  const key = { text: "count" };
  const actor = ben.actor(PLACE);
  const more = { key, action: act.inc, value: most, pred: [[1, 0] as const] };
  const first = handMade({ actor, ops: [{ key, value: [8, signed(most)] }, more] });
  const second = handMade({ actor, deps: [first.hash], seq: 2, startOp: 3, ops: [more] });
  const third = handMade({
    actor,
    deps: [second.hash],
    seq: 3,
    startOp: 4,
    ops: [more, { key: { text: "n" }, value: 1 }],
  });
  await anna.receive(await ben.write([ben.part(PLACE, first.bytes, { kind: "create" })]));
  const doc = await anna.database.getDocument(ID);
  const told: unknown[] = [];
  doc.on("change", (patches) => told.push(...patches));
  const before = doc.getHeads();
  await anna.receive(await ben.write([ben.part(PLACE, second.bytes)]));
  await anna.receive(await ben.write([ben.part(PLACE, third.bytes)]));
  expect(told).toEqual([
    { action: "inc", path: ["count"], value: most },
    { action: "inc", path: ["count"], value: most },
    { action: "put", path: ["n"], value: 1 },
  ]);
  for (const from of [new Date(-1), before])
    expect(JSON.stringify(await anna.database.history.diff(ID, from, [third.hash]))).toContain(`"path":["count"]`);
  const shown = JSON.stringify({ count: 4 * most, n: 1 });
  for await (const [way, data] of ways(anna, ID)) expect([way, JSON.stringify(data)]).toEqual([way, shown]);
  expect([anna.announced, anna.reports]).toEqual([[], []]);
});

test("where a counter is beyond what a number says, what would count on or copy it fails with a code, and all else works", async () => {
  const { ben, anna } = await begin("peer values counted on");
  const most = 2 ** 53 - 2;
  const key = { text: "count" };
  const actor = ben.actor(PLACE);
  const more = { key, action: act.inc, value: most, pred: [[1, 0] as const] };
  const first = handMade({ actor, ops: [{ key, value: [8, signed(most)] }, more] });
  await anna.receive(await ben.write([ben.part(PLACE, first.bytes, { kind: "create" })]));
  const { database } = anna;
  type Counted = { count: Counter; n?: number };
  const doc = await database.getDocument(ID);
  const change = (edit: (data: Counted) => void) =>
    anna.database.changeDoc(doc, (draft) => edit(draft.getData() as Counted));
  for (const by of [1, -1, -most])
    await expect(change(({ count }) => count.increment(by))).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" });
  await change((data) => Object.assign(data, { n: 1 }));
  expect(JSON.stringify(doc.getData())).toBe(JSON.stringify({ count: 2 * most, n: 1 }));
  await change((data) => Object.assign(data, { count: counter(1) }));
  await change(({ count }) => count.increment(2));
  expect(JSON.stringify(doc.getData())).toBe(JSON.stringify({ count: 3, n: 1 }));
  await expect(database.history.restore(ID, [first.hash])).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" });
  expect(JSON.stringify(doc.getData())).toBe(JSON.stringify({ count: 3, n: 1 }));
  expect([anna.announced, anna.reports]).toEqual([[], []]);
});
