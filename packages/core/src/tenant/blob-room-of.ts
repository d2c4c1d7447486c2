import type { BlobRoom } from "../blobs/blob-room.ts";
import { OpenTenant } from "./open-tenant.ts";
import type { Tenant } from "./tenant.ts";

/** The blobs of a tenant, for packages that keep files beside its documents. */
export function blobRoomOf(tenant: Tenant): BlobRoom {
  if (!(tenant instanceof OpenTenant)) throw new TypeError("not a tenant that was opened here");
  return OpenTenant.blobsOf(tenant);
}
