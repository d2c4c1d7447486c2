import { describe, expect, test } from "vitest";
import { docIdOf } from "../../src/document/doc-id.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { Lab, placeOf } from "./lab.ts";
import { tell } from "./story.ts";

describe("any order of runs, keys, holes, damage and restarts", () => {
  test("D1 leads every replica to what a fresh open shows", async () => {
    // Seed 4030: a run with a hole where the store holds the part.
    for (const seed of [...Array(15).keys(), 4030]) await tell(seed, { equivocate: true, writes: false });
  }, 60_000);

  test("the same with a person who writes meanwhile, on changes that count and on some that will not", async () => {
    for (let seed = 50; seed < 60; seed++) await tell(seed, { equivocate: true, writes: true });
  }, 60_000);

  test("loses nothing that was written here meanwhile", async () => {
    for (let seed = 100; seed < 110; seed++) {
      for (const { device, wrote } of await tell(seed, { equivocate: false, writes: true })) {
        for (const { id, what } of wrote) {
          const doc = await device.database.getDocument(id);
          expect([seed, doc.isDeleted() || what in doc.getData()]).toEqual([seed, true]);
        }
      }
    }
  }, 60_000);
});

describe("a document that is built anew", () => {
  const place = placeOf("document");
  const name = docIdOf(place);

  /** Two changes with one number: the first under a version of the key that comes late, so that the second is what a device shows until then. */
  async function twins() {
    const lab = await Lab.begin("twins");
    const author = await lab.author("author");
    const actor = author.actor(place);
    const [first, second] = [1, 2].map((value) => handMade({ actor, ops: [{ value }] }));
    const [, key] = lab.versions;
    if (first === undefined || second === undefined || key === undefined) throw new RangeError("two changes");
    const late = author.part(place, first.bytes, { key });
    const run = await author.write([late], [author.part(place, second.bytes)]);
    const device = await lab.device("anna");
    await device.receive(run);
    return { lab, device, doc: await device.database.getDocument(name), first, second };
  }

  test("D1 moves its live handle in one step, and says so once", async () => {
    const { lab, device, doc, first, second } = await twins();
    const seen: unknown[] = [];
    doc.on("change", (patches) => seen.push([patches, doc.getData()]));
    expect(doc.getHeads()).toEqual([second.hash]);
    device.changed.length = 0;
    await device.give(...lab.versions);
    expect(doc.getHeads()).toEqual([first.hash]);
    expect(seen).toEqual([[[], { k: 1 }]]);
    expect(device.changed).toEqual([name]);
    expect(device.announced.map((text) => text.split(" ")[1])).toEqual(["CHANGE_EQUIVOCATION"]);
  });

  test("D1 makes a change anew that was made here on what counts no more", async () => {
    const { lab, device, doc } = await twins();
    await device.database.changeDoc(doc, (draft) => void Object.assign(draft.getData(), { mine: 1 }));
    await device.give(...lab.versions);
    // Everybody would hold back what comes behind it: what is made from now on is another chain's.
    await device.assembled.replica.flush();
    const put = async (more: number) =>
      device.database.changeDoc(
        await device.database.getDocument(name),
        (draft) => void Object.assign(draft.getData(), { more }),
      );
    await put(0);
    await device.close();
    await device.open();
    await put(1);
    const other = await lab.device("ben", lab.versions);
    await other.receive(...(await device.runs()));
    expect((await other.database.getDocument(name)).getData()).toEqual({ k: 1, mine: 1, more: 1 });
  });

  test("that still says the same is announced to nobody, nor is what was refused in it", async () => {
    const { lab, device } = await twins();
    await device.give(...lab.versions);
    device.changed.length = device.announced.length = 0;
    const before = device.quarantined();
    await device.assembled.rebuild([name]);
    expect([device.changed, device.announced, device.quarantined()]).toEqual([[], [], before]);
  });
});
