import { type EntryId, parseEntryId, parseWriterKey } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CoreError } from "../../src/errors.ts";
import { decodeBatch, encodeBatch } from "../../src/journal/journal-codec.ts";
import type { JournalRow } from "../../src/journal/journal-row.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const owners = fc.record({ writer: bytes(32).map(parseWriterKey), keyId: bytes(16) });
const frontiers = fc.array(bytes(32).map(parseEntryId), { maxLength: 64 });

/** Rows of few writers and keys, as batches hold them: mostly those of the row before. */
const batches = fc.tuple(frontiers, fc.array(owners, { minLength: 1, maxLength: 3 })).chain(([frontier, some]) =>
  fc.array(
    fc.constantFrom(...some).chain((owner) => rowOf(frontier, owner)),
    { maxLength: 12 },
  ),
);

function rowOf(frontier: readonly EntryId[], owner: Pick<JournalRow, "writer" | "keyId">): fc.Arbitrary<JournalRow> {
  const row = fc.record({
    ...{ writer: fc.constant(owner.writer), keyId: fc.constant(owner.keyId), frontier: fc.constant(frontier) },
    kind: fc.constantFrom("create", "change", "delete", "undelete", "manifest"),
    stem: bytes(16),
    counter: fc.option(fc.maxSafeNat()),
    time: fc.maxSafeNat(),
    change: fc.uint8Array({ maxLength: 300 }),
  });
  const replaces = fc
    .record({ writer: bytes(32).map(parseWriterKey), seq: fc.integer({ min: 1 }), more: fc.nat() })
    .map(({ writer, seq, more }) => [{ writer, seq, last: seq + more }]);
  return fc.oneof(
    row,
    row.map((row) => ({ ...row, withLast: true as const })),
    fc.tuple(row, replaces).map(([row, replaces]) => ({ ...row, replaces })),
  );
}

describe("a batch of the journal", () => {
  test("comes back as it was", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), batches, (number, rows) => {
        expect(decodeBatch(encodeBatch(number, rows))).toEqual({ number, rows });
      }),
    );
  });

  test("that is cut, longer, or changed in a byte is refused with a code, or is another batch; nothing else happens", () => {
    fc.assert(
      fc.property(batches, fc.nat(), fc.nat(255), (rows, place, byte) => {
        const good = encodeBatch(7, rows);
        const at = place % good.length;
        const changed = good.with(at, byte);
        for (const bad of [good.subarray(0, at), Uint8Array.of(...good, byte), changed]) {
          try {
            const { number, rows: read } = decodeBatch(bad);
            expect(bad).toBe(changed);
            expect(encodeBatch(number, read).length).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toBeInstanceOf(CoreError);
            expect(error).toMatchObject({ code: "LOCAL_STATE_DAMAGED" });
          }
        }
      }),
    );
  });

  test("of a hundred small changes of one writer takes little more than the changes", () => {
    const owner = { writer: parseWriterKey(new Uint8Array(32)), keyId: new Uint8Array(16) };
    const row: JournalRow = {
      ...{ ...owner, frontier: [], kind: "change", stem: new Uint8Array(16), counter: null },
      ...{ time: 1_800_000_000_000, change: new Uint8Array(100) },
    };
    expect(encodeBatch(1, new Array<JournalRow>(100).fill(row)).length).toBeLessThan(100 * 125 + 60);
  });
});
