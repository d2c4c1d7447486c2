// HPKE base mode, single shot (RFC 9180 section 6.1): KEM X-Wing 0x647a, KDF HKDF-SHA-256 0x0001, AEAD AES-256-GCM 0x0002.
// One message per encapsulation, so the nonce is always the base nonce (sequence number 0).
import { concatBytes, parseCiphertext } from "@selkie/entry";
import { hashBytes, nonceBytes } from "./framing.ts";
import type { WrapItem, Wrapped } from "./provider.ts";
import {
  type Encapsulation,
  type Eventually,
  type RandomSource,
  type XWingKey,
  type XWingParts,
  xWingDecapsulate,
  xWingEncapsulate,
  xWingLengths,
} from "./x-wing.ts";

/** The provider's parts that HPKE composes. */
export interface HpkeParts {
  readonly kem: XWingParts;
  hmac(key: Uint8Array, message: Uint8Array): Uint8Array;
  seal(keyBytes: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Eventually<Uint8Array>;
  open(keyBytes: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ct: Uint8Array): Eventually<Uint8Array | null>;
}

const utf8 = new TextEncoder();
const version = utf8.encode("HPKE-v1");
const nothing = new Uint8Array(0);
const modeBase = Uint8Array.of(0);
const kemId = 0x647a;
const aeadId = 0x0002;

/** RFC 9180 section 5.1: "HPKE" || I2OSP(kem_id, 2) || I2OSP(kdf_id, 2) || I2OSP(aead_id, 2), the KDF being HKDF-SHA-256. */
export function hpkeSuiteId(kem: number, aead: number): Uint8Array {
  return concatBytes(utf8.encode("HPKE"), Uint8Array.of(kem >> 8, kem & 0xff, 0, 1, aead >> 8, aead & 0xff));
}

const suiteId = hpkeSuiteId(kemId, aeadId);

/** What the key schedule yields for one message. */
export interface HpkeContext {
  readonly key: Uint8Array;
  readonly baseNonce: Uint8Array;
}

/** LabeledExtract of section 4. */
function extract(hmac: HpkeParts["hmac"], suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array) {
  return hmac(salt, concatBytes(version, suite, utf8.encode(label), ikm));
}

/** What the three HMACs of a key schedule are taken over: the same for all messages with one info. */
interface ScheduleMessages {
  readonly secret: Uint8Array;
  readonly key: Uint8Array;
  readonly baseNonce: Uint8Array;
}

/** psk and psk_id are empty. */
function scheduleMessages(hmac: HpkeParts["hmac"], suite: Uint8Array, info: Uint8Array): ScheduleMessages {
  const pskIdHash = extract(hmac, suite, nothing, "psk_id_hash", nothing);
  const context = concatBytes(modeBase, pskIdHash, extract(hmac, suite, nothing, "info_hash", info));
  // LabeledExpand of section 4; every output here is at most one block long.
  const expanded = (label: string, length: number): Uint8Array =>
    concatBytes(Uint8Array.of(0, length), version, suite, utf8.encode(label), context, Uint8Array.of(1));
  return {
    secret: concatBytes(version, suite, utf8.encode("secret")),
    key: expanded("key", hashBytes),
    baseNonce: expanded("base_nonce", nonceBytes),
  };
}

/** RFC 9180 section 5.1, KeySchedule with mode_base, so psk and psk_id are empty. */
export function hpkeKeySchedule(
  hmac: HpkeParts["hmac"],
  suite: Uint8Array,
  input: { readonly sharedSecret: Uint8Array; readonly info: Uint8Array },
): HpkeContext {
  return scheduleUnder(hmac, input.sharedSecret, scheduleMessages(hmac, suite, input.info));
}

function scheduleUnder(hmac: HpkeParts["hmac"], sharedSecret: Uint8Array, messages: ScheduleMessages): HpkeContext {
  const secret = hmac(sharedSecret, messages.secret);
  const schedule = {
    key: hmac(secret, messages.key),
    baseNonce: hmac(secret, messages.baseNonce).slice(0, nonceBytes),
  };
  secret.fill(0);
  return schedule;
}

/** What who opens a wrap knows besides the keys. */
export interface HpkeMessage {
  readonly info: Uint8Array;
  readonly aad: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * SealBase for each recipient, under one info: what follows from that alone is computed once.
 * SECURITY: each has an encapsulation of its own, from fresh randomness (behaviour.ts "wraps for many ...").
 *
 * @throws CryptoError `BAD_LENGTH`, `BAD_PUBLIC_KEY`
 */
export async function hpkeSealMany(
  parts: HpkeParts,
  random: RandomSource,
  info: Uint8Array,
  items: readonly WrapItem[],
): Promise<readonly Wrapped[]> {
  const messages = scheduleMessages(parts.hmac, suiteId, info);
  const wrapped: Wrapped[] = [];
  for (const item of items) wrapped.push(await sealUnder(parts, random, messages, item));
  return wrapped;
}

/** The same for one. */
export function hpkeSeal(parts: HpkeParts, random: RandomSource, info: Uint8Array, item: WrapItem): Promise<Wrapped> {
  return sealUnder(parts, random, scheduleMessages(parts.hmac, suiteId, info), item);
}

async function sealUnder(
  parts: HpkeParts,
  random: RandomSource,
  messages: ScheduleMessages,
  { recipient, aad, plaintext }: WrapItem,
): Promise<Wrapped> {
  const { ciphertext: enc, sharedSecret }: Encapsulation = await xWingEncapsulate(parts.kem, recipient, random);
  const { key, baseNonce } = scheduleUnder(parts.hmac, sharedSecret, messages);
  const ciphertext = await parts.seal(key, baseNonce, aad, plaintext);
  for (const secret of [sharedSecret, key]) secret.fill(0);
  return { enc, ciphertext: parseCiphertext(ciphertext) };
}

/** OpenBase; `null` is the one answer for every failure. */
export async function hpkeOpen(
  parts: HpkeParts,
  recipient: { readonly key: XWingKey; readonly enc: Uint8Array },
  message: HpkeMessage,
): Promise<Uint8Array | null> {
  if (recipient.enc.length !== xWingLengths.enc) return null;
  const sharedSecret = await xWingDecapsulate(parts.kem, recipient.key, recipient.enc);
  if (sharedSecret === null) return null;
  const { key, baseNonce } = hpkeKeySchedule(parts.hmac, suiteId, { sharedSecret, info: message.info });
  const plaintext = await parts.open(key, baseNonce, message.aad, message.body);
  for (const secret of [sharedSecret, key]) secret.fill(0);
  return plaintext;
}
