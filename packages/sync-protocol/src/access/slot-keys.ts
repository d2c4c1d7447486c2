// The login keys of one slot, signed by the slot key: a user adds and removes its own devices' logins without an admin.
// Layout: docs/spec/sync.md section 8.2.
import {
  type Brand,
  ByteWriter,
  type LoginKey,
  labelled,
  parseLoginKey,
  parseSignature,
  parseTenantId,
  type Signature,
  type TenantId,
  type Verifier,
} from "@selkie/entry";
import { SyncError } from "../sync-error.ts";
import { ascendingKeys, decodeDocument, documentKind, readDocumentHead, writeDocumentHead } from "./document.ts";

/** Login keys of one slot; at most. */
export const MAX_LOGIN_KEYS = 16;

/** What slot keys say, before the slot key signs. */
export interface UnsignedSlotKeys {
  readonly tenant: TenantId;
  /** The 32-byte Ed25519 slot key. */
  readonly slot: Uint8Array;
  /** Grows with every version. */
  readonly height: number;
  /** Ascending, at most 16; none locks the slot. */
  readonly loginKeys: readonly LoginKey[];
}

/** Slot keys as they travel: signed, not yet verified. */
export interface SlotKeys extends UnsignedSlotKeys {
  readonly signature: Signature;
}

/** Slot keys whose signature by their slot key holds. */
export type VerifiedSlotKeys = Brand<SlotKeys, "VerifiedSlotKeys">;

/** What the slot key signs, under label `sign-slot-keys`. @throws SyncError `BAD_DOCUMENT` */
export function slotKeysPayload(keys: UnsignedSlotKeys): Uint8Array {
  if (keys.loginKeys.length > MAX_LOGIN_KEYS) throw new SyncError("BAD_DOCUMENT", "more than 16 login keys in a slot");
  const loginKeys = ascendingKeys(keys.loginKeys, (key) => key);
  const writer = new ByteWriter(80 + 32 * loginKeys.length);
  writeDocumentHead(writer, documentKind.slotKeys, keys.tenant);
  writer.bytes(keys.slot).u64(keys.height).u8(loginKeys.length);
  for (const key of loginKeys) writer.bytes(key);
  return writer.finish();
}

/** The slot keys as bytes. @throws SyncError `BAD_DOCUMENT` */
export function encodeSlotKeys(keys: SlotKeys): Uint8Array {
  const payload = slotKeysPayload(keys);
  return new ByteWriter(payload.length + 64).bytes(payload).bytes(keys.signature).finish();
}

/** Strict, canonical, at most 16 login keys. @throws SyncError `BAD_DOCUMENT` */
export function decodeSlotKeys(bytes: Uint8Array): SlotKeys {
  return decodeDocument(bytes, (reader) => {
    readDocumentHead(reader, documentKind.slotKeys);
    const tenant = parseTenantId(reader.bytes(32));
    const slot = reader.bytes(32);
    const height = reader.u64();
    const count = reader.u8();
    if (count > MAX_LOGIN_KEYS) throw new SyncError("BAD_DOCUMENT", "more than 16 login keys in a slot");
    const loginKeys = ascendingKeys(
      Array.from({ length: count }, () => parseLoginKey(reader.bytes(32))),
      (key) => key,
    );
    return { tenant, slot, height, loginKeys, signature: parseSignature(reader.bytes(64)) };
  });
}

/** The slot keys, if the slot key signed them. */
export async function verifySlotKeys(verifier: Verifier, keys: SlotKeys): Promise<VerifiedSlotKeys | null> {
  const message = labelled("sign-slot-keys", slotKeysPayload(keys));
  const [valid] = await verifier.verifyMany([{ publicKey: keys.slot, message, signature: keys.signature }]);
  return valid === true ? (keys as VerifiedSlotKeys) : null;
}
