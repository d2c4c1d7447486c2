// Blobs of this device, or of whoever is in reach.

import type { BlobRoom } from "@selkie/core";
import { type BlobHash, toHex } from "@selkie/entry";
import type { ByteRange } from "@selkie/store";
import { AttachmentError } from "../errors.ts";
import { BLOB_SLOTS, SLOT_BYTES } from "./layout.ts";
import type { BlobPieces, BlobSource } from "./read-content.ts";

/** A part from this size on brings the whole blob here. */
const WORTH_KEEPING = (BLOB_SLOTS / 2) * SLOT_BYTES;

export interface RoomBlobsOptions {
  /** Whether a blob of which anything is asked for is fetched whole, and kept. */
  readonly keep: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Reads blobs, from this device where they are here. */
export class RoomBlobSource implements BlobSource {
  readonly #room: Pick<BlobRoom, "blobs" | "fetch">;
  readonly #options: RoomBlobsOptions;
  /** By hex. */
  readonly #fetching = new Map<string, Promise<Uint8Array>>();

  constructor(room: Pick<BlobRoom, "blobs" | "fetch">, options: RoomBlobsOptions) {
    this.#room = room;
    this.#options = options;
  }

  async read(hash: BlobHash, range: ByteRange, whole: boolean): Promise<BlobPieces> {
    const { keep, signal } = this.#options;
    signal?.throwIfAborted();
    const held = await this.#room.blobs.get(hash, range);
    if (held !== undefined) return { pieces: this.#whileHere(hash, held), areOwn: true, isHashed: true };
    if (!keep && !whole && range[1] - range[0] < WORTH_KEEPING)
      return { pieces: once(await this.#ask(hash, range)), areOwn: false, isHashed: false };
    return { pieces: once((await this.fetch(hash)).subarray(...range)), areOwn: false, isHashed: true };
  }

  /** A blob that is swept while it is read ends early. */
  async *#whileHere(hash: BlobHash, pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    try {
      yield* pieces;
    } catch (error) {
      if (await this.#room.blobs.has(hash)) throw error;
    }
  }

  /** The whole blob, which is on this device from now on. @throws AttachmentError ATTACHMENT_UNREACHABLE */
  fetch(hash: BlobHash): Promise<Uint8Array> {
    const name = toHex(hash);
    const fetching = this.#fetching.get(name) ?? this.#fetch(hash).finally(() => this.#fetching.delete(name));
    this.#fetching.set(name, fetching);
    return fetching;
  }

  async #fetch(hash: BlobHash): Promise<Uint8Array> {
    const bytes = await this.#ask(hash, null);
    await this.#room.blobs.put(hash, once(bytes));
    return bytes;
  }

  async #ask(hash: BlobHash, range: ByteRange | null): Promise<Uint8Array> {
    const bytes = await this.#room.fetch(hash, range, this.#options.signal).catch((cause: unknown) => {
      this.#options.signal?.throwIfAborted();
      throw new AttachmentError("ATTACHMENT_UNREACHABLE", "nobody in reach has a part of the attachment", { cause });
    });
    if (bytes === null)
      throw new AttachmentError("ATTACHMENT_UNREACHABLE", "nobody in reach has a part of the attachment");
    return bytes;
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
