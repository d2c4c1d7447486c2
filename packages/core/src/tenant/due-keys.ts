// Who is due which versions: a pure function of the directory, never anybody's choice.
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DueRecipient } from "../directory/key-recipients.ts";
import { hexOf } from "../hex.ts";
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
      const kem = hexOf(recipient.kem);
      const due = dueByKem.get(kem);
      if (due === undefined) dueByKem.set(kem, { recipient, versions: [version] });
      else due.versions.push(version);
    }
  }
  const groups = Map.groupBy(dueByKem.values(), (due) => due.versions.map(({ version }) => hexOf(version)).join());
  return [...groups.values()].map((group) => ({
    to: group.map(({ recipient }) => recipient),
    versions: group[0]?.versions ?? [],
  }));
}
