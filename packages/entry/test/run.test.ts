import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  cutRun,
  type Entry,
  entrySize,
  limits,
  parseSignature,
  type ReadLimit,
  type Run,
  runOf,
  runSize,
  type SignatureCheck,
  toHex,
  type VerifiedEntry,
  type Verifier,
  verifyRuns,
} from "../src/index.ts";
import { nativeVerifier } from "../src/native-node.ts";
import { pattern, testChain } from "./chain.ts";
import { codeOf } from "./codes.ts";

const size = entrySize(testChain({ length: 1 })[0] ?? { table: [], parts: [] });
const unlimited: ReadLimit = { entries: 1_000, bytes: limits.runBytes };

describe("cutting", () => {
  const signedAt = (...signed: readonly number[]): readonly Entry[] =>
    testChain({ length: 8, signed: (seq) => signed.includes(seq) });

  test.each([
    [[0, 1, 2, 3, 4, 5, 6, 7], unlimited, 8],
    [[0, 1, 2, 3, 4, 5, 6, 7], { entries: 3, bytes: limits.runBytes }, 3],
    [[0, 1, 2, 3, 4, 5, 6, 7], { entries: 100, bytes: 3 * size }, 3],
    [[0, 1, 2, 3, 4, 5, 6, 7], { entries: 100, bytes: 4 * size - 1 }, 3],
    [[1, 4, 7], { entries: 4, bytes: limits.runBytes }, 2],
    [[1, 4, 7], { entries: 5, bytes: limits.runBytes }, 5],
    [[1, 4], unlimited, 5],
    [[5], { entries: 2, bytes: limits.runBytes }, 6],
    [[5, 6, 7], { entries: 2, bytes: limits.runBytes }, 6],
    [[5], { entries: 100, bytes: 1 }, 6],
    [[7], { entries: 0, bytes: 0 }, 8],
    [[], unlimited, 0],
  ] as const)("signed at %o, limit %o: %d entries", (signed, limit, expected) => {
    expect(cutRun(signedAt(...signed), limit)).toHaveLength(expected);
  });

  test("reads no further than it must", () => {
    let read = 0;
    function* rows(): Iterable<Entry> {
      for (const entry of signedAt(0, 1, 2, 3, 4, 5, 6, 7)) {
        read += 1;
        yield entry;
      }
    }
    expect(cutRun(rows(), { entries: 2, bytes: limits.runBytes })).toHaveLength(2);
    expect(read).toBe(2);
    read = 0;
    expect(cutRun(rows(), { entries: 100, bytes: 2 * size - 1 })).toHaveLength(1);
    expect(read).toBe(2); // its size says that it does not fit
    read = 0;
    expect(cutRun(rows(), { entries: 100, bytes: 1 })).toHaveLength(1);
    expect(read).toBe(1);
  });

  test("never asks a receiver for more than it takes", () => {
    const chain = testChain({
      length: limits.runEntries + 10,
      signed: (seq) => seq % 1_000 === 0,
      verifier: nativeVerifier,
    });
    const cut = cutRun(chain, { entries: 1_000_000, bytes: Number.MAX_SAFE_INTEGER });
    expect(cut).toHaveLength(2_001);
  });
});

test("a run is read off its entries", () => {
  const chain = testChain({ length: 3 });
  const run = runOf(chain.slice(1));
  expect([run.firstSeq, run.prev, run.writer, run.database]).toEqual([
    1,
    chain[0]?.id,
    chain[0]?.header.writer,
    chain[0]?.header.database,
  ]);
  expect(runSize(run)).toBe(2 * size);
  expect(codeOf(() => runOf([]))).toBe("BAD_RUN");
});

