import { ByteReader, ByteWriter, type DatabaseId, EntryError } from "@selkie/entry";
import type { Store } from "@selkie/store";
import { type LocalState, rowKind } from "../local/local-state.ts";
import { cachedKeys } from "./part-cache.ts";

/** Whether a device holds all of a database, or reads it through others and keeps so many bytes of parts. */
export type ReplicaKind = { readonly type: "full" } | { readonly type: "remote"; readonly cacheBytes: number };

export interface ReplicaKindContext {
  readonly database: DatabaseId;
  readonly store: Store;
  readonly local: LocalState;
}

/** As what the app opened a database last: whoever else opens it does not make it another. */
export async function rememberedKind({ database, local }: ReplicaKindContext): Promise<ReplicaKind> {
  const row = await local.recall(local.key(rowKind.remote, database));
  if (row === undefined) return { type: "full" };
  try {
    return { type: "remote", cacheBytes: new ByteReader(row).uleb() };
  } catch (error) {
    if (error instanceof EntryError) return { type: "full" };
    throw error;
  }
}

/** The app opens a database as this. A whole replica has no use for a cache. */
export async function rememberKind(at: ReplicaKindContext, kind: ReplicaKind): Promise<void> {
  const { database, store, local } = at;
  const before = await rememberedKind(at);
  const key = local.key(rowKind.remote, database);
  if (kind.type === "remote") {
    if (before.type === "remote" && before.cacheBytes === kind.cacheBytes) return;
    await store.commit({ put: [await local.seal(key, new ByteWriter(8).uleb(kind.cacheBytes).finish())] });
  } else if (before.type === "remote") await store.commit({ remove: [key, ...(await cachedKeys(at))] });
}
