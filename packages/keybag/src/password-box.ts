// A secret under a password: the head that says how the password becomes a key, and the box that opens with it.
import {
  type Argon2Parameters,
  asPlaintext,
  type CryptoProvider,
  openCommittedBox,
  sealCommittedBox,
} from "@selkie/crypto";
import type { DeriveLabel } from "@selkie/entry";
import { derivePasswordKey, newPasswordHead, type PasswordHead } from "./password.ts";

/** What lies where a password's secret does. */
export interface PasswordBox {
  readonly head: PasswordHead;
  readonly box: Uint8Array;
}

/** What a box is for: it opens as nothing else. */
export interface BoxPurpose {
  readonly label: DeriveLabel;
  /** What is authenticated besides the secret: the head, and what stands around it. */
  context(head: PasswordHead): Uint8Array;
}

/** Seals a secret under a password, with a head of its own; overwrites nothing. @throws KeyBagError `KDF_PARAMETERS` */
export async function sealUnderPassword(
  crypto: CryptoProvider,
  { label, context }: BoxPurpose,
  { password, parameters }: { readonly password: Uint8Array; readonly parameters: Argon2Parameters },
  secret: Uint8Array,
): Promise<PasswordBox> {
  const head = newPasswordHead(crypto, parameters);
  using key = await derivePasswordKey(crypto, password, head);
  return { head, box: await sealCommittedBox(crypto, key, label, context(head), asPlaintext(secret)) };
}

/** The secret, or null for another password. */
export async function openUnderPassword(
  crypto: CryptoProvider,
  { label, context }: BoxPurpose,
  { head, box }: PasswordBox,
  password: Uint8Array,
): Promise<Uint8Array | null> {
  using key = await derivePasswordKey(crypto, password, head);
  return await openCommittedBox(crypto, key, label, context(head), box);
}
