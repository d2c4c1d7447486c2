// How changes lie in a part.

import { bundleFloor } from "../sealing/padme.ts";
import { bundleChanges, unbundleChanges } from "./bundle.ts";
import { type ChangeChunk, parseChange } from "./change-chunk.ts";
import { ChangeError } from "./change-error.ts";
import { packChanges, unpackChanges } from "./packed-changes.ts";
import type { Rebuilding } from "./part-work.ts";

/** The codec byte of a part of changes. */
export const changeCodec = { raw: 0, packed: 1, bundle: 2 } as const;

/** A bundle's part is padded to 256 bytes: what is shorter, with about 40 bytes around it, travels in fewer bytes packed, and is read faster. */
const bundleWorth = bundleFloor - 40;

/** A codec byte and what follows it, without padding. */
export interface EncodedChanges {
  readonly codec: (typeof changeCodec)[keyof typeof changeCodec];
  readonly payload: Uint8Array;
}

/** Encodes changes that passed the gate, all by one actor of one document, in their order, as shortly as possible. */
export function encodeChanges(changes: readonly ChangeChunk[]): EncodedChanges {
  const packed = packChanges(changes);
  if (packed.length <= bundleWorth) return { codec: changeCodec.packed, payload: packed };
  const bundle = bundleChanges(changes);
  if (bundle === null || bundle.length >= packed.length) return { codec: changeCodec.packed, payload: packed };
  return { codec: changeCodec.bundle, payload: bundle };
}

/**
 * The changes of a part; the gate still has to judge each. The codec byte is a peer's, and may be every number.
 *
 * @throws ChangeError
 */
export function decodeChanges(
  encoded: { readonly codec: number; readonly payload: Uint8Array },
  at: Rebuilding,
): readonly ChangeChunk[] {
  const { codec, payload } = encoded;
  if (codec === changeCodec.raw) return [readRaw(payload, at)];
  if (codec === changeCodec.packed) return unpackChanges(payload, at);
  if (codec === changeCodec.bundle) return unbundleChanges(payload, at);
  throw new ChangeError("CHANGE_MALFORMED", "the codec is unknown");
}

function readRaw(payload: Uint8Array, { budget, sha256 }: Rebuilding): ChangeChunk {
  const change = parseChange(payload, sha256);
  budget.spendChange(change);
  budget.spendBytes(payload);
  return change;
}
