// What is received of documents, and what of it counts.
import { asPlaintext } from "@selkie/crypto";
import { toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { isTouched, writersOf } from "../../src/document/document-state.ts";
import type { PartDraft } from "../../src/sealing/seal-entry.ts";
import type { Made } from "../automerge/hand-made-change.ts";
import type { Author } from "../database/lab.ts";
import { pattern, say } from "../fixture.ts";
import { permutations } from "../permutations.ts";
import { saidUnder } from "../sealing/said.ts";
import { Desk, hashes, NAME, PLACE } from "./desk.ts";

describe("received changes", () => {
  test("count in an order that can be applied, whatever the order of arrival, and are new once", async () => {
    const desk = await Desk.begin("orders");
    const { bob, carol, dave } = desk;
    const one = desk.change(bob);
    const two = desk.change(carol, { deps: [one.hash], startOp: 2 });
    const three = desk.change(dave, { deps: [two.hash], startOp: 3 });
    const [first, second, third] = [
      await desk.write(bob, one),
      await desk.write(carol, two),
      await desk.write(dave, three),
    ];
    for (const order of permutations([first, second, third])) {
      desk.reset();
      const fresh: string[] = [];
      for (const run of order) fresh.push(...(await desk.receive(run)));
      expect(fresh).toEqual(hashes(one, two, three));
      expect(desk.counting).toEqual(fresh);
      expect(await desk.receive(first, second, third)).toEqual([]);
      expect(desk.counting).toEqual(fresh);
      expect(desk.announced).toEqual([]);
    }
  });

  test("that wait for others are no document yet, and touch it all the same", async () => {
    const desk = await Desk.begin("waiting");
    const { bob, carol, documents, state } = desk;
    const one = desk.change(bob);
    const two = desk.change(carol, { deps: [one.hash], startOp: 2 });
    expect(await desk.receive(await desk.write(carol, two))).toEqual([]);
    expect([desk.record, [...documents.all()]]).toEqual([undefined, []]);
    expect([isTouched(state, NAME), state.waiting.touches(NAME, carol.writer)]).toEqual([true, true]);
    const writers = (): unknown => writersOf(state, new Set([NAME]), [bob.writer, carol.writer]);
    expect(writers()).toEqual(new Set([carol.writer]));
    expect(await desk.receive(await desk.write(bob, one))).toEqual(hashes(one, two));
    expect(state.waiting.touches(NAME, carol.writer)).toBe(false);
    expect(writers()).toEqual(new Set([bob.writer, carol.writer]));
  });

  test("delete a document while one of the latest marks does, in every order of arrival", async () => {
    const desk = await Desk.begin("marks");
    const { bob, carol, dave } = desk;
    const one = desk.change(bob);
    const gone = desk.change(dave, { deps: [one.hash], startOp: 2, ops: [] });
    const back = desk.change(carol, { deps: [one.hash], startOp: 2, ops: [] });
    const after = desk.change(carol, { deps: [gone.hash, back.hash].sort(), seq: 2, startOp: 2, ops: [] });
    const mark = (author: Author, made: Made, kind: "delete" | "undelete") =>
      author.write([author.part(PLACE, made.bytes, { kind })]);
    const runs = [await desk.write(bob, one), await mark(dave, gone, "delete"), await mark(carol, back, "undelete")];
    const last = await mark(carol, after, "undelete");
    for (const order of permutations(runs)) {
      desk.reset();
      for (const run of order) await desk.receive(run);
      expect(desk.record?.deleted).toBe(true);
      await desk.receive(last);
      expect(desk.record?.deleted).toBe(false);
      expect(desk.record?.latestMarks.map(({ hash }) => toHex(hash))).toEqual([after.hash]);
    }
  });
});

describe("what may not count", () => {
  type Bad = (desk: Desk) => readonly PartDraft[];
  const key = ({ lab }: Desk) => lab.keys[0] ?? expect.fail("a key");
  const bad: Record<string, Bad> = {
    PART_MALFORMED: (desk) => [{ kind: "change", key: key(desk), plaintext: asPlaintext(new Uint8Array(128).fill(1)) }],
    UPDATE_NEEDED: (desk) => [{ kind: "change", key: key(desk), plaintext: say("of a later version") }],
    BRANCH_UNKNOWN: (desk) => {
      const document = { type: "counter", counter: 0 } as const;
      const [branch, payload] = [pattern("branch", 16), desk.change(desk.bob).bytes];
      return [saidUnder(key(desk), { kind: "change", document, branch, payload })];
    },
    CHANGE_ACTOR_FORGED: (desk) => [desk.bob.part(PLACE, desk.change(desk.carol).bytes)],
    CHANGE_CHECKSUM: (desk) => [desk.bob.part(PLACE, desk.change(desk.bob, { checksum: [1, 2, 3, 4] }).bytes)],
    CHANGE_FORBIDDEN_KEY: (desk) => {
      const ops = [{ key: { text: "__proto__" }, value: 1 }];
      return [desk.bob.part(PLACE, desk.change(desk.bob, { ops }).bytes)];
    },
    WRITE_NOT_ENTITLED: (desk) => {
      desk.lost.add(toHex(key(desk).keyId));
      return [desk.bob.part(PLACE, desk.change(desk.bob).bytes)];
    },
  };

  test.each(Object.entries(bad))(
    "is announced as %s, takes no place, and does not stop what comes with it",
    async (reason, parts) => {
      const desk = await Desk.begin(reason);
      const run = await desk.bob.write(parts(desk));
      const good = await desk.write(desk.carol, desk.change(desk.carol));
      const entryId = toHex(run.entries[0]?.id ?? expect.fail("an entry"));
      expect(await desk.receive(run)).toEqual([]);
      expect([...desk.documents.all()]).toEqual([]);
      desk.lost.clear();
      expect((await desk.receive(run, good)).length).toBe(reason === "WRITE_NOT_ENTITLED" ? 2 : 1);
      expect(desk.announced).toEqual([{ entryId, user: "CN=bob/O=acme", reason }]);
    },
  );

  test("D11 is a reader's change", async () => {
    const desk = await Desk.begin("reader");
    const [delivery] = await desk.deliveries(await desk.write(desk.bob, desk.change(desk.bob)));
    if (delivery === undefined) return expect.fail("a delivery");
    const fresh = desk.received.receive([{ ...delivery, admission: { ...delivery.admission, role: "reader" } }]);
    expect([fresh.size, [...desk.documents.all()]]).toEqual([0, []]);
    expect(desk.announced).toMatchObject([{ reason: "WRITE_NOT_ALLOWED" }]);
  });

  test("D1 is one of two changes with one number, for everybody the one that came first until chains are judged", async () => {
    const desk = await Desk.begin("equivocation");
    const [one, other] = [desk.change(desk.bob), desk.change(desk.bob, { ops: [{ value: 2 }] })];
    expect(await desk.receive(await desk.write(desk.bob, one, other))).toEqual(hashes(one));
    expect(desk.announced).toMatchObject([{ reason: "CHANGE_EQUIVOCATION" }]);
  });
});
