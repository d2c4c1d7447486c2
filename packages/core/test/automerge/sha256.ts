import { nativeVerifier } from "@selkie/entry/native";

export function sha256(...chunks: readonly Uint8Array[]): Uint8Array {
  return nativeVerifier.sha256(...chunks);
}
