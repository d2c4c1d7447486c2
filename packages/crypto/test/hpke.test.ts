// Published HPKE vectors know no suite of X-Wing with AES-256-GCM, so the key schedule is shown on the two nearest: the same KEM and
// KDF with ChaCha20-Poly1305, and RFC 9180's own.
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { expect, test } from "vitest";
import xWing from "../../../docs/spec/vectors/crypto/x-wing.json" with { type: "json" };
import { hpkeKeySchedule, hpkeSuiteId } from "../src/hpke.ts";
import { portableHmac } from "../src/portable/hmac.ts";
import { hex } from "./hex.ts";

const chacha = 0x0003;

test("RFC 9180 appendix A.2.1: the key schedule of base mode", () => {
  const context = hpkeKeySchedule(portableHmac, hpkeSuiteId(0x0020, chacha), {
    sharedSecret: hex("0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7"),
    info: hex("4f6465206f6e2061204772656369616e2055726e"),
  });
  expect(context.key).toEqual(hex("ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91"));
  expect(context.baseNonce).toEqual(hex("5c4d98150661b848853b547f"));
});

test("draft-ietf-hpke-pq-04 appendix A.5: X-Wing's key schedule and first message", () => {
  const { sharedSecret = "" } = xWing.tests.find(({ comment }) => comment.includes("hpke-pq")) ?? {};
  const info = hex("34663634363532303666366532303631323034373732363536333639363136653230353537323665");
  const { key, baseNonce } = hpkeKeySchedule(portableHmac, hpkeSuiteId(0x647a, chacha), {
    sharedSecret: hex(sharedSecret),
    info,
  });
  expect(key).toEqual(hex("131c2ebb469b909a40915914afd7ff5e638888ac7195dcaaaef8f9a84f0e4030"));
  expect(baseNonce).toEqual(hex("2b7a68f19e6cdbd43dda3c6d"));
  const plaintext = hex(
    "34323635363137353734373932303639373332303734373237353734363832633230373437323735373436383230363236353631373537343739",
  );
  const ciphertext = hex(
    "c5c591f99092d5e38df0a52699af249c66f8275a863423c076de8147a53e65cc584041c963b77a7e59ea93841b1339b5efda8909b71f74bb0073ad62e899de310c1566dea2fd29eba377",
  );
  expect(chacha20poly1305(key, baseNonce, hex("436f756e742d30")).encrypt(plaintext)).toEqual(ciphertext);
});
