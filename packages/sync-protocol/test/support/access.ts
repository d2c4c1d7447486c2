// Signed access documents for the tests.
import {
  encodeFounding,
  entryType,
  identifyEntry,
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
  type SlotChain,
  type SlotLogin,
  signSlotChain,
  signSlotLogin,
} from "../../src/index.ts";
import { bytesOf, databaseOf, type TestKey, verifier } from "./writer.ts";

export const PULL_PUSH: Rights = { pull: true, push: true, purge: false };
export const PULL: Rights = { pull: true, push: false, purge: false };
/** The directory of {@link found}. */
export const DIRECTORY = databaseOf("directory");

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
      database: DIRECTORY,
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

/** A login key, let in by a key of the slot: its first, unless another is named. */
export function signLogin(tenant: TenantId, slot: TestKey, login: TestKey, signer: TestKey = slot): Promise<SlotLogin> {
  return signSlotLogin({ tenant, slot: slot.publicKey, loginKey: parseLoginKey(login.publicKey) }, signer);
}

/** The chain from the slot's first key through these, each named by the one before. */
export function signChain(tenant: TenantId, slot: TestKey, next: readonly TestKey[]): Promise<SlotChain> {
  return signSlotChain(tenant, [slot, ...next]);
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
