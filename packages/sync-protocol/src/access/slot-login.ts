// One login key of a slot, signed by a key of the slot: every device of a user lets itself in, without an admin and without knowing of
// the others. Layout: docs/spec/sync.md section 8.3.
import {
  type Brand,
  ByteWriter,
  type LoginKey,
  parseLoginKey,
  parseSignature,
  parseTenantId,
  type Signature,
  type TenantId,
  type Verifier,
} from "@selkie/entry";
import { decodeDocument, documentKind, isSigned, signedBytes, writeDocumentHead } from "./document.ts";
import type { SlotSigner } from "./slot-chain.ts";

/** What a slot login says, before it is signed. */
export interface UnsignedSlotLogin {
  readonly tenant: TenantId;
  /** The slot's first key, 32 bytes. */
  readonly slot: Uint8Array;
  /** The key of the slot that signs this, 32 bytes: its newest, for the login to have the slot's rights. */
  readonly signer: Uint8Array;
  readonly loginKey: LoginKey;
}

/** A slot login as it travels: signed, not yet verified. */
export interface SlotLogin extends UnsignedSlotLogin {
  readonly signature: Signature;
}

/** A slot login whose signature by its own `signer` holds; whether that is a key of the slot is for `applySlotLogin`. */
export type VerifiedSlotLogin = Brand<SlotLogin, "VerifiedSlotLogin">;

/** What the signer signs, under label `sign-slot-login`. */
export function slotLoginPayload({ tenant, slot, signer, loginKey }: UnsignedSlotLogin): Uint8Array {
  const writer = new ByteWriter(160);
  writeDocumentHead(writer, documentKind.slotLogin, tenant);
  return writer.bytes(slot).bytes(signer).bytes(loginKey).finish();
}

/** Lets a login key in, by one of the slot's keys. */
export async function signSlotLogin(
  { tenant, slot, loginKey }: Omit<UnsignedSlotLogin, "signer">,
  signer: SlotSigner,
): Promise<SlotLogin> {
  const unsigned = { tenant, slot, signer: signer.publicKey, loginKey };
  return { ...unsigned, signature: await signer.sign("sign-slot-login", slotLoginPayload(unsigned)) };
}

/** The slot login as bytes. */
export function encodeSlotLogin(login: SlotLogin): Uint8Array {
  return signedBytes(slotLoginPayload(login), login.signature);
}

/** Strict and canonical. @throws SyncError `BAD_DOCUMENT` */
export function decodeSlotLogin(bytes: Uint8Array): SlotLogin {
  return decodeDocument(bytes, documentKind.slotLogin, (reader) => {
    const tenant = parseTenantId(reader.bytes(32));
    const slot = reader.bytes(32);
    const signer = reader.bytes(32);
    const loginKey = parseLoginKey(reader.bytes(32));
    return { tenant, slot, signer, loginKey, signature: parseSignature(reader.bytes(64)) };
  });
}

/** The slot login, if its signer signed it. */
export async function verifySlotLogin(verifier: Verifier, login: SlotLogin): Promise<VerifiedSlotLogin | null> {
  return (await isSigned(verifier, "sign-slot-login", login, slotLoginPayload(login)))
    ? (login as VerifiedSlotLogin)
    : null;
}
