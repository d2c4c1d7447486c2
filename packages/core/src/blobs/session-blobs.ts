import { type BlobHash, concatBytes } from "@selkie/entry";
import type { BlobStore, ByteRange } from "@selkie/store";
import type { Scheduler, Session, SessionOptions } from "@selkie/sync-protocol";
import type { BlobDoor } from "./blob-door.ts";
import { httpDoor } from "./http-door.ts";

export interface SessionBlobsContext {
  readonly session: Pick<Session, "fetchBlob" | "ticket">;
  readonly scheduler: Scheduler;
  /** Where the paths of the other side's HTTP door begin; null where it was not dialled by a URL. */
  readonly url: string | null;
}

/** The blobs of the other side of a session: at a relay's HTTP door where it has one, else over the session itself. */
export class SessionBlobs {
  readonly #at: SessionBlobsContext;
  #door: Promise<BlobDoor | null> | null = null;

  constructor(at: SessionBlobsContext) {
    this.#at = at;
  }

  /** Null where the other side takes no blobs. */
  door(): Promise<BlobDoor | null> {
    this.#door ??= this.#open();
    return this.#door;
  }

  /** As of {@link BlobDoor}. */
  async get(hash: BlobHash, range: ByteRange, signal: AbortSignal | undefined): Promise<Uint8Array | null> {
    const door = await this.door();
    return door === null ? await this.#ask(hash, range, signal) : await door.get(hash, range, signal);
  }

  async #open(): Promise<BlobDoor | null> {
    const { session, scheduler, url } = this.#at;
    if (url === null) return null;
    const ticket = await session.ticket();
    return ticket === null ? null : httpDoor({ url, scheduler, ticket });
  }

  async #ask(hash: BlobHash, [from, to]: ByteRange, signal: AbortSignal | undefined): Promise<Uint8Array | null> {
    const pieces: Uint8Array[] = [];
    for (let at = from; at < to; ) {
      signal?.throwIfAborted();
      const answer = await this.#at.session.fetchBlob(hash, [at, to], signal === undefined ? {} : { signal });
      if (answer === null) return null;
      pieces.push(answer.bytes);
      at += answer.bytes.length;
      if (answer.bytes.length === 0 || at >= answer.size) break;
    }
    return concatBytes(...pieces);
  }
}

/** What the other side of a session may ask this device for. */
export function givenBlobs(blobs: BlobStore): NonNullable<SessionOptions["blobs"]> {
  return {
    read: async (_tenant, hash, range) => {
      const size = await blobs.sizeOf(hash);
      const bytes = await readBlob(blobs, hash, range);
      return size === undefined || bytes === null ? null : { size, bytes };
    },
  };
}

/** The bytes of a blob, or of a range of it; null when it is not here. */
export async function readBlob(blobs: BlobStore, hash: BlobHash, range?: ByteRange): Promise<Uint8Array | null> {
  const chunks = await blobs.get(hash, range);
  if (chunks === undefined) return null;
  const read: Uint8Array[] = [];
  for await (const chunk of chunks) read.push(chunk);
  return concatBytes(...read);
}
