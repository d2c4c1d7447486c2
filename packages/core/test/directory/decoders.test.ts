// Whatever somebody passes on as a request, an answer, an invitation, a certificate's control part or this device's own rows.
import { asPlaintext } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { toBase64url } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeCbor } from "../../src/cbor.ts";
import { parseInvitation } from "../../src/directory/invitation.ts";
import { parseJoinRequest } from "../../src/directory/join-request.ts";
import { parseJoinResponse } from "../../src/directory/join-response.ts";
import { decodeStatement } from "../../src/directory/statement-codec.ts";
import { decodeControlPart } from "../../src/sealing/control-part.ts";
import { decodeTenantData } from "../../src/tenant/tenant-data.ts";
import { codeOf, codeOfAsync } from "../codes.ts";

const crypto = nativeCrypto;
const bytes = fc.uint8Array({ maxLength: 400 });
/** What CBOR of ours is made of, in any nesting and order. */
const cbor = fc
  .letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      bytes,
      fc.constant(new Uint8Array(1_216)),
      fc.constant(new Uint8Array(32)),
      fc.nat(),
      fc.string(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 12 }),
    ),
  }))
  .value.map((value) => encodeCbor([value as Uint8Array]));
const either = fc.oneof(bytes, cbor);
const prefixed = fc
  .tuple(
    fc.constantFrom("join-request:1", "device-request:1", "join-response:1"),
    fc.oneof(either.map(toBase64url), fc.string({ maxLength: 300 })),
  )
  .map(([kind, text]) => `selkie:${kind}:${text}`);
const text = fc.oneof(
  prefixed,
  fc.string({ maxLength: 300 }),
  fc.string({ maxLength: 200 }).map((rest) => `SELKIE:INVITE:1:${rest}`),
);

test("B1 any text in the place of a request, an answer or an invitation is refused as malformed", async () => {
  await fc.assert(
    fc.asyncProperty(text, async (given) => {
      expect(await codeOfAsync(() => parseJoinRequest(crypto, given))).toBe("JOIN_MALFORMED");
      expect(codeOf(() => parseJoinResponse(crypto, given))).toBe("JOIN_MALFORMED");
      expect(codeOf(() => parseInvitation(crypto, given))).toBe("JOIN_MALFORMED");
    }),
    { numRuns: 1_000 },
  );
});

test("B1 any bytes in the place of a statement, a control part or a tenant's record are refused with the decoder's own code, or read", () => {
  const padded = either.map((content) => asPlaintext(Uint8Array.of(content.length & 0x7f, ...content)));
  fc.assert(
    fc.property(padded, either, (plaintext, row) => {
      expect([null, "PART_MALFORMED", "STATEMENT_MALFORMED"]).toContain(codeOf(() => decodeStatement(plaintext)));
      expect([null, "PART_MALFORMED"]).toContain(codeOf(() => decodeControlPart(plaintext)));
      expect([null, "LOCAL_STATE_DAMAGED"]).toContain(codeOf(() => decodeTenantData(row)));
    }),
    { numRuns: 1_000 },
  );
});
