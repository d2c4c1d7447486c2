import { type BlobHash, concatBytes } from "@selkie/entry";
import type { ByteRange } from "@selkie/store";
import type { Scheduler, Session, SessionReady } from "@selkie/sync-protocol";
import type { BlobDoor } from "./blob-door.ts";
import { httpDoor } from "./http-door.ts";
import type { UploadSession, Uploads } from "./uploads.ts";

export interface SessionBlobsContext {
  readonly session: Pick<Session, "fetchBlob" | "ticket" | "on">;
  /** What the other side says of itself. */
  readonly ready: SessionReady;
  readonly scheduler: Scheduler;
  /** Where the paths of the other side's HTTP door begin; null where it was not dialled by a URL. */
  readonly url: string | null;
  /** Null for a peer, which is brought nothing. */
  readonly uploads: Uploads | null;
}

/** The blobs of the other side of a session: at a relay's HTTP door where it has one, else over the session itself. */
export class SessionBlobs {
  readonly #at: SessionBlobsContext;
  readonly #uploading: UploadSession;
  #door: Promise<BlobDoor | null> | null = null;
  #mayPush: boolean;
  #isUsed = false;

  constructor(at: SessionBlobsContext) {
    const { session, ready } = at;
    this.#at = at;
    this.#mayPush = ready.rights.push;
    this.#uploading = { generation: ready.generation, door: () => this.door() };
    session.on("rights", ({ rights }) => {
      this.#mayPush = rights.push;
      if (this.#isUsed) this.#upload();
    });
  }

  /** The session is used from now on: a relay is brought what it lacks, while this side may push. */
  begin(): void {
    this.#isUsed = true;
    this.#upload();
  }

  end(): void {
    this.#isUsed = false;
    this.#at.uploads?.end();
  }

  #upload(): void {
    if (this.#mayPush) this.#at.uploads?.begin(this.#uploading);
    else this.#at.uploads?.end();
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
