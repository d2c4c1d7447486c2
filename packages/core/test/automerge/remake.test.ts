import * as Automerge from "@automerge/automerge";
import { fromHex, toHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { gate, restoreHistory } from "../../src/automerge/gate.ts";
import { deleteAgain, remakeChanges } from "../../src/automerge/remake.ts";
import { alice, bob } from "./hand-made-change.ts";
import { parse } from "./judge.ts";
import { type AnyDoc, Random, randomChange, randomHistory } from "./random-history.ts";
import { sha256 } from "./sha256.ts";

const carol = "0c".repeat(16);
const mallory = "dd".repeat(16);
const again = "a2".repeat(16);

/** A document whose fields the test knows. */
interface Fields {
  title: string;
  text: string;
  list: (string | number | Automerge.Counter)[];
  count: Automerge.Counter;
  bin?: number;
  more: object;
  gone?: number;
  items: string[];
  person: { name?: string; tags: string[]; phone?: string };
  rows: { cell: string; other?: string }[];
}

type Edit = (doc: Fields) => void;

/** What stands without mallory, and what alice did on top of it, made anew there. */
function remade(
  own: readonly Uint8Array[],
  lost: readonly Uint8Array[],
  ground: readonly Uint8Array[],
  isSealed = true,
): readonly Uint8Array[] {
  const history = new DocumentHistory();
  restoreHistory(history, ground, sha256);
  const changes = own.map(parse);
  const unsealed = new Set(isSealed ? [] : changes);
  const make = (marks: boolean) =>
    [
      ...remakeChanges(changes, {
        ...{ ground: ground.map(parse), lost: lost.map(parse), heads: history.heads(), sha256 },
        ...{ actor: fromHex(again), firstSeq: 1, marks, unsealed, done: new Set(), same: new Map() },
      }),
    ].flatMap((change) => change ?? []);
  const trial = new DocumentHistory();
  restoreHistory(trial, ground, sha256);
  const isRefused = make(true).some(
    (change) => gate(change, { history: trial, actor: fromHex(again) }).type === "refused",
  );
  const made = make(!isRefused);
  for (const change of made) expect(gate(change, { history, actor: fromHex(again) })).toEqual({ type: "pass" });
  return made.map(({ bytes }) => bytes);
}

/** The document with only `by` of what was made since. */
const changesOf = (doc: Automerge.Doc<unknown>, actor: string): readonly Uint8Array[] =>
  Automerge.getAllChanges(doc).filter((bytes) => toHex(parse(bytes).actor) === actor);

function show(changes: readonly Uint8Array[]): unknown {
  const doc = Automerge.load<Fields>(Automerge.save(Automerge.applyChanges(Automerge.init(), [...changes])[0]));
  return JSON.parse(JSON.stringify(doc));
}

/** Bob's beginning, what mallory made of it, what alice made of that; and what the document is with alice's edits, without mallory's. */
function scene(begin: Edit, bad: Edit, good: Edit | readonly Edit[], meanwhile: Edit | null = null) {
  const first = Automerge.change(Automerge.init<Fields>({ actor: bob }), begin);
  const wrong = Automerge.change(Automerge.clone(first, { actor: mallory }), bad);
  let mine = Automerge.clone(wrong, { actor: alice });
  for (const edit of [good].flat()) mine = Automerge.change(mine, edit);
  const others = meanwhile === null ? first : Automerge.change(Automerge.clone(first, { actor: carol }), meanwhile);
  const ground = Automerge.getAllChanges(others);
  const own = remade(changesOf(mine, alice), changesOf(mine, mallory), ground);
  return show([...ground, ...own]);
}

describe("edits on top of what counts no more", () => {
  test("stay where they were: values, texts, lists, counters", () => {
    expect(
      scene(
        (doc) =>
          Object.assign(doc, { title: "old", text: "hello", list: [1, 2], count: new Automerge.Counter(1), bin: 1 }),
        (doc) => {
          doc.title = "bad";
          Automerge.splice(doc, ["text"], 5, 0, " evil");
          doc.list.push(666);
          doc.count.increment(100);
          delete doc.bin;
        },
        (doc) => {
          doc.title = "mine";
          Automerge.splice(doc, ["text"], 10, 0, "!");
          doc.list.push(3);
          doc.count.increment(2);
          doc.more = { deep: ["x"] };
        },
      ),
    ).toEqual({ title: "mine", text: "hello!", list: [1, 2, 3], count: 3, bin: 1, more: { deep: ["x"] } });
  });

  test("take the place of what their author saw there; what others put there meanwhile is not deleted", () => {
    const shown = scene(
      (doc) => Object.assign(doc, { title: "old", gone: 1 }),
      (doc) => Object.assign(doc, { title: "bad", gone: 2 }),
      (doc) => {
        doc.title = "mine";
        delete doc.gone;
      },
      (doc) => Object.assign(doc, { title: "Carol's", gone: 3 }),
    );
    expect(shown).toEqual({ title: "mine", gone: 3 });
  });

  test("in an object that is gone go to the one that stands there, or into a new one", () => {
    const shown = scene(
      (doc) => Object.assign(doc, { items: ["kept"] }),
      (doc) => {
        doc.items = ["bad"];
        doc.person = { name: "bad", tags: [] };
        doc.rows = [{ cell: "bad" }];
      },
      [
        (doc) => void doc.items.push("mine"),
        (doc) => {
          doc.person.phone = "1";
          doc.person.tags.push("t");
        },
        (doc) => {
          Object.assign(doc.rows[0] ?? {}, { cell: "mine", other: "too" });
        },
      ],
    );
    expect(shown).toEqual({
      items: ["mine", "kept"],
      person: { phone: "1", tags: ["t"] },
      rows: [{ cell: "mine", other: "too" }],
    });
  });

  test("on an element that is gone get one of their own, and deletions of what is gone are nothing", () => {
    const shown = scene(
      (doc) => Object.assign(doc, { list: ["a", "b"] }),
      (doc) => doc.list.splice(1, 0, "bad", "worse", new Automerge.Counter(5)),
      [
        (doc) => {
          doc.list[1] = "mine";
        },
        (doc) => void doc.list.splice(2, 1),
        (doc) => (doc.list[2] as Automerge.Counter).increment(3),
        (doc) => {
          doc.list[1] = "mine, again";
        },
      ],
    );
    expect(shown).toEqual({ list: ["a", "mine, again", 3, "b"] });
  });

  test("marks of a text are set where their text is", () => {
    const begin = Automerge.from<{ text: string }>({ text: "hello world" }, { actor: bob });
    const wrong = Automerge.change(Automerge.clone(begin, { actor: mallory }), (doc) =>
      Automerge.splice(doc, ["text"], 5, 0, " bad"),
    );
    const mine = Automerge.change(Automerge.clone(wrong, { actor: alice }), (doc) =>
      Automerge.mark(doc, ["text"], { start: 3, end: 12, expand: "none" }, "bold", true),
    );
    const ground = Automerge.getAllChanges(begin);
    const own = remade(changesOf(mine, alice), changesOf(mine, mallory), ground);
    const [doc] = Automerge.applyChanges(Automerge.init<{ text: string }>(), [...ground, ...own]);
    expect(Automerge.marks(doc, ["text"])).toEqual([{ name: "bold", value: true, start: 3, end: 8 }]);
  });

  test("of which nothing is left are changes without operations, that speak for them; none where no entry holds them", () => {
    const first = Automerge.from<{ bad?: number }>({}, { actor: bob });
    const wrong = Automerge.change(Automerge.clone(first, { actor: mallory }), (doc) => {
      doc.bad = 1;
    });
    const mine = Automerge.change(Automerge.clone(wrong, { actor: alice }), (doc) => void delete doc.bad);
    const [own, lost] = [changesOf(mine, alice), changesOf(mine, mallory)];
    const ground = Automerge.getAllChanges(first);
    expect(remade(own, lost, ground).map((bytes) => parse(bytes).opCount)).toEqual([0]);
    expect(remade(own, lost, ground, false)).toEqual([]);
  });

  test("pass the gate, and where nothing was lost show the same document, in 60 random histories", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (seed) => {
        const random = new Random(seed);
        const { doc } = randomHistory(seed, { actors: [bob, carol], steps: random.below(10) });
        let bad: AnyDoc = Automerge.clone(doc, { actor: mallory });
        for (let n = random.below(4); n > 0; n--) bad = randomChange(bad, random);
        let mine: AnyDoc = Automerge.clone(bad, { actor: alice });
        for (let n = 1 + random.below(8); n > 0; n--) {
          mine = randomChange(mine, random);
          if (random.below(3) > 0) continue;
          bad = randomChange(bad, random);
          mine = Automerge.merge(mine, Automerge.clone(bad));
        }
        let others: AnyDoc = Automerge.clone(doc, { actor: carol });
        const isAlone = changesOf(mine, mallory).length === 0;
        if (!isAlone) for (let n = random.below(4); n > 0; n--) others = randomChange(others, random);
        const ground = Automerge.getAllChanges(others);
        const own = remade(changesOf(mine, alice), changesOf(mine, mallory), ground);
        const shown = show([...ground, ...own]);
        if (isAlone) expect(shown).toEqual(JSON.parse(JSON.stringify(mine)));
      }),
      { numRuns: 60, examples: [[804711], [457135]] },
    );
  });
});

