// Which parts of the stored entries are whose: asked for a purge, which is rare, so nothing is kept for it.
import type { CryptoProvider } from "@selkie/crypto";
import type { VerifiedEntry } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { PartName } from "../directory/statement.ts";
import type { DocId } from "../document/doc-id.ts";
import { nameIn } from "../document/part-contents.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { openEntries } from "../sealing/open-entry.ts";

export interface PartFinder {
  readonly crypto: CryptoProvider;
  readonly ring: KeyRing;
  readonly entries: Pick<EntryStore, "scan">;
}

/** The parts of one document that are held and that this device can open, of whoever wrote them and whether they count or not. */
export async function partsOf({ crypto, ring, entries }: PartFinder, document: DocId): Promise<readonly PartName[]> {
  const found: PartName[] = [];
  for await (const run of entries.scan())
    for (const { entry, part, name } of await documentsIn({ crypto, ring }, run.entries))
      if (name === document) found.push({ entry: entry.id, part });
  return found;
}

interface NamedPart {
  readonly entry: VerifiedEntry;
  readonly part: number;
  readonly name: DocId;
}

/** The documents of the parts that can be opened. */
export async function documentsIn(
  { crypto, ring }: Pick<PartFinder, "crypto" | "ring">,
  entries: readonly VerifiedEntry[],
): Promise<readonly NamedPart[]> {
  const opened = await openEntries(crypto, ring, entries, ["change"]);
  return entries.flatMap((entry, at) =>
    (opened[at] ?? []).flatMap((part) => {
      const name = nameIn(crypto, { entry }, part);
      return name === null ? [] : [{ entry, part: part.index, name }];
    }),
  );
}
