import type { CryptoProvider } from "@selkie/crypto";
import { type BlobHash, compareBytes, type DatabaseId, toHex } from "@selkie/entry";
import type { BlobStore, ByteRange } from "@selkie/store";
import { encodeRetireList, signRetireList } from "@selkie/sync-protocol";
import type { Links } from "../connection/links.ts";
import { signWith } from "../connection/sign-with.ts";
import { OpenDatabase } from "../database/open-database.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { purgeDelay } from "../directory/purges.ts";
import { type DocId, placeOf } from "../document/doc-id.ts";
import { rowKind } from "../local/local-state.ts";
import type { OwnMembership } from "../tenant/own-membership.ts";
import { requireAdmin } from "../tenant/statement-work.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import { BlobKeyRing, type BlobKeys } from "./blob-keys.ts";
import type { BlobRoom } from "./blob-room.ts";
import { Offers } from "./offers.ts";

/** What the blobs of a tenant need of it. */
export interface TenantBlobsContext {
  readonly context: TenantContext;
  readonly directory: DatabaseId;
  view(): DirectoryView;
  /** @throws CoreError CLOSED */
  requireOpen(): void;
  readonly membership: Pick<OwnMembership, "self" | "keyOf">;
  databaseId(name: string): Promise<DatabaseId>;
  links(): Pick<Links, "fetchBlob" | "offered" | "present">;
}

/** The one implementation of `BlobRoom`. */
export class TenantBlobs implements BlobRoom, Disposable {
  readonly crypto: CryptoProvider;
  readonly blobs: BlobStore;
  readonly offers: Offers;
  readonly #at: TenantBlobsContext;
  readonly #keys: BlobKeyRing;

  constructor(at: TenantBlobsContext) {
    const { platform, ring, store, tenant, local } = at.context;
    this.#at = at;
    this.crypto = platform.crypto;
    this.blobs = store.blobs(tenant);
    this.offers = new Offers({ crypto: platform.crypto, store, local, directory: at.directory });
    this.#keys = new BlobKeyRing(platform.crypto, ring);
  }

  async sealingKeys(id: DocId): Promise<BlobKeys> {
    this.#at.requireOpen();
    return await this.#keys.of(this.#at.membership.keyOf(placeOf(id).keyId));
  }

  async openingKeys(id: DocId, version: Uint8Array): Promise<BlobKeys | null> {
    this.#at.requireOpen();
    return await this.#keys.find(placeOf(id).keyId, version);
  }

  async fetch(hash: BlobHash, range: ByteRange | null, signal?: AbortSignal): Promise<Uint8Array | null> {
    this.#at.requireOpen();
    return await this.#at.links().fetchBlob(hash, range, signal);
  }

  async offer(hashes: readonly BlobHash[]): Promise<void> {
    this.#at.requireOpen();
    await this.offers.add(hashes);
    this.#at.links().offered();
  }

  async drop(hashes: readonly BlobHash[]): Promise<void> {
    this.#at.requireOpen();
    await this.offers.remove(hashes);
    for (const hash of hashes) await this.blobs.remove(hash);
  }

  async retire(hashes: readonly BlobHash[]): Promise<readonly string[]> {
    const { context, directory: database, view, links, requireOpen, membership } = this.#at;
    requireOpen();
    requireAdmin({ self: () => membership.self() });
    const { platform, tenant, keys } = context;
    const signer = { publicKey: keys.login.publicKey, sign: signWith(platform.crypto, keys.login) };
    const lists: Uint8Array[] = [];
    const blobs = hashes.toSorted(compareBytes);
    for (let at = 0; at < blobs.length; at += MOST_RETIRED) {
      const said = { tenant, database, wait: purgeDelay(view()), parts: [], blobs: blobs.slice(at, at + MOST_RETIRED) };
      lists.push(encodeRetireList(await signRetireList(said, signer)));
    }
    return lists.length === 0 ? [] : await links().present(lists);
  }

  async isAll(databases: readonly { readonly name: string }[]): Promise<boolean> {
    const { context, directory, databaseId, requireOpen } = this.#at;
    requireOpen();
    // One as it was does not say what is in it now.
    if (!databases.every((each) => each instanceof OpenDatabase)) return false;
    const ids = await Promise.all(databases.map(({ name }) => databaseId(name)));
    const names = new Set([directory, ...ids].map(toHex));
    // What was written last may be in a journal alone.
    const held = [
      ...(await context.store.databases(context.tenant)),
      ...(await context.local.databases(rowKind.journal)),
    ];
    return held.every((id) => names.has(toHex(id)));
  }

  [Symbol.dispose](): void {
    this.#keys[Symbol.dispose]();
  }
}

/** Blobs of one retire list. */
const MOST_RETIRED = 16_384;
