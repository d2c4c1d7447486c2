import { nativeCrypto } from "@selkie/crypto/native";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeyBag, KeyBagError } from "../src/index.ts";
import { noRecords } from "../src/records.ts";
import { decodeFile, fileHead, sealFile } from "../src/sealed-file.ts";
import { sealPasswordSlot } from "../src/slot.ts";
import { bytes, codeOf, countingCrypto, edited, floor, identity, rechecked } from "./samples.ts";

const password = "correct horse";
const utf8 = new TextEncoder().encode(password);

// Offsets of docs/spec/keybag.md.
const offset = {
  version: 9,
  suite: 10,
  slots: 11,
  algorithm: 15,
  memory: 16,
  passes: 20,
  lanes: 21,
  salt: 22,
  box: 38,
};
const contentLength = 142;

async function sealed(crypto = nativeCrypto): Promise<Uint8Array> {
  using bag = await KeyBag.create(password, { kdf: floor, crypto });
  await bag.addIdentity(identity("alice"));
  return bag.save();
}

describe("refused before deriving", () => {
  test.each<[string, (file: Uint8Array) => Uint8Array, string]>([
    ["another algorithm", (file) => edited(file, offset.algorithm, () => 2), "KDF_PARAMETERS"],
    ["no algorithm", (file) => edited(file, offset.algorithm, () => 0), "KDF_PARAMETERS"],
    ["one pass", (file) => edited(file, offset.passes, () => 1), "KDF_PARAMETERS"],
    ["17 passes", (file) => edited(file, offset.passes, () => 17), "KDF_PARAMETERS"],
    ["no lane", (file) => edited(file, offset.lanes, () => 0), "KDF_PARAMETERS"],
    ["8 KiB of memory and one pass", (file) => cost(file, 8, 1), "KDF_PARAMETERS"],
    ["4 GiB of memory", (file) => cost(file, 4 * 1024 * 1024, 2), "KDF_PARAMETERS"],
    ["4 TiB of memory", (file) => cost(file, 0xffff_ffff, 2), "KDF_PARAMETERS"],
    ["suite 0", (file) => edited(file, offset.suite, () => 0), "UNSUPPORTED_VERSION"],
    ["suite 2", (file) => edited(file, offset.suite, () => 2), "UNSUPPORTED_VERSION"],
    ["version 0", (file) => edited(file, offset.version, () => 0), "UNSUPPORTED_VERSION"],
    ["version 2", (file) => edited(file, offset.version, () => 2), "UNSUPPORTED_VERSION"],
    ["no slot", (file) => edited(file, offset.slots, () => 0), "DAMAGED"],
    ["nine slots", (file) => edited(file, offset.slots, () => 9), "DAMAGED"],
    ["a missing slot", (file) => edited(file, offset.slots, () => 2), "DAMAGED"],
    ["a byte too many", (file) => new Uint8Array([...file, 0]), "DAMAGED"],
    ["nothing", () => new Uint8Array(), "DAMAGED"],
  ])("A5 refuses a changed algorithm, cheap and absurd costs before deriving: %s", async (_, change, code) => {
    const crypto = countingCrypto();
    const file = rechecked(change(await sealed()));
    expect(await codeOf(KeyBag.open(file, password, { crypto }))).toBe(code);
    expect(crypto.derivations()).toBe(0);
  });

  test("A5 never makes a password slot below the floor or above the ceiling", async () => {
    const crypto = countingCrypto();
    for (const kdf of [
      { ...floor, memory: 8 },
      { ...floor, passes: 1 },
      { ...floor, memory: 4 * 1024 * 1024 },
    ]) {
      expect(await codeOf(KeyBag.create(password, { kdf, crypto }))).toBe("KDF_PARAMETERS");
    }
    expect(crypto.derivations()).toBe(0);
  });

  test("damage to any byte, and any cut", async () => {
    const crypto = countingCrypto();
    const file = await sealed();
    for (let index = 0; index < file.length; index++) {
      const flipped = edited(file, index, (byte) => byte ^ (1 << (index % 8)));
      const expected = index === offset.version || index === offset.suite ? "UNSUPPORTED_VERSION" : "DAMAGED";
      expect(await codeOf(KeyBag.open(flipped, password, { crypto })), `byte ${index}`).toBe(expected);
      expect(await codeOf(KeyBag.open(file.subarray(0, index), password, { crypto })), `cut at ${index}`).toMatch(
        /^(DAMAGED|UNSUPPORTED_VERSION)$/,
      );
    }
    expect(crypto.derivations()).toBe(0);
  });

  test("random bytes, with typed errors only", () => {
    const anything = fc.uint8Array({ maxLength: 400 });
    const behindHead = anything.map((tail) => rechecked(new Uint8Array([...fileHead, ...tail, ...new Uint8Array(8)])));
    fc.assert(
      fc.property(fc.oneof(anything, behindHead), (file) => {
        try {
          decodeFile(nativeCrypto, file);
        } catch (error) {
          expect(error).toBeInstanceOf(KeyBagError);
        }
      }),
    );
  });
});

