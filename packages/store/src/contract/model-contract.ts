// Contract: random histories, compared step by step with a model that is too simple to be wrong.
import { type AppendResult, equalBytes, toHex, type VerifiedEntry, type VerifiedRun } from "@selkie/entry";
import { describe, expect, it } from "vitest";
import type { EntryStore } from "../entry-store.ts";
import { withHoles } from "./append-contract.ts";
import { type ContractContext, EVERYTHING, entryAt } from "./place.ts";
import { bytesOf, databaseOf, TestWriter, tenantOf, verifyRun } from "./test-writer.ts";

const HISTORIES = 12;
const STEPS = 40;
const ENTRIES = 12;
const PARTS = 3;

/** One entry as the model holds it: which of its parts are there. */
interface ModelEntry {
  readonly entry: VerifiedEntry;
  readonly parts: boolean[];
}

/** A database as a list of entries by writer. */
class Model {
  readonly chains = new Map<string, ModelEntry[]>();
  readonly retired = new Set<string>();

  append(run: VerifiedRun): AppendResult {
    const writer = toHex(run.writer);
    const chain = this.chains.get(writer) ?? [];
    if (run.firstSeq > chain.length) return { type: "gap", have: chain.length };
    const before = chain[run.firstSeq - 1]?.entry.id;
    if (before && !equalBytes(before, run.prev)) {
      return { type: "fork", seq: run.firstSeq - 1, ours: before, theirs: run.prev };
    }
    let count = 0;
    for (const [offset, entry] of run.entries.entries()) {
      const seq = run.firstSeq + offset;
      const held = chain[seq];
      if (held !== undefined && !equalBytes(held.entry.id, entry.id)) {
        return { type: "fork", seq, ours: held.entry.id, theirs: entry.id };
      }
      const wanted = entry.parts.map(
        (part, index) => part.type === "sealed" && !this.retired.has(nameOf(entry, index)),
      );
      if (held === undefined) chain.push({ entry, parts: wanted });
      else if (!wanted.some((isThere, index) => isThere && held.parts[index] === false)) continue;
      else for (const [index, isThere] of wanted.entries()) held.parts[index] ||= isThere;
      count++;
    }
    this.chains.set(writer, chain);
    return count === 0 ? { type: "known" } : { type: "appended", count };
  }

  retire(entry: VerifiedEntry, index: number): number {
    this.retired.add(nameOf(entry, index));
    const held = this.chains.get(toHex(entry.header.writer))?.[entry.header.seq];
    if (held === undefined || !equalBytes(held.entry.id, entry.id) || held.parts[index] !== true) return 0;
    held.parts[index] = false;
    return 1;
  }

  /** Hex ids and parts of every chain. */
  shape(): ReadonlyMap<string, readonly string[]> {
    return new Map(
      [...this.chains].map(([writer, chain]) => [writer, chain.map(({ entry, parts }) => shapeOf(entry, parts))]),
    );
  }
}

function nameOf(entry: VerifiedEntry, index: number): string {
  return `${toHex(entry.id)} ${index}`;
}

function shapeOf(entry: VerifiedEntry, parts: readonly boolean[]): string {
  return `${toHex(entry.id)} ${parts.map((isThere) => (isThere ? "x" : "-")).join("")}`;
}

/** What the store holds, read by seq. */
async function shapeOfStore(entries: EntryStore): Promise<ReadonlyMap<string, readonly string[]>> {
  const shape = new Map<string, readonly string[]>();
  for await (const run of entries.scan()) {
    const texts = run.entries.map((entry) =>
      shapeOf(
        entry,
        entry.parts.map((part) => part.type === "sealed"),
      ),
    );
    shape.set(toHex(run.writer), [...(shape.get(toHex(run.writer)) ?? []), ...texts]);
  }
  return shape;
}

/** A follower that reads only by position: the last shape it saw of every entry. */
class Follower {
  readonly seen = new Map<string, string>();
  #position = 0;

