import { type DocId, placeOf } from "../document/doc-id.ts";
import { type DocumentState, writersOf } from "../document/document-state.ts";
import { hexOf } from "../hex.ts";
import type { Ingest } from "../replica/ingest.ts";
import type { ChainEnds } from "./chain-ends.ts";
import type { KeyRights } from "./key-rights.ts";
import type { LostChain } from "./lost-changes.ts";

export interface LostChainsContext {
  readonly ingest: Pick<Ingest, "writers" | "admissionOf">;
  readonly ends: Pick<ChainEnds, "now">;
  readonly rights: Pick<KeyRights, "now">;
  /** This device's name, in hex. */
  readonly device: string;
}

/**
 * The chains that may hold something of these documents that does not count.
 * INVARIANT: whether a chain is read does not depend on what is listed of it: nobody makes so much that counts for nothing that other work
 * of its own is not found. Test: reissue-room.test.ts "... in quarantine ...".
 */
export function lostChains(
  { ingest, ends, rights, device }: LostChainsContext,
  state: DocumentState,
  names: ReadonlySet<DocId>,
): readonly LostChain[] {
  const keys = [...names].map((name) => placeOf(name).keyId);
  const writers = ingest.writers();
  const touching = writersOf(state, names, writers);
  const admitted = writers.flatMap((writer): readonly LostChain[] => {
    const admission = ingest.admissionOf(writer);
    if (admission === null) return [];
    const end = ends.now(writer, admission);
    const isWhole = end === Number.POSITIVE_INFINITY && keys.every((keyId) => rights.now(admission, keyId));
    if (isWhole && !touching.has(writer)) return [];
    return [{ writer, isOwn: hexOf(admission.device) === device }];
  });
  // Who was refused from the beginning has nothing that anybody builds on; of those that were not, the first are listed.
  const refused = state.quarantine.writers().filter((writer) => ingest.admissionOf(writer) === null);
  return [...admitted, ...refused.map((writer) => ({ writer, isOwn: false }))];
}
