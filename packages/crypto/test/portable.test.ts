import { expect, test } from "vitest";
import { asPlaintext, portableCrypto, sealBox } from "../src/index.ts";

const seed = new Uint8Array(32).fill(9);
const none = new Uint8Array(0);

function counting(): (length: number) => Uint8Array {
  let next = 0;
  return (length) => Uint8Array.from({ length }, () => next++);
}

test("the same source of randomness gives the same wraps and boxes", async () => {
  const outputs = await Promise.all(
    [counting(), counting()].map(async (random) => {
      const provider = portableCrypto({ random });
      const kem = await provider.importKemKey(seed);
      const secret = await provider.importSecret(seed);
      const box = await sealBox(provider, secret, "derive-sealed-box", none, asPlaintext(seed));
      return [box, await provider.wrap(kem.publicKey, none, none, asPlaintext(seed))];
    }),
  );
  expect(outputs[0]).toEqual(outputs[1]);
});

test("refuses a source of randomness that returns another number of bytes", () => {
  const provider = portableCrypto({ random: (length) => new Uint8Array(length - 1) });
  expect(() => provider.randomBytes(8)).toThrow("asked for 8 bytes, got 7");
});

test("copies what its source returns, so that a source may use one buffer", () => {
  const buffer = new Uint8Array(4);
  const provider = portableCrypto({ random: () => buffer.fill((buffer[0] ?? 0) + 1) });
  const first = provider.randomBytes(4);
  provider.randomBytes(4);
  expect(first).toEqual(Uint8Array.of(1, 1, 1, 1));
});
