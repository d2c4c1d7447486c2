// Changes that are written without Automerge, held against those that it makes of the same edits.
import * as Automerge from "@automerge/automerge";
import { fromHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import {
  applyTo,
  dataOf,
  editDocument,
  emptyChange,
  endEdit,
  headsOf,
  type LiveDocument,
  loadDocument,
  refresh,
  saveDocument,
} from "../../src/automerge/document.ts";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { alice, bob } from "./hand-made-change.ts";
import { Random } from "./random-history.ts";
import { sha256 } from "./sha256.ts";

type Data = Record<string, unknown>;
type Edit = (data: Data) => unknown;

const aliceId = fromHex(alice);

/** A document as this library edits it, and as Automerge alone does. */
class Twins {
  readonly live: LiveDocument;
  bare: Automerge.Doc<Data>;

  constructor(first: Uint8Array) {
    this.live = loadDocument([first], aliceId);
    this.bare = Automerge.load<Data>(first, { actor: alice });
    this.edit((data) => Object.assign(data, { begun: true })); // by Automerge, as all was seen
  }

  /** Both make this edit. @returns whether Automerge was left out of it here */
  edit(edit: Edit, message?: string): boolean {
    const [before, options] = [this.bare, message === undefined ? { time: 0 } : { time: 0, message }];
    this.bare = Automerge.change(before, options, (data) => void edit(data));
    const { change } = editDocument(this.live, { actor: aliceId, sha256, message }, (data) => void edit(data as Data));
    const isLeftOut = this.live.untaken > 0;
    endEdit(this.live);
    const expected = this.bare === before ? null : Automerge.getLastLocalChange(this.bare);
    expect(change).toEqual(expected);
    expect(headsOf(this.live)).toEqual(Automerge.getHeads(this.bare));
    return isLeftOut && change !== null;
  }

  receive(changes: Uint8Array[]): void {
    applyTo(this.live, changes);
    [this.bare] = Automerge.applyChanges(this.bare, changes);
  }

  compare(): void {
    const [here, there] = [dataOf(this.live), Automerge.toJS(this.bare)];
    expect(here).toEqual(there);
    expect(dataOf(loadDocument(this.live.changes))).toEqual(there);
  }
}

const first = (): Uint8Array =>
  writeFirstChange(
    aliceId,
    { n: 1, float: 1.5, yes: true, none: null, text: "text", list: [1], map: { n: 1 } },
    sha256,
  );

const values = [
  0,
  -0,
  1,
  -1,
  127,
  128,
  -64,
  -65,
  2 ** 40,
  Number.MIN_SAFE_INTEGER + 2,
  1.5,
  -1.5e-300,
  5e-324,
  true,
  false,
  null,
];
const keys = ["n", "float", "yes", "none", "new", "ключ", "🗝", "", "constructor", "text", "list", "map"];

describe("a plain edit of the root has the bytes that Automerge would write", () => {
  test.each<[string, Edit]>([
    ["a number that was there", (data) => Object.assign(data, { n: 2 })],
    ["a key that was not there", (data) => Object.assign(data, { other: 2 })],
    ["a float, a truth value and null", (data) => Object.assign(data, { n: 0.1, yes: false, other: null })],
    ["keys in another order than theirs", (data) => Object.assign(data, { z: 1, a: 1, ä: 1 })],
    ["some values that are there, and one that is not", (data) => Object.assign(data, { n: 1, yes: true, float: 2.5 })],
    [
      "64 keys",
      (data) => Object.assign(data, Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`key ${n}`, n]))),
    ],
  ])("%s", (_, edit) => {
    const twins = new Twins(first());
    expect(twins.edit(edit)).toBe(true);
    twins.compare();
  });

  test.each<[string, Edit]>([
    ["what is there already", (data) => Object.assign(data, { n: 1, none: null, float: 1.5 })],
    ["a text", (data) => Object.assign(data, { n: 2, text: "other" })],
    ["a key of a map", (data) => Object.assign(data, { n: 2 }) && Object.assign(Object(data["map"]), { n: 3 })],
    ["what was read before", (data) => Object.assign(data, { n: Number(data["n"]) + 1 })],
    ["a key twice", (data) => Object.assign(data, { n: 2 }) && Object.assign(data, { n: 3 })],
    ["a key, there and back", (data) => Object.assign(data, { n: 2 }) && Object.assign(data, { n: 1 })],
    ["a key that is deleted then", (data) => Object.assign(data, { n: 2 }) && Reflect.deleteProperty(data, "n")],
    ["a number where a text was", (data) => Object.assign(data, { text: 7 })],
    ["a number where a list was, and another", (data) => Object.assign(data, { n: 2, list: 7 })],
    ["minus zero", (data) => Object.assign(data, { n: -0 })],
    ["nothing", () => undefined],
  ])("also where Automerge has to be asked, or nothing is changed: %s", (_, edit) => {
    const twins = new Twins(first());
    expect(twins.edit(edit)).toBe(false);
    twins.compare();
  });

  test("also after what Automerge made, and with a message", () => {
    const twins = new Twins(first());
    expect(twins.edit((data) => Object.assign(data, { text: "other" }), "first")).toBe(false);
    expect(twins.edit((data) => Object.assign(data, { n: 5 }), "second")).toBe(true);
    expect(twins.edit((data) => Object.assign(data, { n: 6, yes: null }))).toBe(true);
    expect(twins.edit((data) => Object.assign(data, { list: [] }))).toBe(false);
    expect(twins.edit((data) => Object.assign(data, { n: 7 }))).toBe(true);
    expect([saveDocument(twins.live), twins.live.untaken]).toEqual([Automerge.save(twins.bare), 0]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])("whatever was done before, here and elsewhere (seed %i)", (seed) => {
    const random = new Random(seed);
    const twins = new Twins(first());
    let theirs = Automerge.load<Data>(first(), { actor: bob });
    let [edits, leftOut] = [0, 0];
    const plain: Edit = (data) => {
      for (let sets = 1 + random.below(3); sets > 0; sets--) Reflect.set(data, random.pick(keys), random.pick(values));
    };
    const other: Edit = (data) => {
      const key = random.pick(keys);
      if (random.below(2) === 0) Reflect.deleteProperty(data, key);
      else
        Reflect.set(data, key, random.pick<unknown>(["text", [1, 2], { n: 1 }, new Date(7), new Automerge.Counter(3)]));
    };
    /** Random numbers are drawn once for both of the twins. */
    const once = (edit: Edit): Edit => {
      const drawn: [PropertyKey, unknown][] = [];
      const record = new Proxy(
        {},
        {
          set: (_, key, value) => drawn.push([key, value]) > 0,
          deleteProperty: (_, key) => drawn.push([key, undefined]) > 0,
        },
      );
      edit(record);
      return (data) => {
        for (const [key, value] of drawn)
          if (value === undefined) Reflect.deleteProperty(data, key);
          else Reflect.set(data, key, value);
      };
    };
    for (let step = 0; step < 300; step++) {
      const dice = random.below(10) + (random.below(4) === 0 ? 0 : -4);
      if (dice < 6) {
        edits += 1;
        if (twins.edit(once(plain))) leftOut += 1;
      } else if (dice === 6) twins.edit(once(other));
      else if (dice === 7)
        theirs = Automerge.change(
          theirs,
          { time: 0 },
          (data) => void once(random.below(3) === 0 ? other : plain)(data),
        );
      else if (dice === 8) {
        const [mine, newest] = [Automerge.getAllChanges(twins.bare), Automerge.getAllChanges(theirs)];
        twins.receive(newest.filter((change) => !mine.some((one) => Buffer.compare(one, change) === 0)));
        if (random.below(2) === 0) [theirs] = Automerge.applyChanges(theirs, mine);
      } else if (random.below(2) === 0) twins.compare();
      else refresh(twins.live);
    }
    twins.compare();
    expect([edits > 30, leftOut > 3]).toEqual([true, true]);
  });
});

