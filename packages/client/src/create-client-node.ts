import { type Client, openClient } from "./client.ts";
import type { ClientStore } from "./client-store.ts";
import { directory } from "./directory-store.ts";
import { hostPlatform } from "./platform.ts";

/** What {@link createClient} needs. */
export interface ClientOptions {
  /** A directory, made if absent, or `memory()`. */
  readonly store: string | ClientStore;
  /** Opens the KeyBag, or seals the new one. */
  readonly password: string | (() => Promise<string>);
  /** Gets errors that belong to no call, such as those thrown by a listener. Default: a process warning with the error's code. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Opens this device's client, or makes it.
 * @throws KeyBagError WRONG_PASSWORD | DAMAGED, with nothing changed; StoreError STORE_LOCKED; ClientError KEYBAG_MISSING
 */
export function createClient(options: ClientOptions): Promise<Client> {
  const { store, password, onError = warn } = options;
  const platform = hostPlatform(loadAutomerge, onError);
  return openClient({ platform, store: typeof store === "string" ? directory(store) : store, password });
}

/** The full build of Automerge initialises the WebAssembly that the slim build in core uses. */
async function loadAutomerge(): Promise<void> {
  await import("@automerge/automerge");
}

/** Codes and names of errors hold nothing secret; messages of foreign errors might. */
function warn(error: unknown): void {
  const code = error instanceof Error && "code" in error ? String(error.code) : "UNEXPECTED";
  process.emitWarning("a background task failed", { type: "SelkieWarning", code });
}
