// Secrets on their way from one device to another, as text under a password of its own: docs/spec/keybag.md, sections "Exported key" and
// "Exported root key".
import type { Argon2Parameters, CryptoProvider } from "@selkie/crypto";
import {
  ByteReader,
  concatBytes,
  type DeriveLabel,
  EntryError,
  equalBytes,
  fromBase64url,
  hash,
  toBase64url,
  type Verifier,
} from "@selkie/entry";
import { KeyBagError } from "./errors.ts";
import { decodePasswordHead, encodePasswordHead, type PasswordHead, passwordHeadBytes } from "./password.ts";
import { type BoxPurpose, openUnderPassword, type PasswordBox, sealUnderPassword } from "./password-box.ts";

const suite = 1;
const checksumBytes = 8;
const maxTextLength: number = 16 * 1024 * 1024;

/** A kind of text. No text of one kind opens as another. */
export interface TextKind {
  /** What every version of it begins with. */
  readonly scheme: string;
  readonly label: DeriveLabel;
  /** For messages. */
  readonly noun: string;
}

const prefixOf = ({ scheme }: TextKind): string => `${scheme}1:`;

/** Seals a secret under a password; overwrites nothing. */
export async function sealText(
  crypto: CryptoProvider,
  kind: TextKind,
  plaintext: Uint8Array,
  under: { readonly password: Uint8Array; readonly parameters: Argon2Parameters },
): Promise<string> {
  const prefix = prefixOf(kind);
  const { head, box } = await sealUnderPassword(crypto, boxOf(kind), under, plaintext);
  const body = concatBytes(startOf(head), box);
  return prefix + toBase64url(concatBytes(body, checksum(crypto, prefix, body)));
}

/** A text taken apart; nothing in it is opened. */
export interface SealedText extends PasswordBox {
  readonly kind: TextKind;
}

/**
 * Takes a text apart; runs no KDF.
 * @throws KeyBagError `DAMAGED`, `UNSUPPORTED_VERSION`, `KDF_PARAMETERS`
 */
export function decodeText(verifier: Verifier, kind: TextKind, text: string): SealedText {
  const { scheme, noun } = kind;
  const prefix = prefixOf(kind);
  if (!text.startsWith(scheme) || text.length > maxTextLength) {
    throw new KeyBagError("DAMAGED", `this text is no exported ${noun}`);
  }
  if (!text.startsWith(prefix))
    throw new KeyBagError("UNSUPPORTED_VERSION", `the exported ${noun} is of another version`);
  const bytes = bytesOfText(text.slice(prefix.length), noun);
  const body = bytes.subarray(0, Math.max(0, bytes.length - checksumBytes));
  if (
    body.length <= 1 + passwordHeadBytes ||
    !equalBytes(checksum(verifier, prefix, body), bytes.subarray(body.length))
  ) {
    throw new KeyBagError("DAMAGED", `the exported ${noun}'s checksum does not match: it was not copied whole`);
  }
  const reader = new ByteReader(body);
  if (reader.u8() !== suite) throw new KeyBagError("UNSUPPORTED_VERSION", `the exported ${noun} is of another suite`);
  return { kind, head: decodePasswordHead(reader), box: reader.bytes(reader.remaining).slice() };
}

/** Opens a text and reads what is in it; the plaintext is overwritten afterwards. @throws KeyBagError `WRONG_PASSWORD`, `DAMAGED` */
export async function openText<Content>(
  crypto: CryptoProvider,
  text: SealedText,
  password: Uint8Array,
  read: (plaintext: Uint8Array) => Content,
): Promise<Content> {
  const { kind } = text;
  const plaintext = await openUnderPassword(crypto, boxOf(kind), text, password);
  if (plaintext === null)
    throw new KeyBagError("WRONG_PASSWORD", `the exported ${kind.noun} does not open with this password`);
  try {
    return read(plaintext);
  } catch (cause) {
    if (!(cause instanceof EntryError)) throw cause;
    throw new KeyBagError("DAMAGED", `the exported ${kind.noun}'s content is broken`, { cause });
  } finally {
    plaintext.fill(0);
  }
}

function bytesOfText(text: string, noun: string): Uint8Array {
  try {
    return fromBase64url(text);
  } catch (cause) {
    if (!(cause instanceof EntryError)) throw cause;
    throw new KeyBagError("DAMAGED", `the exported ${noun} is not in its one spelling`, { cause });
  }
}

/** The box authenticates the version in the prefix, the suite, and the head. */
function boxOf(kind: TextKind): BoxPurpose {
  const prefix = new TextEncoder().encode(prefixOf(kind));
  return { label: kind.label, context: (head) => concatBytes(prefix, startOf(head)) };
}

const startOf = (head: PasswordHead): Uint8Array => concatBytes(Uint8Array.of(suite), encodePasswordHead(head));

function checksum(verifier: Verifier, prefix: string, body: Uint8Array): Uint8Array {
  return hash(verifier, "keybag-checksum", new TextEncoder().encode(prefix), body).subarray(0, checksumBytes);
}
