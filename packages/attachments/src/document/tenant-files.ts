// What attachments of one tenant have in common on this device.
import { type BlobRoom, blobRoomOf, type DocId, type Tenant } from "@selkie/core";
import { KnownChunks } from "../content/known-chunks.ts";
import type { Manifest } from "../content/manifest.ts";
import { ContentReader } from "../content/read-content.ts";
import { RoomBlobSource, type RoomBlobsOptions } from "../content/room-blobs.ts";
import { AttachmentError } from "../errors.ts";
import { SpaceGate } from "../space/space-gate.ts";

export class TenantFiles {
  static readonly #byTenant = new WeakMap<Tenant, TenantFiles>();

  readonly room: BlobRoom;
  readonly known: KnownChunks = new KnownChunks();
  readonly gate: SpaceGate = new SpaceGate();

  private constructor(room: BlobRoom) {
    this.room = room;
  }

  static of(tenant: Tenant): TenantFiles {
    const files = TenantFiles.#byTenant.get(tenant) ?? new TenantFiles(blobRoomOf(tenant));
    TenantFiles.#byTenant.set(tenant, files);
    return files;
  }

  /** @throws AttachmentError ATTACHMENT_LOCKED */
  async reader(id: DocId, manifest: Manifest, options: RoomBlobsOptions): Promise<ContentReader> {
    const keys = await this.room.openingKeys(id, manifest.version);
    if (keys === null)
      throw new AttachmentError(
        "ATTACHMENT_LOCKED",
        "sealed under a version of a key that this device does not hold, or not the document's",
      );
    return new ContentReader({ crypto: this.room.crypto, keys }, manifest, new RoomBlobSource(this.room, options));
  }
}
