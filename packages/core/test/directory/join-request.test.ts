import { nativeCrypto } from "@selkie/crypto/native";
import { equalBytes, fromBase64url, fromHex, toBase64url, toHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CborValue, decodeCbor, encodeCbor } from "../../src/cbor.ts";
import { newIdentity, slotKeyFor } from "../../src/directory/identity.ts";
import {
  createJoinRequest,
  grantFor,
  isInvited,
  type JoinRequest,
  parseJoinRequest,
} from "../../src/directory/join-request.ts";
import { requestedKeys, requestIdOf } from "../../src/directory/requested-keys.ts";
import { codeOfAsync } from "../codes.ts";
import { pattern, repeatableCrypto } from "../fixture.ts";

const crypto = nativeCrypto;
const bob = newIdentity(repeatableCrypto("bob"), "CN=bob/O=acme");
const mallory = newIdentity(repeatableCrypto("mallory"), "CN=bob/O=acme");
const invite = pattern("invite secret", 32);
const prefix = "selkie:join-request:1:";

const formsOf = (one: JoinRequest) => ({ toString: one.toString(), toQrTexts: one.toQrTexts() });
const fieldsOf = (request: JoinRequest): CborValue[] => {
  const fields = decodeCbor(fromBase64url(request.toString().slice(prefix.length)), "JOIN_MALFORMED");
  return Array.isArray(fields) ? [...fields] : [];
};
const uriOf = (fields: readonly CborValue[]) => prefix + toBase64url(encodeCbor(fields));
/** The same request with the replacement character's three bytes made one byte that is not UTF-8. */
function uriWithoutUtf8(request: JoinRequest): string {
  const bytes = fromBase64url(request.toString().slice(prefix.length));
  expect([...bytes.subarray(1, 5)]).toEqual([0x63, 0xef, 0xbf, 0xbd]);
  return prefix + toBase64url(Uint8Array.from([...bytes.subarray(0, 1), 0x61, 0xff, ...bytes.subarray(5)]));
}
const parse = (text: string) => parseJoinRequest(crypto, text);

test("a request arrives as it was made, white space around it or not", async () => {
  const made = await createJoinRequest(repeatableCrypto("request"), bob);
  const arrived = await parse(`\n  ${made.toString()}\r\n`);
  expect({ ...arrived, ...formsOf(arrived) }).toEqual({ ...made, ...formsOf(made) });
  expect(arrived.user).toBe("CN=bob/O=acme");
  expect(arrived.fingerprint).toMatch(/^(\d{5} ){11}\d{5}$/);
  expect(arrived.toString()).toBe(made.toString());
});

test("the slot can be found again from the identity and the salt in the request", async () => {
  const { keys } = await createJoinRequest(crypto, bob);
  expect((await slotKeyFor(crypto, bob, keys.slotSalt)).publicKey).toEqual(keys.slot);
  expect(await requestedKeys(crypto, bob, keys.slotSalt)).toEqual(keys);
});

test("E4 two requests of one identity have two slots", async () => {
  const [one, two] = [await createJoinRequest(crypto, bob), await createJoinRequest(crypto, bob)];
  expect(equalBytes(one.keys.slot, two.keys.slot)).toBe(false);
  expect(equalBytes(requestIdOf(crypto, one.keys), requestIdOf(crypto, two.keys))).toBe(false);
});

test("A14 changing any single field alters the fingerprint, and the proof no longer holds", async () => {
  const honest = await createJoinRequest(repeatableCrypto("request"), bob);
  const other = await createJoinRequest(repeatableCrypto("another request"), mallory);
  const fields = fieldsOf(honest);
  const others = fieldsOf(other);
  const names = ["name", "userKem", "deviceSign", "deviceKem", "slot", "slotSalt"] as const;
  for (const [at, field] of names.entries()) {
    const changed = { ...honest.keys, [field]: field === "name" ? "CN=bob/O=acne" : other.keys[field] };
    const value = field === "name" ? "CN=bob/O=acne" : (others[at] ?? null);
    expect(await codeOfAsync(() => parse(uriOf(fields.with(at, value)))), field).toBe("JOIN_MALFORMED");
    // Signed again by a device that holds the changed keys, it is a valid request with another fingerprint.
    expect(toHex(requestIdOf(crypto, changed)), field).not.toBe(toHex(requestIdOf(crypto, honest.keys)));
  }
  expect(other.fingerprint).not.toBe(honest.fingerprint);
});

