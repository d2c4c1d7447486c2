// Changes of this device that every replica would refuse, in its own journal: an error of this software, an earlier one's, or of the disk.
import { asSealedBytes } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { toHex, type WriterKey } from "@selkie/entry";
import { sealedState } from "@selkie/store";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { actorOf } from "../../src/automerge/actor.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import type { JournalRow } from "../../src/journal/journal-row.ts";
import { rowKind } from "../../src/local/local-state.ts";
import { documentIdOf } from "../../src/sealing/document-id.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { testDatabase } from "../fixture.ts";
import { type Device, Lab, placeOf } from "./lab.ts";

const codesOf = (device: Device) => device.reports.map((error) => (error as { code?: string }).code);
const reasonsOf = (device: Device) => device.setAside.map((each) => each.split(" ").at(-1));

/** A change of the document of this name by this writer. */
function rowOf(title: string, writer: WriterKey, change: Uint8Array): JournalRow {
  const place = placeOf(title);
  return { ...place, writer, frontier: [], kind: "change", counter: null, time: 0, change };
}

const actorIn = (title: string, writer: WriterKey): string =>
  toHex(actorOf(nativeCrypto, writer, documentIdOf(placeOf(title)), null));

const bad = {
  CHANGE_START_OP: (title: string, writer: WriterKey) =>
    handMade({ actor: actorIn(title, writer), startOp: 7, ops: [{ key: { text: "a" }, value: 1 }] }).bytes,
  CHANGE_TOO_LARGE: (title: string, writer: WriterKey) =>
    handMade({ actor: actorIn(title, writer), ops: [{ key: { text: "a" }, value: "x".repeat(1_100_000) }] }).bytes,
  CHANGE_BAD_REFERENCE: (title: string, writer: WriterKey) =>
    handMade({ actor: actorIn(title, writer), ops: [{ obj: [99, 0], key: { text: "a" }, value: 1 }] }).bytes,
  CHANGE_MALFORMED: () => new Uint8Array(40).fill(7),
};

/** A device that was killed with two documents of which no entry holds anything, and what its journal says of who wrote them. */
async function begin(seed: string) {
  const lab = await Lab.begin(seed);
  const device = await lab.device("alice");
  const one = await device.database.createDocument({ text: "one" });
  const two = await device.database.createDocument({ text: "two", count: 1 });
  await device.database.changeDoc(two, (draft) => void Object.assign(draft.getData(), { count: 2 }));
  device.crash();
  return { lab, device, ids: [one.id, two.id] };
}

/** What somebody else makes of everything that a device has sealed. */
async function elsewhere(lab: Lab, device: Device): Promise<Device> {
  const other = await lab.device("bob");
  await other.receive(...(await device.runs()));
  expect(other.quarantined()).toEqual([]);
  return other;
}

const dataOf = async (device: Device, id: DocId) => (await device.database.findDocument(id))?.getData();

describe("a row of the journal", () => {
  test.each(Object.entries(bad))(
    "that the gate refuses (%s) is set aside and said; everything else is opened and sealed",
    async (code, make) => {
      const { lab, device, ids } = await begin(`refused ${code}`);
      const [one, two] = ids as [DocId, DocId];
      await device.inJournal(async (journal) => {
        const [{ writer } = expect.fail("a row")] = journal.rows;
        await journal.add(rowOf("bad", writer, make("bad", writer)));
      });
      await device.open();
      device.tick();
      expect(reasonsOf(device)).toEqual([code]);
      expect(codesOf(device)).toEqual(["JOURNAL_REFUSED"]);
      expect([await dataOf(device, one), await dataOf(device, two)]).toEqual([
        { text: "one" },
        { text: "two", count: 2 },
      ]);
      const three = await device.database.createDocument({ text: "three" });
      const other = await elsewhere(lab, device);
      for (const id of [one, two, three.id]) expect(await dataOf(other, id)).toEqual(await dataOf(device, id));

      // It stays, is tried again, and begins no chain each time.
      const chains = (await device.runs()).length;
      for (let times = 0; times < 3; times++) {
        await device.close();
        await device.open();
        device.tick();
        await device.database.createDocument({ times });
        await device.assembled.flush();
      }
      expect(reasonsOf(device)).toEqual([code, code, code, code]);
      expect(new Set((await device.runs()).map(({ writer }) => toHex(writer))).size).toBeLessThanOrEqual(chains + 1);
    },
  );

  test("that does not open, or is none that this version knows, is said and left; everything else is opened and sealed", async () => {
    const { lab, device, ids } = await begin("damaged rows");
    const keys: Uint8Array[] = [];
    await device.inJournal(async (_, { store, local }) => {
      for (const [at, place] of [900n, 901n].entries()) {
        const rest = new Uint8Array(8);
        new DataView(rest.buffer).setBigUint64(0, place);
        const key = local.key(rowKind.journal, testDatabase, rest);
        keys.push(key);
        const unknown = await local.seal(key, new Uint8Array(60).fill(0xff));
        await store.commit({
          put: [at === 0 ? unknown : { key, value: sealedState(asSealedBytes(new Uint8Array(90).fill(3))) }],
        });
      }
    });
    await device.open();
    expect(codesOf(device)).toEqual(["LOCAL_STATE_DAMAGED", "LOCAL_STATE_DAMAGED"]);
    const other = await elsewhere(lab, device);
    for (const id of ids) expect(await dataOf(other, id)).toEqual(await dataOf(device, id));
    await device.close();
    await device.inJournal(async (_, { store }) => {
      const left: string[] = [];
      for await (const { key } of store.state.range(new Uint8Array(), new Uint8Array(200).fill(0xff)))
        left.push(toHex(key));
      for (const key of keys) expect(left).toContain(toHex(key));
    });
  });
});

