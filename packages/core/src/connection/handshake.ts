import type { CryptoProvider, SigningKey } from "@selkie/crypto";
import { type DatabaseId, encodeFounding, parseLoginKey, type TenantId, type VerifiedEntry } from "@selkie/entry";
import { type Claim, encodeSlotLogin, type SessionOptions, slotLoginPayload } from "@selkie/sync-protocol";
import { sortAccessLists } from "../directory/access.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DeviceKeys } from "../tenant/tenant-context.ts";
import { PeerGate, type PushBudget } from "./peer-gate.ts";

/** What this side proves, and whom it lets in, when a session begins. */
export type Handshake = Pick<SessionOptions, "role" | "origin" | "credentials" | "generation"> & {
  /** Null for a relay: TLS has told who it is. */
  readonly gatekeeper: PeerGate | null;
};

export interface HandshakeContext {
  readonly crypto: CryptoProvider;
  readonly tenant: TenantId;
  readonly directory: DatabaseId;
  readonly keys: DeviceKeys;
  readonly generation: Uint8Array;
  founding(): VerifiedEntry | null;
  view(): DirectoryView;
  /** The ticket that came with the approval, for a relay that does not have the newest access list yet. */
  readonly ticket: Uint8Array | null;
  readonly budget: PushBudget;
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

/** Meets another device directly: each side proves its device key and looks the other's up in the directory. For one session. */
export function peerHandshake(context: HandshakeContext, role: "dialler" | "listener", origin: string): Handshake {
  const { crypto, tenant, keys, generation } = context;
  const claim = async (): Promise<Claim> => ({ type: "device", tenant, key: keys.device.publicKey });
  return {
    role,
    origin: role === "dialler" ? origin : [origin],
    generation,
    gatekeeper: new PeerGate(context),
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
  const slot = keys.slot.publicKey;
  const unsigned = { tenant, slot, signer: slot, loginKey: parseLoginKey(keys.login.publicKey) };
  const signature = await signWith(crypto, keys.slot)("sign-slot-login", slotLoginPayload(unsigned));
  return [
    ...(founding?.signature == null ? [] : [encodeFounding(founding)]),
    ...lists,
    ...(ticket === null ? [] : [ticket]),
    encodeSlotLogin({ ...unsigned, signature }),
  ];
}
