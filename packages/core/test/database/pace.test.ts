// How often a member's word makes others read a whole document again.
import { expect, test } from "vitest";
import { Pace } from "../../src/database/pace.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { saidUnder } from "../sealing/said.ts";
import { Lab, placeOf } from "./lab.ts";

test("D12 who takes back each of its edits makes others look sixteen times at once and no more, until some time has passed", async () => {
  const lab = await Lab.begin("taken back");
  const place = placeOf("the plan");
  const [key] = lab.versionsOf(place);
  if (key === undefined) return expect.fail("a key");
  const mallory = await lab.author("mallory");
  const later = await mallory.again("later");
  const device = await lab.device("alice");
  const document = { type: "stem", stem: place.stem } as const;
  let before: string[] = [];
  for (let seq = 1; seq <= 20; seq++) {
    const ops = [{ key: { text: `edit ${seq}` }, value: seq }];
    const edit = handMade({ actor: mallory.actor(place), seq, startOp: seq, deps: before, ops });
    before = [edit.hash];
    await device.receive(await mallory.write([mallory.part(place, edit.bytes)]));
    const replaces = [{ writer: mallory.writer, seq: 1, last: seq }];
    const word = { kind: "change", codec: 1, document, replaces, payload: new Uint8Array() } as const;
    await device.receive(await later.write([saidUnder(key, word)]));
  }
  const ids = [docIdOf(place)];
  const expected = await (await device.reopened()).show(ids);
  const plain = 1 + 11; // the first edit, and those since it is left as it is
  expect(device.changed.length).toBe(plain + 16);
  expect(await device.show(ids)).not.toEqual(expected);
  device.tick();
  await device.assembled.rebuild([]);
  expect(await device.show(ids)).toEqual(expected);
  expect(device.changed.length).toBe(plain + 16 + 1);
});

test("what may not be done at once is done once, later, and as often as before from then on", () => {
  const timers: (() => void)[] = [];
  let again = 0;
  const after = (_: number, run: () => void) => {
    timers.push(run);
    return () => void timers.splice(timers.indexOf(run), 1);
  };
  const pace = new Pace({ after }, 16, () => {
    again += 1;
  });
  const take = (): boolean => {
    if (!pace.may()) return false;
    pace.spend(1);
    return true;
  };
  const takeAll = () => Array.from({ length: 20 }, take).filter((may) => may).length;
  expect([takeAll(), timers.length, again]).toEqual([16, 1, 0]);
  for (const run of timers.splice(0)) run();
  expect([again, takeAll(), timers.length]).toEqual([1, 16, 1]);
  pace.stop();
  expect([timers.length, again]).toEqual([0, 1]);
});
