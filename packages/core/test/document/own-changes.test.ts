// What this device makes in documents.
import { describe, expect, test } from "vitest";
import { changeLimits } from "../../src/automerge/change-limits.ts";
import type { DocumentRecord } from "../../src/document/document-record.ts";
import { Desk, hashes, PLACE } from "./desk.ts";

describe("changes of this device", () => {
  test("pass the same gate, and are known when their own entry comes", async () => {
    const desk = await Desk.begin("own");
    const { bob, documents, ownChanges } = desk;
    const record = documents.ensure(PLACE);
    const one = desk.change(bob);
    ownChanges.take(record, bob.writer, "create", one.bytes);
    ownChanges.take(record, bob.writer, "create", one.bytes);
    expect(desk.counting).toEqual(hashes(one));
    for (const wrong of [
      desk.change(desk.carol),
      desk.change(bob, { seq: 2, startOp: 2, deps: ["00".repeat(32)] }),
      desk.change(bob, { seq: 3, startOp: 2, deps: [one.hash] }),
      desk.change(bob, { seq: 2, startOp: 9, deps: [one.hash] }),
    ])
      expect(() => ownChanges.take(record, bob.writer, "change", wrong.bytes)).toThrow(
        expect.objectContaining({ code: "CHANGE_REFUSED" }),
      );
    expect(desk.counting).toEqual(hashes(one));
    expect(await desk.receive(await desk.write(bob, one))).toEqual([]);
  });

  test("that are plain are judged later, and those that may be too large at once", async () => {
    const desk = await Desk.begin("plain");
    const { bob, documents, ownChanges } = desk;
    const record = documents.ensure(PLACE);
    const one = desk.change(bob);
    ownChanges.take(record, bob.writer, "create", one.bytes);
    expect(ownChanges.takePlain(record, bob.writer, new Uint8Array(changeLimits.bytes + 1))).toBe(false);
    const plain = desk.change(bob, { seq: 2, startOp: 2, deps: [one.hash] });
    expect(ownChanges.takePlain(record, bob.writer, plain.bytes)).toBe(true);
    const row: Parameters<typeof ownChanges.judge>[0][number] = { ...PLACE, change: plain.bytes };
    expect(ownChanges.judge([row])).toBe(true);
    expect(row.chunk).toMatchObject({ bytes: plain.bytes, seq: 2 });
    expect(desk.counting).toEqual(hashes(one, plain));
    // Its claim to be plain was the editor's word: the gate has the last.
    const wrong = desk.change(bob, { seq: 9, startOp: 3, deps: [plain.hash] });
    ownChanges.takePlain(record, bob.writer, wrong.bytes);
    expect(ownChanges.judge([{ ...PLACE, change: wrong.bytes }])).toBe(false);
    expect(desk.counting).toEqual(hashes(one, plain));
  });

  test("about to create a document are forgotten, and one that others write in is not", async () => {
    const desk = await Desk.begin("forget");
    const { bob, carol, documents, ownChanges } = desk;
    const one = desk.change(bob);
    const create = (): DocumentRecord => {
      const record = documents.ensure(PLACE);
      ownChanges.take(record, bob.writer, "create", one.bytes);
      return record;
    };
    documents.forget(create());
    expect(desk.record).toBeUndefined();
    const record = create();
    await desk.receive(await desk.write(carol, desk.change(carol)));
    documents.forget(record);
    expect(desk.record).toBe(record);
  });
});
