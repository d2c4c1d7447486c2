import { toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { asPlaintext, asSealedBytes, BoxSeries, type CryptoProvider } from "../src/index.ts";
import { hex } from "./hex.ts";
import { nodeUnderTest } from "./node-under-test.ts";
import { bytesInOrder, portableUnderTest, webUnderTest } from "./under-test.ts";

const providers = [nodeUnderTest, webUnderTest, portableUnderTest];
const label = "derive-sealed-box";
const [saltBytes, perKey] = [24, 64];
const aad = new TextEncoder().encode("what this row is for");
const message = (at: number) => asPlaintext(new TextEncoder().encode(`message ${at}`));

async function seriesOf(provider: CryptoProvider): Promise<BoxSeries> {
  return new BoxSeries(provider, await provider.importSecret(new Uint8Array(32).fill(0xa7)), label);
}

/** What decides about the nonce of a box: salt and number, in hexadecimal. */
const headOf = (box: Uint8Array): string => toHex(box.subarray(0, saltBytes + 1));
const saltOf = (box: Uint8Array): string => toHex(box.subarray(0, saltBytes));

test.each(providers)(
  "$name: never uses a nonce twice, though calls overlap, and every box opens",
  async ({ provider }) => {
    const series = await seriesOf(provider);
    const count = 3 * perKey + 1;
    const boxes = await Promise.all(Array.from({ length: count }, (_, at) => series.seal(aad, message(at))));
    expect(new Set(boxes.map(headOf)).size).toBe(count);
    const salts = Map.groupBy(boxes, saltOf);
    expect([...salts.values()].map((list) => list.length)).toEqual([perKey, perKey, perKey, 1]);
    for (const other of providers) {
      const reader = await seriesOf(other.provider);
      expect(await Promise.all(boxes.map((box) => reader.open(aad, box)))).toEqual(boxes.map((_, at) => message(at)));
    }
  },
);

test("begins a series of its own in every instance, also under one secret", async () => {
  const [one, other] = [await seriesOf(nodeUnderTest.provider), await seriesOf(nodeUnderTest.provider)];
  expect(saltOf(await one.seal(aad, message(0)))).not.toBe(saltOf(await other.seal(aad, message(0))));
});

test("disposes each key with its last box", async () => {
  const made: Disposable[] = [];
  const { provider } = nodeUnderTest;
  const watched: CryptoProvider = {
    ...provider,
    async deriveAead(...at) {
      const key = await provider.deriveAead(...at);
      made.push(key);
      return key;
    },
  };
  const series = await seriesOf(watched);
  for (let at = 0; at <= perKey; at++) await series.seal(aad, message(at));
  const [used, current, ...none] = made;
  expect(none).toEqual([]);
  const item = { nonce: 0, aad, plaintext: message(0) };
  await expect(provider.sealMany(used as Parameters<typeof provider.sealMany>[0], [item])).rejects.toMatchObject({
    code: "KEY_DISPOSED",
  });
  expect(await provider.sealMany(current as Parameters<typeof provider.sealMany>[0], [item])).toHaveLength(1);
});

test.each(providers)("$name: a box is salt, number and AES-GCM under the derived key", async ({ provider }) => {
  const salt = hex("000102030405060708090a0b0c0d0e0f1011121314151617");
  const series = await seriesOf({ ...provider, randomBytes: bytesInOrder(salt) });
  await series.seal(aad, message(0));
  const box = await series.seal(aad, message(1));
  using key = await provider.deriveAead(await provider.importSecret(new Uint8Array(32).fill(0xa7)), label, salt);
  const [ciphertext] = await provider.sealMany(key, [{ nonce: 1, aad, plaintext: message(1) }]);
  expect(box).toEqual(Uint8Array.of(...salt, 1, ...(ciphertext ?? [])));
});

test.each(providers)("$name: many open as one by one, with whatever lies between them", async ({ provider }) => {
  const [one, other] = [await seriesOf(provider), await seriesOf(provider)];
  const boxes: Uint8Array[] = [];
  for (let at = 0; at < 8; at++) boxes.push(await (at < 4 ? one : other).seal(aad, message(at)));
  const flipped = Uint8Array.from(boxes[5] ?? [], (byte, at) => (at === 30 ? byte ^ 1 : byte));
  const mixed = [
    ...boxes.slice(0, 2),
    new Uint8Array(),
    ...boxes.slice(4, 6),
    flipped,
    ...boxes.slice(2, 4),
    flipped.subarray(0, 40),
  ];
  const opened = await one.openMany(mixed.map((box) => ({ aad, box })));
  const expected = [message(0), message(1), null, message(4), message(5), null, message(2), message(3), null];
  expect(opened).toEqual(expected);
  expect(await Promise.all(mixed.map((box) => other.open(aad, box)))).toEqual(expected);
  expect(await one.openMany([])).toEqual([]);
});

test.each(providers)("$name: a flipped bit, another aad and a box cut short do not open", async ({ provider }) => {
  const series = await seriesOf(provider);
  const box = await series.seal(aad, message(0));
  for (let bit = 0; bit < 8 * box.length; bit++) {
    const flipped = Uint8Array.from(box, (byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    expect(await series.open(aad, asSealedBytes(flipped))).toBeNull();
  }
  expect(await series.open(aad.subarray(1), box)).toBeNull();
  for (let length = 0; length < box.length; length++)
    expect(await series.open(aad, box.subarray(0, length))).toBeNull();
});
