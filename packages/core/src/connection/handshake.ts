import type { CryptoProvider, SigningKey } from "@selkie/crypto";
import { encodeFounding, equalBytes, parseLoginKey, type TenantId, type VerifiedEntry } from "@selkie/entry";
import {
  type Claim,
  encodeSlotKeys,
  type Gatekeeper,
  type SessionOptions,
  slotKeysPayload,
} from "@selkie/sync-protocol";
import { sortAccessLists } from "../directory/access.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DeviceKeys } from "../tenant/tenant-context.ts";

/** What this side proves, and whom it lets in, when a session begins. */
export type Handshake = Pick<SessionOptions, "role" | "origin" | "credentials" | "gatekeeper" | "generation">;

export interface HandshakeContext {
  readonly crypto: CryptoProvider;
  readonly tenant: TenantId;
  readonly keys: DeviceKeys;
  readonly generation: Uint8Array;
  founding(): VerifiedEntry | null;
  view(): DirectoryView;
  /** The ticket that came with the approval, for a relay that does not have the newest access list yet. */
  readonly ticket: Uint8Array | null;
}

/** Logs in to a relay: the login key signs, and the documents by which the relay knows that key come along. */
export function relayHandshake(context: HandshakeContext, origin: string): Handshake {
  const { crypto, tenant, keys, generation } = context;
  const claim = async (): Promise<Claim> => ({
    type: "login",
    tenant,
    key: parseLoginKey(keys.login.publicKey),
    documents: await accessDocuments(context),
  });
  return {
    role: "dialler",
    origin,
    generation,
    gatekeeper: null,
    credentials: { claim, sign: signWith(crypto, keys.login) },
  };
}

/** Meets another device directly: each side proves its device key and looks the other's up in the directory. */
export function peerHandshake(context: HandshakeContext, role: "dialler" | "listener", origin: string): Handshake {
  const { crypto, tenant, keys, generation } = context;
  const claim = async (): Promise<Claim> => ({ type: "device", tenant, key: keys.device.publicKey });
  const gatekeeper: Gatekeeper = {
    admit: async (other) => {
      if (other.type !== "device" || !equalBytes(other.tenant, tenant))
        return { type: "refused", code: "UNKNOWN_DEVICE" };
      const view = context.view();
      // A device that was just admitted knows nobody yet: it takes what it can verify up to the tenant id, and gives nothing.
      if (view.found === null) return { type: "admitted", rights: { pull: false, push: true, purge: false } };
      const known = view.devices().some(({ device }) => equalBytes(device, other.key));
      if (!known) return { type: "refused", code: "UNKNOWN_DEVICE" };
      return { type: "admitted", rights: { pull: true, push: true, purge: false } };
    },
  };
  return {
    role,
    origin: role === "dialler" ? origin : [origin],
    generation,
    gatekeeper,
    credentials: { claim, sign: signWith(crypto, keys.device) },
  };
}

function signWith(crypto: CryptoProvider, key: SigningKey): NonNullable<SessionOptions["credentials"]>["sign"] {
  return async (label, payload) => {
    const [signature] = await crypto.signMany(key, label, [payload]);
    if (signature === undefined) throw new RangeError("one payload, one signature");
    return signature;
  };
}

/** A relay that is behind needs the newest list only; a few more, in case it knows another signer. */
const NEWEST_LISTS = 4;

async function accessDocuments(context: HandshakeContext): Promise<readonly Uint8Array[]> {
  const { crypto, tenant, keys } = context;
  const founding = context.founding();
  const lists = sortAccessLists(context.view().accessLists).slice(-NEWEST_LISTS);
  const { ticket } = context;
  const unsigned = { tenant, slot: keys.slot.publicKey, height: 1, loginKeys: [parseLoginKey(keys.login.publicKey)] };
  const signature = await signWith(crypto, keys.slot)("sign-slot-keys", slotKeysPayload(unsigned));
  return [
    ...(founding?.signature == null ? [] : [encodeFounding(founding)]),
    ...lists,
    ...(ticket === null ? [] : [ticket]),
    encodeSlotKeys({ ...unsigned, signature }),
  ];
}
