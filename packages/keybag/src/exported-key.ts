// A key on its way from one KeyBag to another, as text: docs/spec/keybag.md, section "Exported key".
import type { Argon2Parameters, CryptoProvider } from "@selkie/crypto";
import { parseTenantId, type Verifier } from "@selkie/entry";
import { bytesOf, decodeCbor, encodeCbor, fieldsOf, listOf } from "./cbor.ts";
import { contentLimits, decodeKeyVersion, encodeKeyVersion } from "./content.ts";
import { decodeText, openText, type SealedText, sealText, type TextKind } from "./password-text.ts";
import type { StoredKeyVersion } from "./records.ts";

const kind: TextKind = { scheme: "selkie-key:", label: "derive-key-export", noun: "key" };

/** All given versions, of one tenant, sealed under a password. */
export async function sealExportedKey(
  crypto: CryptoProvider,
  versions: readonly StoredKeyVersion[],
  password: Uint8Array,
  parameters: Argon2Parameters,
): Promise<string> {
  const plaintext = encodeCbor([versions[0]?.tenant ?? null, versions.map(encodeKeyVersion)]);
  try {
    return await sealText(crypto, kind, plaintext, { password, parameters });
  } finally {
    plaintext.fill(0);
  }
}

/**
 * Takes a text apart; runs no KDF.
 * @throws KeyBagError `DAMAGED`, `UNSUPPORTED_VERSION`, `KDF_PARAMETERS`
 */
export function decodeExportedKey(verifier: Verifier, text: string): SealedText {
  return decodeText(verifier, kind, text);
}

/** @throws KeyBagError `WRONG_PASSWORD`, `DAMAGED` */
export function openExportedKey(
  crypto: CryptoProvider,
  text: SealedText,
  password: Uint8Array,
): Promise<readonly StoredKeyVersion[]> {
  return openText(crypto, text, password, decodeVersions);
}

function decodeVersions(plaintext: Uint8Array): readonly StoredKeyVersion[] {
  const [tenantBytes, list] = fieldsOf(decodeCbor(plaintext), 2);
  const tenant = parseTenantId(bytesOf(tenantBytes, 32));
  return listOf(list, contentLimits.keyVersions).map((fields) => ({
    tenant,
    ...decodeKeyVersion(fieldsOf(fields, 5)),
    imported: true,
  }));
}
