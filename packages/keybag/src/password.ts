// From a password to a key: what is written beside every secret that a password opens, and what is refused before any work.
import {
  type Argon2Parameters,
  CryptoError,
  type CryptoProvider,
  checkArgon2Parameters,
  type SecretKey,
} from "@selkie/crypto";
import { type ByteReader, ByteWriter } from "@selkie/entry";
import { KeyBagError } from "./errors.ts";

/** The only password KDF of version 1: Argon2id, version 1.3 (RFC 9106). */
const argon2id = 1;
const saltBytes = 16;
const maxPasswordBytes = 1_024;

/** Length of an encoded {@link PasswordHead}. */
export const passwordHeadBytes: number = 1 + 4 + 1 + 1 + saltBytes;

/** How a password becomes a key; stored in clear, authenticated by the box beside it. */
export interface PasswordHead {
  readonly parameters: Argon2Parameters;
  /** 16 random bytes. */
  readonly salt: Uint8Array;
}

/** A new head with a fresh salt. @throws KeyBagError `KDF_PARAMETERS` */
export function newPasswordHead(crypto: CryptoProvider, parameters: Argon2Parameters): PasswordHead {
  refuseParameters(parameters);
  return { parameters, salt: crypto.randomBytes(saltBytes) };
}

export function encodePasswordHead({ parameters, salt }: PasswordHead): Uint8Array {
  const writer = new ByteWriter(passwordHeadBytes).u8(argon2id).u32(parameters.memory);
  return writer.u8(parameters.passes).u8(parameters.lanes).bytes(salt).finish();
}

/**
 * SECURITY: whoever edits a stored head can make guessing cheap or opening endless, so the algorithm and its cost are bounded here,
 * before anything is derived (test "A5 refuses a changed algorithm, cheap and absurd costs before deriving").
 * @throws KeyBagError `KDF_PARAMETERS`
 */
export function decodePasswordHead(reader: ByteReader): PasswordHead {
  const algorithm = reader.u8();
  if (algorithm !== argon2id) throw new KeyBagError("KDF_PARAMETERS", "the password KDF is not Argon2id");
  const parameters = { memory: reader.u32(), passes: reader.u8(), lanes: reader.u8() };
  refuseParameters(parameters);
  return { parameters, salt: reader.bytes(saltBytes).slice() };
}

/**
 * A password as bytes: Unicode NFC, UTF-8 (RFC 8265 section 4.2), so that one password typed on two keyboards is one password.
 * @throws KeyBagError `PASSWORD_UNUSABLE`
 */
export function encodePassword(password: string): Uint8Array {
  // A lone surrogate has no UTF-8 form: it would be replaced, and two passwords would be one.
  if (!password.isWellFormed()) throw new KeyBagError("PASSWORD_UNUSABLE", "the password is not well-formed Unicode");
  const bytes = new TextEncoder().encode(password.normalize("NFC"));
  if (bytes.length >= 1 && bytes.length <= maxPasswordBytes) return bytes;
  throw new KeyBagError("PASSWORD_UNUSABLE", `a password has 1 to ${maxPasswordBytes} bytes of UTF-8`);
}

/** The key of a password under a head; slow on purpose. */
export async function derivePasswordKey(
  crypto: CryptoProvider,
  password: Uint8Array,
  { parameters, salt }: PasswordHead,
): Promise<SecretKey> {
  const bytes = await crypto.deriveFromPassword(password, salt, parameters);
  try {
    return await crypto.importSecret(bytes);
  } finally {
    bytes.fill(0);
  }
}

function refuseParameters(parameters: Argon2Parameters): void {
  try {
    checkArgon2Parameters(parameters);
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new KeyBagError("KDF_PARAMETERS", "the cost of the password KDF is out of bounds", { cause });
  }
}
