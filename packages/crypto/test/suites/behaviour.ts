// What every provider refuses, and how.
import { type Ciphertext, labelled, SIGN_LABELS } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { type Argon2Parameters, argon2Limits, asPlaintext, CryptoError, type CryptoProvider } from "../../src/index.ts";
import { hex } from "../hex.ts";
import { portableUnderTest, randomBytes, type UnderTest } from "../under-test.ts";

const secretBytes = new Uint8Array(32).fill(7);
const none = new Uint8Array(0);
const plaintext = asPlaintext(Uint8Array.of(1, 2, 3));

/** Points of small order on Curve25519 and its twist, also as encodings that are not reduced (RFC 7748 section 6.1 names the effect). */
const smallOrder = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

const refused = (code: string): object => ({ name: CryptoError.name, code });

/** How a promise ends within `turns` microtasks: "pending" when it needs anything slower, a thread or a timer. */
async function within(turns: number, promise: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = "pending";
  promise.then(
    () => {
      outcome = "resolved";
    },
    (error: unknown) => {
      outcome = error;
    },
  );
  for (let turn = 0; turn < turns; turn++) await undefined;
  return outcome;
}

export function behaviourSuite(providers: readonly UnderTest[]): void {
  describe.each(providers)("the $name provider", ({ provider, primitives }) => {
    test("A9 a signature made under one label verifies under no other", async () => {
      const key = await provider.importSigningKey(secretBytes);
      const payload = randomBytes(32);
      for (const label of SIGN_LABELS) {
        const [signature] = await provider.signMany(key, label, [payload]);
        if (signature === undefined) throw new RangeError("nothing was signed");
        const verdicts = await provider.verifyMany(
          SIGN_LABELS.map((other) => ({ publicKey: key.publicKey, message: labelled(other, payload), signature })),
        );
        expect(SIGN_LABELS.filter((_, i) => verdicts[i])).toEqual([label]);
      }
    });

    test("A5 refuses parameters below the floor and above the ceiling without deriving anything", async () => {
      const fine: Argon2Parameters = { memory: 19 * 1024, passes: 2, lanes: 1 };
      const bad: readonly Partial<Argon2Parameters>[] = [
        { memory: argon2Limits.memory.floor - 1 },
        { memory: argon2Limits.memory.ceiling + 1 },
        { memory: 2 ** 32 },
        { memory: 4 * 1024 * 1024 },
        { memory: 20_000.5 },
        { memory: Number.NaN },
        { passes: 1 },
        { passes: argon2Limits.passes.ceiling + 1 },
        { passes: 2 ** 32 - 1 },
        { passes: Number.POSITIVE_INFINITY },
        { lanes: 0 },
        { lanes: argon2Limits.lanes.ceiling + 1 },
        { lanes: -1 },
      ];
      for (const change of bad) {
        const call = provider.deriveFromPassword(secretBytes, secretBytes, { ...fine, ...change });
        // Refused before the first thread, timer or WebAssembly module could answer: the KDF was not called.
        expect(await within(3, call), JSON.stringify(change)).toMatchObject(refused("KDF_PARAMETERS"));
      }
      for (const [password, salt] of [
        [none, secretBytes],
        [new Uint8Array(argon2Limits.passwordBytes + 1), secretBytes],
        [secretBytes, new Uint8Array(15)],
        [secretBytes, new Uint8Array(65)],
      ] as const) {
        expect(await within(3, provider.deriveFromPassword(password, salt, fine))).toMatchObject(refused("BAD_LENGTH"));
      }
    });

    test("A12 refuses every small-order point and every all-zero output", async () => {
      using key = await provider.importKemKey(secretBytes);
      const { enc, ciphertext } = await provider.wrap(key.publicKey, none, none, plaintext);
      for (const point of smallOrder) {
        const hostileKey = key.publicKey.slice();
        hostileKey.set(hex(point), 1184);
        await expect(provider.wrap(hostileKey, none, none, plaintext), point).rejects.toMatchObject(
          refused("BAD_PUBLIC_KEY"),
        );
        const hostileEnc = enc.slice();
        hostileEnc.set(hex(point), 1088);
        expect(await provider.unwrap(key, hostileEnc, none, none, ciphertext), point).toBeNull();
        expect(await (await primitives.kem.x25519.importKey(secretBytes)).agree(hex(point)), point).toBeNull();
      }
    });

    test("refuses a recipient whose ML-KEM part is out of range, and keys of another length", async () => {
      using key = await provider.importKemKey(secretBytes);
      const hostile = key.publicKey.slice().fill(0xff, 0, 3);
      await expect(provider.wrap(hostile, none, none, plaintext)).rejects.toMatchObject(refused("BAD_PUBLIC_KEY"));
      for (const length of [0, 32, 1215, 1217]) {
        await expect(provider.wrap(new Uint8Array(length), none, none, plaintext)).rejects.toMatchObject(
          refused("BAD_LENGTH"),
        );
      }
      for (const length of [0, 31, 33, 64]) {
        const seed = new Uint8Array(length);
        await expect(provider.importSecret(seed)).rejects.toMatchObject(refused("BAD_LENGTH"));
        await expect(provider.importSigningKey(seed)).rejects.toMatchObject(refused("BAD_LENGTH"));
        await expect(provider.importKemKey(seed)).rejects.toMatchObject(refused("BAD_LENGTH"));
      }
    });

    test("answers null, and nothing else, to whatever does not open", async () => {
      using aead = await provider.deriveAead(await provider.importSecret(secretBytes), "derive-entry-key", none);
      using kem = await provider.importKemKey(secretBytes);
      for (const length of [0, 3, 15, 16, 17, 64]) {
        // Shorter than a tag: no parser makes such a ciphertext, and opening one must still not throw.
        const ciphertext = new Uint8Array(length) as Uint8Array as Ciphertext;
        expect(await provider.openMany(aead, [{ nonce: 0, aad: none, ciphertext }])).toEqual([null]);
        for (const encLength of [0, 1088, 1119, 1120, 1121]) {
          expect(await provider.unwrap(kem, new Uint8Array(encLength), none, none, ciphertext)).toBeNull();
        }
      }
    });

    test("opens each item on its own", async () => {
      using key = await provider.deriveAead(await provider.importSecret(secretBytes), "derive-entry-key", none);
      const items = [0, 1, 2].map((nonce) => ({ nonce, aad: none, plaintext }));
      const sealed = (await provider.sealMany(key, items)).map((ciphertext, nonce) => ({
        nonce,
        aad: none,
        ciphertext,
      }));
      const mixed = sealed.map((item) => (item.nonce === 1 ? { ...item, nonce: 9 } : item));
      expect(await provider.openMany(key, mixed)).toEqual([plaintext, null, plaintext]);
      expect(await provider.sealMany(key, [])).toEqual([]);
      expect(await provider.openMany(key, [])).toEqual([]);
    });

    test("opens short and long items alike, whatever it opened before, and none with another last byte", async () => {
      using key = await provider.deriveAead(await provider.importSecret(secretBytes), "derive-entry-key", none);
      const plaintexts = [2_033, 0, 2_032, 1, 2_031, 300, 300, 5_000].map((length, at) =>
        asPlaintext(new Uint8Array(length).fill(at + 1)),
      );
      const items = plaintexts.map((one, nonce) => ({ nonce, aad: none, plaintext: one }));
      const sealed = (await provider.sealMany(key, items)).map((ciphertext, nonce) => ({
        nonce,
        aad: none,
        ciphertext,
      }));
      expect(await provider.openMany(key, sealed)).toEqual(plaintexts);
      for (const { ciphertext } of sealed) ciphertext[ciphertext.length - 1] = (ciphertext.at(-1) ?? 0) ^ 1;
      expect(await provider.openMany(key, sealed)).toEqual(plaintexts.map(() => null));
    });

    test("opens batches, each under the key that is derived for it, as they are opened one by one", async () => {
      const secret = await provider.importSecret(secretBytes);
      const label = "derive-entry-key";
      const infos = [none, secretBytes, new Uint8Array(2000).fill(7)];
      const batches = await Promise.all(
        infos.map(async (info, nth) => {
          using key = await provider.deriveAead(secret, label, info);
          const items = Array.from({ length: nth }, (_, nonce) => ({ nonce, aad: info, plaintext }));
          const sealed = await provider.sealMany(key, items);
          return { secret, info: [info], items: sealed.map((ciphertext, nonce) => ({ nonce, aad: info, ciphertext })) };
        }),
      );
      expect(await provider.openBatches(label, batches)).toEqual([[], [plaintext], [plaintext, plaintext]]);
      const swapped = batches.map((batch, nth) => ({ ...batch, info: [infos[(nth + 1) % 3] ?? none] }));
      expect(await provider.openBatches(label, swapped)).toEqual([[], [null], [null, null]]);
      expect(await provider.openBatches("derive-journal", batches)).toEqual([[], [null], [null, null]]);
      const inPieces = batches.map(({ info: [info = none], ...rest }) => ({
        ...rest,
        info: [info.subarray(0, 5), none, info.subarray(5)],
      }));
      expect(await provider.openBatches(label, inPieces)).toEqual([[], [plaintext], [plaintext, plaintext]]);
      expect(await provider.openBatches(label, [])).toEqual([]);
    });

    test("refuses a nonce that is no whole number from 0", async () => {
      using key = await provider.deriveAead(await provider.importSecret(secretBytes), "derive-entry-key", none);
      for (const nonce of [-1, 0.5, Number.NaN, 2 ** 53]) {
        await expect(provider.sealMany(key, [{ nonce, aad: none, plaintext }])).rejects.toMatchObject(
          refused("BAD_NONCE"),
        );
      }
    });

    test("wraps for many, each with an encapsulation of its own, opened by whom it is for", async () => {
      using mine = await provider.importKemKey(secretBytes);
      using other = await provider.importKemKey(secretBytes.map((byte) => byte ^ 1));
      const items = [mine, mine, other].map(({ publicKey }, nth) => ({
        recipient: publicKey,
        aad: Uint8Array.of(nth),
        plaintext,
      }));
      const info = Uint8Array.of(9);
      const wrapped = await provider.wrapMany(info, items);
      expect(new Set(wrapped.map(({ enc }) => enc.toString())).size).toBe(3);
      for (const [nth, { enc, ciphertext }] of wrapped.entries()) {
        const [key, stranger] = nth < 2 ? [mine, other] : [other, mine];
        expect(await provider.unwrap(key, enc, info, Uint8Array.of(nth), ciphertext)).toEqual(plaintext);
        expect(await provider.unwrap(stranger, enc, info, Uint8Array.of(nth), ciphertext)).toBeNull();
        expect(await provider.unwrap(key, enc, info, Uint8Array.of(nth + 1), ciphertext)).toBeNull();
      }
      expect(await provider.wrapMany(info, [])).toEqual([]);
    });

    test("refuses disposed keys", async () => {
      const secret = await provider.importSecret(secretBytes);
      const signing = await provider.importSigningKey(secretBytes);
      const kem = await provider.importKemKey(secretBytes);
      const aead = await provider.deriveAead(secret, "derive-entry-key", none);
      const { enc, ciphertext } = await provider.wrap(kem.publicKey, none, none, plaintext);
      for (const key of [secret, signing, kem, aead]) {
        key[Symbol.dispose]();
        key[Symbol.dispose]();
      }
      const uses: readonly (() => Promise<unknown>)[] = [
        () => provider.macMany(secret, "mac-salt", [none]),
        () => provider.derive(secret, "derive-journal", none, 32),
        () => provider.deriveAead(secret, "derive-journal", none),
        () => provider.openBatches("derive-journal", [{ secret, info: [none], items: [] }]),
        () => provider.signMany(signing, "sign-entry", [none]),
        () => provider.sealMany(aead, []),
        () => provider.openMany(aead, []),
        () => provider.unwrap(kem, enc, none, none, ciphertext),
      ];
      for (const use of uses) await expect(use()).rejects.toMatchObject(refused("KEY_DISPOSED"));
    });

    test("refuses another provider's keys", async () => {
      const other: CryptoProvider =
        provider.name === "portable" ? (providers[0]?.provider ?? provider) : portableUnderTest.provider;
      expect(other.name).not.toBe(provider.name);
      const secret = await other.importSecret(secretBytes);
      await expect(provider.macMany(secret, "mac-salt", [none])).rejects.toMatchObject(refused("FOREIGN_KEY"));
      await expect(
        provider.signMany(await other.importSigningKey(secretBytes), "sign-entry", [none]),
      ).rejects.toMatchObject(refused("FOREIGN_KEY"));
    });

    test("copies what it imports: changing the caller's bytes changes nothing", async () => {
      const bytes = secretBytes.slice();
      const [secret, signing, kem] = [
        await provider.importSecret(bytes),
        await provider.importSigningKey(bytes),
        await provider.importKemKey(bytes),
      ];
      const wrapped = await provider.wrap(kem.publicKey, none, none, plaintext);
      const before = [
        await provider.macMany(secret, "mac-salt", [none]),
        await provider.signMany(signing, "sign-entry", [none]),
      ];
      bytes.fill(0);
      expect([
        await provider.macMany(secret, "mac-salt", [none]),
        await provider.signMany(signing, "sign-entry", [none]),
      ]).toEqual(before);
      expect(await provider.unwrap(kem, wrapped.enc, none, none, wrapped.ciphertext)).toEqual(plaintext);
    });

    test("returns plain Uint8Arrays", async () => {
      const secret = await provider.importSecret(secretBytes);
      using key = await provider.deriveAead(secret, "derive-entry-key", none);
      const signing = await provider.importSigningKey(secretBytes);
      const [ciphertext] = await provider.sealMany(key, [{ nonce: 0, aad: none, plaintext }]);
      const opened = ciphertext && (await provider.openMany(key, [{ nonce: 0, aad: none, ciphertext }]));
      const results = [
        provider.randomBytes(5),
        signing.publicKey,
        ...(await provider.macMany(secret, "mac-salt", [none])),
        ...(await provider.signMany(signing, "sign-entry", [none])),
        await provider.derive(secret, "derive-journal", none, 40),
        ciphertext,
        opened?.[0],
      ];
      for (const result of results) expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype);
    });
  });
}
