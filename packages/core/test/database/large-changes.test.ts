// The largest changes that people make: what bounds the work of an entry gets in nobody's way.
import { asPlaintext } from "@selkie/crypto";
import { toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { changeLimits } from "../../src/automerge/change-limits.ts";
import { marksOf } from "../../src/database/read-document.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { Lab, placeOf } from "./lab.ts";

const LETTERS = changeLimits.ops - 1;

test("D12 a text of as many letters as there may be is pasted and deleted at once, among others' and small documents", async () => {
  const lab = await Lab.begin("large", ["default"]);
  const [anna, ben] = [await lab.device("anna", lab.keys), await lab.device("ben", lab.keys)];
  const { database } = anna;
  const doc = await database.createDocument({ text: "x".repeat(LETTERS) });
  for (let n = 0; n < 3; n++) await database.createDocument({ n });
  await anna.runs();
  await database.changeDoc(doc, (draft) => draft.text(["text"]).splice(0, LETTERS));
  for (let n = 0; n < 3; n++) await database.createDocument({ n: 10 + n });
  const runs = await anna.runs();
  await ben.receive(...runs);
  expect([anna.reports, anna.setAside, ben.reports, ben.announced]).toEqual([[], [], [], []]);
  expect((await ben.database.getAllDocumentIds()).length).toBe(7);
  expect((await ben.database.getDocument(doc.id)).getData()).toEqual({ text: "" });
});

test("D12 who changes more at once than others take is told so at once, and nothing is changed; less at a time goes", async () => {
  const lab = await Lab.begin("heavy", ["default"]);
  const [anna, ben] = [await lab.device("anna", lab.keys), await lab.device("ben", lab.keys)];
  const { database } = anna;
  const [letters, marks] = [6_000, 5_600];
  const doc = await database.createDocument({ text: "x".repeat(letters) });
  const heads = doc.getHeads();
  const change = (from: number, to: number) =>
    database.changeDoc(doc, (draft) => {
      const text = draft.text(["text"]);
      for (let n = from; n < to; n++) {
        const start = (n * 7_919) % (letters - 30);
        text.mark({ start, end: start + 30 }, `${n}`, true);
      }
    });
  await expect(change(0, marks)).rejects.toMatchObject({ name: "CoreError", code: "CHANGE_TOO_LARGE" });
  expect([doc.getHeads(), await marksOf(database, doc, ["text"])]).toEqual([heads, []]);
  const tooLong = "x".repeat(changeLimits.ops);
  await expect(database.createDocuments([{ n: 1 }, { tooLong }])).rejects.toMatchObject({
    ...{ name: "CoreError", code: "CHANGE_TOO_LARGE", row: 1 },
  });
  await change(0, marks / 2);
  await change(marks / 2, marks);
  await ben.receive(...(await anna.runs()));
  expect([anna.reports, anna.setAside, ben.reports, ben.announced]).toEqual([[], [], [], []]);
  const there = await ben.database.getDocument(doc.id);
  expect(there.getHeads()).toEqual(doc.getHeads());
  expect(new Set((await marksOf(ben.database, there, ["text"])).map(({ name }) => name)).size).toBe(marks);
});

test("D12 thousands of records, some with pages of text, are imported in one go", async () => {
  const lab = await Lab.begin("import", ["default"]);
  const [anna, ben] = [await lab.device("anna", lab.keys), await lab.device("ben", lab.keys)];
  const rows = Array.from({ length: 3_000 }, (_, n) => ({ n, text: "y".repeat(n % 100 === 0 ? 3_000 : 5) }));
  await anna.database.createDocuments(rows);
  await ben.receive(...(await anna.runs()));
  expect([anna.reports, ben.reports, ben.announced]).toEqual([[], [], []]);
  expect((await ben.database.getAllDocumentIds()).length).toBe(rows.length);
});

test("D12 an entry of so many parts that none may hold a change is not opened, and what follows counts", async () => {
  const lab = await Lab.begin("parts", ["default"]);
  const [ben, bob] = [await lab.device("ben", lab.keys), await lab.author("bob")];
  const [key] = lab.keys;
  if (key === undefined) return expect.fail("a key");
  const empty = { kind: "change", key, plaintext: asPlaintext(new Uint8Array(128).fill(1)) } as const;
  const place = placeOf("good");
  const good = handMade({ actor: bob.actor(place), ops: [{ value: 1 }] });
  const run = await bob.write(new Array(556).fill(empty), new Array(555).fill(empty), [bob.part(place, good.bytes)]);
  await ben.receive(run);
  // Whoever opens a part says what is wrong with it.
  const [first, second] = run.entries.map(({ id }) => toHex(id));
  expect(ben.announced).toEqual([`${first} CHANGE_TOO_LARGE`, `${second} PART_MALFORMED`]);
  expect(await ben.database.getAllDocumentIds()).toEqual([docIdOf(place)]);
});