  async follow(entries: EntryStore, limit: { entries: number; bytes: number }): Promise<void> {
    for (;;) {
      const { runs, position, done } = await entries.readAfter(this.#position, limit);
      for (const entry of runs.flatMap((run) => run.entries)) {
        this.seen.set(
          toHex(entry.id),
          shapeOf(
            entry,
            entry.parts.map((part) => part.type === "sealed"),
          ),
        );
      }
      this.#position = position;
      if (done) return;
    }
  }
}

export function modelContract({ verifier, withStore }: ContractContext): void {
  const database = databaseOf(1);

  /** The history of one writer, every entry in a run of its own, so that it can be cut anywhere; and a fork of it. */
  const historyOf = async (seed: number, forkAt: number): Promise<readonly (readonly VerifiedEntry[])[]> => {
    const writer = await TestWriter.create(verifier, database, seed);
    const main: VerifiedEntry[] = [];
    const fork: VerifiedEntry[] = [];
    let forger: TestWriter | null = null;
    for (let seq = 0; seq < ENTRIES; seq++) {
      if (seq === forkAt) forger = writer.fork();
      const entry = entryAt(await writer.write({ parts: PARTS }), 0);
      main.push(entry);
      fork.push(forger === null ? entry : entryAt(await forger.write({ parts: PARTS }), 0));
    }
    return [main, fork];
  };

  describe("any history", () => {
    it(
      `leads to what a simple model says, step by step (${HISTORIES} histories of ${STEPS} steps)`,
      withStore(async (store) => {
        const histories = [await historyOf(1, 7), await historyOf(2, 3), await historyOf(3, 99)];
        for (let seed = 1; seed <= HISTORIES; seed++) {
          const next = numbers(seed);
          const entries = store.entries(tenantOf(seed), database);
          const model = new Model();
          const follower = new Follower();
          for (let step = 0; step < STEPS; step++) {
            const message = `history ${seed}, step ${step}`;
            // Mostly the writer's own branch, now and then the other.
            const branch = histories[next(3)]?.[next(8) === 0 ? 1 : 0] ?? [];
            if (next(5) === 0) {
              const [entry, index] = [branch[next(ENTRIES)], next(PARTS)];
              if (entry === undefined) continue;
              expect(await entries.retire([{ id: entry.id, index }]), message).toBe(model.retire(entry, index));
              continue;
            }
            const from = Math.max(0, next(ENTRIES) - next(6));
            const slice = branch.slice(from, from + 1 + next(5));
            const first = slice[0];
            if (first === undefined) continue;
            const { writer, prev } = first.header;
            const whole = await verifyRun(verifier, { database, writer, firstSeq: from, prev, entries: slice });
            const run = next(3) === 0 ? await withHoles(verifier, whole, [next(PARTS), next(PARTS)]) : whole;
            expect(await entries.append([run]), message).toEqual([model.append(run)]);
            if (next(4) === 0) await follower.follow(entries, { entries: 1 + next(6), bytes: 100 + next(5_000) });
          }
          await follower.follow(entries, EVERYTHING);
          const shape = model.shape();
          expect(await shapeOfStore(entries), `history ${seed}`).toEqual(shape);
          const heads = [...(await entries.vector())].map(([writer, { seq, id }]) => [writer, seq, toHex(id)]);
          const expected = [...model.chains].map(([writer, chain]) => {
            const tip = chain.at(-1)?.entry;
            return [writer, chain.length - 1, tip && toHex(tip.id)];
          });
          expect(heads.sort(), `history ${seed}`).toEqual(expected.sort());
          // Who follows positions has seen every entry with every part that is still there.
          for (const text of [...shape.values()].flat()) {
            const seen = follower.seen.get(text.split(" ")[0] ?? "") ?? "";
            expect(seen.length, `history ${seed}`).toBe(text.length);
            for (const [at, character] of [...text].entries()) if (character === "x") expect(seen[at]).toBe("x");
          }
        }
      }),
    );
  });
}

function numbers(seed: number): (below: number) => number {
  const bytes = bytesOf(500 + seed, 4_000);
  let at = 0;
  return (below) => {
    at = (at + 2) % 3_998;
    return ((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)) % below;
  };
}
