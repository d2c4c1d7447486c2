import { CborFields, encodeCbor } from "../cbor.ts";

/** What core keeps in the KeyBag beside a tenant's own fields. */
export interface TenantData {
  /** 16 bytes that this user's slot key derives from, as in the grant. */
  readonly slotSalt: Uint8Array;
  /** The ticket of the join response, for a relay that does not have the newest access list yet. */
  readonly ticket: Uint8Array | null;
}

export function encodeTenantData({ slotSalt, ticket }: TenantData): Uint8Array {
  return encodeCbor([slotSalt, ticket]);
}

/** @throws CoreError LOCAL_STATE_DAMAGED */
export function decodeTenantData(bytes: Uint8Array): TenantData {
  const fields = CborFields.decode(bytes, "LOCAL_STATE_DAMAGED");
  const data = { slotSalt: fields.bytes(16), ticket: fields.bytesOrNull({ max: 4_096 }) };
  fields.end();
  return data;
}
