import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { counter } from "../../src/automerge/counter.ts";
import type { HistoryItem } from "../../src/database/history.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import { type Device, Lab, placeOf } from "./lab.ts";

const minute = 60_000;
const at = (minutes: number): Date => new Date(minutes * minute);

async function pass(from: Device, to: Device): Promise<void> {
  await to.receive(...(await from.runs()));
}

async function set(device: Device, id: DocId, value: object): Promise<readonly string[]> {
  const doc = await device.database.getDocument(id);
  await device.database.changeDoc(doc, (draft) => void Object.assign(draft.getData(), value));
  return doc.getHeads();
}

const historyOf = (device: Device, id: DocId): Promise<readonly HistoryItem[]> =>
  Array.fromAsync(device.database.history.changes(id));
const dataAt = async (device: Device, id: DocId, when: Date | readonly string[]) =>
  (await device.database.history.getDocumentAt(id, when))?.getData();

describe("a document as it was", () => {
  test("is what had been made by a time, or what heads name, here and where it was received", async () => {
    const lab = await Lab.begin("time travel");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    anna.now = 10 * minute;
    const { id } = await anna.database.createDocument({ n: 1 });
    anna.now = 20 * minute;
    const heads = await set(anna, id, { n: 2 });
    anna.now = 30 * minute;
    await set(anna, id, { n: 3 });
    const look = async (device: Device) => [
      ...(await Promise.all([at(9), at(10), at(19), at(20), at(31)].map((time) => dataAt(device, id, time)))),
      await dataAt(device, id, heads),
    ];
    const expected = [undefined, { n: 1 }, { n: 1 }, { n: 2 }, { n: 3 }, { n: 2 }];
    expect(await look(anna)).toEqual(expected); // what no entry holds yet
    await pass(anna, ben);
    expect(await look(ben)).toEqual(expected);
    expect(await look(anna)).toEqual(expected);
    expect(await look(await ben.reopened())).toEqual(expected);
    const past = await ben.database.history.getDocumentAt(id, heads);
    expect(past?.getHeads()).toEqual(heads);
    expect(Object.isFrozen(past?.getData())).toBe(true);
    expect((await ben.database.getDocument(id)).getData()).toEqual({ n: 3 });
  });

  test("was made no earlier than what it builds on, whatever its author claims", async () => {
    const lab = await Lab.begin("a clock set back");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    anna.now = 10 * minute;
    const { id } = await anna.database.createDocument({ n: 1 });
    await pass(anna, ben);
    ben.now = 5 * minute;
    await set(ben, id, { n: 2 });
    await pass(ben, anna);
    for (const device of [anna, ben]) {
      expect(await dataAt(device, id, at(9))).toBeUndefined();
      expect(await dataAt(device, id, at(10))).toEqual({ n: 2 });
      expect((await historyOf(device, id)).map(({ claimedTime }) => claimedTime)).toEqual([at(10), at(5)]);
    }
  });

  test("is told apart to five minutes when much was made offline", async () => {
    const lab = await Lab.begin("offline for long");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    const { id } = await anna.database.createDocument({ n: 0 });
    for (const n of [1, 2, 3, 4, 5, 6, 7]) {
      anna.now = n * 2 * minute;
      await set(anna, id, { n });
    }
    await pass(anna, ben);
    const times = (await historyOf(ben, id)).map(({ claimedTime }) => claimedTime);
    expect(times).toEqual([4, 4, 4, 10, 10, 10, 14, 14].map(at));
    expect(await dataAt(ben, id, at(11))).toEqual({ n: 5 });
  });

  test("is deleted, or there again, as it was then; and the ids of that time are those that were there", async () => {
    const lab = await Lab.begin("deleted and not");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    const { database } = anna;
    anna.now = 10 * minute;
    const one = await database.createDocument({ n: 1 });
    anna.now = 20 * minute;
    const two = await database.createDocument({ n: 2 });
    anna.now = 30 * minute;
    await database.deleteDocument(one);
    const deleted = one.getHeads();
    anna.now = 40 * minute;
    await database.undeleteDocument(one.id);
    const idsAt = (device: Device, minutes: number) => device.database.history.getAllDocumentIdsAt(at(minutes));
    await pass(anna, ben);
    for (const device of [anna, ben]) {
      const { history } = device.database;
      expect(await idsAt(device, 5)).toEqual([]);
      expect(await idsAt(device, 15)).toEqual([one.id]);
      expect(new Set(await idsAt(device, 25))).toEqual(new Set([one.id, two.id]));
      expect(await idsAt(device, 35)).toEqual([two.id]);
      expect(new Set(await idsAt(device, 45))).toEqual(new Set([one.id, two.id]));
      expect(await history.getAllDocumentIdsAt(deleted)).toEqual([]);
      expect(new Set(await history.getAllDocumentIdsAt([...one.getHeads(), ...two.getHeads()]))).toEqual(
        new Set([one.id, two.id]),
      );
      const kinds = (await historyOf(device, one.id)).map(({ kind }) => kind);
      expect(kinds).toEqual(["change", "delete", "undelete"]);
      const then = await history.getDocumentAt(one.id, deleted);
      expect([then?.isDeleted(), then?.getData()]).toEqual([true, {}]);
      expect(await dataAt(device, one.id, at(25))).toEqual({ n: 1 });
    }
  });

  test("differs from itself at another moment by patches either way", async () => {
    const lab = await Lab.begin("differences");
    const { database } = await lab.device("anna");
    const doc = await database.createDocument({ n: 1, text: "hello" });
    const first = doc.getHeads();
    await database.changeDoc(doc, (draft) => draft.text(["text"]).splice(0, 1, "J"));
    const second = doc.getHeads();
    await database.deleteDocument(doc);
    const { history } = database;
    expect(await history.diff(doc.id, first, second)).toEqual([
      { action: "splice", path: ["text", 0], value: "J" },
      { action: "del", path: ["text", 1] },
    ]);
    expect(await history.diff(doc.id, second, first)).toContainEqual({
      action: "splice",
      path: ["text", 0],
      value: "h",
    });
    expect(await history.diff(doc.id, first, first)).toEqual([]);
    expect(await history.diff(doc.id, second, doc.getHeads())).toEqual([
      { action: "del", path: ["n"] },
      { action: "del", path: ["text"] },
    ]);
  });

  test("cannot be had of what is not known: a document, heads, or a date that is none", async () => {
    const lab = await Lab.begin("unknown");
    const { database } = await lab.device("anna");
    const { history } = database;
    const [one, two] = [await database.createDocument({}), await database.createDocument({})];
    const unknown = { code: "HEADS_UNKNOWN" };
    await expect(history.getDocumentAt(one.id, two.getHeads())).rejects.toMatchObject(unknown);
    await expect(history.getDocumentAt(one.id, ["no hash"])).rejects.toMatchObject(unknown);
    await expect(history.getAllDocumentIdsAt(["no hash"])).rejects.toMatchObject(unknown);
    await expect(history.diff(one.id, [], ["no hash"])).rejects.toMatchObject(unknown);
    await expect(history.getDocumentAt(one.id, new Date(Number.NaN))).rejects.toMatchObject({
      code: "VALUE_UNSUPPORTED",
    });
    await expect(history.getDocumentAt(docIdOf(placeOf("no")), at(1))).rejects.toMatchObject({ code: "DOC_NOT_FOUND" });
    expect(await history.getDocumentAt(one.id, [])).toBeUndefined();
  });
});

