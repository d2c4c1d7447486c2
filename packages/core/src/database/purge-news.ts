import { ByteReader, ByteWriter, type DatabaseId, fromHex, toHex } from "@selkie/entry";
import type { Store } from "@selkie/store";
import type { Purge } from "../directory/purges.ts";
import { type LocalState, rowKind } from "../local/local-state.ts";

interface NewsContext {
  readonly database: DatabaseId;
  readonly store: Store;
  readonly local: LocalState;
}

/** Which of these purges the app was not told of yet, over restarts. It counts as told when this resolves. */
export async function takePurgeNews(
  { database, store, local }: NewsContext,
  purges: readonly Purge[],
): Promise<readonly Purge[]> {
  const key = local.key(rowKind.purge, database);
  const told = new Set<string>();
  const reader = new ByteReader((await local.recall(key)) ?? new Uint8Array());
  while (reader.remaining >= 32) told.add(toHex(reader.bytes(32)));
  const news = purges.filter(({ id }) => !told.has(id));
  if (news.length === 0 && told.size === purges.length) return news;
  const row = new ByteWriter(32 * purges.length);
  for (const { id } of purges) row.bytes(fromHex(id));
  await store.commit({ put: [await local.seal(key, row.finish())] });
  return news;
}
