import { toHex } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteCursor } from "../../src/automerge/byte-cursor.ts";
import { ByteSink } from "../../src/automerge/byte-sink.ts";
import { emptyOp } from "../../src/automerge/change-op.ts";
import { writeChange } from "../../src/automerge/change-writer.ts";
import { OpReader, opSourceOf } from "../../src/automerge/op-reader.ts";
import { OpWriter } from "../../src/automerge/op-writer.ts";
import { alice, bob, signed, unsigned } from "./hand-made-change.ts";
import { parse } from "./judge.ts";
import { randomHistory } from "./random-history.ts";
import { sha256 } from "./sha256.ts";

const reader = new OpReader();
const writer = new OpWriter();

/** The change, written anew from its fields and operations. */
function rewritten(bytes: Uint8Array): Uint8Array {
  const change = parse(bytes);
  const op = emptyOp();
  reader.open(opSourceOf(change));
  writer.clear();
  for (let i = 0; i < change.opCount; i++) {
    reader.next(op);
    writer.add(op, bytes);
  }
  reader.finish();
  return writeChange(change, { type: "written", columns: writer.finish() }, sha256).bytes;
}

test("a change that is read and written again has the same bytes", () => {
  let changes = 0;
  for (let seed = 900; seed < 960; seed++)
    for (const bytes of randomHistory(seed, { actors: [alice, bob, "0c".repeat(16)], steps: 30 }).changes) {
      expect(toHex(rewritten(bytes))).toBe(toHex(bytes));
      const change = parse(bytes);
      expect(writeChange(change, { type: "table", table: change.columns, opCount: change.opCount }, sha256)).toEqual(
        change,
      );
      changes++;
    }
  expect(changes).toBeGreaterThan(1000);
});

test("numbers are written in their shortest form, and read back", () => {
  const whole = fc.oneof(
    fc.maxSafeInteger(),
    fc.integer({ min: -200, max: 200 }),
    fc.constantFrom(2 ** 53 - 1, -(2 ** 53) + 1),
  );
  fc.assert(
    fc.property(whole, (value) => {
      const sink = new ByteSink(1);
      sink.signed(value);
      expect([...sink.view()]).toEqual(signed(value));
      expect(new ByteCursor(sink.toBytes()).signed()).toBe(value);
      sink.clear();
      sink.unsigned(Math.abs(value));
      expect([...sink.view()]).toEqual(unsigned(Math.abs(value)));
      expect(new ByteCursor(sink.toBytes()).unsigned()).toBe(Math.abs(value));
    }),
    { numRuns: 2000 },
  );
});
