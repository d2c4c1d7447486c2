import { parseDatabaseId, parseTenantId, toHex } from "@selkie/entry";
import type { Store } from "@selkie/store";
import { CborFields, encodeCbor } from "../cbor.ts";
import type { InvitationContent } from "../directory/invitation.ts";
import { isFromInviter, type JoinResponse } from "../directory/join-response.ts";
import { CoreError } from "../errors.ts";
import { LocalState, rowKind } from "../local/local-state.ts";
import type { Platform } from "../platform.ts";
import type { KeyBagFile } from "./tenant-context.ts";

/** The part of a device that asks and is answered. */
interface Asker {
  readonly platform: Platform;
  readonly store: Store;
  readonly bag: KeyBagFile;
}

/** These rows belong to no tenant: whoever answers may name any. */
const NOBODYS = new Uint8Array(32);
const database = parseDatabaseId(NOBODYS);

async function localOf({ platform, store, bag }: Asker): Promise<LocalState> {
  return new LocalState(platform.crypto, store.state, await bag.keyBag.localKey("local-state"), parseTenantId(NOBODYS));
}

/** Remembers, durably, by which invitation a request was made. `request` is its 16-byte id. */
export async function rememberInvited(
  host: Asker,
  request: Uint8Array,
  { tenant, secret }: InvitationContent,
): Promise<void> {
  const local = await localOf(host);
  const row = await local.seal(local.key(rowKind.invited, database, request), encodeCbor([tenant, secret]));
  await host.store.state.put(row.key, row.value);
}

/**
 * Refuses what is not from who made the invitation. A request without one is answered by anybody.
 * SECURITY: A8, A2. Looked up by the request alone, so that a forged answer can't choose not to be checked (invitation.test.ts).
 * @throws CoreError JOIN_NOT_FROM_INVITER | LOCAL_STATE_DAMAGED
 */
export async function requireInviter(host: Asker, response: JoinResponse): Promise<void> {
  const local = await localOf(host);
  const wanted = toHex(local.key(rowKind.invited, database, response.request));
  for await (const { key, value } of local.range(rowKind.invited, database)) {
    if (toHex(key) !== wanted) continue;
    if (value === null) throw new CoreError("LOCAL_STATE_DAMAGED", "the invitation of this request is damaged");
    const fields = CborFields.decode(value, "LOCAL_STATE_DAMAGED");
    const [tenant, secret] = [fields.bytes(32), fields.bytes(32)];
    fields.end();
    const genuine = await isFromInviter(host.platform.crypto, response, secret);
    if (!genuine || toHex(tenant) !== toHex(response.tenant))
      throw new CoreError("JOIN_NOT_FROM_INVITER", "the response is not from who made the invitation");
  }
}
