// What all parts of an entry together may make those do who receive it: a few bytes may stand for very many operations.
import { describe, expect, test } from "vitest";
import { changeLimits } from "../../src/automerge/change-limits.ts";
import { mostWorkIn } from "../../src/automerge/part-work.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import type { PartDraft } from "../../src/sealing/seal-entry.ts";
import { act, floodOf, handMade } from "../automerge/hand-made-change.ts";
import { type Author, placeOf, withHoles } from "../database/lab.ts";
import { Desk } from "./desk.ts";

/** What a part with one change costs besides its operations. */
const REST = 216;

/** A part that creates a document of its own with this many values of one key. */
function flooding(author: Author, title: string, ops: number): PartDraft {
  const place = placeOf(title);
  return author.part(place, handMade({ actor: author.actor(place), columns: floodOf(act.set, ops) }).bytes);
}

/** What the operations of all documents are. */
function opsIn({ documents }: Desk): number {
  return [...documents.all()].reduce((sum, record) => sum + documents.histories.of(record).ops.count, 0);
}

describe("D12 of the parts of one entry", () => {
  test.each([1, 2, 7, 100, 500])("%i count with their share of an entry's work, and not with more", async (parts) => {
    const desk = await Desk.begin(`share of ${parts}`);
    const share = Math.min(mostWorkIn(parts) - REST, changeLimits.ops);
    const fill = (ops: number) => Array.from({ length: parts }, (_, at) => flooding(desk.bob, `${at}`, ops));
    const [most, more] = [fill(share), fill(share + 1)];
    await desk.receive(await desk.bob.write(more));
    expect([opsIn(desk), new Set(desk.announced.map(({ reason }) => reason))]).toEqual([
      0,
      new Set(["CHANGE_TOO_LARGE"]),
    ]);
    await desk.receive(await desk.bob.write(most));
    expect(opsIn(desk)).toBe(parts * Math.max(share, 0));
    expect(opsIn(desk)).toBeLessThanOrEqual(changeLimits.entryWork);
  });

  test("thousands count for nothing, whatever is in them: opening each is work, too", async () => {
    const desk = await Desk.begin("thousands");
    const parts = Array.from({ length: 1_300 }, (_, at) => flooding(desk.bob, `${at}`, 2));
    expect(await desk.receive(await desk.bob.write(parts))).toEqual([]);
    expect([opsIn(desk), desk.announced.map(({ reason }) => reason)]).toEqual([0, ["CHANGE_TOO_LARGE"]]);
  });

  test("one of much work is refused, and the others count, whichever are holes here", async () => {
    const desk = await Desk.begin("holes");
    const sizes = [2, changeLimits.entryWork / 5, 100, changeLimits.entryWork / 5 - REST, 3];
    const run = await desk.bob.write(sizes.map((ops, at) => flooding(desk.bob, `${at}`, ops)));
    const verdicts = new Set<string>();
    // Part 0 is the certificate.
    for (const hole of [null, 1, 2, 3, 4, 5]) {
      desk.reset();
      const held = hole === null ? run : await withHoles(desk.lab.crypto, run, (_, index) => index === hole);
      await desk.receive(held);
      for (const [at, ops] of sizes.entries()) {
        const isHere = desk.documents.get(docIdOf(placeOf(`${at}`))) !== undefined;
        if (hole !== at + 1) verdicts.add(`${ops}: ${isHere}`);
      }
    }
    expect(verdicts).toEqual(new Set(["2: true", "24000: false", "100: true", "23784: true", "3: true"]));
  });
});
