// The frozen vectors of docs/spec/crypto.md, which were written by another program from that page.
import type { DeriveLabel, MacLabel, SignLabel } from "@selkie/entry";
import { labelled, parseCiphertext } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import aead from "../../../../docs/spec/vectors/crypto/aead.json" with { type: "json" };
import committedBox from "../../../../docs/spec/vectors/crypto/committed-box.json" with { type: "json" };
import derive from "../../../../docs/spec/vectors/crypto/derive.json" with { type: "json" };
import hpke from "../../../../docs/spec/vectors/crypto/hpke.json" with { type: "json" };
import mac from "../../../../docs/spec/vectors/crypto/mac.json" with { type: "json" };
import sealedBox from "../../../../docs/spec/vectors/crypto/sealed-box.json" with { type: "json" };
import sign from "../../../../docs/spec/vectors/crypto/sign.json" with { type: "json" };
import twoKey from "../../../../docs/spec/vectors/crypto/two-key.json" with { type: "json" };
import {
  asPlaintext,
  asSealedBytes,
  CryptoError,
  openBox,
  openCommittedBox,
  sealBox,
  sealCommittedBox,
} from "../../src/index.ts";
import { hex } from "../hex.ts";
import { bytesInOrder, type UnderTest } from "../under-test.ts";

export function ownVectorSuite(providers: readonly UnderTest[]): void {
  describe.each(providers)("frozen vectors on the $name provider", ({ provider, withRandom, drawsFrom }) => {
    test("signatures", async () => {
      for (const { comment, seed, publicKey, label, payload, signature, result } of sign.tests) {
        const key = await provider.importSigningKey(hex(seed));
        expect(key.publicKey).toEqual(hex(publicKey));
        const message = labelled(label as SignLabel, hex(payload));
        const check = { publicKey: hex(publicKey), message, signature: hex(signature) };
        expect(await provider.verifyMany([check]), comment).toEqual([result === "valid"]);
        if (result !== "valid") continue;
        expect(await provider.signMany(key, label as SignLabel, [hex(payload)])).toEqual([hex(signature)]);
      }
    });

    test("MACs", async () => {
      for (const { comment, key, label, payload, mac: expected } of mac.tests) {
        const secret = await provider.importSecret(hex(key));
        expect(await provider.macMany(secret, label as MacLabel, [hex(payload)]), comment).toEqual([hex(expected)]);
      }
    });

    test("derivations", async () => {
      for (const one of derive.tests) {
        const secret = await provider.importSecret(hex(one.key));
        const derived = provider.derive(secret, one.label as DeriveLabel, hex(one.info), one.length);
        if ("error" in one) await expect(derived).rejects.toMatchObject({ name: CryptoError.name, code: one.error });
        else if ("derivedHash" in one) expect(provider.sha256(await derived)).toEqual(hex(one.derivedHash ?? ""));
        else expect(await derived, one.comment).toEqual(hex(one.derived ?? ""));
      }
    });

    test("messages under derived keys", async () => {
      for (const one of aead.tests) {
        const secret = await provider.importSecret(hex(one.secret));
        using key = await provider.deriveAead(secret, one.label as DeriveLabel, hex(one.info));
        const item = { nonce: one.nonce, aad: hex(one.aad), ciphertext: parseCiphertext(hex(one.ciphertext)) };
        const plaintext = one.plaintext === undefined ? null : asPlaintext(hex(one.plaintext));
        expect(await provider.openMany(key, [item]), one.comment).toEqual([plaintext]);
        if (plaintext === null) continue;
        expect(await provider.sealMany(key, [{ ...item, plaintext }])).toEqual([hex(one.ciphertext)]);
      }
    });

    test.each([
      { kind: "sealed boxes", vectors: sealedBox, seal: sealBox, open: openBox },
      { kind: "committed boxes", vectors: committedBox, seal: sealCommittedBox, open: openCommittedBox },
    ])("$kind", async ({ vectors, seal, open }) => {
      for (const { comment, key, label, aad, box, plaintext, salt } of vectors.tests) {
        const secret = await provider.importSecret(hex(key));
        const opened = await open(provider, secret, label as DeriveLabel, hex(aad), hex(box));
        expect(opened, comment).toEqual(plaintext === undefined ? null : hex(plaintext));
        const fixed = withRandom(bytesInOrder(hex(salt ?? "")));
        if (plaintext === undefined || fixed === null) continue;
        const again = await fixed.importSecret(hex(key));
        expect(await seal(fixed, again, label as DeriveLabel, hex(aad), asPlaintext(hex(plaintext)))).toEqual(hex(box));
      }
    });

    test("A10 a two-key ciphertext opens as a sealed box under both keys, as a committed box never", async () => {
      for (const one of twoKey.tests) {
        const open = one.kind === "sealed" ? openBox : openCommittedBox;
        const opens = async (bytes: string): Promise<boolean> => {
          const secret = await provider.importSecret(hex(bytes));
          const box = asSealedBytes(hex(one.box));
          return (await open(provider, secret, one.label as DeriveLabel, hex(one.aad), box)) !== null;
        };
        const verdict = { opensFirst: await opens(one.first), opensSecond: await opens(one.second) };
        expect(verdict, one.comment).toEqual({ opensFirst: one.opensFirst, opensSecond: one.opensSecond });
        if (one.kind === "committed") expect(verdict.opensFirst && verdict.opensSecond).toBe(false);
      }
    });

    test("wrapped secrets", async () => {
      for (const one of hpke.tests) {
        const key = await provider.importKemKey(hex(one.seed));
        const context = [hex(one.info), hex(one.aad)] as const;
        const ciphertext = parseCiphertext(hex(one.ciphertext));
        const opened = await provider.unwrap(key, hex(one.enc), ...context, ciphertext);
        expect(opened, one.comment).toEqual(one.plaintext === undefined ? null : hex(one.plaintext));
        if (one.plaintext === undefined || drawsFrom === "platform") continue;
        const fixed = withRandom(bytesInOrder(hex(one.encapsulationSeed ?? "")));
        const wrapped = await fixed?.wrap(key.publicKey, ...context, asPlaintext(hex(one.plaintext)));
        expect(wrapped).toEqual({ enc: hex(one.enc), ciphertext });
      }
    });
  });
}
