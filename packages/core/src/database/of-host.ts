// What a database of either kind makes of the tenant that it stands in.
import { toHex } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { Admission } from "../directory/admission.ts";
import { CoreError } from "../errors.ts";
import { VectorClaims, type VectorClaimsContext } from "../replica/vector-claims.ts";
import type { DatabaseHost } from "./database-host.ts";

/** What authors say that they have seen, held against what is here. */
export function claimsOf(
  host: Pick<DatabaseHost, "context" | "online" | "catchUp" | "alarm">,
  entries: EntryStore,
  chains: Pick<VectorClaimsContext, "isBeyond">,
): VectorClaims {
  return new VectorClaims({
    platform: host.context.platform,
    entries,
    isBeyond: (writer, seq) => chains.isBeyond(writer, seq),
    online: host.online,
    catchUp: host.catchUp,
    alarm: (code, at) => host.alarm({ code, database: toHex(entries.database), ...at, writer: toHex(at.writer) }),
  });
}

/** Whether a key is due to this device's user, as the directory says now; null for a device that is out. */
export function entitlementOf({
  view,
  self,
}: Pick<DatabaseHost, "view" | "self">): (keyId: Uint8Array) => boolean | null {
  return (keyId) => {
    const own = stillSelf(self);
    return own && view().isEntitled(view().admission(own.id) ?? own, keyId);
  };
}

/** Whether this device is out. */
export const isOut = ({ self }: Pick<DatabaseHost, "self">): boolean => stillSelf(self) === null;

/** Null for a device that is out. */
function stillSelf(self: DatabaseHost["self"]): Admission | null {
  try {
    return self();
  } catch (error) {
    if (error instanceof CoreError && error.code === "DEVICE_REVOKED") return null;
    throw error;
  }
}
