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

/**
 * The fewest gifts: each recipient once, however many versions it is due, but for those that come with another share of history.
 * @param due each version once
 */
export function groupGifts(due: readonly DueVersion[]): readonly KeyGift[] {
  return HISTORIES.flatMap((history) => groupByRecipient(due, history));
}

function groupByRecipient(due: readonly DueVersion[], history: HistoryPolicy): readonly KeyGift[] {
  // Keys that are due to the same people have one list of them.
  const lists = [...new Set(due.map(({ to }) => to))];
  const dueByKem = new Map<string, { readonly recipient: PermitRecipient; readonly lists: number[] }>();
  for (const [at, list] of lists.entries()) {
    for (const recipient of list) {
      if (recipient.history !== history) continue;
      const kem = hexOf(recipient.kem);
      const known = dueByKem.get(kem);
      if (known === undefined) dueByKem.set(kem, { recipient, lists: [at] });
      else known.lists.push(at);
    }
  }
  const groups = Map.groupBy(dueByKem.values(), (one) => one.lists.join());
  return [...groups.values()].map((group) => {
    const given = new Set(group[0]?.lists.map((at) => lists[at]));
    return {
      to: group.map(({ recipient }) => recipient),
      versions: due.filter(({ to }) => given.has(to)).map(({ version }) => version),
      history,
    };
  });
}
