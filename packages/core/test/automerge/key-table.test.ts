import { expect, test } from "vitest";
import { KeyTable } from "../../src/automerge/key-table.ts";
import { encodeText } from "../../src/automerge/text.ts";
import { Random } from "./random-history.ts";

/** Bytes that count how often one of them is read. */
function counted(text: string): { readonly bytes: Uint8Array; reads(): number } {
  let reads = 0;
  const bytes = new Proxy(encodeText(text), {
    get: (target, name) => {
      if (typeof name === "string" && /^\d+$/.test(name)) reads++;
      return Reflect.get(target, name, target);
    },
  });
  return { bytes, reads: () => reads };
}

test("keys are the same where their texts are, in any order of asking, and after going back", () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed);
    const table = new KeyTable();
    const texts: string[] = [];
    for (let change = 0; change < 12; change++) {
      const names = Array.from({ length: 1 + random.below(5) }, () => random.pick(["", "a", "b", "ab", "é"]));
      const bytes = encodeText(names.join("|"));
      const before = table.count;
      let start = 0;
      for (const name of names) {
        const end = start + encodeText(name).length;
        expect(table.add(bytes, start, end)).toBe(texts.push(name) - 1);
        start = end + 1;
      }
      const pick = (): number => random.below(texts.length);
      for (let n = 0; n < 10; n++) {
        const [a, b] = [pick(), pick()];
        expect([seed, a, b, table.same(a, b)]).toEqual([seed, a, b, texts[a] === texts[b]]);
      }
      if (random.below(3) > 0) continue;
      table.truncate(before);
      texts.length = before;
    }
    expect(table.count).toBe(texts.length);
  }
});

test("the same key of one change has one number while it stays the same", () => {
  const table = new KeyTable();
  const bytes = encodeText("abc");
  expect([table.add(bytes, 0, 1), table.add(bytes, 0, 1), table.add(bytes, 1, 2), table.add(bytes, 0, 1)]).toEqual([
    0, 0, 1, 2,
  ]);
});

test("D12 a long key that is replaced very often is read once", () => {
  const table = new KeyTable();
  const long = counted("k".repeat(1_000));
  const others = Array.from({ length: 5 }, () => counted("k".repeat(1_000)));
  const first = table.add(long.bytes, 0, 1_000);
  const keys = others.map(({ bytes }) => table.add(bytes, 0, 1_000));
  for (let n = 0; n < 200; n++) for (const key of keys) expect(table.same(key, first)).toBe(true);
  expect(long.reads()).toBe(5_000);
  expect(others.map(({ reads }) => reads())).toEqual(keys.map(() => 1_000));
});
