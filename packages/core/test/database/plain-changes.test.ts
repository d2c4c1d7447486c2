import { expect, test } from "vitest";
import { docIdOf } from "../../src/document/doc-id.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { Lab, placeOf } from "./lab.ts";

const set = (key: string, value: unknown) => (draft: { getData(): object }) =>
  void Object.assign(draft.getData(), { [key]: value });

test("D12 who writes more values at one place than a change may replace gets that change refused, and keeps nothing else from being sealed and opened", async () => {
  const lab = await Lab.begin("values");
  const mallory = await lab.author("mallory");
  const xavier = await lab.device("xavier");
  const { database } = xavier;
  const place = placeOf("document");
  const actor = mallory.actor(place);
  const ops = Array.from({ length: 60_000 }, () => ({ key: { text: "full" }, value: null }));
  const first = handMade({ actor, ops });
  const second = handMade({ actor, ops, seq: 2, startOp: ops.length + 1, deps: [first.hash] });
  const parts = [mallory.part(place, first.bytes, { kind: "create" }), mallory.part(place, second.bytes)];
  for (const part of parts) await xavier.receive(await mallory.write([part]));
  expect(xavier.quarantined()).toEqual([]);

  const doc = await database.getDocument(docIdOf(place));
  await expect(database.changeDoc(doc, set("full", 1))).rejects.toMatchObject({ code: "CHANGE_TOO_LARGE" });
  await database.changeDoc(doc, set("free", 1));
  await database.changeDoc(doc, set("free", 2));
  await expect(database.changeDoc(doc, set("full", 1))).rejects.toMatchObject({ code: "CHANGE_TOO_LARGE" });
  const mine = await database.createDocument({ title: "mine" });
  await xavier.assembled.flush();

  const again = await xavier.reopened();
  expect((await again.database.getDocument(mine.getId())).getData()).toEqual({ title: "mine" });
  expect((await again.database.getDocument(docIdOf(place))).getData()).toEqual({ full: null, free: 2 });
});
