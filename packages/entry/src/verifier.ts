// What this package needs of a platform: SHA-256 and Ed25519 verification under one rule.
import { type HashLabel, labelPrefix } from "./labels.ts";

/** One Ed25519 signature to check: a 32-byte key, the labelled message, a 64-byte signature. */
export interface SignatureCheck {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * SHA-256 and Ed25519 verification. Every implementation gives the same verdict on every input; `docs/spec/entry.md` section 3
 * states the rule and `docs/spec/vectors/entry/ed25519.json` shows it.
 */
export interface Verifier {
  readonly name: string;
  /**
   * SHA-256 (FIPS 180-4) of the chunks, joined; 32 bytes. A function of its own, to be handed on as it is: code that is given one function
   * after the other is compiled again for each.
   */
  readonly sha256: (...chunks: readonly Uint8Array[]) => Uint8Array;
  /** One verdict per check, in order. False, never a rejection, for whatever a peer may have sent. */
  verifyMany(checks: readonly SignatureCheck[]): Promise<readonly boolean[]>;
}

/** H(label, parts): SHA-256 of the labelled parts, 32 bytes. */
export function hash(verifier: Verifier, label: HashLabel, ...parts: readonly Uint8Array[]): Uint8Array {
  return verifier.sha256(labelPrefix(label), ...parts);
}