describe("an attacker who repairs the checksum", () => {
  test("every byte of a slot is authenticated", async () => {
    const crypto = countingCrypto();
    const file = await sealed(crypto);
    const before = crypto.derivations();
    // The box of the slot: salt, commitment, ciphertext, tag. The key stays the same, so the KDF is asked once.
    for (let index = offset.box; index < contentLength; index++) {
      const forged = rechecked(edited(file, index, (byte) => byte ^ 1));
      expect(await codeOf(KeyBag.open(forged, password, { crypto })), `byte ${index}`).toBe("WRONG_PASSWORD");
    }
    expect(crypto.derivations() - before).toBe(contentLength - offset.box);
    // Another cost or salt gives another key.
    for (const index of [offset.memory + 3, offset.salt]) {
      const forged = rechecked(edited(file, index, (byte) => byte ^ 4));
      expect(await codeOf(KeyBag.open(forged, password, { crypto })), `byte ${index}`).toBe("WRONG_PASSWORD");
    }
  });

  test("every byte of the content is authenticated", async () => {
    const crypto = countingCrypto();
    const file = await sealed(crypto);
    for (let index = contentLength; index < file.length - 8; index++) {
      const forged = rechecked(edited(file, index, (byte) => byte ^ 1));
      expect(await codeOf(KeyBag.open(forged, password, { crypto })), `byte ${index}`).toBe("DAMAGED");
    }
  });

  test("cannot add, remove or exchange a slot", async () => {
    const crypto = countingCrypto();
    const [mine, theirs] = [await sealed(crypto), await sealed(crypto)];
    const slot = (file: Uint8Array): Uint8Array => file.subarray(offset.slots + 1, contentLength);
    const rest = mine.subarray(contentLength);
    const added = rechecked(new Uint8Array([...fileHead, 2, ...slot(mine), ...slot(theirs), ...rest]));
    expect(await codeOf(KeyBag.open(added, password, { crypto }))).toBe("DAMAGED");
    const exchanged = rechecked(new Uint8Array([...fileHead, 1, ...slot(theirs), ...rest]));
    expect(await codeOf(KeyBag.open(exchanged, password, { crypto }))).toBe("DAMAGED");
  });
});

describe("slots of kinds that come later", () => {
  const later = { type: "unknown", kind: 7, body: bytes("recovery phrase") } as const;

  test("stay when the password changes", async () => {
    const crypto = countingCrypto();
    using master = await crypto.importSecret(bytes("master"));
    const slot = await sealPasswordSlot(crypto, fileHead, utf8, floor, bytes("master"));
    using bag = await KeyBag.open(await sealFile(crypto, master, [later, slot], noRecords), password, {
      crypto,
      kdf: floor,
    });
    await bag.changePassword(password, "next");
    expect(decodeFile(crypto, bag.save()).slots[0]).toEqual(later);
    using again = await KeyBag.open(bag.save(), "next", { crypto });
    expect(again.keys()).toEqual([]);
  });

  test("alone do not open with a password, and no KDF is asked", async () => {
    const crypto = countingCrypto();
    using master = await crypto.importSecret(bytes("master"));
    const file = await sealFile(crypto, master, [later], noRecords);
    expect(await codeOf(KeyBag.open(file, password, { crypto }))).toBe("NO_PASSWORD_SLOT");
    expect(crypto.derivations()).toBe(0);
  });
});

function cost(file: Uint8Array, memory: number, passes: number): Uint8Array {
  const copy = file.slice();
  new DataView(copy.buffer).setUint32(offset.memory, memory);
  copy[offset.passes] = passes;
  return copy;
}