/**
 * Before devices take their hash function from it: makes the checksum of every change with this key in it wrong, as long as it lies: what a
 * later version takes, an earlier one refuses. Of a change that is being written, which has none yet, it says what is right.
 */
function lying(lab: Lab) {
  const state = { isLying: false };
  const mark = new TextEncoder().encode("poison");
  const has = (chunk: Uint8Array) => chunk.some((_, at) => mark.every((byte, i) => chunk[at + i] === byte));
  const isWritten = ({ buffer, byteOffset }: Uint8Array) =>
    byteOffset < 4 || new Uint8Array(buffer, byteOffset - 4, 4).some(Boolean);
  Object.defineProperty(lab.crypto, "sha256", {
    value: (...chunks: readonly Uint8Array[]) => {
      const digest = nativeCrypto.sha256(...chunks);
      if (state.isLying && chunks.some((chunk) => has(chunk) && isWritten(chunk))) digest[0] = (digest[0] ?? 0) ^ 1;
      return digest;
    },
  });
  return state;
}

const set = (key: string, value: unknown) => (draft: { getData(): object }) =>
  void Object.assign(draft.getData(), { [key]: value });

describe("a change that turns out to be refused when it is to be sealed", () => {
  test("is set aside; the other documents are sealed, its own can be edited, and it comes back when it passes", async () => {
    const lab = await Lab.begin("refused at the flush");
    const state = lying(lab);
    const device = await lab.device("alice");
    const doc = await device.database.createDocument({ text: "before" });
    await device.assembled.flush();
    state.isLying = true;
    await device.database.changeDoc(doc, set("count", 1));
    await device.database.changeDoc(doc, set("poison", 2));
    const mine = await device.database.createDocument({ text: "mine", list: [1, 2] });
    await device.assembled.flush();
    device.tick();
    expect(reasonsOf(device)).toEqual(["CHANGE_CHECKSUM"]);
    expect(await dataOf(device, doc.id)).toEqual({ text: "before" });
    await device.database.changeDoc(await device.database.getDocument(doc.id), set("text", "after"));
    const other = await elsewhere(lab, device);
    expect(await dataOf(other, mine.id)).toEqual({ text: "mine", list: [1, 2] });
    expect(await dataOf(other, doc.id)).toEqual({ text: "after" });

    await device.close();
    await device.open();
    expect(reasonsOf(device)).toHaveLength(1);
    device.tick();
    expect(reasonsOf(device)).toEqual(["CHANGE_CHECKSUM", "CHANGE_CHECKSUM"]);
    await device.close();
    state.isLying = false;
    await device.open();
    device.tick();
    expect(reasonsOf(device)).toHaveLength(2);
    expect(await dataOf(device, doc.id)).toEqual({ text: "after", count: 1, poison: 2 });
    await other.receive(...(await device.runs()));
    expect(other.quarantined()).toEqual([]);
    expect(await dataOf(other, doc.id)).toEqual({ text: "after", count: 1, poison: 2 });
  });

  type Act = readonly [
    what: "create" | "edit" | "plain" | "poison" | "flush" | "crash" | "close",
    doc: number,
    value: number,
  ];
  const act: fc.Arbitrary<Act> = fc.tuple(
    fc.constantFrom<Act[0]>("create", "create", "edit", "plain", "plain", "poison", "flush", "crash", "close"),
    fc.nat(5),
    fc.nat(99),
  );

  test("whatever is written around it, every document without such a change is sealed as it is shown, and nothing is lost", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 4, maxLength: 16 }), async (acts) => {
        const lab = await Lab.begin(`any ${JSON.stringify(acts)}`);
        const state = lying(lab);
        const device = await lab.device("alice");
        state.isLying = true;
        const ids: DocId[] = [];
        const poisoned = new Set<DocId>();
        for (const [what, at, value] of acts) {
          const id = ids[at % Math.max(1, ids.length)];
          if (what === "create") ids.push((await device.database.createDocument({ text: `made ${value}` })).id);
          else if (what === "flush") await device.assembled.flush();
          else if (what === "close" || what === "crash") {
            if (what === "close") await device.close();
            else device.crash();
            await device.open();
          } else if (id !== undefined) {
            const doc = await device.database.findDocument(id);
            if (doc === undefined) continue; // set aside from its first change on
            const key = what === "poison" ? "poison" : `${what} ${value}`;
            const change = device.database.changeDoc(doc, set(key, what === "edit" ? `text ${value}` : value));
            const isMade = await change.then(
              () => true,
              // What is no plain edit, and the first edit of a document that was read from disk, meet the gate before the flush.
              () => void (what === "poison" || expect(poisoned).toContain(id)),
            );
            if (what === "poison" && isMade === true) poisoned.add(id);
          }
        }
        const other = await elsewhere(lab, device);
        for (const id of ids) expect(await dataOf(other, id)).toEqual(await dataOf(device, id));
        state.isLying = false;
        // Of several chains' changes in one document one is taken up at a time.
        for (let times = 0; times < acts.length; times++) {
          await device.close();
          await device.open();
        }
        await other.receive(...(await device.runs()));
        expect(other.quarantined()).toEqual([]);
        for (const id of ids) {
          const data = await dataOf(device, id);
          expect(data).toMatchObject(poisoned.has(id) ? { poison: expect.any(Number) } : {});
          expect(data).toMatchObject({ text: expect.any(String) });
          expect(await dataOf(other, id)).toEqual(data);
        }
      }),
      { numRuns: 25 },
    );
  });
});
