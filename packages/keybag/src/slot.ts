// Slots: the ways to open a KeyBag, each wrapping the one master key. Version 1 makes password slots; slots of kinds it does not
// know are kept as they are, so that an older app does not lock out a newer one.
import type { Argon2Parameters, CryptoProvider } from "@selkie/crypto";
import { ByteReader, ByteWriter, concatBytes } from "@selkie/entry";
import { KeyBagError } from "./errors.ts";
import {
  decodePasswordHead,
  encodePassword,
  encodePasswordHead,
  type PasswordHead,
  passwordHeadBytes,
} from "./password.ts";
import { type BoxPurpose, openUnderPassword, type PasswordBox, sealUnderPassword } from "./password-box.ts";

const passwordKind = 1;
const masterBytes = 32;
/** salt 24, commitment 32, master key, tag 16. */
const boxBytes: number = 24 + 32 + masterBytes + 16;

/** One slot as it stands in the file. */
export type Slot =
  | ({ readonly type: "password" } & PasswordBox)
  | { readonly type: "unknown"; readonly kind: number; readonly body: Uint8Array };

type PasswordSlot = Extract<Slot, { type: "password" }>;

/** `kind 1 | length 2 | body`. */
export function encodeSlot(slot: Slot): Uint8Array {
  const body = slot.type === "password" ? concatBytes(encodePasswordHead(slot.head), slot.box) : slot.body;
  const kind = slot.type === "password" ? passwordKind : slot.kind;
  return new ByteWriter(3 + body.length).u8(kind).u16(body.length).bytes(body).finish();
}

/** @throws KeyBagError `KDF_PARAMETERS`; EntryError for a wrong length */
export function decodeSlot(kind: number, body: Uint8Array): Slot {
  if (kind !== passwordKind) return { type: "unknown", kind, body: body.slice() };
  const reader = new ByteReader(body);
  const head = decodePasswordHead(reader);
  const box = reader.bytes(boxBytes).slice();
  reader.end();
  return { type: "password", head, box };
}

/** A new slot that opens with `password`. `file` is the head of the file it will stand in. */
export async function sealPasswordSlot(
  crypto: CryptoProvider,
  file: Uint8Array,
  password: Uint8Array,
  parameters: Argon2Parameters,
  master: Uint8Array,
): Promise<PasswordSlot> {
  return { type: "password", ...(await sealUnderPassword(crypto, wrapIn(file), { password, parameters }, master)) };
}

/**
 * Tries a password on each password slot, in order.
 * @throws KeyBagError `NO_PASSWORD_SLOT`, `PASSWORD_UNUSABLE`, `WRONG_PASSWORD`
 */
export async function openWithPassword(
  crypto: CryptoProvider,
  file: Uint8Array,
  slots: readonly Slot[],
  password: string,
): Promise<{ readonly masterBytes: Uint8Array; readonly slot: PasswordSlot }> {
  const candidates = slots.filter((slot) => slot.type === "password");
  if (candidates.length === 0)
    throw new KeyBagError("NO_PASSWORD_SLOT", "the KeyBag has no slot that a password opens");
  const bytes = encodePassword(password);
  try {
    for (const slot of candidates) {
      const masterBytes = await openUnderPassword(crypto, wrapIn(file), slot, bytes);
      if (masterBytes !== null) return { masterBytes, slot };
    }
  } finally {
    bytes.fill(0);
  }
  throw new KeyBagError("WRONG_PASSWORD", "the KeyBag does not open with this password");
}

/** SECURITY: algorithm, cost and salt are authenticated with the wrap (test "every byte of a slot is authenticated"). */
function wrapIn(file: Uint8Array): BoxPurpose {
  const length = passwordHeadBytes + boxBytes;
  const slotHead = Uint8Array.of(passwordKind, length >> 8, length & 0xff);
  const context = (head: PasswordHead) => concatBytes(file, slotHead, encodePasswordHead(head));
  return { label: "derive-keybag-wrap", context };
}