test("Automerge is told of each change again where somebody looks after a few, until nobody has looked for long", () => {
  const twins = new Twins(first());
  let made = 0;
  const keptBack = (changes: number): number => {
    let kept = 0;
    for (const end = made + changes; made < end; made++)
      if (twins.edit((data) => Object.assign(data, { n: 1_000 + made }))) kept += 1;
    twins.compare();
    return kept;
  };
  // The first change after a look is always made there.
  expect([3, 3, 9, 9, 2].map(keptBack)).toEqual([3, 0, 0, 8, 1]);
});

test("who watches gets the patches of what Automerge was not told yet", () => {
  const { live } = new Twins(first());
  for (const n of [5, 6]) {
    editDocument(live, { actor: aliceId, sha256 }, (data) => Object.assign(data, { n }));
    endEdit(live);
  }
  expect(live.untaken).toBe(2);
  expect(refresh(live)).toEqual([
    { action: "put", path: ["begun"], value: true },
    { action: "put", path: ["n"], value: 6 },
  ]);
});

test("a deletion is bound to changes that Automerge was not told yet", () => {
  const twins = new Twins(first());
  twins.edit((data) => Object.assign(data, { n: 2 }));
  twins.bare = Automerge.emptyChange(twins.bare, { time: 0 });
  expect(emptyChange(twins.live, aliceId)).toEqual(Automerge.getLastLocalChange(twins.bare));
});