/** A replica of one chain, as a store would keep it: all it takes is verified, and what does not link is left. */
class ChainReplica {
  readonly entries: VerifiedEntry[] = [];
  readonly #verifier: Verifier;

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  async take(run: Run): Promise<void> {
    const [verdict] = await verifyRuns(this.#verifier, [run]);
    if (verdict?.type !== "verified" || verdict.run.firstSeq > this.entries.length) return;
    this.entries.push(...verdict.run.entries.slice(this.entries.length - verdict.run.firstSeq));
  }

  async pullFrom(entries: readonly Entry[], limit: ReadLimit): Promise<void> {
    for (;;) {
      const cut = cutRun(entries.slice(this.entries.length), limit);
      const before = this.entries.length;
      if (cut.length > 0) await this.take(runOf(cut));
      if (this.entries.length === before) return;
    }
  }

  ids(): readonly string[] {
    return this.entries.map((entry) => toHex(entry.id));
  }
}

/** Remembers verdicts, so that thousands of deliveries of one chain cost its signatures once. */
function remembering(verifier: Verifier): Verifier {
  const known = new Map<string, boolean>();
  const keyOf = (check: SignatureCheck): string => `${toHex(check.signature)} ${toHex(check.message)}`;
  return {
    ...verifier,
    async verifyMany(checks) {
      const unknown = checks.filter((check) => !known.has(keyOf(check)));
      const answers = await verifier.verifyMany(unknown);
      for (const [index, check] of unknown.entries()) known.set(keyOf(check), answers[index] === true);
      return checks.map((check) => known.get(keyOf(check)) === true);
    },
  };
}

describe("A batch with a false signature", () => {
  const verifier = remembering(nativeVerifier);
  const chain = testChain({ length: 100, verifier: nativeVerifier });
  const all = chain.map((entry) => toHex(entry.id));
  const junk = parseSignature(pattern("junk", 64));

  test("F5 one false signature in 100 entries, at every position and batch size: the same accepted set after one honest sender", async () => {
    for (let position = 0; position < 100; position++) {
      const hostile: readonly Entry[] = chain.with(position, { ...chain[position], signature: junk } as never);
      for (let batch = 1; batch <= 100; batch++) {
        const replica = new ChainReplica(verifier);
        for (let from = 0; from < 100; from += batch) await replica.take(runOf(hostile.slice(from, from + batch)));
        const accepted = replica.entries.length;
        const refusedBatch = position % batch === batch - 1 || position === 99;
        expect(accepted).toBe(refusedBatch ? position - (position % batch) : 100);
        await replica.pullFrom(chain, { entries: batch, bytes: limits.runBytes });
        expect(replica.entries.length).toBe(100);
      }
    }
  }, 120_000);

  test("F5 any deliveries from a hostile sender, then one honest one: everything, and it can be served on in any batch", async () => {
    const delivery = fc.record({ from: fc.nat({ max: 99 }), length: fc.integer({ min: 1, max: 60 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(delivery, { maxLength: 12 }),
        fc.uniqueArray(fc.nat({ max: 99 }), { maxLength: 20 }),
        fc.uniqueArray(fc.nat({ max: 99 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 120 }),
        async (deliveries, falseAt, unsignedAt, batch) => {
          const hostile = chain.map((entry, seq): Entry => {
            if (falseAt.includes(seq)) return { ...entry, signature: junk };
            return unsignedAt.includes(seq) ? { ...entry, signature: null } : entry;
          });
          const replica = new ChainReplica(verifier);
          for (const { from, length } of deliveries) await replica.take(runOf(hostile.slice(from, from + length)));
          const honest = chain.map((entry, seq): Entry => {
            return unsignedAt.includes(seq) && seq !== 99 ? { ...entry, signature: null } : entry;
          });
          await replica.pullFrom(honest, { entries: batch, bytes: limits.runBytes });
          expect(replica.ids()).toEqual(all);
          const next = new ChainReplica(verifier);
          await next.pullFrom(replica.entries, { entries: batch, bytes: limits.runBytes });
          expect(next.ids()).toEqual(all);
        },
      ),
      { numRuns: 150 },
    );
  });
});
