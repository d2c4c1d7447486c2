import type { DatabaseId, EntryType } from "@selkie/entry";
import type { Admission } from "../directory/admission.ts";
import { CoreError } from "../errors.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { rowKind } from "../local/local-state.ts";
import type { VectorSource } from "../writer/seen-heads.ts";
import { type SealedEntries, WriterChain } from "../writer/writer-chain.ts";
import { admissionOf, type RootKeys, type TenantContext } from "./tenant-context.ts";

/** Who a chain of this device is certified for. */
export interface ChainOwner {
  readonly context: TenantContext;
  /** This device's own admission. @throws CoreError DIRECTORY_UNKNOWN */
  self(): Admission;
  /** @throws CoreError KEY_UNKNOWN */
  directoryKey(): KeyVersion;
  /** When it is the root that writes, from this device. */
  readonly root?: RootKeys;
}

/** Opens this device's chain in the directory or in a database. */
export function openOwnChain(
  { context, self, directoryKey, root }: ChainOwner,
  database: DatabaseId,
  type: EntryType,
  seen: VectorSource | null = null,
): Promise<WriterChain> {
  const { platform, tenant, store, local, keys } = context;
  return WriterChain.open({
    crypto: platform.crypto,
    tenant,
    database,
    type,
    entries: store.entries(tenant, database),
    local,
    instance: store.instance,
    row:
      root === undefined ? local.key(rowKind.writer, database) : local.key(rowKind.root, database, root.key.publicKey),
    deviceSecret: root?.secret ?? keys.deviceSecret,
    deviceKey: root?.key ?? keys.device,
    admission: () => admissionOf(self(), tenant),
    directoryKey,
    seen,
    now: platform.now,
    report: platform.report,
  });
}

/**
 * Makes sealed entries durable and moves their chain on. Calling it again with the same entries after a failure is harmless.
 * INVARIANT: the chain's advance, its entries and the journal rows they replace are one transaction (kill.test.ts).
 * @throws CoreError CHAIN_BROKEN when the store does not take them as the next of this chain
 */
export async function commitSealed(
  { store, tenant }: Pick<TenantContext, "store" | "tenant">,
  { runs, row, advance }: SealedEntries,
  journalled: readonly Uint8Array[] = [],
): Promise<void> {
  const append = runs.map((run) => ({ tenant, database: run.database, run }));
  const results = await store.commit({ append, put: [row], remove: journalled });
  if (results.length === 0 || results.some(({ type }) => type !== "appended" && type !== "known"))
    throw new CoreError("CHAIN_BROKEN", "this device's own chain does not continue");
  advance();
}
