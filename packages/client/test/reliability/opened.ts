import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Client, type ClientStore, createClient, type Database, type Tenant } from "@selkie/client";
import { parseTenantId } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import type { Store } from "@selkie/store";
import { openSqliteStore } from "@selkie/store-sqlite";
import { PASSWORD } from "../support/places.ts";
import type { Note } from "./job.ts";
import type { UsedPlaces } from "./used-places.ts";

/** A client of the parent, down to its store. */
export interface Opened extends AsyncDisposable {
  readonly client: Client;
  readonly tenant: Tenant;
  readonly notes: Database<Note>;
  /** Puts every entry that is stored here on record, of all databases, the directory's too. */
  record(used: UsedPlaces): Promise<void>;
}

/** Opens the tenant in a place, or founds it; `onError` gets what the client reports. */
export async function openAt(place: ClientStore, onError: (error: unknown) => void = fail): Promise<Opened> {
  let store: Store | null = null as Store | null;
  const seen: ClientStore = {
    readKeyBag: () => place.readKeyBag(),
    open: async (crypto) => {
      const opened = await place.open(crypto);
      store = opened.store;
      return opened;
    },
  };
  const client = await createClient({ store: seen, password: PASSWORD, onError });
  try {
    const isNew = (await client.tenants()).length === 0;
    const tenant = isNew
      ? await client.createTenant("acme", { user: "CN=alice/O=acme" })
      : await client.openTenant("acme");
    const id = parseTenantId(new Uint8Array(Buffer.from(tenant.id, "hex")));
    return {
      client,
      tenant,
      notes: await tenant.openDB<Note>("notes"),
      record: async (used) => {
        if (store === null) return;
        for (const database of await store.databases(id)) await used.noteAll(store.entries(id, database).scan());
      },
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

function fail(error: unknown): never {
  throw error; // nothing was to be reported: the runner counts it as an unhandled error
}

/** The same for a directory, as `createClient` with its path keeps it. */
export function openIn(directory: string, onError?: (error: unknown) => void): Promise<Opened> {
  const file = join(directory, "keybag");
  const place: ClientStore = {
    readKeyBag: async () => new Uint8Array(await readFile(file)),
    open: async () => {
      const store = await openSqliteStore({ directory, verifier: nativeVerifier });
      return {
        store,
        writeKeyBag: (sealed) => writeFile(file, sealed),
        [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
      };
    },
  };
  return openAt(place, onError);
}
