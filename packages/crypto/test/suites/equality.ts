// The providers are one: each operation gives equal bytes on all of them, or each opens what every other sealed.
import { concatBytes, DERIVE_LABELS, MAC_LABELS, SIGN_LABELS } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  asPlaintext,
  type CryptoProvider,
  openBox,
  openCommittedBox,
  sealBox,
  sealCommittedBox,
  type Wrapped,
} from "../../src/index.ts";
import { check } from "../property.ts";
import { bytesInOrder, type UnderTest } from "../under-test.ts";

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const payload = fc.uint8Array({ maxLength: 700 });
const nonce = fc.oneof(fc.nat(), fc.maxSafeNat());
const signLabel = fc.constantFrom(...SIGN_LABELS);
const macLabel = fc.constantFrom(...MAC_LABELS);
const deriveLabel = fc.constantFrom(...DERIVE_LABELS);

/** What `run` gives on every provider; all must be equal. */
async function sameOnAll<Result>(
  providers: readonly UnderTest[],
  run: (provider: CryptoProvider) => Promise<Result>,
): Promise<Result> {
  const [first, ...rest] = providers;
  if (first === undefined) throw new RangeError("no provider to test");
  const expected = await run(first.provider);
  for (const { name, provider } of rest) expect(await run(provider), `${name} against ${first.name}`).toEqual(expected);
  return expected;
}

/** Every ordered pair of providers. */
function pairs(providers: readonly UnderTest[]): readonly (readonly [CryptoProvider, CryptoProvider])[] {
  return providers.flatMap((a) => providers.map((b) => [a.provider, b.provider] as const));
}

