// Secrets on their way from one device to another, as text under a password of its own: docs/spec/keybag.md, sections "Exported key" and
// "Exported root key".
import {
  type Argon2Parameters,
  asPlaintext,
  type CryptoProvider,
  openCommittedBox,
  sealCommittedBox,
} from "@selkie/crypto";
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
import {
  decodePasswordHead,
  derivePasswordKey,
  encodePasswordHead,
  newPasswordHead,
  type PasswordHead,
  passwordHeadBytes,
} from "./password.ts";

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
  { password, parameters }: { readonly password: Uint8Array; readonly parameters: Argon2Parameters },
): Promise<string> {
  const prefix = prefixOf(kind);
  const head = newPasswordHead(crypto, parameters);
  using key = await derivePasswordKey(crypto, password, head);
  const context = contextOf(prefix, head);
  const box = await sealCommittedBox(crypto, key, kind.label, context, asPlaintext(plaintext));
  const body = concatBytes(context.subarray(prefix.length), box);
  return prefix + toBase64url(concatBytes(body, checksum(crypto, prefix, body)));
}

/** A text taken apart; nothing in it is opened. */
export interface SealedText {
  readonly kind: TextKind;
  readonly head: PasswordHead;
  readonly box: Uint8Array;
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
  { kind, head, box }: SealedText,
  password: Uint8Array,
  read: (plaintext: Uint8Array) => Content,
): Promise<Content> {
  using key = await derivePasswordKey(crypto, password, head);
  const plaintext = await openCommittedBox(crypto, key, kind.label, contextOf(prefixOf(kind), head), box);
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

/** What the box authenticates besides its plaintext: the version in the prefix, the suite, and the head. */
function contextOf(prefix: string, head: PasswordHead): Uint8Array {
  return concatBytes(new TextEncoder().encode(prefix), Uint8Array.of(suite), encodePasswordHead(head));
}

function checksum(verifier: Verifier, prefix: string, body: Uint8Array): Uint8Array {
  return hash(verifier, "keybag-checksum", new TextEncoder().encode(prefix), body).subarray(0, checksumBytes);
}
