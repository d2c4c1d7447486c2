// Names of databases, as relays see them: a MAC under a secret of the tenant.
import type { CryptoProvider } from "@selkie/crypto";
import { type DatabaseId, parseDatabaseId } from "@selkie/entry";

/** The name of the directory. No database of a user can have it: a name holds no control characters. */
export const DIRECTORY_NAME = "\u0000directory";

/**
 * The id of the database with this name.
 * SECURITY: E3. Keyed, so the same name in two tenants gives unlinkable ids, and a relay cannot test guesses (database-id.test.ts).
 */
export async function databaseIdOf(
  crypto: CryptoProvider,
  tenantSecret: Uint8Array,
  name: string,
): Promise<DatabaseId> {
  using secret = await crypto.importSecret(tenantSecret);
  const [id] = await crypto.macMany(secret, "mac-database-id", [new TextEncoder().encode(name.normalize("NFC"))]);
  return parseDatabaseId(id ?? new Uint8Array());
}
