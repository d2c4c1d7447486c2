// What a relay is told to drop: it cannot read what the directory says of purges.
import type { CryptoProvider, SigningKey } from "@selkie/crypto";
import type { TenantId } from "@selkie/entry";
import { encodeRetireList, signRetireList } from "@selkie/sync-protocol";
import type { Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { isConfirmed, purgeDelay } from "../directory/purges.ts";
import { hexOf } from "../hex.ts";
import { liveAdmissionOf } from "../tenant/own-admissions.ts";
import { signWith } from "./sign-with.ts";

interface RetireListsContext {
  readonly crypto: CryptoProvider;
  readonly tenant: TenantId;
  readonly keys: { readonly login: SigningKey };
  view(): DirectoryView;
  joined(): Member | null;
}

/**
 * The retire lists for what this device's person has purged, and for what the root has where that person is an admin: the root is nowhere
 * online. By the id of the purge, in hex.
 */
export async function retireLists(
  { crypto, tenant, keys, view, joined }: RetireListsContext,
  told: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const member = joined();
  const lists = new Map<string, Uint8Array>();
  if (member === null) return lists;
  const person = hexOf(view().personOf(member));
  const isAdmin = liveAdmissionOf(view(), member)?.role === "admin";
  const signer = { publicKey: keys.login.publicKey, sign: signWith(crypto, keys.login) };
  for (const purges of view().purges.values())
    for (const purge of purges) {
      const isOwn = purge.person === person || (purge.person === null && isAdmin);
      if (!isOwn || purge.parts.length === 0 || told.has(purge.id)) continue;
      const wait = purge.person === null || isConfirmed(purge, purges) ? 0 : purgeDelay(view());
      const parts = purge.parts.map(({ entry, part }) => ({ id: entry, index: part }));
      const list = await signRetireList({ tenant, database: purge.database, wait, parts, blobs: [] }, signer);
      lists.set(purge.id, encodeRetireList(list));
    }
  return lists;
}
