// From local changes to entries.
import { fromHex, parseWriterKey, toHex } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseChange } from "../../src/automerge/change-chunk.ts";
import { decodeChanges } from "../../src/automerge/change-codec.ts";
import { changeLimits } from "../../src/automerge/change-limits.ts";
import { PartBudget } from "../../src/automerge/part-work.ts";
import { ENTRY_PARTS } from "../../src/journal/fill-entries.ts";
import type { JournalRow } from "../../src/journal/journal-row.ts";
import { fitsOneEntry, planEntries } from "../../src/journal/plan-entries.ts";
import { decodeChangePart } from "../../src/sealing/change-part.ts";
import type { PartDraft } from "../../src/sealing/seal-entry.ts";
import { alice, handMade } from "../automerge/hand-made-change.ts";
import { sha256 } from "../automerge/sha256.ts";
import { pattern, repeatableCrypto, testKey } from "../fixture.ts";

const crypto = repeatableCrypto("plan");
const key = await testKey(crypto, "key");

/** Documents that are edited one after the other; those of one list in one transaction, at a time of its own if there are times. */
function rowsOf(transactions: readonly (readonly number[])[], times: readonly number[] = []): readonly JournalRow[] {
  const last = new Map<number, { seq: number; hash: string }>();
  return transactions.flatMap((documents, n) =>
    documents.map((document, at): JournalRow => {
      const before = last.get(document) ?? { seq: 0, hash: "" };
      const seq = before.seq + 1;
      const deps = seq === 1 ? [] : [before.hash];
      const ops = [{ key: { text: "n" }, value: document }];
      const made = handMade({ actor: alice, seq, startOp: seq, deps, ops });
      last.set(document, { seq, hash: made.hash });
      return {
        ...{
          writer: parseWriterKey(pattern("writer", 32)),
          frontier: [],
          kind: "change",
          counter: null,
          time: times[n] ?? 1,
        },
        ...{ stem: pattern(`document ${document}`, 16), keyId: key.keyId, change: made.bytes },
        ...(at === 0 ? {} : { withLast: true }),
      };
    }),
  );
}

/** The hashes of the changes in an entry, part by part. */
function changesIn(parts: readonly PartDraft[]): readonly string[] {
  const budget = new PartBudget(changeLimits.entryWork);
  return parts.flatMap((part) =>
    part.kind !== "change"
      ? []
      : decodeChanges(decodeChangePart(part.plaintext), { actor: fromHex(alice), budget, sha256 }).map(({ hash }) =>
          toHex(hash),
        ),
  );
}

const hashOf = ({ change }: JournalRow): string => toHex(parseChange(change, sha256).hash);
const plan = (rows: readonly JournalRow[]) => planEntries(rows, () => key, sha256).map(changesIn);

const documents = fc.integer({ min: 0, max: 150 });
const transactions = fc.array(
  fc.oneof(
    fc.tuple(documents),
    fc.array(documents, { minLength: 1, maxLength: 60 }),
    fc.array(documents, { minLength: ENTRY_PARTS, maxLength: ENTRY_PARTS }),
  ),
  { maxLength: 30 },
);

test("each transaction is in one entry, every change is there once, and those of a document are in their order", () => {
  fc.assert(
    fc.property(transactions, (drawn) => {
      const entries = plan(rowsOf(drawn));
      const entryOf = new Map(entries.flatMap((hashes, at) => hashes.map((hash) => [hash, at] as const)));
      const rows = rowsOf(drawn);
      expect(entries.flat().toSorted()).toEqual(rows.map(hashOf).toSorted());
      const places = new Map(entries.flat().map((hash, at) => [hash, at]));
      for (const own of Map.groupBy(rows, ({ stem }) => toHex(stem)).values()) {
        const order = own.map((row) => places.get(hashOf(row)) ?? -1);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      }
      let at = 0;
      for (const { length } of drawn) {
        expect(new Set(rows.slice(at, at + length).map((row) => entryOf.get(hashOf(row)))).size).toBe(1);
        at += length;
      }
    }),
  );
});

test("transactions share entries as single changes do", () => {
  const pairs = Array.from({ length: 1_000 }, (_, at) => [at % 50, (at + 1) % 50]);
  expect(plan(rowsOf(pairs)).length).toBe(1);
  const spread = Array.from({ length: 1_000 }, (_, at) => [2 * at, 2 * at + 1]);
  expect(plan(rowsOf(spread)).length).toBe(2_000 / ENTRY_PARTS);
});

test("no time lies between the changes of a transaction, and what is claimed is at most five minutes too late", () => {
  const minutes = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 30 });
  const few = fc.array(fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(few, minutes, (drawn, steps) => {
      let now = 0;
      const times = drawn.map((_, at) => {
        now += (steps[at % steps.length] ?? 0) * 60_000;
        return now;
      });
      const rows = rowsOf(drawn, times);
      const claimed = new Map(
        planEntries(rows, () => key, sha256)
          .flat()
          .flatMap((part) => {
            const { time } = part.kind === "change" ? decodeChangePart(part.plaintext) : expect.fail("a change");
            return changesIn([part]).map((hash) => [hash, time] as const);
          }),
      );
      let at = 0;
      for (const [n, { length }] of drawn.entries()) {
        const said = new Set(rows.slice(at, at + length).map((row) => claimed.get(hashOf(row))));
        expect(said.size).toBe(1);
        const late = Number([...said][0]) - Number(times[n]);
        expect(late >= 0 && late <= 300_000).toBe(true);
        at += length;
      }
    }),
  );
});

test("what one entry holds is said before it is written", () => {
  const all = (count: number) => rowsOf([Array.from({ length: count }, (_, at) => at)]);
  expect([fitsOneEntry(all(ENTRY_PARTS), sha256), fitsOneEntry(all(ENTRY_PARTS + 1), sha256)]).toEqual([true, false]);
});