/** What was lost counts again, beside what was made anew without it. */
function returned(begin: Edit, bad: Edit, good: Edit, later: Edit | null = null) {
  const first = Automerge.change(Automerge.init<Fields>({ actor: bob }), begin);
  const wrong = Automerge.change(Automerge.clone(first, { actor: mallory }), bad);
  const mine = Automerge.change(Automerge.clone(wrong, { actor: alice }), good);
  const own = changesOf(mine, alice);
  const made = remade(own, changesOf(mine, mallory), Automerge.getAllChanges(first));
  const [both] = Automerge.applyChanges(Automerge.clone(wrong, { actor: carol }), [...made]);
  const ground = Automerge.getAllChanges(later === null ? both : Automerge.change(both, later));
  const history = new DocumentHistory();
  restoreHistory(history, ground, sha256);
  const actor = fromHex(again);
  const firstSeq = history.lastSeq(actor) + 1;
  const at = { ground: ground.map(parse), lost: own.map(parse), heads: history.heads(), actor, firstSeq, sha256 };
  const last = [...deleteAgain(own.map(parse), at)].flatMap((change) => change ?? []);
  for (const change of last) expect(gate(change, { history, actor })).toEqual({ type: "pass" });
  const shown = Automerge.applyChanges(Automerge.init<Fields>(), [...ground, ...last.map(({ bytes }) => bytes)])[0];
  return { shown, count: last.length };
}

