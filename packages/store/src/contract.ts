// The contract every store adapter fulfils, as a suite for vitest. Entries in it are really hashed, signed and verified; it needs
// WebCrypto with Ed25519 and nothing else of a platform, so it runs in Node and in browsers.
import { portableVerifier } from "@selkie/entry";
import { describe } from "vitest";
import { appendContract } from "./contract/append-contract.ts";
import { blobContract } from "./contract/blob-contract.ts";
import { commitContract } from "./contract/commit-contract.ts";
import { dropContract } from "./contract/drop-contract.ts";
import { forgetContract } from "./contract/forget-contract.ts";
import { holeContract } from "./contract/hole-contract.ts";
import { lifetimeContract } from "./contract/lifetime-contract.ts";
import { modelContract } from "./contract/model-contract.ts";
import type { ContractContext, StoreContractOptions, StorePlace } from "./contract/place.ts";
import { readContract } from "./contract/read-contract.ts";
import { tenantContract } from "./contract/tenant-contract.ts";
import type { Store } from "./store.ts";

export type { EntryPlaceName, StoreCapabilities, StoreContractOptions, StorePlace } from "./contract/place.ts";
export { bytesOf, databaseOf, type RunShape, TestWriter, tenantOf, verifyRun } from "./contract/test-writer.ts";

/** Declares the tests of the store contract for one adapter. */
export function storeContract(options: StoreContractOptions): void {
  const withPlace = (test: (place: StorePlace) => Promise<void>) => async (): Promise<void> => {
    const place = await options.create();
    try {
      await test(place);
    } finally {
      await place.remove();
    }
  };
  const withStore = (test: (store: Store) => Promise<void>) =>
    withPlace(async (place) => {
      await using store = await place.open();
      await test(store);
    });
  const context: ContractContext = { options, verifier: options.verifier ?? portableVerifier, withPlace, withStore };
  describe(`store contract: ${options.name}`, () => {
    appendContract(context);
    readContract(context);
    dropContract(context);
    holeContract(context);
    modelContract(context);
    tenantContract(context);
    forgetContract(context);
    commitContract(context);
    blobContract(context);
    lifetimeContract(context);
  });
}
