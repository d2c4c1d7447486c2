import type { CryptoProvider, SigningKey } from "@selkie/crypto";
import type { SlotSigner } from "@selkie/sync-protocol";
import { CoreError } from "../errors.ts";

/** Signs as sessions and access documents ask for it. */
export function signWith(crypto: CryptoProvider, key: SigningKey): SlotSigner["sign"] {
  return async (label, payload) => {
    const [signature] = await crypto.signMany(key, label, [payload]);
    if (signature === undefined) throw new CoreError("KEY_UNKNOWN", "no signature was made");
    return signature;
  };
}
