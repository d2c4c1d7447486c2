import type { DatabaseId } from "@selkie/entry";
import type { Links } from "../connection/links.ts";
import type { DatabaseHost } from "../database/assemble-database.ts";
import type { WriteChecks } from "../database/local-writes.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { requireFree } from "../hold-code.ts";
import type { SyncedReplica } from "../replica/synced-replica.ts";
import type { DirectoryLog } from "./directory-log.ts";
import type { ForkProofs } from "./fork-proofs.ts";
import type { Hold } from "./hold.ts";
import type { OwnMembership } from "./own-membership.ts";
import type { StatementContext } from "./statement-context.ts";
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
  alarm(alarm: Alarm): void;
}

/** What a database of a tenant stands in. @throws CoreError DIRECTORY_UNKNOWN */
export function databaseHost(
  { statements, membership, directory, log, links, hold, forks, alarm }: DatabaseHostParts,
  id: DatabaseId,
): Omit<DatabaseHost, "closed"> {
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
    held: (database) => hold.of(database),
    heardOfDirectory: (claim) => hold.claims.take(claim),
    alarm,
    forked: (entries, theirs) => forks.met(entries, theirs),
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
