import { nativeCrypto } from "@selkie/crypto/native";
import { fromBase64url, fromHex, parseStatementId, toBase64url, toHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newIdentity } from "../../src/directory/identity.ts";
import { createJoinRequest } from "../../src/directory/join-request.ts";
import {
  answeredRequest,
  createJoinResponse,
  isFromInviter,
  type JoinAnswer,
  parseJoinResponse,
} from "../../src/directory/join-response.ts";
import type { JoinTexts } from "../../src/directory/join-uri.ts";
import { requestIdOf } from "../../src/directory/requested-keys.ts";
import { codeOf } from "../codes.ts";
import { directoryDatabase, pattern, repeatableCrypto, testTenant } from "../fixture.ts";

const crypto = nativeCrypto;
const bob = newIdentity(repeatableCrypto("bob"), "CN=bob/O=acme");
const carol = newIdentity(repeatableCrypto("carol"), "CN=carol/O=acme");
const invite = pattern("invite secret", 32);
const prefix = "selkie:join-response:1:";

const formsOf = (one: JoinTexts) => ({ toString: one.toString(), toQrTexts: one.toQrTexts() });

async function answer(ticket: Uint8Array | null = pattern("ticket", 200)): Promise<JoinAnswer> {
  const { keys } = await createJoinRequest(crypto, bob);
  return {
    request: requestIdOf(crypto, keys),
    salt: keys.slotSalt,
    tenant: testTenant,
    tenantName: "acme-corp",
    directory: directoryDatabase,
    admission: parseStatementId(pattern("grant", 32)),
    ticket,
  };
}

test.each([null, pattern("ticket", 200)])(
  "a response arrives as it was made, with a ticket or without",
  async (ticket) => {
    const made = await createJoinResponse(crypto, await answer(ticket), invite);
    const arrived = parseJoinResponse(crypto, ` ${made.toString()}\n`);
    expect({ ...arrived, ...formsOf(arrived) }).toEqual({ ...made, ...formsOf(made) });
  },
);

test("it finds the identity that asked, which need not remember that it did", async () => {
  const response = parseJoinResponse(crypto, (await createJoinResponse(crypto, await answer())).toString());
  expect(await answeredRequest(crypto, response, bob)).toBe("user");
  expect(await answeredRequest(crypto, response, carol)).toBeNull();
  expect(await answeredRequest(crypto, response, { ...bob, name: "CN=bob" })).toBeNull();
});

describe("with an invite secret", () => {
  test("A8 with an invite secret the requester sees that the answer is from who invited it, field by field", async () => {
    const honest = await createJoinResponse(crypto, await answer(), invite);
    expect(await isFromInviter(crypto, parseJoinResponse(crypto, honest.toString()), invite)).toBe(true);
    expect(await isFromInviter(crypto, honest, pattern("another secret", 32))).toBe(false);
    expect(await isFromInviter(crypto, await createJoinResponse(crypto, await answer()), invite)).toBe(false);
    const forged = {
      ...honest,
      tenant: parseJoinResponse(crypto, honest.toString()).tenant.slice() as typeof honest.tenant,
    };
    forged.tenant[0] = (forged.tenant[0] ?? 0) ^ 1;
    expect(await isFromInviter(crypto, forged, invite)).toBe(false);
    for (const change of [{ tenantName: "evil-corp" }, { ticket: null }, { request: pattern("another", 16) }]) {
      expect(await isFromInviter(crypto, { ...honest, ...change }, invite)).toBe(false);
    }
  });

  test("A8 an invite secret is not in the response, in any spelling", async () => {
    const text = (await createJoinResponse(crypto, await answer(), invite)).toString();
    for (const secret of [invite, crypto.sha256(invite), bob.slotSeed, bob.userSeed]) {
      expect(text).not.toContain(toHex(secret));
      expect(text).not.toContain(toBase64url(secret).slice(0, 42));
    }
  });
});

describe("what is no response is refused", () => {
  test("whatever bytes it is made of", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(codeOf(() => parseJoinResponse(crypto, prefix + toBase64url(bytes)))).toBe("JOIN_MALFORMED");
      }),
    );
  });

  test("a request in its place, a later version, half of it", async () => {
    const text = (await createJoinResponse(crypto, await answer())).toString();
    const request = (await createJoinRequest(crypto, bob)).toString();
    for (const bad of [request, text.replace(":1:", ":2:"), text.slice(0, -4), ""]) {
      expect(codeOf(() => parseJoinResponse(crypto, bad))).toBe("JOIN_MALFORMED");
    }
  });

  test("a name that is not UTF-8, though it reads like one that is", async () => {
    const response = await createJoinResponse(crypto, { ...(await answer()), tenantName: "\ufffd" });
    const hex = toHex(fromBase64url(response.toString().slice(prefix.length)));
    const changed = fromHex(hex.replace("63efbfbd", "61ff"));
    expect(parseJoinResponse(crypto, response.toString()).tenantName).toBe("\ufffd");
    expect(codeOf(() => parseJoinResponse(crypto, prefix + toBase64url(changed)))).toBe("JOIN_MALFORMED");
  });

  test("a tenant's name that is none", async () => {
    const response = await createJoinResponse(crypto, { ...(await answer()), tenantName: "a\u001b[2Jb" });
    expect(codeOf(() => parseJoinResponse(crypto, response.toString()))).toBe("JOIN_MALFORMED");
  });
});
