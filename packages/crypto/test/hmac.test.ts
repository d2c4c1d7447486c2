import { createSecretKey, type KeyObject } from "node:crypto";
import { concatBytes } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AesKeys, nodeExpand } from "../src/node/hmac.ts";
import { check } from "./property.ts";

const bytesOf = (key: KeyObject): Uint8Array => new Uint8Array(key.export());
const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });
const pieces = fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 4 });

test("an AES key is the first block of HKDF-Expand, whatever was derived before under whichever secret", async () => {
  const derivation = fc.record({ nth: fc.nat(2), times: fc.nat(3), info: pieces });
  await check(
    100,
    [fc.array(secret, { minLength: 3, maxLength: 3 }), fc.array(derivation)],
    async (secrets, wanted) => {
      const keys = secrets.map((bytes) => createSecretKey(bytes));
      const prefixes = [new Uint8Array(), Uint8Array.of(1), new Uint8Array(40).fill(2)];
      // By turns: one does not disturb the other.
      const makers = prefixes.map((prefix) => new AesKeys(prefix));
      for (const [at, { nth, times, info }] of wanted.entries()) {
        const [key, prefix, maker] = [keys[nth], prefixes[at % 3], makers[at % 3]];
        if (key === undefined || prefix === undefined || maker === undefined) throw new RangeError("there are three");
        const expected = nodeExpand(key, prefix, concatBytes(...info), 32);
        for (let i = 0; i <= times; i++) expect(bytesOf(maker.derive(key, info))).toEqual(expected);
        if (at % 4 === 3) maker[Symbol.dispose]();
      }
    },
  );
});

test("nothing of a key stays in memory once the keys are disposed, or others are derived", () => {
  const [key, other] = [7, 8].map((byte) => createSecretKey(new Uint8Array(32).fill(byte)));
  if (key === undefined || other === undefined) throw new RangeError("there are two");
  for (const end of [(keys: AesKeys) => keys[Symbol.dispose](), (keys: AesKeys) => keys.derive(other, [])]) {
    const keys = new AesKeys(Uint8Array.of(1));
    for (let i = 0; i < 2; i++) keys.derive(key, [new Uint8Array(72).fill(9)]);
    const { memory } = keys;
    expect(memory.map((bytes) => bytes[0])).toEqual([7 ^ 0x36, 7 ^ 0x5c]);
    end(keys);
    for (const bytes of memory) expect(bytes.every((byte) => byte === 0)).toBe(true);
    expect(keys.memory).toEqual([]);
  }
});
