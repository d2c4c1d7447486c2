// A tenant's root key as text, to be kept offline: docs/spec/keybag.md, section "Exported root key".
import { type Argon2Parameters, type CryptoProvider, defaultArgon2Parameters } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { parseTenantId, type TenantId } from "@selkie/entry";
import { bytesOf, decodeCbor, encodeCbor, fieldsOf } from "./cbor.ts";
import { encodePassword } from "./password.ts";
import { decodeText, openText, sealText, type TextKind } from "./password-text.ts";

const kind: TextKind = { scheme: "selkie-root:", label: "derive-root-export", noun: "root key" };

/** What speaks for a tenant's root. Overwrite the seeds once they are used. */
export interface RootKey {
  readonly tenant: TenantId;
  /** 32-byte Ed25519 seed of the key that makes the root's statements. */
  readonly seed: Uint8Array;
  /** 32-byte seed of the key in the founding entry: relays know no other, so it signs access lists, also after the root was replaced. */
  readonly foundingSeed: Uint8Array;
}

/** How an exported root key is sealed and opened; every field has a default. */
export interface RootKeyOptions {
  /** Default: the platform's own provider, `@selkie/crypto/native`. */
  readonly crypto?: CryptoProvider;
  /** Cost of guessing the password; default: 64 MiB, three passes, one lane. */
  readonly kdf?: Argon2Parameters;
}

/** Seals a root key under a password, as text that is safe in a URI. @throws KeyBagError `PASSWORD_UNUSABLE`, `KDF_PARAMETERS` */
export async function sealRootKey(
  { tenant, seed, foundingSeed }: RootKey,
  password: string,
  { crypto = nativeCrypto, kdf = defaultArgon2Parameters }: RootKeyOptions = {},
): Promise<string> {
  const bytes = encodePassword(password);
  const plaintext = encodeCbor([tenant, seed, foundingSeed]);
  try {
    return await sealText(crypto, kind, plaintext, { password: bytes, parameters: kdf });
  } finally {
    bytes.fill(0);
    plaintext.fill(0);
  }
}

/**
 * Opens what {@link sealRootKey} gave.
 * @throws KeyBagError before any derivation: `DAMAGED`, `UNSUPPORTED_VERSION`, `KDF_PARAMETERS`, `PASSWORD_UNUSABLE`; after it:
 * `WRONG_PASSWORD`, `DAMAGED`
 */
export async function openRootKey(
  exported: string,
  password: string,
  { crypto = nativeCrypto }: Pick<RootKeyOptions, "crypto"> = {},
): Promise<RootKey> {
  const text = decodeText(crypto, kind, exported);
  const bytes = encodePassword(password);
  try {
    return await openText(crypto, text, bytes, (plaintext) => {
      const [tenant, seed, foundingSeed] = fieldsOf(decodeCbor(plaintext), 3);
      return {
        tenant: parseTenantId(bytesOf(tenant, 32)),
        seed: bytesOf(seed, 32).slice(),
        foundingSeed: bytesOf(foundingSeed, 32).slice(),
      };
    });
  } finally {
    bytes.fill(0);
  }
}
