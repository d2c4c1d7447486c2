import * as Automerge from "@automerge/automerge";
import { describe, expect, test } from "vitest";
import { opsOf } from "../../src/automerge/op-ground.ts";
import { sameEdits } from "../../src/automerge/same-edits.ts";
import { alice, bob } from "./hand-made-change.ts";
import { parse } from "./judge.ts";

interface Note {
  text: string;
  map: Record<string, number>;
}

const base = Automerge.change(Automerge.init<Note>({ actor: alice }), { time: 0 }, (note) => {
  Object.assign(note, { text: "note", map: { a: 1 } });
});

/** One change of an actor on a document. */
function changed(
  actor: string,
  edit: (note: Note) => void,
  { on = base, message }: { on?: Automerge.Doc<Note>; message?: string } = {},
) {
  const doc = Automerge.clone(on, { actor });
  const bytes = Automerge.getLastLocalChange(
    Automerge.change(doc, { time: 0, ...(message === undefined ? {} : { message }) }, edit),
  );
  return bytes === undefined ? expect.fail("a change") : parse(bytes);
}

const write = (text: string) => (note: Note) => Automerge.splice(note, ["text"], 4, 0, text);

describe("a change", () => {
  test("is found again where another actor made it anew, operation by operation, also among equal ones", () => {
    const [first, again] = [changed(alice, write("aab")), changed(bob, write("aab"))];
    expect([...(sameEdits(first, again) ?? [])]).toEqual(opsOf(again).map(({ id }, at) => [id, opsOf(first)[at]?.id]));
  });

  test("is found again where nothing was left to be done of some of it", () => {
    const first = changed(alice, (note) => {
      Automerge.splice(note, ["text"], 0, 2, "x");
    });
    const again = changed(bob, (note) => {
      Automerge.splice(note, ["text"], 0, 0, "x");
    });
    const inserted = opsOf(first).find(({ op }) => op.insert);
    expect([...(sameEdits(first, again)?.values() ?? [])]).toEqual([inserted?.id]);
  });

  test("is found again where what it wrote into was made once more", () => {
    const first = changed(alice, (note) => {
      note.map["b"] = 1;
    });
    const again = changed(bob, (note) => {
      note.map = { b: 1 };
    });
    expect([...(sameEdits(first, again)?.values() ?? [])]).toEqual([opsOf(first)[0]?.id]);
  });

  test.each<[string, (note: Note) => void, string | undefined]>([
    ["another text", write("b"), undefined],
    ["more text", write("aa"), undefined],
    ["another key", (note) => Object.assign(note.map, { c: 1 }), undefined],
    ["another message", write("a"), "said"],
  ])("is another with %s", (_, edit, message) => {
    expect(
      sameEdits(changed(alice, write("a")), changed(bob, edit, message === undefined ? {} : { message })),
    ).toBeNull();
  });
});
