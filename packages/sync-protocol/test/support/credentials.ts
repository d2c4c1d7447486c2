// Who logs in, who proves itself, and who admits them.
import { parseLoginKey, type TenantId } from "@selkie/entry";
import { ALL_RIGHTS, type Claim, type Credentials, type Gatekeeper, pipe, runSession } from "../../src/index.ts";
import { Peer } from "./peers.ts";
import { helloOf, RawPeer } from "./raw-peer.ts";
import { type TestKey, tenant } from "./writer.ts";

/** Logs in with this key. */
export function login(key: TestKey, of: TenantId = tenant): Credentials {
  const claim: Claim = { type: "login", tenant: of, key: parseLoginKey(key.publicKey), documents: [] };
  return { claim: async () => claim, sign: key.sign };
}

/** Proves to hold this device key. */
export function device(key: TestKey, of: TenantId = tenant): Credentials {
  return { claim: async () => ({ type: "device", tenant: of, key: key.publicKey }), sign: key.sign };
}

/** Admits these keys, and remembers who knocked. */
export function gate(...keys: readonly TestKey[]): Gatekeeper & { readonly claims: Claim[] } {
  const claims: Claim[] = [];
  return {
    claims,
    async admit(claim) {
      claims.push(claim);
      const isKnown = keys.some((key) => Buffer.from(key.publicKey).equals(claim.key));
      return isKnown
        ? { type: "admitted", rights: { ...ALL_RIGHTS, purge: false } }
        : { type: "refused", code: "UNKNOWN_KEY" };
    },
  };
}

/** The claim of an honest login to some other listener, and the greeting it came with. */
export async function recordLogin(key: TestKey) {
  const [left, right] = pipe();
  const client = runSession(left, new Peer().options({ credentials: login(key) }));
  const raw = new RawPeer(right);
  const hello = await raw.take("hello");
  await raw.send(helloOf("listener"));
  const claim = await raw.take("claim");
  await client.close();
  return { hello, claim };
}
