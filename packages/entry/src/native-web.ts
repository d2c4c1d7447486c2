// The verifier of browsers and workers. Same door, same verdicts as native-node.ts.
import type { Verifier } from "./verifier.ts";
import { type SubtleVerify, webVerifier } from "./web-verifier.ts";

const platform = globalThis as { readonly crypto?: { readonly subtle?: SubtleVerify<unknown> } };

/** Ed25519 verification by WebCrypto where it keeps the rule of `docs/spec/entry.md` section 3, else in plain JavaScript. */
export const nativeVerifier: Verifier = webVerifier(platform.crypto?.subtle);
