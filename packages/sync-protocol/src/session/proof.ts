// What a side signs to prove who it is: who, to whom, for which tenant, on which connection, in which role.
import { ByteWriter, labelled, type SignLabel, type TenantId, type Verifier } from "@selkie/entry";
import type { Greetings } from "../machine/effect.ts";
import { encodeMessage } from "../message/codec.ts";
import type { ClaimMessage, Role } from "../message/message.ts";

/** What a proof is about. */
export interface ProofSubject {
  readonly kind: "login" | "device";
  /** The side that proves itself. */
  readonly role: Role;
  readonly greetings: Greetings;
  readonly tenant: TenantId;
  /** The 32-byte key that signs. */
  readonly key: Uint8Array;
  /** What the dialler dialled. */
  readonly origin: string;
}

/** The label under which a claim of this kind is signed. */
export function proofLabel(kind: "login" | "device"): SignLabel {
  return kind === "login" ? "sign-login" : "sign-peer";
}

/**
 * The payload: role, both greetings with their nonces and limits, tenant, key, origin (docs/spec/sync.md section 4.2).
 *
 * SECURITY: nobody but the two sides of this connection can use the signature: nonces stop replay (F2), the origin stops forwarding
 * (F1), the role stops reflection. Tests: handshake.test.ts "F1 K-5 ...", "F2 ...", device-proof.test.ts "reflected ...".
 */
export function proofPayload(subject: ProofSubject): Uint8Array {
  const { role, greetings, tenant, key, origin } = subject;
  const name = new TextEncoder().encode(origin);
  return new ByteWriter(256)
    .u8(role === "dialler" ? 1 : 2)
    .bytes(encodeMessage(greetings.dialler))
    .bytes(encodeMessage(greetings.listener))
    .bytes(tenant)
    .bytes(key)
    .u16(name.length)
    .bytes(name)
    .finish();
}

/** Whether a claim's signature holds for this connection. */
export async function checkProof(
  verifier: Verifier,
  claim: ClaimMessage,
  role: Role,
  greetings: Greetings,
): Promise<boolean> {
  const { kind, key, signature, tenant, origin } = claim;
  if (kind === "none" || key === null || signature === null) return false;
  const payload = proofPayload({ kind, role, greetings, tenant, key, origin });
  const [valid] = await verifier.verifyMany([
    { publicKey: key, message: labelled(proofLabel(kind), payload), signature },
  ]);
  return valid === true;
}
