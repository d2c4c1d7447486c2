// Ed25519 verification by WebCrypto, where it is there and keeps the rule; in plain JavaScript otherwise.
import { BoundedCache } from "./bounded-cache.ts";
import { fromHex, toHex } from "./bytes.ts";
import { isAdmissiblePublicKey, isWellFormedSignature } from "./ed25519-rule.ts";
import { portableSha256, portableVerifier } from "./portable-verifier.ts";
import type { SignatureCheck, Verifier } from "./verifier.ts";

/** What is used of WebCrypto's SubtleCrypto; `K` is its key handle. */
export interface SubtleVerify<K> {
  importKey(format: "raw", key: Uint8Array, algorithm: "Ed25519", extractable: boolean, usages: ["verify"]): Promise<K>;
  verify(algorithm: "Ed25519", key: K, signature: Uint8Array, data: Uint8Array): Promise<boolean>;
}

/** A verifier over this SubtleCrypto; undefined, or one that breaks the rule, is replaced by plain JavaScript at the first use. */
export function webVerifier<K>(subtle: SubtleVerify<K> | undefined): Verifier {
  const keyByHex = new BoundedCache<Promise<K | null>>(4_096);
  let keepsRule: Promise<boolean> | undefined;
  return {
    name: "web",
    // WebCrypto hashes asynchronously only, and entries are hashed one by one.
    sha256: portableSha256,
    async verifyMany(checks) {
      if (subtle === undefined) return portableVerifier.verifyMany(checks);
      keepsRule ??= passesSelfTest(subtle);
      if (!(await keepsRule)) return portableVerifier.verifyMany(checks);
      return Promise.all(checks.map((check) => isValid(subtle, keyByHex, check)));
    },
  };
}

async function isValid<K>(
  subtle: SubtleVerify<K>,
  keyByHex: BoundedCache<Promise<K | null>>,
  { publicKey, message, signature }: SignatureCheck,
): Promise<boolean> {
  if (!isWellFormedSignature(signature)) return false;
  const key = await keyByHex.get(toHex(publicKey), async () =>
    isAdmissiblePublicKey(publicKey) ? subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]) : null,
  );
  return key !== null && subtle.verify("Ed25519", key, signature, message);
}

// One honest signature, and two that only a verifier with another rule accepts: R plus a point of order 8 (a verifier that
// multiplies by the cofactor), and S + L (one that does not reduce). Seed and derivation: docs/spec/vectors/entry/ed25519.json.
const SELF_TEST = {
  publicKey: "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
  message: "73656c6b6965",
  honest:
    "7761ce6069edf960f8bfcfe3d29339dd1577eb17d7550b3add9055a05e495f969fae0293a7fc73dbfe67a839b06fd677b848c121c51b38735e1b1847ca8c200b",
  torsion:
    "69c22b463bdfac74e47584187da02bdc46bb904f7f8c6c252dbe8d8fb48d9af7e4bbfb93e66691881c73174e47dd29483e871fc5d60fd7dabe02cdc6d6d40805",
  unreduced:
    "7761ce6069edf960f8bfcfe3d29339dd1577eb17d7550b3add9055a05e495f968c82f8efc15f8633d504a0dc8e69b58cb848c121c51b38735e1b1847ca8c201b",
} as const;

async function passesSelfTest<K>(subtle: SubtleVerify<K>): Promise<boolean> {
  try {
    const key = await subtle.importKey("raw", fromHex(SELF_TEST.publicKey), "Ed25519", false, ["verify"]);
    const verdict = (signature: string): Promise<boolean> =>
      subtle.verify("Ed25519", key, fromHex(signature), fromHex(SELF_TEST.message));
    const [honest, torsion, unreduced] = await Promise.all([
      verdict(SELF_TEST.honest),
      verdict(SELF_TEST.torsion),
      verdict(SELF_TEST.unreduced),
    ]);
    return honest && !torsion && !unreduced;
  } catch {
    // A platform without Ed25519 rejects here; whatever else goes wrong, plain JavaScript gives the same verdicts.
    return false;
  }
}
