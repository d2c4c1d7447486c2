import { type Cursor, type Database, type DocId, scanDocuments } from "@selkie/core";
import { type BlobHash, toHex } from "@selkie/entry";
import { RoomBlobSource } from "../content/room-blobs.ts";
import { attachedTo } from "../document/attached.ts";
import { TenantFiles } from "../document/tenant-files.ts";
import { chunksOfAttachment, isOneOf, isUnreadable } from "./referred.ts";

export interface PinOptions {
  /** Ends the first fetching, with its reason. */
  readonly signal?: AbortSignal;
  /** Gets the bytes that were fetched so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** Attachments that are kept on this device; disposing of it is `unpin`. */
export interface PinnedAttachments extends AsyncDisposable {
  /** Documents with attachments that nobody in reach has whole; they are tried again when something of the database changes, and by `retry`. */
  lacking(): readonly DocId[];
  /** Tries these again, after a connection came up for example. */
  retry(): Promise<void>;
  /** What is attached from now on is fetched when it is read. What is here stays. */
  unpin(): Promise<void>;
}

/**
 * Fetches all that the documents of a database have attached, and what will be attached, until it is unpinned or the database is closed, so that
 * it can be read offline. Resolves once what is in reach is here.
 * @throws StoreError STORE_FULL; CoreError CLOSED; the signal's reason
 */
export async function pinAttachments<T extends object, In>(
  database: Database<T, In>,
  { signal, onProgress }: PinOptions = {},
): Promise<PinnedAttachments> {
  const pin = new Pin(TenantFiles.of(database.tenant), onProgress);
  let cursor: Cursor | null = null;
  for await (const document of scanDocuments(database, signal === undefined ? {} : { signal })) {
    await pin.fetch(document.id, document.getData(), signal);
    ({ cursor } = document);
  }
  const ending = new AbortController();
  const following = follow(pin, database, cursor, ending.signal);
  const retry = async (): Promise<void> => {
    for (const id of pin.lacking) await pin.fetch(id, (await database.getDocument(id)).getData());
  };
  const unpin = async (): Promise<void> => {
    ending.abort();
    await following;
  };
  return { lacking: () => [...pin.lacking], retry, unpin, [Symbol.asyncDispose]: unpin };
}

async function follow<T extends object, In>(
  pin: Pin,
  database: Database<T, In>,
  cursor: Cursor | null,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const { doc } of database.iterateChangesSince(cursor, { live: true, signal })) {
      await pin.fetch(doc.id, doc.getData(), signal);
      for (const id of pin.lacking)
        if (id !== doc.id) await pin.fetch(id, (await database.getDocument(id)).getData(), signal);
    }
  } catch {
    // Unpinned, or the database is closed, or there is no room: what is not here yet is fetched when it is read, which says why it cannot be.
  }
}

class Pin {
  readonly lacking = new Set<DocId>();
  readonly #files: TenantFiles;
  readonly #onProgress: ((bytes: number) => void) | undefined;
  #fetched = 0;

  constructor(files: TenantFiles, onProgress: ((bytes: number) => void) | undefined) {
    this.#files = files;
    this.#onProgress = onProgress;
  }

  async fetch(id: DocId, data: object, signal?: AbortSignal): Promise<void> {
    this.lacking.delete(id);
    const source = new RoomBlobSource(this.#files.room, { keep: true, signal });
    const seen = new Set<string>();
    const held: BlobHash[] = [];
    for (const attachment of attachedTo(data)) {
      try {
        for await (const { row } of chunksOfAttachment(this.#files, id, attachment, { signal })) {
          const name = toHex(row.blob);
          if (seen.has(name)) continue;
          seen.add(name);
          if (!(await this.#files.room.blobs.has(row.blob))) {
            this.#fetched += (await source.fetch(row.blob)).length;
            this.#onProgress?.(this.#fetched);
          }
          held.push(row.blob);
        }
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        if (isOneOf(error, "ATTACHMENT_UNREACHABLE")) this.lacking.add(id);
      }
    }
    // A relay that lost one of them gets it from here.
    if (held.length > 0) await this.#files.room.offer(held);
  }
}
