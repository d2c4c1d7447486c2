import type { CryptoProvider } from "@selkie/crypto";
import type { VerifiedEntry } from "@selkie/entry";
import type { Admission } from "../directory/admission.ts";
import { CoreError } from "../errors.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { type ControlPart, decodeControlPart, type WriterHead } from "../sealing/control-part.ts";
import { type OpenedPart, openEntries } from "../sealing/open-entry.ts";
import type { DirectoryClaim } from "../tenant/directory-claims.ts";

/** Hears what the authors of entries say that they have seen. */
export interface Listener {
  readonly crypto: CryptoProvider;
  readonly ring: KeyRing;
  /** An entry that counts says that its author has seen these. */
  heard(heads: readonly WriterHead[], author: Admission): Promise<void>;
  /** An entry that counts names the directory heads that its author knew. */
  heardOfDirectory(claim: DirectoryClaim): Promise<void>;
}

/** An entry that counts, and whose it is. */
export interface Admitted {
  readonly entry: VerifiedEntry;
  readonly admission: Admission;
}

/** What the control parts of entries say. */
export async function hearEntries(
  { crypto, ring, heard, heardOfDirectory }: Listener,
  admitted: readonly Admitted[],
): Promise<void> {
  const said = admitted.filter(({ entry }) => entry.header.control);
  const entries = said.map(({ entry }) => entry);
  const opened = await openEntries(crypto, ring, entries, ["control"]);
  for (const [at, { entry, admission }] of said.entries()) {
    const [part] = opened[at] ?? [];
    if (part?.type === "no-key") await heardOfDirectory({ entry, admission, heads: [], tag: part.tag });
    const control = controlIn(part);
    if (control === null) continue;
    if (control.vector !== null) await heard(control.vector, admission);
    if (control.frontier !== null) await heardOfDirectory({ entry, admission, heads: control.frontier, tag: null });
  }
}

/** Null for none, and for what can't be read. */
function controlIn(control: OpenedPart | undefined): ControlPart | null {
  if (control?.type !== "opened" || control.kind !== "control") return null;
  try {
    return decodeControlPart(control.plaintext);
  } catch (error) {
    if (error instanceof CoreError) return null;
    throw error;
  }
}