test("A14 the fingerprint differs whenever one key does, for requests that are proven", async () => {
  const base = newIdentity(repeatableCrypto("base"), "CN=bob/O=acme");
  const seeds = ["userSeed", "deviceSignSeed", "deviceKemSeed", "slotSeed"] as const;
  const fingerprints = [(await createJoinRequest(repeatableCrypto("salt"), base)).fingerprint];
  for (const seed of seeds) {
    const changed = { ...base, [seed]: pattern(`another ${seed}`, 32) };
    fingerprints.push((await createJoinRequest(repeatableCrypto("salt"), changed)).fingerprint);
  }
  fingerprints.push((await createJoinRequest(repeatableCrypto("another salt"), base)).fingerprint);
  fingerprints.push((await createJoinRequest(repeatableCrypto("salt"), { ...base, name: "CN=bob" })).fingerprint);
  expect(new Set(fingerprints).size).toBe(7);
});

describe("an invite secret", () => {
  test("A8 an invite secret shows the admin that the request is from whom it invited", async () => {
    const request = await parse((await createJoinRequest(crypto, bob, invite)).toString());
    expect(await isInvited(crypto, request, invite)).toBe(true);
    expect(await isInvited(crypto, request, pattern("another secret", 32))).toBe(false);
    const uninvited = await createJoinRequest(crypto, bob);
    expect(await isInvited(crypto, uninvited, invite)).toBe(false);
    // The MAC of an invited request does not carry over to another.
    const stolen = { ...uninvited, mac: request.mac };
    expect(await isInvited(crypto, stolen, invite)).toBe(false);
  });

  test("A8 an invite secret is not in the request, nor is any secret of the identity, in any spelling", async () => {
    const request = await createJoinRequest(crypto, bob, invite);
    const bytes = fromBase64url(request.toString().slice(prefix.length));
    const { userSeed, deviceSignSeed, deviceKemSeed, deviceSecret, slotSeed } = bob;
    for (const secret of [invite, userSeed, deviceSignSeed, deviceKemSeed, deviceSecret, slotSeed]) {
      for (const spelling of [secret, crypto.sha256(secret)]) {
        expect(toHex(bytes)).not.toContain(toHex(spelling));
        expect(request.toString()).not.toContain(toHex(spelling));
        expect(request.toString()).not.toContain(toBase64url(spelling).slice(0, 42));
      }
    }
  });
});

describe("a request with keys that no honest device makes is refused", () => {
  test.each([
    ["a signing key of small order", 2, new Uint8Array(32).with(0, 1)],
    ["a signing key of mixed order", 2, fromHex("1f4f580e73ac208f06760190e9edc6f5916775dabd9c1cdca393175c2d6d1083")],
    ["a slot of small order", 4, new Uint8Array(32)],
    ["a user KEM key that nothing can be wrapped for", 1, new Uint8Array(1_216)],
    ["a device KEM key that nothing can be wrapped for", 3, new Uint8Array(1_216)],
  ])("A12 refuses a request with %s", async (_, at, key) => {
    const fields = fieldsOf(await createJoinRequest(crypto, bob));
    expect(await codeOfAsync(() => parse(uriOf(fields.with(at, key))))).toBe("KEY_INADMISSIBLE");
  });
});

describe("what is no request is refused", () => {
  test("in every field, and around it", async () => {
    const request = await createJoinRequest(crypto, bob);
    const fields = fieldsOf(request);
    const texts = [
      "",
      prefix,
      request.toString().slice(1),
      request.toString().replace(":1:", ":2:"),
      request.toString().replace("request", "response"),
      request.toString().slice(0, -1),
      `${request.toString()}=`,
      `${prefix}${"A".repeat(70_000)}`,
      uriOf(fields.slice(0, -1)),
      uriOf([...fields, null]),
      uriOf(fields.with(0, "a\nb")),
      uriOf(fields.with(0, "")),
      uriOf(fields.with(1, new Uint8Array(1_215))),
      uriOf(fields.with(6, new Uint8Array(64))),
      uriOf(fields.with(7, new Uint8Array(31))),
      uriWithoutUtf8(await createJoinRequest(crypto, { ...bob, name: "\ufffd" })),
      // The array's length in two bytes where one does.
      prefix + toBase64url(Uint8Array.from([0x98, 8, ...encodeCbor(fields).subarray(1)])),
    ];
    for (const text of texts) expect(await codeOfAsync(() => parse(text)), text.slice(0, 60)).toBe("JOIN_MALFORMED");
  });

  test("whatever bytes it is made of", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect(await codeOfAsync(() => parse(prefix + toBase64url(bytes)))).toBe("JOIN_MALFORMED");
      }),
    );
  });
});

test("the grant of a request holds its keys and the role the admin chose, and no named key", async () => {
  const request = await createJoinRequest(crypto, bob);
  expect(grantFor(request, "reader")).toEqual({ type: "grant", role: "reader", after: [], keys: [], ...request.keys });
});
