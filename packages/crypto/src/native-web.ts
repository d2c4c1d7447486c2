// The `./native` door of browsers, workers and every other platform: WebCrypto where it is there, noble otherwise.
import { CryptoError } from "./errors.ts";
import { portableCrypto } from "./portable/portable.ts";
import type { CryptoProvider } from "./provider.ts";
import type { Subtle } from "./web/subtle.ts";
import { webCrypto } from "./web/web-crypto.ts";

interface PlatformCrypto {
  /** Missing on pages that were not served securely. */
  readonly subtle?: Subtle;
  getRandomValues(bytes: Uint8Array): void;
}

const platform = globalThis as { readonly crypto?: PlatformCrypto };

// getRandomValues refuses more than 65,536 bytes at once.
const randomChunkBytes = 65_536;

function randomBytes(length: number): Uint8Array {
  const source = platform.crypto;
  if (source === undefined) throw new CryptoError("RANDOM_SOURCE", "this platform has no crypto.getRandomValues");
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += randomChunkBytes)
    source.getRandomValues(bytes.subarray(at, at + randomChunkBytes));
  return bytes;
}

/** Suite 1 with the platform's own cryptography. */
export const nativeCrypto: CryptoProvider =
  platform.crypto?.subtle === undefined
    ? portableCrypto({ random: randomBytes })
    : webCrypto(platform.crypto.subtle, randomBytes);
