// What the gate remembers of documents, and how much memory that takes, whoever fills it.
import { expect, test } from "vitest";
import { changeLimits } from "../../src/automerge/change-limits.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import { act, floodOf, handMade } from "../automerge/hand-made-change.ts";
import { placeOf } from "../database/lab.ts";
import { Desk } from "./desk.ts";

/** Has Bob write a document of this name with so many values of one key. */
async function receive(desk: Desk, title: string, ops: number): Promise<void> {
  const place = placeOf(title);
  const { bytes } = handMade({ actor: desk.bob.actor(place), columns: floodOf(act.set, ops) });
  await desk.receive(await desk.bob.write([desk.bob.part(place, bytes)]));
}

/** Of how many operations the gate remembers in a document; infinite when it does not remember it. */
function remembered({ documents }: Desk, title: string): number {
  const record = documents.get(docIdOf(placeOf(title)));
  if (record === undefined) throw new RangeError("there is no such document");
  return documents.histories.mostOps(record);
}

test("D12 a document with many operations is judged once, and one with few again when a second change comes", async () => {
  const desk = await Desk.begin("remembered");
  await receive(desk, "small", 1_000);
  await receive(desk, "large", 1_001);
  expect([remembered(desk, "small"), remembered(desk, "large")]).toEqual([Number.POSITIVE_INFINITY, 1_001]);
});

test("D12 what is remembered of large documents is bounded by its bytes, those asked for last are kept", async () => {
  const desk = await Desk.begin("bounded");
  const titles = Array.from({ length: 36 }, (_, at) => `${at}`);
  for (const title of titles) await receive(desk, title, changeLimits.ops);
  const kept = titles.filter((title) => remembered(desk, title) === changeLimits.ops);
  // 20 bytes each: 33 times 2 MB.
  expect(kept).toEqual(titles.slice(-kept.length));
  expect(kept.length).toBeGreaterThan(30);
  expect(kept.length).toBeLessThan(36);
  const [first = ""] = titles;
  const record = desk.documents.get(docIdOf(placeOf(first)));
  expect(record && desk.documents.histories.of(record).ops.count).toBe(changeLimits.ops);
});
