// Small changes of many documents, as `seal` measures them: in a database, and by bare Automerge.
import { join } from "node:path";
import * as Automerge from "@automerge/automerge";
import { type Client, createClient, type Database, type Doc, type Tenant, whenVerified } from "@selkie/client";
import { SyncedReplica } from "@selkie/core";
import type { BareCommits } from "./peers/bare-commits.ts";
import { type BenchRecord, record } from "./record.ts";

const DOCUMENTS = 100;
/** Changes of one turn. */
export const CHANGES: number = 2 * DOCUMENTS;

/** What a change does, with a value that none before it had. */
export type SmallChange = (data: BenchRecord, value: number) => void;

/** What is measured. */
export interface Work {
  /** Opens what the round needs; not measured. */
  begin?(): Promise<void>;
  /** Makes the changes of one turn, with values from this one on. */
  change(value: number): unknown;
  /** Writes what the round still owes. */
  end?(): Promise<void>;
}

/** A client whose store is in the directory. */
export class World implements AsyncDisposable {
  readonly #client: Client;
  readonly tenant: Tenant;
  #databases = 0;

  private constructor(client: Client, tenant: Tenant) {
    this.#client = client;
    this.tenant = tenant;
  }

  static async open(directory: string): Promise<World> {
    const client = await createClient({ store: join(directory, "selkie"), password: "a password for the benchmark" });
    return new World(client, await client.createTenant("bench", { user: "CN=bench" }));
  }

  /** A name that no database here has yet. */
  nextName(): string {
    this.#databases += 1;
    return `documents ${this.#databases}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

/** Changes documents of a database of its own, so many at once. Closing the database writes the projections of what was changed. */
export class SealedWork implements Work {
  readonly #tenant: Tenant;
  readonly #name: string;
  readonly #edit: SmallChange;
  readonly #together: number;
  #opened: { readonly database: Database<BenchRecord>; readonly docs: readonly Doc<BenchRecord>[] } | null = null;

  private constructor(tenant: Tenant, name: string, edit: SmallChange, together: number) {
    this.#tenant = tenant;
    this.#name = name;
    this.#edit = edit;
    this.#together = together;
  }

  static async of(world: World, edit: SmallChange, together: number): Promise<SealedWork> {
    const name = world.nextName();
    await using database = await world.tenant.openDB<BenchRecord>(name);
    await database.createDocuments(Array.from({ length: DOCUMENTS }, (_, at) => record(at)));
    return new SealedWork(world.tenant, name, edit, together);
  }

  async begin(): Promise<void> {
    const database = await this.#tenant.openDB<BenchRecord>(this.#name);
    await whenVerified(database);
    const ids = await database.getAllDocumentIds();
    this.#opened = { database, docs: await Promise.all(ids.map((id) => database.getDocument(id))) };
  }

  async change(value: number): Promise<void> {
    const { database, docs } = this.#opened ?? fail();
    for (let n = 0; n < CHANGES; n += this.#together) {
      const slice = Array.from({ length: this.#together }, (_, at) => docs[(n + at) % DOCUMENTS]).filter(
        (doc) => doc !== undefined,
      );
      await Promise.all(
        slice.map((doc, at) => database.changeDoc(doc, (draft) => this.#edit(draft.getData(), value + n + at))),
      );
      if (this.#together === DOCUMENTS) await flush(database);
    }
    await flush(database);
  }

  async end(): Promise<void> {
    await this.#opened?.database[Symbol.asyncDispose]();
    this.#opened = null;
  }
}

function fail(): never {
  throw new RangeError("a round begins first");
}

/** Reading the store for a copy seals what the journal holds: the same path as going online. */
async function flush(database: Database<BenchRecord>): Promise<void> {
  const store = database.getStore();
  if (store instanceof SyncedReplica) await store.flush();
}

/** The same by bare Automerge, and the bytes of each change; given commits, each is on the disk before the next is made. */
export class BareWork implements Work {
  readonly #edit: SmallChange;
  readonly #commits: BareCommits | null;
  readonly #docs = Array.from({ length: DOCUMENTS }, (_, at) =>
    Automerge.change(Automerge.init<BenchRecord>(), { time: 0 }, (data) => Object.assign(data, record(at))),
  );

  /** @param commits what no store can do without */
  constructor(edit: SmallChange, commits: BareCommits | null = null) {
    this.#edit = edit;
    this.#commits = commits;
  }

  async change(value: number): Promise<void> {
    for (let n = 0; n < CHANGES; n++) {
      const bytes = this.#changeOne(n % DOCUMENTS, value + n);
      if (this.#commits !== null) await this.#commits.commit(bytes);
    }
  }

  #changeOne(at: number, value: number): Uint8Array {
    const changed = Automerge.change(this.#docs[at] ?? Automerge.init<BenchRecord>(), { time: 0 }, (data) =>
      this.#edit(data, value),
    );
    this.#docs[at] = changed;
    return Automerge.getLastLocalChange(changed) ?? new Uint8Array();
  }
}
