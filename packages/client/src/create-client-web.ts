import { type Client, openClient } from "./client.ts";
import { ClientError } from "./client-error.ts";
import type { ClientStore } from "./client-store.ts";
import { hostPlatform } from "./platform.ts";

/** What {@link createClient} needs. */
export interface ClientOptions {
  /** `memory()`; a named store in the browser's IndexedDB is not available yet. */
  readonly store: ClientStore | string;
  /** Opens the KeyBag, or seals the new one. */
  readonly password: string | (() => Promise<string>);
  /** Where Automerge's WebAssembly is, for apps that serve it as a file. Default: the copy in the bundle, in base64. */
  readonly wasm?: URL | BufferSource;
  /** Gets errors that belong to no call, such as those thrown by a listener. Default: `reportError`. */
  readonly onError?: (error: unknown) => void;
}

/** Opens this device's client, or makes it. @throws KeyBagError WRONG_PASSWORD; ClientError STORE_UNSUPPORTED for a store by name */
export async function createClient(options: ClientOptions): Promise<Client> {
  const { store, password, wasm, onError = reportError } = options;
  if (typeof store === "string")
    throw new ClientError("STORE_UNSUPPORTED", "no store for browsers keeps data yet: use memory()");
  return openClient({ platform: hostPlatform(() => loadAutomerge(wasm), onError), store, password });
}

async function loadAutomerge(wasm: URL | BufferSource | undefined): Promise<void> {
  const automerge = await import("@automerge/automerge/slim");
  if (automerge.isWasmInitialized()) return;
  if (wasm !== undefined) return automerge.initializeWasm(wasm as Parameters<typeof automerge.initializeWasm>[0]);
  const { automergeWasmBase64 } = await import("@automerge/automerge/automerge.wasm.base64");
  await automerge.initializeBase64Wasm(automergeWasmBase64);
}
