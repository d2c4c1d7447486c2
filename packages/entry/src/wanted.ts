// Entries with only those parts that somebody wants; the others leave holes, and the entry verifies as before (docs/spec/sync.md section 6.4).
import { equalBytes, toHex } from "./bytes.ts";
import type { KeyTag } from "./ids.ts";
import { type Part, partKind, tableIndex } from "./part.ts";
import { RECIPIENT_TAG_BYTES, recipientTag } from "./recipient-tag.ts";
import type { Verifier } from "./verifier.ts";
import { type VerifiedEntry, type VerifiedRun, withHoles } from "./verify.ts";

/** Which parts of entries somebody wants, besides control parts and statements. */
export interface Wanted {
  /** Permits for these recipients, by name (`recipientName`), with the bundles of entries that hold one. */
  readonly recipients: readonly Uint8Array[];
  /** Changes of documents under these key tags. */
  readonly tags: readonly KeyTag[];
  /** Of an entry that says which documents its changes under a place of its table are of, that is wanted in place of these changes. */
  readonly contentsOnly: boolean;
}

/** Leaves out of runs what is not wanted. */
export function wantedParts(
  verifier: Verifier,
  { recipients, tags, contentsOnly }: Wanted,
): (run: VerifiedRun) => VerifiedRun {
  const wantedTags = new Set(tags.map(toHex));
  const unwanted = (entry: VerifiedEntry): ReadonlySet<number> => {
    const permits = new Set(entry.parts.some(isPermit) ? permitsFor(verifier, entry, recipients) : []);
    const told = contentsOnly ? toldPlaces(entry) : NONE;
    const drop = new Set<number>();
    entry.parts.forEach((part, index) => {
      if (part.type === "hole") return;
      if (part.kind === partKind.permit && !(isPermit(part) ? permits.has(index) : permits.size > 0)) drop.add(index);
      const isChange = part.kind === partKind.change;
      if (!isChange && part.kind !== partKind.contents) return;
      if (!wantedTags.has(toHex(entry.table[part.table] ?? NO_TAG)) || (isChange && told.has(part.table)))
        drop.add(index);
    });
    return drop;
  };
  return (run) => withHoles(verifier, run, unwanted);
}

/** The places of the table under which a part says which documents the changes there are of. */
export function toldPlaces({ parts }: VerifiedEntry): ReadonlySet<number> {
  return new Set(parts.flatMap(({ kind, table }) => (kind === partKind.contents ? [table] : [])));
}

/** The indexes of the permits that are for these recipients. */
function permitsFor(verifier: Verifier, { header, parts }: VerifiedEntry, recipients: Wanted["recipients"]): number[] {
  const tags = recipients.map((recipient) => recipientTag(verifier, recipient, header.salt));
  return parts.flatMap((part, index) => {
    if (!isPermit(part) || part.type !== "sealed") return [];
    const tag = part.ciphertext.subarray(0, RECIPIENT_TAG_BYTES);
    return tags.some((other) => equalBytes(other, tag)) ? [index] : [];
  });
}

const isPermit = ({ table }: Part): boolean => table === tableIndex.hpke;
const NO_TAG = new Uint8Array();
const NONE: ReadonlySet<number> = new Set();
