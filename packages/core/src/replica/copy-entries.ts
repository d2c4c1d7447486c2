import { equalBytes, type Replica } from "@selkie/entry";
import { pipe, runSession, type SessionOptions } from "@selkie/sync-protocol";
import { CoreError } from "../errors.ts";
import type { Platform } from "../platform.ts";
import { SyncedReplica } from "./synced-replica.ts";

const IN_PROCESS = "in-process";

/** Brings what `from` has and `to` lacks, one way, with the same session that a relay would run, over an in-memory pipe. */
export async function copyEntries(platform: Platform, from: Replica, to: Replica): Promise<{ entries: number }> {
  if (!equalBytes(from.database, to.database)) throw new CoreError("DATABASE_OTHER", "entries of one database don't belong in another");
  if (from instanceof SyncedReplica) await from.flush();
  const [near, far] = pipe();
  const common = {
    verifier: platform.crypto,
    scheduler: platform.scheduler,
    random: (length: number) => platform.crypto.randomBytes(length),
    credentials: null,
    generation: new Uint8Array(8),
  } satisfies Partial<SessionOptions>;
  let entries = 0;
  await using source = runSession(far, {
    ...common,
    role: "listener",
    origin: [IN_PROCESS],
    gatekeeper: { admit: async () => ({ type: "admitted", rights: { pull: true, push: false, purge: false } }) },
    open: async () => from,
  });
  await using session = runSession(near, { ...common, role: "dialler", origin: IN_PROCESS, gatekeeper: null, open: async () => to });
  void source;
  session.on("received", (received: { entries: number }) => {
    entries += received.entries;
  });
  await session.ready;
  await session.openDatabases([{ replica: to }]);
  await session.synced([to.database]);
  return { entries };
}
