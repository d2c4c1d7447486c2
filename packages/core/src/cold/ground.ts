import { toHex } from "@selkie/entry";
import { parseChange, type Sha256 } from "../automerge/change-chunk.ts";
import { makeFirstChange } from "../automerge/first-change.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { CoreError } from "../errors.ts";
import { headsOf } from "./heads.ts";
import type { Ground, Row } from "./page-codec.ts";
import { decodeProjection } from "./projection.ts";

/** Bytes of the changes that a row holds: a page is read whole, for each of its documents. */
const MOST_BYTES = 8_192;

/** What a document follows from, as it is now, where that is little, and nothing but changes. */
export function groundOf({ changes, marks, carried }: DocumentRecord, sha256: Sha256): Ground | null {
  const [only] = changes;
  if (marks.length > 0 || carried !== null || only === undefined) return null;
  if (changes.length === 1) return { actor: parseChange(only, sha256).actor };
  const bytes = changes.reduce((sum, { length }) => sum + length, 0);
  return bytes > MOST_BYTES ? null : { changes: [...changes] };
}

/** All changes of a document, as far as its row tells: null also where its first change is not as this device would make it. */
export function changesOf(row: Row, sha256: Sha256): readonly Uint8Array[] | null {
  const { ground } = row;
  if (ground === null) return null;
  if ("changes" in ground) return ground.changes;
  try {
    const { bytes, hash } = makeFirstChange(ground.actor, decodeProjection(row.projection), sha256);
    return headsOf(row).join() === toHex(hash) ? [bytes] : null;
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    return null; // others may have written what this device would not
  }
}
