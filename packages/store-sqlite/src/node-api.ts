// The native module behind this adapter needs a recent Node-API and, on an older one, does not throw but ends the process.
import { StoreError } from "@selkie/store";

/** The Node-API version that better-sqlite3 13 is built for: Node 22.14, 23.6, 24 and later. */
const NEEDED = 10;

/**
 * Refuses a Node that could not load better-sqlite3; called before it is imported.
 *
 * @param version `process.versions.napi`
 * @throws StoreError `NODE_API_TOO_OLD`
 */
export function checkNodeApi(version: string | undefined): void {
  if (Number(version) >= NEEDED) return;
  throw new StoreError(
    "NODE_API_TOO_OLD",
    `store-sqlite needs Node-API ${NEEDED} (Node 22.14 or later); this Node offers ${version ?? "none"}`,
  );
}
