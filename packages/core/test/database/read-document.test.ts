import { describe, expect, test } from "vitest";
import { marksOf, valuesAt } from "../../src/database/read-document.ts";
import { type Device, Lab } from "./lab.ts";

interface Shown {
  in: { n: number };
  list: unknown[];
}

async function pass(from: Device, to: Device): Promise<void> {
  await to.receive(...(await from.runs()));
}

describe("what a document's data does not show", () => {
  test("conflicts are there to be read, what shows first, and resolved by assigning", async () => {
    const lab = await Lab.begin("conflicts");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    const doc = await anna.database.createDocument({ in: { n: 1 }, list: ["a", "b"] });
    const shownBy = (each: typeof doc) => each.getData() as Shown;
    await pass(anna, ben);
    const his = await ben.database.getDocument(doc.id);
    for (const [device, by, n] of [
      [anna, doc, 2],
      [ben, his, 3],
    ] as const)
      await device.database.changeDoc(by, (draft) => {
        const data = draft.getData() as Shown;
        data.in.n = n;
        data.list[1] = { n };
      });
    await pass(anna, ben);
    await pass(ben, anna);
    for (const [{ database }, shown] of [
      [anna, doc],
      [ben, his],
    ] as const) {
      const values = await valuesAt(database, shown, ["in", "n"]);
      expect(values[0]).toBe(shownBy(shown).in.n);
      expect([...values].sort()).toEqual([2, 3]);
      const elements = await valuesAt(database, shown.id, ["list", 1]);
      expect(elements).toHaveLength(2);
      expect(elements[0]).toEqual(shownBy(shown).list[1]);
      expect(elements.every(Object.isFrozen)).toBe(true);
      expect(await valuesAt(database, shown, ["list", 0])).toEqual(["a"]);
      for (const path of [["list", 2], ["none"], ["in", "n", "deeper"], []])
        expect(await valuesAt(database, shown, path)).toEqual([]);
    }
    await anna.database.changeDoc(doc, (draft) => void Object.assign((draft.getData() as Shown).in, { n: 4 }));
    await pass(anna, ben);
    expect(await valuesAt(ben.database, his, ["in", "n"])).toEqual([4]);
    await ben.database.deleteDocument(his);
    expect(await valuesAt(ben.database, his, ["in", "n"])).toEqual([]);
  });

  test("marks are there to be read, and go along with what is marked", async () => {
    const lab = await Lab.begin("marks");
    const { database } = await lab.device("anna");
    const doc = await database.createDocument({ body: "They swim.", n: 1 });
    await database.changeDoc(doc, (draft) => draft.text(["body"]).mark({ start: 5, end: 9 }, "bold", true));
    await database.changeDoc(doc, (draft) => {
      const text = draft.text(["body"]);
      text.splice(0, 0, "Now: ");
      expect(text.marks()).toEqual([{ name: "bold", value: true, start: 10, end: 14 }]);
    });
    expect(await marksOf(database, doc, ["body"])).toEqual([{ name: "bold", value: true, start: 10, end: 14 }]);
    for (const path of [["n"], ["none"], []]) expect(await marksOf(database, doc, path)).toEqual([]);
    await expect(marksOf({} as typeof database, doc, ["body"])).rejects.toThrow(TypeError);
  });
});
