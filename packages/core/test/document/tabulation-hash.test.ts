import { nativeCrypto } from "@selkie/crypto/native";
import { expect, test } from "vitest";
import { numbersOf, tabulationHash } from "../../src/document/tabulation-hash.ts";

const LENGTH = 32;
const COUNT = 1_024;

const drawn = (): Uint32Array => new Uint32Array(nativeCrypto.randomBytes(4 * numbersOf(LENGTH)).slice().buffer);

/** Ids as somebody may choose them, to meet in one place. */
const chosen: Readonly<Record<string, (at: number) => readonly number[]>> = {
  "that count up at their end": (at) => [...Array<number>(30).fill(0), at >> 8, at & 255],
  "that count up at their beginning": (at) => [at >> 8, at & 255],
  "that differ in their highest bits": (at) => Array.from({ length: LENGTH }, (_, i) => (at >> (i / 2)) << 7),
  "of which the sums are equal": (at) => [at >> 8, at & 255, (COUNT - at) >> 8, (COUNT - at) & 255],
};

test.each(Object.entries(chosen))("D12 ids %s lie apart", (_, idOf) => {
  const ids = Array.from({ length: COUNT }, (_, at) => {
    const id = new Uint8Array(LENGTH);
    id.set(idOf(at));
    return id;
  });
  const different = new Set(ids.map(String)).size;
  expect(different).toBe(COUNT);
  // An id meets one other on average, as ids do that were drawn: on average over many hashes.
  let met = 0;
  const rounds = 64;
  for (let round = 0; round < rounds; round++) {
    const numbers = drawn();
    const places = new Uint32Array(COUNT);
    for (const id of ids) {
      const place = tabulationHash(numbers, id, 0) % COUNT;
      met += places[place] ?? 0;
      places[place] = (places[place] ?? 0) + 1;
    }
  }
  expect((2 * met) / (rounds * COUNT)).toBeLessThan(2);
});

test("a hash is of the bytes from its start on, and of each of them", () => {
  const bytes = nativeCrypto.randomBytes(3 * LENGTH);
  const numbers = drawn();
  const hash = tabulationHash(numbers, bytes, LENGTH);
  expect(tabulationHash(numbers, bytes.slice(LENGTH), 0)).toBe(hash);
  for (let at = 0; at < LENGTH; at++) {
    const other = bytes.slice(LENGTH);
    other[at] = (other[at] ?? 0) ^ 1;
    expect(tabulationHash(numbers, other, 0)).not.toBe(hash);
  }
});
