// Signed access documents for the tests.
import {
  encodeFounding,
  entryType,
  identifyEntry,
  type LoginKey,
  parseCiphertext,
  parseKeyTag,
  parseLoginKey,
  parseSalt,
  parseWriterKey,
  partKind,
  type TenantId,
  tenantIdOf,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import {
  type AccessList,
  type AccessTicket,
  accessListPayload,
  accessTicketPayload,
  type Rights,
  type Slot,
  type SlotKeys,
  slotKeysPayload,
} from "../../src/index.ts";
import { bytesOf, databaseOf, type TestKey, verifier } from "./writer.ts";

export const PULL_PUSH: Rights = { pull: true, push: true, purge: false };
export const PULL: Rights = { pull: true, push: false, purge: false };

export interface Founded {
  readonly tenant: TenantId;
  readonly founding: Uint8Array;
}

/** The founding header of the tenant whose root is this key. */
export async function found(root: TestKey): Promise<Founded> {
  const unsigned = identifyEntry(verifier, {
    header: {
      type: entryType.founding,
      control: false,
      database: databaseOf("directory"),
      writer: parseWriterKey(root.publicKey),
      seq: 0,
      prev: ZERO_ENTRY_ID,
      salt: parseSalt(bytesOf("salt", 24)),
    },
    table: [parseKeyTag(bytesOf("tag", 16))],
    parts: [{ type: "sealed", kind: partKind.statement, table: 0, ciphertext: parseCiphertext(new Uint8Array(144)) }],
    signature: null,
  });
  const signature = await root.sign("sign-entry", unsigned.id);
  const entry = identifyEntry(verifier, { ...unsigned, signature });
  return { tenant: tenantIdOf(entry.id), founding: encodeFounding(entry) };
}

export interface ListFields {
  readonly tenant: TenantId;
  readonly epoch?: number;
  readonly height: number;
  readonly signer: TestKey;
  readonly signers?: readonly TestKey[];
  readonly slots?: readonly { readonly slot: TestKey; readonly rights: Rights }[];
}

export async function signList({
  tenant,
  epoch = 0,
  height,
  signer,
  signers = [],
  slots = [],
}: ListFields): Promise<AccessList> {
  const list = {
    tenant,
    epoch,
    height,
    signer: signer.publicKey,
    signers: signers.map((key) => key.publicKey).toSorted(Buffer.compare),
    slots: slots
      .map(({ slot, rights }): Slot => ({ slot: slot.publicKey, rights }))
      .toSorted((a, b) => Buffer.compare(a.slot, b.slot)),
  };
  return { ...list, signature: await signer.sign("sign-access-list", accessListPayload(list)) };
}

export async function signSlot(
  tenant: TenantId,
  slot: TestKey,
  height: number,
  keys: readonly TestKey[],
): Promise<SlotKeys> {
  const loginKeys = keys.map(({ publicKey }): LoginKey => parseLoginKey(publicKey)).toSorted(Buffer.compare);
  const unsigned = { tenant, slot: slot.publicKey, height, loginKeys };
  return { ...unsigned, signature: await slot.sign("sign-slot-keys", slotKeysPayload(unsigned)) };
}

export interface TicketFields {
  readonly tenant: TenantId;
  readonly listEpoch?: number;
  readonly listHeight: number;
  readonly slot: TestKey;
  readonly rights: Rights;
  readonly signer: TestKey;
}

export async function signTicket({
  tenant,
  listEpoch = 0,
  listHeight,
  slot,
  rights,
  signer,
}: TicketFields): Promise<AccessTicket> {
  const unsigned = { tenant, listEpoch, listHeight, slot: slot.publicKey, rights, signer: signer.publicKey };
  return { ...unsigned, signature: await signer.sign("sign-access-ticket", accessTicketPayload(unsigned)) };
}