describe("what edits took the place of, and what counts again", () => {
  test("is gone again, and what was made anew stands alone", () => {
    const { shown, count } = returned(
      (doc) => Object.assign(doc, { title: "old", text: "hello", list: [1, 2], bin: 1 }),
      (doc) => {
        doc.title = "bad";
        Automerge.splice(doc, ["text"], 5, 0, " evil");
        doc.list.push(666, 777);
        doc.gone = 2;
      },
      (doc) => {
        doc.title = "mine";
        Automerge.splice(doc, ["text"], 5, 5, "!");
        doc.list.splice(2, 1);
        delete doc.gone;
      },
    );
    expect([JSON.parse(JSON.stringify(shown)), count]).toEqual([
      { title: "mine", text: "hello!", list: [1, 2, 777], bin: 1 },
      1,
    ]);
    expect(Automerge.getConflicts(shown, "title")).toBeUndefined();
  });

  test("is left alone where it was not seen, or somebody wrote over it since, and what nothing is left of is no change", () => {
    const { shown, count } = returned(
      (doc) => Object.assign(doc, { title: "old", gone: 1 }),
      (doc) => Object.assign(doc, { title: "bad", bin: 5 }),
      (doc) => Object.assign(doc, { title: "mine" }),
      (doc) => Object.assign(doc, { title: "later" }),
    );
    expect([JSON.parse(JSON.stringify(shown)), count]).toEqual([{ title: "later", gone: 1, bin: 5 }, 0]);
  });
});
