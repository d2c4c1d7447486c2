import { asPlaintext, type SecretKey } from "@selkie/crypto";
import { concatBytes, parseCiphertext } from "@selkie/entry";
import { expect, test } from "vitest";
import { KeyBag } from "../src/index.ts";
import { derivePasswordKey, encodePasswordHead, newPasswordHead } from "../src/password.ts";
import { noRecords } from "../src/records.ts";
import { fileHead, sealFile } from "../src/sealed-file.ts";
import { bytes, codeOf, countingCrypto, floor } from "./samples.ts";
import { twoKeyCiphertext } from "./two-key-ciphertext.ts";

const crypto = countingCrypto();
const label = "derive-keybag-wrap";
const passwords = ["correct horse", "battery staple"] as const;

test("A10 a two-key ciphertext as password wrap opens the KeyBag with neither password", async () => {
  const head = newPasswordHead(crypto, floor);
  const context = concatBytes(fileHead, Uint8Array.of(1, 0, 127), encodePasswordHead(head));
  const salt = bytes("box salt", 24);
  const keys = await Promise.all(
    passwords.map((password) => derivePasswordKey(crypto, new TextEncoder().encode(password), head)),
  );
  const derive = (key: SecretKey, purpose: number): Promise<Uint8Array> =>
    crypto.derive(key, label, concatBytes(salt, Uint8Array.of(purpose)), 32);
  const [first, second] = await Promise.all(keys.map((key) => derive(key, 2)));
  if (first === undefined || second === undefined) throw new RangeError("two keys were due");
  const ciphertext = twoKeyCiphertext(first, second, context);

  // The ciphertext is what it claims to be: AES-GCM alone accepts it under both keys.
  const masters: Uint8Array[] = [];
  for (const key of keys) {
    using boxKey = await crypto.deriveAead(key, label, concatBytes(salt, Uint8Array.of(2)));
    const [opened] = await crypto.openMany(boxKey, [
      { nonce: 0, aad: context, ciphertext: parseCiphertext(ciphertext) },
    ]);
    expect(opened).toHaveLength(32);
    masters.push(opened ?? asPlaintext(new Uint8Array()));
  }

  // A commitment fits one key only, and the content one master key only.
  for (const committed of [0, 1]) {
    const key = keys[committed];
    const master = masters[1 - committed];
    if (key === undefined || master === undefined) throw new RangeError("two keys were due");
    const box = concatBytes(salt, await derive(key, 1), ciphertext);
    using wrong = await crypto.importSecret(master);
    const file = await sealFile(crypto, wrong, [{ type: "password", head, box }], noRecords);
    const codes = await Promise.all(passwords.map((password) => codeOf(KeyBag.open(file, password, { crypto }))));
    expect(codes[1 - committed]).toBe("WRONG_PASSWORD");
    expect(codes[committed]).toBe("DAMAGED");
  }
});
