// Who is due which versions: a pure function of the directory, never anybody's choice.
import { toHex } from "@selkie/entry";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DueRecipient } from "../directory/key-recipients.ts";
import type { KeyVersion } from "../keys/key-version.ts";

/** Key versions for those who are due the same ones. */
export interface KeyGift {
  readonly to: readonly DueRecipient[];
  readonly versions: readonly KeyVersion[];
}

/** The gifts that bring these versions to everybody who is due them: each recipient once, however many versions it is due. */
export function giftsOf(view: DirectoryView, versions: readonly KeyVersion[]): readonly KeyGift[] {
  const dueByKem = new Map<string, { readonly recipient: DueRecipient; readonly versions: KeyVersion[] }>();
  for (const version of versions) {
    for (const recipient of view.recipients(version.keyId)) {
      const due = dueByKem.get(toHex(recipient.kem)) ?? { recipient, versions: [] };
      dueByKem.set(toHex(recipient.kem), due);
      due.versions.push(version);
    }
  }
  const groups = Map.groupBy(dueByKem.values(), (due) => due.versions.map(({ version }) => toHex(version)).join());
  return [...groups.values()].map((group) => ({
    to: group.map(({ recipient }) => recipient),
    versions: group[0]?.versions ?? [],
  }));
}
