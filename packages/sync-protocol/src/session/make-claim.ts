// Our own claim, as the handshake wants it.
import { equalBytes } from "@selkie/entry";
import type { Effect } from "../machine/effect.ts";
import type { ClaimMessage } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import { proofLabel, proofPayload } from "./proof.ts";
import type { Claim, Credentials, SessionOptions } from "./session.ts";

type Wanted = Extract<Effect, { type: "makeClaim" }>;

/**
 * The claim to send: signed with our credentials, or one that proves nothing.
 *
 * @throws SyncError `CREDENTIALS_FAILED` | `TENANT_MISMATCH` | `BAD_OPTIONS`
 */
export async function makeClaim(options: SessionOptions, wanted: Wanted): Promise<ClaimMessage> {
  const origin = wanted.subject?.origin ?? dialledOrigin(options);
  if (options.credentials === null) {
    const tenant = wanted.subject?.tenant ?? options.tenant;
    if (tenant === undefined) throw new SyncError("BAD_OPTIONS", "a dialler without credentials names its tenant");
    return { type: "claim", kind: "none", tenant, key: null, origin, documents: [], signature: null };
  }
  const claim = await claimOf(options.credentials);
  const { tenant, key } = claim;
  if (wanted.subject !== null && !equalBytes(wanted.subject.tenant, tenant)) {
    throw new SyncError("TENANT_MISMATCH", "the peer means a tenant this side has no device in");
  }
  const kind = claim.type;
  const { role, greetings } = wanted;
  const payload = proofPayload({ kind, role, greetings, tenant, key, origin });
  const signature = await failing(() => options.credentials?.sign(proofLabel(kind), payload));
  const documents = claim.type === "login" ? claim.documents : [];
  return { type: "claim", kind, tenant, key, origin, documents, signature };
}

/** The origin a dialler dialled. @throws SyncError `BAD_OPTIONS` */
export function dialledOrigin(options: Pick<SessionOptions, "origin">): string {
  if (typeof options.origin !== "string") throw new SyncError("BAD_OPTIONS", "a dialler dialled one origin");
  return options.origin;
}

function claimOf(credentials: Credentials): Promise<Claim> {
  return failing(() => credentials.claim());
}

async function failing<T>(ask: () => Promise<T> | undefined): Promise<T> {
  try {
    const answer = await ask();
    if (answer !== undefined) return answer;
  } catch (cause) {
    throw new SyncError("CREDENTIALS_FAILED", "the credentials could not be used", { cause });
  }
  throw new SyncError("CREDENTIALS_FAILED", "the credentials gave nothing");
}
