// What parts say, as whoever seals them by hand writes it: no time, no metadata.

import type { Plaintext } from "@selkie/crypto";
import { encodeCarriedHistory, type Strand } from "../../src/document/carried-history.ts";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import { type ChangePart, encodeChangePart } from "../../src/sealing/change-part.ts";
import type { PartDraft } from "../../src/sealing/seal-entry.ts";

type Said = Pick<ChangePart, "kind" | "document" | "payload"> & Partial<ChangePart>;

export function said(part: Said): Plaintext {
  return encodeChangePart({ codec: 0, branch: null, time: 0, metadata: null, ...part });
}

export function saidUnder(key: KeyVersion, part: Said): PartDraft {
  return { kind: "change", key, plaintext: said(part) };
}

/** The creator's document of this number goes on from the one before, with what these writers did there. */
export function carriedUnder(
  key: KeyVersion,
  counter: number,
  history: { readonly before: Uint8Array; readonly strands: readonly Strand[] },
): PartDraft {
  const document = { type: "counter", counter } as const;
  return saidUnder(key, { kind: "carry", document, payload: encodeCarriedHistory(history) });
}
