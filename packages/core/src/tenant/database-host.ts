import { type DatabaseId, equalBytes, toHex } from "@selkie/entry";
import type { Links } from "../connection/links.ts";
import type { DatabaseHost } from "../database/database-host.ts";
import type { WriteChecks } from "../database/local-writes.ts";
import type { PurgeHost } from "../database/purge-host.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { PurgeStatement } from "../directory/statement.ts";
import { hexOf } from "../hex.ts";
import { requireFree } from "../hold-code.ts";
import type { SyncedReplica } from "../replica/synced-replica.ts";
import type { DirectoryLog } from "./directory-log.ts";
import type { ForkProofs } from "./fork-proofs.ts";
import type { Hold } from "./hold.ts";
import type { OwnMembership } from "./own-membership.ts";
import type { Purging } from "./purging.ts";
import type { StatementContext } from "./statement-context.ts";
import { requireAdmin } from "./statement-work.ts";
import type { Alarm } from "./tenant.ts";
import { WriteCheck } from "./write-check.ts";

/** What databases need of their tenant, part by part. */
export interface DatabaseHostParts {
  readonly statements: StatementContext;
  readonly membership: OwnMembership;
  readonly directory: SyncedReplica;
  readonly log: DirectoryLog;
  readonly links: Links;
  readonly hold: Hold;
  readonly forks: ForkProofs;
  readonly purging: Pick<Purging, "dueAt">;
  /** Says in the directory that something is purged. */
  purge(statements: readonly PurgeStatement[]): Promise<void>;
  alarm(alarm: Alarm): void;
}

/** What a database of a tenant stands in. @throws CoreError DIRECTORY_UNKNOWN */
export function databaseHost(parts: DatabaseHostParts, id: DatabaseId): Omit<DatabaseHost, "closed"> {
  const { statements, membership, directory, log, links, hold, forks, alarm } = parts;
  const { keyId: defaultKeyId } = membership.found().defaultKey;
  const view = (): DirectoryView => log.view;
  return {
    context: statements.context,
    directory,
    view,
    self: () => membership.self(),
    directoryKey: () => membership.directoryKey(),
    defaultKeyId: () => defaultKeyId,
    writeCheck: (name) => writeChecks(new WriteCheck(statements, name), hold, id),
    keyOf: (keyId) => membership.keyOf(keyId),
    frontier: () => log.frontier(null),
    announce: (database) => links.announce(database),
    compare: (database) => links.compare(database),
    online: () => links.online,
    catchUp: () => links.catchUp(),
    fetch: (database, parts) => links.fetch(database, parts),
    held: (database) => hold.of(database),
    heardOfDirectory: (claim) => hold.claims.take(claim),
    alarm,
    purging: purgeHost(parts),
    forked: (entries, theirs) => forks.met(entries, theirs),
  };
}

function purgeHost({ statements, membership, log, links, purging, purge }: DatabaseHostParts): PurgeHost {
  return {
    person: {
      requireRight: () => requireAdmin(statements),
      say: purge,
      isOwn: ({ person }) => person === hexOf(log.view.personOf(membership.self())),
    },
    catchUp: () => links.catchUp(),
    dueAt: (one) => purging.dueAt(one),
    elsewhere: () => {
      const own = membership.self().device;
      const others = log.view.devices().filter(({ device }) => !equalBytes(device, own));
      const devices = new Set(others.map(({ device }) => toHex(device)));
      return [
        ...[...devices].map((name) => ({ where: "device", name, until: null }) as const),
        ...links.relays.map((name) => ({ where: "relay", name, until: null }) as const),
      ];
    },
  };
}

/** Nothing is sealed while something is held. */
function writeChecks(check: WriteCheck, hold: Hold, database: DatabaseId): WriteChecks {
  return {
    isFit: (keyId) => check.isFit(keyId),
    settle: (keyId) => check.settle(keyId),
    isReady: (writes) => hold.of(database) === null && check.isReady(writes),
    prepare: async (writes) => {
      requireFree(hold.of(database));
      await check.prepare(writes);
    },
  };
}
