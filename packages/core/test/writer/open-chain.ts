import type { CryptoProvider } from "@selkie/crypto";
import { type DatabaseId, type EntryType, parseStatementId } from "@selkie/entry";
import type { Store } from "@selkie/store";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import { LocalState, rowKind } from "../../src/local/local-state.ts";
import { WriterChain } from "../../src/writer/writer-chain.ts";
import { pattern, testTenant } from "../fixture.ts";

/** What a test says of a chain. */
interface TestChain {
  readonly store: Store;
  readonly database: DatabaseId;
  readonly type: EntryType;
  readonly directoryKey: KeyVersion;
  report(error: unknown): void;
}

/** This device's chain in a database of a store, as it goes on from there. */
export async function openChain(crypto: CryptoProvider, at: TestChain): Promise<WriterChain> {
  const { store, database, type, directoryKey, report } = at;
  const local = new LocalState(crypto, store.state, await crypto.importSecret(pattern("local", 32)), testTenant);
  return WriterChain.open({
    ...{ crypto, tenant: testTenant, database, type, local, report },
    entries: store.entries(testTenant, database),
    row: local.key(rowKind.writer, database),
    instance: store.instance,
    deviceSecret: await crypto.importSecret(pattern("device secret", 32)),
    deviceKey: await crypto.importSigningKey(pattern("device", 32)),
    admission: () => parseStatementId(pattern("grant", 32)),
    directoryKey: () => directoryKey,
    seen: null,
    now: () => 0,
  });
}
