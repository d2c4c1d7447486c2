import { type EntryId, parseEntryId } from "@selkie/entry";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { Statement } from "../directory/statement.ts";
import { verifyCertificates } from "../sealing/control-part.ts";
import type { DirectoryLog } from "./directory-log.ts";
import type { DirectoryWriter } from "./directory-writer.ts";
import type { TenantContext } from "./tenant-context.ts";

/** The directory, and the writer of this device that is about to say something there. */
interface Saying {
  readonly context: TenantContext;
  readonly log: DirectoryLog;
  readonly writer: DirectoryWriter;
}

/**
 * The directory as it will be after these statements, in the next entry of the writer's chain.
 * @param sealed that entry, where it is sealed
 */
export async function foresee(
  { context, log, writer }: Saying,
  statements: readonly Statement[],
  sealed: EntryId | null = null,
): Promise<DirectoryView> {
  const { crypto } = context.platform;
  const entry = sealed ?? parseEntryId(crypto.randomBytes(32));
  const chain = await writer.open();
  const place = await chain.next();
  // Before its first entry was read, the one it will have.
  const known = log.certified(place.writer) ?? (await verifyCertificates(crypto, [await chain.claim()]))[0];
  return log.foresee({ ...place, entry, certificate: known ?? null }, statements);
}
