// Who is due which versions: a pure function of the directory, never anybody's choice.
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DueRecipient, PermitRecipient } from "../directory/key-recipients.ts";
import { HISTORIES } from "../directory/keys-codec.ts";
import { hexOf } from "../hex.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";

/** Key versions for those who are due the same ones. */
export interface KeyGift {
  readonly to: readonly PermitRecipient[];
  readonly versions: readonly KeyVersion[];
  /** Whether the versions come with their history secrets. */
  readonly history: HistoryPolicy;
}

/** A version and some who are due it. */
export interface DueVersion {
  readonly version: KeyVersion;
  readonly to: readonly DueRecipient[];
}

/** The gifts that bring these versions to everybody who is due them. */
export function giftsOf(view: DirectoryView, versions: readonly KeyVersion[]): readonly KeyGift[] {
  return groupGifts(versions.map((version) => ({ version, to: view.recipients(version.keyId) })));
}

/** The fewest gifts: each recipient once, however many versions it is due, but for those that come with another share of history. */
export function groupGifts(due: readonly DueVersion[]): readonly KeyGift[] {
  return HISTORIES.flatMap((history) =>
    groupByRecipient(
      due.map(({ version, to }) => ({ version, to: to.filter((recipient) => recipient.history === history) })),
    ).map((gift) => ({ ...gift, history })),
  );
}

function groupByRecipient(due: readonly DueVersion[]): readonly Omit<KeyGift, "history">[] {
  const dueByKem = new Map<string, { readonly recipient: PermitRecipient; readonly versions: KeyVersion[] }>();
  for (const { version, to } of due) {
    for (const recipient of to) {
      const kem = hexOf(recipient.kem);
      const known = dueByKem.get(kem);
      if (known === undefined) dueByKem.set(kem, { recipient, versions: [version] });
      else known.versions.push(version);
    }
  }
  const groups = Map.groupBy(dueByKem.values(), ({ versions }) => versions.map(({ version }) => hexOf(version)).join());
  return [...groups.values()].map((group) => ({
    to: group.map(({ recipient }) => recipient),
    versions: group[0]?.versions ?? [],
  }));
}
