import type { CryptoProvider, SigningKey } from "@selkie/crypto";
import { equalBytes, parseLoginKey, type TenantId } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { type Credentials, pipe, runSession } from "@selkie/sync-protocol";
import { CoreError } from "../errors.ts";
import type { Platform } from "../platform.ts";
import { unlessAborted } from "../unless-aborted.ts";
import { flushOrHold, SyncedReplica } from "./synced-replica.ts";

const IN_PROCESS = "in-process";

/**
 * Brings what `from` has and `to` lacks, one way, with the same session that a relay would run, over an in-memory pipe. Between databases of
 * two tenants that are open, what their entries name of the directory comes first.
 * @throws the signal's reason, with the connection between them closed; CoreError DIRECTORY_STALE | UPDATE_NEEDED once everything is here but for what has to wait in the journal of `from`
 */
export async function copyEntries(
  platform: Platform,
  {
    from,
    to,
    signal,
  }: { readonly from: EntryStore; readonly to: EntryStore; readonly signal: AbortSignal | undefined },
): Promise<{ entries: number }> {
  signal?.throwIfAborted();
  if (!equalBytes(from.database, to.database))
    throw new CoreError("DATABASE_OTHER", "entries of one database don't belong in another");
  const [fromDirectory, toDirectory] = [from, to].map(directoryOf);
  if (fromDirectory && toDirectory) await copyEntries(platform, { from: fromDirectory, to: toDirectory, signal });
  const held = from instanceof SyncedReplica ? await flushOrHold(from) : null;
  const { crypto, scheduler } = platform;
  const [near, far] = pipe();
  using key = await crypto.importSigningKey(crypto.randomBytes(32));
  const common = {
    verifier: crypto,
    scheduler,
    random: (length: number) => crypto.randomBytes(length),
    generation: new Uint8Array(8),
  };
  let entries = 0;
  await using source = runSession(far, {
    ...common,
    role: "listener",
    origin: [IN_PROCESS],
    credentials: null,
    gatekeeper: { admit: async () => ({ type: "admitted", rights: { pull: true, push: false, purge: false } }) },
    open: async () => from,
  });
  await using session = runSession(near, {
    ...common,
    role: "dialler",
    origin: IN_PROCESS,
    credentials: passingCredentials(crypto, to.tenant, key),
    gatekeeper: null,
    open: async () => to,
  });
  session.on("received", (received) => {
    entries += received.entries;
  });
  await unlessAborted(Promise.all([source.ready, session.ready]), signal);
  await unlessAborted(session.openDatabases([{ replica: to }]), signal);
  await unlessAborted(session.synced([to.database]), signal);
  if (held !== null) throw held;
  return { entries };
}

function directoryOf(entries: EntryStore): SyncedReplica | null {
  return entries instanceof SyncedReplica ? entries.directory : null;
}

/** Both ends are in this process: the key proves nothing, it only lets the source grant less than all rights. */
function passingCredentials(crypto: CryptoProvider, tenant: TenantId, key: SigningKey): Credentials {
  return {
    claim: async () => ({ type: "login", tenant, key: parseLoginKey(key.publicKey), documents: [] }),
    sign: async (label, payload) => {
      const [signature] = await crypto.signMany(key, label, [payload]);
      if (signature === undefined) throw new CoreError("KEY_UNKNOWN", "no signature was made");
      return signature;
    },
  };
}
