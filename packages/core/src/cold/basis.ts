import { concatBytes, fromHex, toHex, type Verifier } from "@selkie/entry";
import type { PartsPolicy } from "../tenant/tenant-context.ts";

/** What documents follow from beside their entries. */
export interface BasisFacts {
  /** Digest of the directory's statements. */
  readonly directory: Uint8Array;
  /** Of the keys that are held, in hex. */
  readonly tags: ReadonlySet<string>;
  readonly parts: PartsPolicy;
}

/** A digest of that, in hex. */
export function basisOf({ sha256 }: Pick<Verifier, "sha256">, { directory, tags, parts }: BasisFacts): string {
  const held = [...tags].sort().map(fromHex);
  return toHex(sha256(directory, new TextEncoder().encode(parts), concatBytes(...held)));
}