export function equalitySuite(providers: readonly UnderTest[]): void {
  describe(`equal on ${providers.map(({ name }) => name).join(", ")}`, () => {
    test("MACs and derivations give the same bytes", async () => {
      await check(
        60,
        [bytes(32), macLabel, deriveLabel, payload, fc.integer({ min: 1, max: 200 })],
        (secret, ...rest) =>
          sameOnAll(providers, async (provider) => {
            const [mac, label, info, length] = rest;
            using key = await provider.importSecret(secret);
            return [await provider.macMany(key, mac, [info, secret]), await provider.derive(key, label, info, length)];
          }).then(() => undefined),
      );
    });

    test("A13 signatures are the same bytes and verify everywhere", async () => {
      await check(25, [bytes(32), signLabel, payload], async (seed, label, message) => {
        await sameOnAll(providers, async (provider) => {
          using key = await provider.importSigningKey(seed);
          return [key.publicKey, await provider.signMany(key, label, [message, seed])];
        });
      });
    });

    test("sealed messages are the same bytes and open everywhere", async () => {
      await check(40, [bytes(32), deriveLabel, payload, nonce, payload], async (secret, label, info, at, message) => {
        const plaintext = asPlaintext(message);
        const [ciphertext] = await sameOnAll(providers, async (provider) => {
          using key = await provider.deriveAead(await provider.importSecret(secret), label, info);
          return provider.sealMany(key, [{ nonce: at, aad: info, plaintext }]);
        });
        if (ciphertext === undefined) throw new RangeError("nothing was sealed");
        await sameOnAll(providers, async (provider) => {
          using key = await provider.deriveAead(await provider.importSecret(secret), label, info);
          const opened = await provider.openMany(key, [{ nonce: at, aad: info, ciphertext }]);
          expect(opened).toEqual([plaintext]);
          return opened;
        });
      });
    });

    test("B1 any flipped bit of a sealed message is refused everywhere", async () => {
      await check(40, [bytes(32), payload, fc.nat()], async (secret, message, position) => {
        for (const { provider } of providers) {
          using key = await provider.deriveAead(await provider.importSecret(secret), "derive-entry-key", message);
          const item = { nonce: 1, aad: message, plaintext: asPlaintext(message) };
          for (const ciphertext of await provider.sealMany(key, [item])) {
            const bit = position % (8 * ciphertext.length);
            ciphertext[bit >> 3] = (ciphertext[bit >> 3] ?? 0) ^ (1 << (bit & 7));
            expect(await provider.openMany(key, [{ ...item, ciphertext }])).toEqual([null]);
          }
        }
      });
    });

    test("each opens the boxes of every other", async () => {
      await check(10, [bytes(32), deriveLabel, payload, payload], async (secret, label, aad, message) => {
        for (const [a, b] of pairs(providers)) {
          const theirs = await a.importSecret(secret);
          const ours = await b.importSecret(secret);
          const plaintext = asPlaintext(message);
          const sealed = await sealBox(a, theirs, label, aad, plaintext);
          expect(await openBox(b, ours, label, aad, sealed)).toEqual(plaintext);
          const committed = await sealCommittedBox(a, theirs, label, aad, plaintext);
          expect(await openCommittedBox(b, ours, label, aad, committed)).toEqual(plaintext);
        }
      });
    });

    test("each unwraps what every other wrapped", async () => {
      await check(3, [bytes(32), payload, payload, payload], async (seed, info, aad, message) => {
        await sameOnAll(providers, async (provider) => (await provider.importKemKey(seed)).publicKey);
        for (const [a, b] of pairs(providers)) {
          using key = await b.importKemKey(seed);
          const { enc, ciphertext } = await a.wrap(key.publicKey, info, aad, asPlaintext(message));
          expect(await b.unwrap(key, enc, info, aad, ciphertext)).toEqual(message);
        }
      });
    });

    test("equal randomness gives equal wraps and boxes", async () => {
      await check(3, [bytes(32), bytes(64 + 24), payload], async (seed, random, message) => {
        const seeded = providers.flatMap((one) => {
          const provider = one.drawsFrom === "source" ? one.withRandom(bytesInOrder(random)) : null;
          return provider === null ? [] : [{ ...one, provider }];
        });
        expect(seeded.length).toBeGreaterThanOrEqual(2);
        await sameOnAll(seeded, async (provider) => {
          using recipient = await provider.importKemKey(seed);
          using secret = await provider.importSecret(seed);
          const wrapped = await provider.wrap(recipient.publicKey, message, seed, asPlaintext(message));
          return [wrapped, await sealBox(provider, secret, "derive-sealed-box", seed, asPlaintext(message))];
        });
      });
    });

    test("wrapping for many is wrapping for each, in order", async () => {
      await check(3, [bytes(32), bytes(3 * 64), payload], async (seed, random, info) => {
        const twice = concatBytes(random, random);
        const seeded = providers.flatMap((one) => {
          const provider = one.drawsFrom === "source" ? one.withRandom(bytesInOrder(twice)) : null;
          return provider === null ? [] : [{ ...one, provider }];
        });
        expect(seeded.length).toBeGreaterThanOrEqual(2);
        await sameOnAll(seeded, async (provider) => {
          using recipient = await provider.importKemKey(seed);
          const items = [0, 1, 2].map((nth) => ({
            recipient: recipient.publicKey,
            aad: Uint8Array.of(nth),
            plaintext: asPlaintext(Uint8Array.of(nth, 7)),
          }));
          const atOnce = await provider.wrapMany(info, items);
          const oneByOne: Wrapped[] = [];
          for (const { aad, plaintext } of items)
            oneByOne.push(await provider.wrap(recipient.publicKey, info, aad, plaintext));
          expect(atOnce).toEqual(oneByOne);
          return atOnce;
        });
      });
    });

    test("Argon2id gives the same bytes", async () => {
      await check(1, [payload.filter(({ length }) => length > 0), bytes(16)], async (password, salt) => {
        const cost = { memory: 19 * 1024, passes: 2, lanes: 2 };
        await sameOnAll(providers, (provider) => provider.deriveFromPassword(password, salt, cost));
      });
    });
  });
}
