import { nativeCrypto } from "@selkie/crypto/native";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type DocId, docIdOfBytes } from "../../src/document/doc-id.ts";
import { PackedDocuments } from "../../src/document/packed-documents.ts";
import { pattern } from "../fixture.ts";

const nameOf = (at: number): DocId => docIdOfBytes(pattern(`document ${at}`, 32));
const empty = (): PackedDocuments => new PackedDocuments((length) => nativeCrypto.randomBytes(length));

test("packed documents are found, go and come back as in a map", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom("add", "take"), fc.integer({ min: 0, max: 40 }), fc.nat(3)));
  fc.assert(
    fc.property(steps, fc.array(fc.uint8Array({ minLength: 8, maxLength: 16 }), { minLength: 4 }), (all, buffers) => {
      const [packed, model, ever] = [empty(), new Map<DocId, Uint8Array>(), new Set<DocId>()];
      for (const [step, at, which] of all) {
        const [name, known] = [nameOf(at), model.get(nameOf(at))];
        if (step === "take") {
          expect(packed.take(name)).toEqual(known);
          model.delete(name);
        } else if (known === undefined) {
          const change = (buffers[which] ?? new Uint8Array(8)).subarray(at % 4, 5 + (at % 3));
          packed.add(name, change);
          model.set(name, change);
          ever.add(name);
        }
        expect(packed.size).toBe(model.size);
      }
      for (let at = 0; at <= 40; at++) {
        expect(packed.peek(nameOf(at))).toEqual(model.get(nameOf(at)));
        expect(packed.knows(nameOf(at))).toBe(ever.has(nameOf(at)));
      }
      expect([...packed.all()]).toEqual([...ever].map((name) => [name, model.get(name)]));
    }),
  );
});

test("many are packed, and a change is a view of where it lies", () => {
  const packed = empty();
  const bytes = pattern("changes", 4_000);
  for (let at = 0; at < 1_000; at++) packed.add(nameOf(at), bytes.subarray(4 * at, 4 * (at + 1)));
  expect(packed.size).toBe(1_000);
  for (let at = 0; at < 1_000; at++) {
    const change = packed.peek(nameOf(at));
    expect([change?.buffer, change?.byteOffset, change?.length]).toEqual([bytes.buffer, 4 * at, 4]);
  }
});

test.each(["", "00", "x".repeat(64), `${nameOf(0).slice(1)}G`, nameOf(0).toUpperCase(), `${nameOf(0)}00`])(
  "what is no id is not there: %s",
  (text) => {
    const packed = empty();
    packed.add(nameOf(0), pattern("a change", 8));
    expect(packed.peek(text as DocId)).toBeUndefined();
    expect(packed.take(text as DocId)).toBeUndefined();
    expect(packed.knows(text as DocId)).toBe(false);
  },
);
