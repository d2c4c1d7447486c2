// How the key of a slot is replaced: each key names the next one, so that whoever does not hold the newest cannot speak for the slot.
// Layout: docs/spec/sync.md section 8.2.
import {
  type Brand,
  ByteWriter,
  concatBytes,
  labelled,
  parseSignature,
  parseTenantId,
  type Signature,
  type SignLabel,
  type TenantId,
  toHex,
  type Verifier,
} from "@selkie/entry";
import { SyncError } from "../sync-error.ts";
import { decodeDocument, documentKind, writeDocumentHead } from "./document.ts";

/** Times the key of one slot is replaced; at most. Then its user needs another slot. */
export const MAX_SUCCESSIONS = 64;

/** The next key of a slot, by the word of the one before. */
export interface SlotSuccession {
  /** The 32-byte Ed25519 key that signs for the slot from now on. */
  readonly key: Uint8Array;
  /** Over {@link slotSuccessionPayload}, by the key before. */
  readonly signature: Signature;
}

/** The keys of one slot, the first to the newest. It proves itself: each signature by the key before. */
export interface SlotChain {
  readonly tenant: TenantId;
  /** The slot's first key, by which access lists name it for as long as it lives. */
  readonly slot: Uint8Array;
  /** At least one; no key twice. */
  readonly successions: readonly SlotSuccession[];
}

/** A chain of which every signature holds. */
export type VerifiedSlotChain = Brand<SlotChain, "VerifiedSlotChain">;

/** What the key `before` signs, under label `sign-slot-succession`, to be followed by `next`. */
export function slotSuccessionPayload(
  tenant: TenantId,
  slot: Uint8Array,
  before: Uint8Array,
  next: Uint8Array,
): Uint8Array {
  return concatBytes(tenant, slot, before, next);
}

/** One of the slot's keys, to sign with. */
export interface SlotSigner {
  /** 32-byte Ed25519 key. */
  readonly publicKey: Uint8Array;
  /** Signs `labelled(label, payload)`. */
  sign(label: SignLabel, payload: Uint8Array): Promise<Signature>;
}

/** The chain from the first of these keys, which names the slot, to the last: each signs for the next. */
export async function signSlotChain(
  tenant: TenantId,
  keys: readonly [SlotSigner, ...SlotSigner[]],
): Promise<SlotChain> {
  const [{ publicKey: slot }] = keys;
  const successions: SlotSuccession[] = [];
  let before = keys[0];
  for (const next of keys.slice(1)) {
    const payload = slotSuccessionPayload(tenant, slot, before.publicKey, next.publicKey);
    successions.push({ key: next.publicKey, signature: await before.sign("sign-slot-succession", payload) });
    before = next;
  }
  return { tenant, slot, successions };
}

/** The chain as bytes. @throws SyncError `BAD_DOCUMENT` */
export function encodeSlotChain({ tenant, slot, successions }: SlotChain): Uint8Array {
  checkChain(slot, successions);
  const writer = new ByteWriter(80 + 96 * successions.length);
  writeDocumentHead(writer, documentKind.slotChain, tenant);
  writer.bytes(slot).u8(successions.length);
  for (const { key, signature } of successions) writer.bytes(key).bytes(signature);
  return writer.finish();
}

/** Strict, at most 64 successions. @throws SyncError `BAD_DOCUMENT` */
export function decodeSlotChain(bytes: Uint8Array): SlotChain {
  return decodeDocument(bytes, documentKind.slotChain, (reader) => {
    const tenant = parseTenantId(reader.bytes(32));
    const slot = reader.bytes(32);
    const successions = Array.from({ length: reader.u8() }, () => {
      const key = reader.bytes(32);
      return { key, signature: parseSignature(reader.bytes(64)) };
    });
    checkChain(slot, successions);
    return { tenant, slot, successions };
  });
}

/** The chain, if each of its keys was named by the one before. */
export async function verifySlotChain(verifier: Verifier, chain: SlotChain): Promise<VerifiedSlotChain | null> {
  const { tenant, slot, successions } = chain;
  const checks = successions.map(({ key, signature }, at) => {
    const publicKey = successions[at - 1]?.key ?? slot;
    const message = labelled("sign-slot-succession", slotSuccessionPayload(tenant, slot, publicKey, key));
    return { publicKey, message, signature };
  });
  const valid = await verifier.verifyMany(checks);
  return valid.every((one) => one) ? (chain as VerifiedSlotChain) : null;
}

function checkChain(slot: Uint8Array, successions: readonly SlotSuccession[]): void {
  const keys = [slot, ...successions.map(({ key }) => key)];
  if (successions.length === 0 || successions.length > MAX_SUCCESSIONS)
    throw new SyncError("BAD_DOCUMENT", "a chain of 1 to 64 keys");
  if (keys.some((key) => key.length !== 32)) throw new SyncError("BAD_DOCUMENT", "a key that is not 32 bytes");
  if (new Set(keys.map(toHex)).size < keys.length) throw new SyncError("BAD_DOCUMENT", "a key that follows itself");
}
