import * as Automerge from "@automerge/automerge";
import { fromHex, toHex, type VerifiedRun } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { isTouched } from "../../src/document/document-state.ts";
import { RebuiltDocuments } from "../../src/document/rebuilt-documents.ts";
import { Desk, hashes, NAME, PLACE } from "./desk.ts";

describe("a document that is built anew", () => {
  test("says what is new in it, that something counts no more, or nothing", async () => {
    const desk = await Desk.begin("rebuilt");
    const { bob, carol } = desk;
    const [one, two] = [desk.change(bob), desk.change(carol)];
    const [first, second] = [await desk.write(bob, one), await desk.write(carol, two)];
    await desk.receive(first);
    const rebuild = async (...runs: readonly VerifiedRun[]) => {
      const rebuilt = new RebuiltDocuments(desk.state, desk.rights, new Set([NAME]));
      rebuilt.received.receive(await desk.deliveries(...runs));
      return [...rebuilt.adopt().values()].map((fresh) =>
        fresh === "reset" ? fresh : fresh.map((bytes) => Automerge.decodeChange(bytes).hash),
      );
    };
    const record = desk.record;
    expect(await rebuild(first)).toEqual([]);
    expect(await rebuild(first, second)).toEqual([hashes(two)]);
    expect(await rebuild(second)).toEqual(["reset"]);
    expect(desk.counting).toEqual(hashes(two));
    expect(await rebuild()).toEqual(["reset"]);
    expect(desk.record).toBe(record); // whoever reads it reads on in the same one
    expect(await rebuild(second, first)).toEqual([hashes(two, one)]);
  });

  test("keeps what this device made and no entry holds; what that builds on may be gone, then it waits, and blocks what follows", async () => {
    const desk = await Desk.begin("carried");
    const { bob, carol, documents, ownChanges } = desk;
    const one = desk.change(bob);
    const run = await desk.write(bob, one);
    await desk.receive(run);
    const record = documents.ensure(PLACE);
    const alone = desk.change(carol);
    const onTop = desk.change(carol, { seq: 2, startOp: 2, deps: [alone.hash, one.hash].sort() });
    ownChanges.take(record, carol.writer, "change", alone.bytes);
    ownChanges.take(record, carol.writer, "change", onTop.bytes);
    const waits = expect.objectContaining({ code: "CHANGE_REFUSED", message: expect.stringContaining("wait") });
    const rebuilt = new RebuiltDocuments(desk.state, desk.rights, new Set([NAME]));
    rebuilt.keepOwn(carol.writer);
    const replaced = rebuilt.adopt();
    expect([...replaced.values()]).toEqual(["reset"]);
    expect(desk.counting).toEqual(hashes(alone));
    const next = desk.change(carol, { seq: 2, startOp: 2, deps: [alone.hash] });
    expect(documents.has(record, fromHex(alone.hash))).toBe(true);
    expect(() => ownChanges.take(record, carol.writer, "change", next.bytes)).toThrow(waits);
    expect(() => ownChanges.takePlain(record, carol.writer, next.bytes)).toThrow(waits);
    expect(await desk.receive(run)).toEqual(hashes(one, onTop));
    ownChanges.take(
      record,
      carol.writer,
      "change",
      desk.change(carol, { seq: 3, startOp: 3, deps: [onTop.hash] }).bytes,
    );
    expect(desk.counting.length).toBe(4);
  });

  test("announces what counts for nothing once, and forgets what counts after all", async () => {
    const desk = await Desk.begin("announced");
    const { bob } = desk;
    const run = await desk.write(bob, desk.change(bob));
    const [lost] = desk.lab.keys;
    desk.lost.add(toHex(lost?.keyId ?? new Uint8Array()));
    await desk.receive(run);
    const rebuild = async () => {
      const rebuilt = new RebuiltDocuments(desk.state, desk.rights, new Set([NAME]));
      rebuilt.received.receive(await desk.deliveries(run));
      rebuilt.adopt();
      return [...desk.state.quarantine.list()];
    };
    expect(await rebuild()).toMatchObject([{ reason: "WRITE_NOT_ENTITLED" }]);
    expect(isTouched(desk.state, NAME)).toBe(true);
    desk.lost.clear();
    expect(await rebuild()).toEqual([]);
    expect(desk.counting.length).toBe(1);
    expect(desk.announced).toMatchObject([{ reason: "WRITE_NOT_ENTITLED" }]);
  });
});