describe("restoring", () => {
  test("makes a document what it was by a new change, of the same objects and texts", async () => {
    const lab = await Lab.begin("restored");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    const { database } = anna;
    const before = {
      text: "a text to keep",
      list: [1, { in: "list" }, "two", [3]],
      map: { deep: { value: true, none: null } },
      votes: counter(5),
      bytes: new Uint8Array([1, 2, 3]),
      date: new Date(1_000),
    };
    const doc = await database.createDocument(before);
    await database.changeDoc(doc, (draft) => draft.text(["text"]).mark({ start: 0, end: 6 }, "bold", true));
    const heads = doc.getHeads();
    const shown = JSON.stringify(doc.getData());
    await database.changeDoc(doc, (draft) => {
      const data = draft.getData() as Omit<typeof before, "votes"> & {
        votes: number | typeof before.votes;
        more?: string;
      };
      draft.text(["text"]).unmark({ start: 0, end: 6 }, "bold");
      draft.text(["text"]).update("another text, kept");
      data.list.splice(1, 2);
      data.map = { deep: { value: false, none: null } };
      data.votes = 3;
      data.bytes = new Uint8Array([4]);
      data.date = new Date(2_000);
      data.more = "more";
    });
    const restored = await database.history.restore(doc.id, heads);
    expect(restored).toBe(doc);
    expect(JSON.stringify(doc.getData())).toBe(shown);
    expect(await historyOf(anna, doc.id)).toHaveLength(4);
    await database.changeDoc(doc, (draft) => {
      expect(draft.text(["text"]).marks()).toEqual([{ name: "bold", value: true, start: 0, end: 6 }]);
    });
    await pass(anna, ben);
    const his = await ben.database.getDocument(doc.id);
    expect(JSON.stringify(his.getData())).toBe(shown);
    await database.history.restore(doc.id, heads);
    expect(await historyOf(anna, doc.id)).toHaveLength(4); // nothing was to be done
  });

  test("keeps what others write at the same time in what stays", async () => {
    const lab = await Lab.begin("restored concurrently");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    const doc = await anna.database.createDocument({ text: "one two three", list: ["a", "b"], other: 1 });
    const heads = doc.getHeads();
    await set(anna, doc.id, { other: 2 });
    await pass(anna, ben);
    await anna.database.history.restore(doc.id, heads);
    const his = await ben.database.getDocument(doc.id);
    await ben.database.changeDoc(his, (draft) => {
      draft.text(["text"]).splice(4, 3, "2");
      Reflect.get(draft.getData(), "list").push("c");
    });
    await pass(anna, ben);
    expect(his.getData()).toEqual({ text: "one 2 three", list: ["a", "b", "c"], other: 1 });
  });

  test("undeletes, and refuses a moment at which there was no document", async () => {
    const lab = await Lab.begin("restored from deleted");
    const anna = await lab.device("anna");
    const { database } = anna;
    anna.now = 10 * minute;
    const doc = await database.createDocument({ n: 1 });
    const heads = doc.getHeads();
    await set(anna, doc.id, { n: 2 });
    await database.deleteDocument(doc);
    const missing = { code: "DOC_NOT_FOUND" };
    await expect(database.history.restore(doc.id, at(5))).rejects.toMatchObject(missing);
    await expect(database.history.restore(doc.id, doc.getHeads())).rejects.toMatchObject(missing);
    expect(doc.isDeleted()).toBe(true);
    await database.history.restore(doc.id, heads);
    expect([doc.isDeleted(), doc.getData()]).toEqual([false, { n: 1 }]);
  });
});

