import { type DatabaseId, parseLoginKey } from "@selkie/entry";
import type { Claim, SessionOptions } from "@selkie/sync-protocol";
import type { DeviceKeys } from "../tenant/tenant-context.ts";
import { AccessDocuments, type AccessDocumentsContext } from "./access-documents.ts";
import { PeerGate, type PushBudget } from "./peer-gate.ts";
import { signWith } from "./sign-with.ts";

/** What this side proves, and whom it lets in, when a session begins. */
export type Handshake = Pick<SessionOptions, "role" | "origin" | "credentials" | "generation"> & {
  /** Null for a relay: TLS has told who it is. */
  readonly gatekeeper: PeerGate | null;
  /** What a relay is told about who may connect; null for a peer, which looks it up itself. */
  readonly documents: AccessDocuments | null;
};

export interface HandshakeContext extends AccessDocumentsContext {
  readonly directory: DatabaseId;
  readonly keys: DeviceKeys;
  readonly generation: Uint8Array;
  readonly budget: PushBudget;
}

/** Logs in to a relay: the login key signs, and the documents by which the relay knows that key come along. For one session. */
export function relayHandshake(context: HandshakeContext, origin: string): Handshake {
  const { crypto, tenant, keys, generation } = context;
  const documents = new AccessDocuments(context);
  const claim = async (): Promise<Claim> => ({
    type: "login",
    tenant,
    key: parseLoginKey(keys.login.publicKey),
    documents: await documents.fresh(),
  });
  return {
    role: "dialler",
    origin,
    generation,
    gatekeeper: null,
    documents,
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
    documents: null,
    credentials: { claim, sign: signWith(crypto, keys.device) },
  };
}
