// The origins a login may be bound to. A client signs the origin that it dialled, so a relay that forwards a login to this one is
// found out here (THREATS.md F1).

import { originOf, SyncError } from "@selkie/sync-protocol";
import { RelayError } from "./errors.ts";

/** Whether this is an origin as clients sign it: `wss:` anywhere or `ws:` on this machine, in canonical form and without a path. */
export function isOrigin(text: string): boolean {
  try {
    return originOf(text) === text;
  } catch (failure) {
    if (failure instanceof SyncError) return false;
    throw failure;
  }
}

/** @throws RelayError BAD_ORIGIN */
export function checkOrigins(origins: readonly string[]): readonly string[] {
  if (origins.length === 0 || !origins.every(isOrigin)) {
    throw new RelayError("BAD_ORIGIN", "origins are wss:// URLs without a path, or ws:// ones of this machine");
  }
  return origins;
}

/** What clients on this machine dial to reach a port. */
export function loopbackOrigins(port: number): readonly string[] {
  return ["127.0.0.1", "localhost", "[::1]"].map((host) => originOf(`ws://${host}:${port}`));
}