describe("any history", () => {
  test("every state of it is there to be looked at, and to be restored", async () => {
    const value = fc.oneof(
      ...[fc.integer({ min: 0, max: 9 }), fc.boolean(), fc.string({ unit: "grapheme", maxLength: 4 })],
      fc.constantFrom(new Uint8Array([1]), new Date(1)),
      fc.array(fc.oneof(fc.integer({ min: 0, max: 2 }), fc.string({ maxLength: 2 }), fc.array(fc.nat(2))), {
        maxLength: 5,
      }),
      fc.dictionary(fc.constantFrom("x", "y"), fc.nat(2), { noNullPrototype: true }),
    );
    const key = fc.constantFrom("a", "b", "c");
    const step = fc.oneof(
      fc.record({ type: fc.constant("set" as const), key, value }),
      fc.record({ type: fc.constant("drop" as const), key }),
      fc.record({ type: fc.constant("count" as const), by: fc.nat(3) }),
      fc.record({ type: fc.constant("restore" as const), to: fc.nat(20) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
        const lab = await Lab.begin("any history");
        const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
        const doc = await anna.database.createDocument({ votes: counter(1) });
        const show = (data: object): string => JSON.stringify(data);
        const states = [{ heads: doc.getHeads(), shown: show(doc.getData()) }];
        for (const each of steps) {
          const state = each.type === "restore" ? states[each.to % states.length] : undefined;
          if (state !== undefined) {
            await anna.database.history.restore(doc.id, state.heads);
            expect(show(doc.getData())).toBe(state.shown);
          } else
            await anna.database.changeDoc(doc, (draft) => {
              const data = draft.getData() as Record<string, unknown>;
              if (each.type === "set") data[each.key] = each.value;
              if (each.type === "drop") delete data[each.key];
              if (each.type === "count") (data["votes"] as ReturnType<typeof counter>).increment(each.by);
            });
          states.push({ heads: doc.getHeads(), shown: show(doc.getData()) });
        }
        await pass(anna, ben);
        for (const { database } of [anna, ben])
          for (const { heads, shown } of states) {
            const past = await database.history.getDocumentAt(doc.id, heads);
            expect(show(past?.getData() ?? {})).toBe(shown);
          }
      }),
      { numRuns: 40 },
    );
  });
});

describe("a message", () => {
  test("says in the history what a change was for, on every device", async () => {
    const lab = await Lab.begin("messages");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    const doc = await anna.database.createDocument({ n: 1 });
    await anna.database.changeDoc(doc, (draft) => void Object.assign(draft.getData(), { n: 2 }), { message: "Zwölf" });
    await set(anna, doc.id, { n: 3 });
    await pass(anna, ben);
    for (const device of [anna, ben, await ben.reopened()]) {
      const messages = (await historyOf(device, doc.id)).map(({ message }) => message);
      expect(messages).toEqual([null, "Zwölf", null]);
    }
    for (const message of ["x".repeat(1_025), "\ud800"])
      await expect(anna.database.changeDoc(doc, () => undefined, { message })).rejects.toMatchObject({
        code: "VALUE_UNSUPPORTED",
      });
  });
});
