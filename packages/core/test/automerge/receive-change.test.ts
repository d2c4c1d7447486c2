import { fromHex, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { ChangeChunk } from "../../src/automerge/change-chunk.ts";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { type HeldChange, HeldChanges, heldLimits } from "../../src/automerge/held-changes.ts";
import { receiveChange } from "../../src/automerge/receive-change.ts";
import { alice, bob, handMade } from "./hand-made-change.ts";
import { parse } from "./judge.ts";
import { Random, randomHistory } from "./random-history.ts";

function heldOf(bytes: Uint8Array, device: string, document = "doc"): HeldChange {
  const change = parse(bytes);
  return { device, document, actor: change.actor, change };
}

/** The same change by another actor: each is one document's only. */
function byActor(change: ChangeChunk, number: number): Pick<HeldChange, "actor" | "change"> {
  const actor = fromHex(number.toString(16).padStart(32, "0"));
  return { actor, change: { ...change, actor } };
}

describe("changes that arrive before what they depend on", () => {
  test("gives the same outcome in any order of arrival", () => {
    for (let seed = 0; seed < 30; seed++) {
      const { changes } = randomHistory(seed, { actors: [alice, bob, "0c".repeat(16)], steps: 20 });
      const inOrder = new DocumentHistory();
      for (const bytes of changes) receiveChange(inOrder, new HeldChanges(), heldOf(bytes, "d"));
      const random = new Random(seed);
      const chains = new Map<string, HeldChange[]>();
      for (const held of changes.map((bytes) => heldOf(bytes, toHex(parse(bytes).actor))))
        chains.set(held.device, [...(chains.get(held.device) ?? []), held]);
      const history = new DocumentHistory();
      const room = new HeldChanges();
      const passed: string[] = [];
      while (passed.length < changes.length && [...chains.values()].some((chain) => chain.length > 0)) {
        const next = random.pick([...chains.values()].filter((chain) => chain.length > 0)).shift();
        if (next === undefined) break;
        const received = receiveChange(history, room, next);
        expect(received.refused).toEqual([]);
        passed.push(...received.passed.map(({ hash }) => toHex(hash)));
      }
      expect([seed, passed.length, room.count]).toEqual([seed, changes.length, 0]);
      expect(history.heads().map(toHex).sort()).toEqual(inOrder.heads().map(toHex).sort());
    }
  });

  test("D1 judges an equivocator's changes in the order of its chain, whichever dependency comes first", () => {
    const byBob = handMade({ actor: bob, ops: [{ value: 5 }] });
    const onBob = handMade({ deps: [byBob.hash], startOp: 2, ops: [{ value: 1 }] });
    const alone = handMade({ ops: [{ value: 2 }] });
    for (const bobFirst of [true, false]) {
      const history = new DocumentHistory();
      const room = new HeldChanges();
      const [before, after] = bobFirst ? [[byBob], []] : [[], [byBob]];
      for (const { bytes } of [...before, onBob, alone, ...after])
        receiveChange(history, room, heldOf(bytes, toHex(parse(bytes).actor)));
      expect(history.heads().map(toHex)).toEqual([onBob.hash]);
      expect(room.count).toBe(0);
    }
  });

  test("D7 a hundred thousand orphans take bounded memory, and others progress", () => {
    const history = new DocumentHistory();
    const room = new HeldChanges();
    const before = process.memoryUsage().heapUsed;
    const orphan = parse(handMade({ actor: bob, deps: ["ee".repeat(32)], startOp: 2, ops: [{ value: 1 }] }).bytes);
    for (let i = 0; i < 100_000; i++) {
      receiveChange(history, room, {
        device: "hostile",
        document: `doc ${i % 30_000}`,
        ...byActor(orphan, i % 30_000),
      });
      expect(room.count <= heldLimits.changes).toBe(true);
    }
    console.log(
      `D7 heap after 10^5 orphans: ${((process.memoryUsage().heapUsed - before) / 2 ** 20).toFixed(1)} MiB more`,
    );
    expect([...room.dropped()].length).toBe(30_000 - heldLimits.changes);
    expect(
      receiveChange(history, room, heldOf(handMade({ ops: [{ value: 1 }] }).bytes, "honest", "doc 1")).passed,
    ).toHaveLength(1);
    expect([...room.dropped()].every(({ device }) => device === "hostile")).toBe(true);
    for (const span of [...room.dropped()]) room.undrop(span);
    expect([...room.dropped()]).toEqual([]);
  });

  test("D7 large orphans are dropped by their bytes", () => {
    const room = new HeldChanges();
    const big = parse(
      handMade({ actor: bob, deps: ["ee".repeat(32)], startOp: 2, ops: [{ value: "x".repeat(900_000) }] }).bytes,
    );
    for (let i = 0; i < 40; i++) room.hold({ device: "hostile", document: `${i}`, ...byActor(big, i) }, big.deps);
    expect(room.count * big.bytes.length).toBeLessThanOrEqual(heldLimits.bytes);
    expect(room.count).toBeGreaterThan(10);
    expect([...room.dropped()].length).toBe(40 - room.count);
  });

  test("D7 what was dropped blocks its actor in its document until it is read again", () => {
    const room = new HeldChanges();
    const history = new DocumentHistory();
    const byBob = handMade({ actor: bob, ops: [{ value: 5 }] });
    const onBob = handMade({ deps: [byBob.hash], startOp: 2, ops: [{ value: 1 }] });
    const alone = handMade({ ops: [{ value: 2 }] });
    const orphan = parse(handMade({ deps: ["ee".repeat(32)], startOp: 2, ops: [{ value: 1 }] }).bytes);
    for (let i = 0; i < heldLimits.changes; i++)
      receiveChange(history, room, { device: "alice", document: `other ${i}`, ...byActor(orphan, i) });
    receiveChange(history, room, heldOf(onBob.bytes, "alice"));
    const [dropped] = [...room.dropped()];
    if (dropped === undefined) return expect.fail("no room");
    expect([dropped.actor, dropped.missing]).toEqual([alice, byBob.hash]);
    expect([room.isDue(dropped, () => false), room.isDue(dropped, (hash) => hash === byBob.hash)]).toEqual([
      false,
      true,
    ]);
    expect(receiveChange(history, room, heldOf(alone.bytes, "alice"))).toEqual({ passed: [], refused: [], held: true });
    receiveChange(history, room, heldOf(alone.bytes, "mallory")); // as if it were hers
    expect([...room.dropped()].map(({ device }) => device)).toEqual(["alice"]);
    receiveChange(history, room, heldOf(byBob.bytes, "bob"));
    room.undrop(dropped);
    expect(receiveChange(history, room, heldOf(onBob.bytes, "alice")).passed).toHaveLength(1);
    expect(receiveChange(history, room, heldOf(alone.bytes, "alice")).refused.map(({ code }) => code)).toEqual([
      "CHANGE_EQUIVOCATION",
    ]);
  });

  test("D7 what a copy carries takes the place of nothing that found no room in the document before", () => {
    const room = new HeldChanges();
    const onNothing = handMade({ deps: ["ee".repeat(32)], startOp: 2, ops: [{ value: 1 }] });
    for (let i = 0; i < heldLimits.changes; i++)
      for (const device of ["alice", "mallory"]) {
        const orphan = byActor(parse(onNothing.bytes), i);
        receiveChange(new DocumentHistory(), room, { device, document: `${device} ${i}`, ...orphan });
      }
    receiveChange(new DocumentHistory(), room, heldOf(onNothing.bytes, "alice", "before"));
    const carried = heldOf(handMade({ ops: [{ value: 2 }] }).bytes, "mallory", "copy");
    expect(receiveChange(new DocumentHistory(), room, carried).passed).toHaveLength(1);
    const alsoHeld = heldOf(onNothing.bytes, "mallory", "another copy");
    receiveChange(new DocumentHistory(), room, alsoHeld);
    const spans = [...room.dropped()];
    expect(spans.map(({ device, document }) => `${device} ${document}`)).toEqual([
      "alice before",
      "mallory another copy",
    ]);
    for (const span of spans.slice(1)) room.undrop(span);
    const isBlocked = (document: string) => room.blocks(document, carried.actor);
    expect(["before", "copy", "another copy"].map(isBlocked)).toEqual([true, false, false]);
  });
});
