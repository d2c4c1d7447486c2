import * as Automerge from "@automerge/automerge";
import { fromHex, toHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { gate, restoreHistory } from "../../src/automerge/gate.ts";
import { reauthorChanges } from "../../src/automerge/reauthor.ts";
import { alice, bob } from "./hand-made-change.ts";
import { parse } from "./judge.ts";
import { type AnyDoc, Random, randomChange, randomHistory } from "./random-history.ts";
import { sha256 } from "./sha256.ts";

const carol = "0c".repeat(16);

interface Journal {
  /** What was published, by several actors and also by the old one. */
  readonly published: readonly Uint8Array[];
  readonly unpublished: readonly Uint8Array[];
}

/** A document that others edit, and a run of changes of alice that never left her machine. */
function randomJournal(seed: number, concurrent: boolean): Journal {
  const random = new Random(seed);
  const { changes, doc } = randomHistory(seed, { actors: [alice, bob, carol], steps: random.below(10) });
  let mine: AnyDoc = Automerge.clone(doc, { actor: alice });
  const before = Automerge.getHeads(mine);
  let others: AnyDoc = Automerge.clone(doc, { actor: bob });
  const published = [...changes];
  for (let n = 1 + random.below(12); n > 0; n--) {
    if (concurrent && random.below(5) === 0) {
      others = randomChange(others, random);
      published.push(...Automerge.getChanges(mine, others).filter((bytes) => toHex(parse(bytes).actor) === bob));
      mine = Automerge.merge(mine, others);
    } else mine = randomChange(mine, random);
  }
  const unpublished = Automerge.getChangesSince(mine, before).filter((bytes) => toHex(parse(bytes).actor) === alice);
  return { published: [...new Map(published.map((bytes) => [toHex(bytes), bytes])).values()], unpublished };
}

function rewrite(journal: Journal, to: string): readonly Uint8Array[] {
  const changes = journal.unpublished.map(parse);
  return reauthorChanges(changes, { actor: fromHex(to), firstSeq: 1 }, sha256).map(({ bytes }) => bytes);
}

function shown(changes: readonly Uint8Array[]): string {
  const [doc] = Automerge.applyChanges(Automerge.init<Record<string, unknown>>(), [...changes]);
  const loaded = Automerge.load<Record<string, unknown>>(Automerge.save(doc));
  const all = { json: loaded, marks: marksOf(loaded), heads: Automerge.getHeads(loaded).length };
  Automerge.free(doc);
  return JSON.stringify(all);
}

function marksOf(doc: Record<string, unknown>): unknown {
  return Object.entries(doc).map(([key, value]) =>
    typeof value === "string" && key !== "" ? Automerge.marks(doc, [key]) : null,
  );
}

describe("changes of a journal under a new actor", () => {
  // One that sorts before all others, one that sorts after, one between.
  const between = "b0".repeat(16);
  const newActors = ["01".repeat(16), "ff".repeat(16), between];

  test("show the same document as before, in 200 random journals", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom(...newActors), (seed, to) => {
        // Of two concurrent changes the greater actor wins a tie: only an actor that keeps its place among the others keeps the winner.
        const journal = randomJournal(seed, to === between);
        const rewritten = rewrite(journal, to);
        expect(rewritten).toHaveLength(journal.unpublished.length);
        expect(shown([...journal.published, ...rewritten])).toBe(shown([...journal.published, ...journal.unpublished]));
      }),
      { numRuns: 200 },
    );
  });

  test("pass the gate, numbered from 1", () => {
    for (let seed = 0; seed < 25; seed++) {
      const journal = randomJournal(seed, true);
      const to = newActors[seed % 3] ?? alice;
      const history = new DocumentHistory();
      restoreHistory(history, journal.published, sha256);
      for (const [index, bytes] of rewrite(journal, to).entries()) {
        const change = parse(bytes);
        expect(gate(change, { history, actor: fromHex(to) })).toEqual({ type: "pass" });
        expect(change.seq).toBe(index + 1);
      }
    }
  });

  test("rewritten back to the old actor are the changes they were", () => {
    for (let seed = 0; seed < 25; seed++) {
      const { unpublished } = randomJournal(seed, true);
      const [first] = unpublished;
      if (first === undefined) continue;
      const there = reauthorChanges(unpublished.map(parse), { actor: fromHex("0d".repeat(16)), firstSeq: 1 }, sha256);
      const firstSeq = parse(first).seq;
      // Back again, operations that were published under the old actor become its own once more.
      const back = reauthorChanges(there, { actor: fromHex(alice), firstSeq }, sha256);
      expect(back.map(({ bytes }) => toHex(bytes))).toEqual(unpublished.map(toHex));
    }
  });

  test("keep byte values, times and messages", () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
    let doc = Automerge.init<{ bytes?: Uint8Array; at?: Date }>({ actor: alice });
    doc = Automerge.change(doc, { time: 1234, message: "with bytes" }, (draft) => {
      draft.bytes = bytes;
      draft.at = new Date(77);
    });
    const [change] = Automerge.getAllChanges(doc);
    const [rewritten] = reauthorChanges(
      change === undefined ? [] : [parse(change)],
      { actor: fromHex(bob), firstSeq: 1 },
      sha256,
    );
    const [other] = Automerge.applyChanges(Automerge.init<{ bytes: Uint8Array; at: Date }>(), [
      rewritten?.bytes ?? bytes,
    ]);
    expect(other.bytes).toEqual(bytes);
    expect(other.at).toEqual(new Date(77));
    expect(rewritten).toMatchObject({ time: 1234, message: "with bytes", seq: 1, startOp: 1 });
  });
});
