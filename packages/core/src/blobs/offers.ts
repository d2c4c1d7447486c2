// What this device offers every relay of its tenant: the blobs that it made, and those it promised to keep.
import type { CryptoProvider } from "@selkie/crypto";
import { type BlobHash, compareBytes, type DatabaseId, hash, parseBlobHash, toHex } from "@selkie/entry";
import type { Store } from "@selkie/store";
import { CborFields, encodeCbor } from "../cbor.ts";
import { type LocalState, rowKind } from "../local/local-state.ts";
import { Serial } from "../serial.ts";

/** What a relay was brought, when it was asked last: under another generation of its store this means nothing. */
interface Brought {
  /** 8 bytes. */
  readonly generation: Uint8Array;
  /** 32 bytes: of all that was offered then. */
  readonly digest: Uint8Array;
  /** When that was, in ms since the epoch. */
  readonly at: number;
}

export interface OffersContext {
  readonly crypto: CryptoProvider;
  readonly store: Pick<Store, "state" | "commit">;
  readonly local: LocalState;
  /** Whose rows these are among: the tenant's directory. */
  readonly directory: DatabaseId;
}

/** The offers of one tenant, kept sealed between runs. */
export class Offers {
  readonly #at: OffersContext;
  readonly #writing = new Serial();
  /** By hash in hexadecimal; null before they were read. */
  #offered: Map<string, BlobHash> | null = null;
  #removals = 0;

  constructor(at: OffersContext) {
    this.#at = at;
  }

  /** Ascending. */
  async all(): Promise<readonly BlobHash[]> {
    const offered = await this.#writing.run(() => this.#read());
    return [...offered.values()].toSorted(compareBytes);
  }

  /** Durable when it resolves. */
  add(hashes: readonly BlobHash[]): Promise<void> {
    return this.#writing.run(async () => {
      const offered = await this.#read();
      const fresh = hashes.filter((each) => !offered.has(toHex(each)));
      const { local, store } = this.#at;
      const put = await Promise.all(fresh.map((each) => local.seal(this.#key(each), new Uint8Array())));
      if (put.length > 0) await store.commit({ put });
      for (const each of fresh) offered.set(toHex(each), parseBlobHash(each.slice()));
    });
  }

  /** How often something was offered no more: what was found out before is not to be noted after. */
  get removals(): number {
    return this.#removals;
  }

  /** These are offered no more. Relays may drop them, so each is asked about all again, also where the same is offered anew. */
  remove(hashes: readonly BlobHash[]): Promise<void> {
    return this.#writing.run(async () => {
      const offered = await this.#read();
      const gone = hashes.filter((each) => offered.has(toHex(each)));
      if (gone.length === 0) return;
      this.#removals += 1;
      const { local, store, directory } = this.#at;
      const remove = gone.map((each) => this.#key(each));
      for await (const { key } of local.range(rowKind.brought, directory)) remove.push(key);
      await store.commit({ remove });
      for (const each of gone) offered.delete(toHex(each));
    });
  }

  /** Stands for all of these, 32 bytes. */
  digest(hashes: readonly BlobHash[]): Uint8Array {
    return hash(this.#at.crypto, "offered-blobs", ...hashes);
  }

  /** What was noted of a relay, which 16 bytes name. */
  async brought(relay: Uint8Array): Promise<Brought | null> {
    const { local, directory } = this.#at;
    const row = await local.recall(local.key(rowKind.brought, directory, relay));
    if (row === undefined) return null;
    const fields = CborFields.decode(row, "LOCAL_STATE_DAMAGED");
    const brought = { generation: fields.bytes(8), digest: fields.bytes(32), at: fields.number() };
    fields.end();
    return brought;
  }

  /** @param removals as they were when it began: nothing is noted when there were more since */
  noteBrought(relay: Uint8Array, { generation, digest, at }: Brought, removals: number): Promise<void> {
    return this.#writing.run(async () => {
      if (this.#removals !== removals) return;
      const { local, directory, store } = this.#at;
      const row = await local.seal(local.key(rowKind.brought, directory, relay), encodeCbor([generation, digest, at]));
      await store.commit({ put: [row] });
    });
  }

  async #read(): Promise<Map<string, BlobHash>> {
    if (this.#offered !== null) return this.#offered;
    const { local, directory } = this.#at;
    const start = local.key(rowKind.offered, directory).length;
    const offered = new Map<string, BlobHash>();
    // A damaged row says by its key all that it is to say.
    for await (const { key } of local.range(rowKind.offered, directory)) {
      const blob = parseBlobHash(key.slice(start));
      offered.set(toHex(blob), blob);
    }
    this.#offered = offered;
    return offered;
  }

  #key(blob: BlobHash): Uint8Array {
    return this.#at.local.key(rowKind.offered, this.#at.directory, blob);
  }
}
