// Which of WebCrypto's newer parts this platform has, decided by known answers at first use. A part that is missing or answers
// otherwise is replaced by noble, so that every platform gives the same bytes.
import { equalBytes, fromHex } from "@selkie/entry";
import { portableX25519 } from "../portable/x-wing-parts.ts";
import type { X25519 } from "../x-wing.ts";
import { portableSigner, type WebSigner, webSigner } from "./ed25519.ts";
import type { Subtle } from "./subtle.ts";
import { webX25519 } from "./x25519.ts";

/** The parts that passed. */
export interface WebParts {
  readonly x25519: X25519;
  signer(seed: Uint8Array): Promise<WebSigner>;
}

// RFC 8032 section 7.1, test 2.
const signing = {
  seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
  message: "72",
  signature:
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
};

// RFC 7748 section 5.2, the first iteration: the scalar and the point are both 9.
const agreement = {
  scalar: `09${"00".repeat(31)}`,
  shared: "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
};

/** Runs the self tests. */
export async function chooseWebParts(subtle: Subtle): Promise<WebParts> {
  const [signs, agrees] = await Promise.all([passes(signsAsWritten(subtle)), passes(agreesAsWritten(subtle))]);
  return {
    x25519: agrees ? webX25519(subtle) : portableX25519,
    signer: async (seed) => (signs ? webSigner(subtle, seed) : portableSigner(seed)),
  };
}

async function signsAsWritten(subtle: Subtle): Promise<boolean> {
  const signer = await webSigner(subtle, fromHex(signing.seed));
  // Some platforms add randomness to signatures: valid, but not the bytes of RFC 8032, and not the same on every provider.
  return equalBytes(await signer.sign(fromHex(signing.message)), fromHex(signing.signature));
}

async function agreesAsWritten(subtle: Subtle): Promise<boolean> {
  const key = await webX25519(subtle).importKey(fromHex(agreement.scalar));
  return equalBytes(key.publicKey, fromHex(agreement.shared));
}

async function passes(test: Promise<boolean>): Promise<boolean> {
  try {
    return await test;
  } catch {
    // The platform lacks the algorithm; noble gives the same answers.
    return false;
  }
}
