// Somebody who belongs to two tenants, each with a founder who is connected all the time. One of three databases is read through its founder.
import {
  type Client,
  type Connection,
  createClient,
  type Database,
  type QuerySource,
  type RemoteDatabase,
  type Tenant,
} from "@selkie/client";
import { pipe } from "@selkie/sync-protocol";
import { found, type Person } from "./company.ts";
import { cheapKeyBag, MemoryPlace, PASSWORD } from "./places.ts";

const READER = "CN=dora/O=acme";

/** The key that comes and goes. */
export const BOARD = "board";

/** One database, at its founder's and at the reader's. */
export interface Shared<T extends object> {
  readonly founder: Person;
  readonly theirs: Database<T>;
  /** Null where it is read through the founder. */
  readonly own: Database<T> | null;
  readonly source: QuerySource<T>;
}

/** The reader's databases, and what closes them. */
export interface Opened<T extends object> extends AsyncDisposable {
  readonly shared: readonly Shared<T>[];
}

export class TwoTenants implements AsyncDisposable {
  readonly founders: readonly [Person, Person];
  #place: MemoryPlace;
  #client: Client;
  #tenants: readonly [Tenant, Tenant];
  #lines: readonly Connection[] = [];

  private constructor(
    founders: readonly [Person, Person],
    place: MemoryPlace,
    client: Client,
    tenants: readonly [Tenant, Tenant],
  ) {
    this.founders = founders;
    this.#place = place;
    this.#client = client;
    this.#tenants = tenants;
  }

  static async begin(): Promise<TwoTenants> {
    const founders = [await found(), await found()] as const;
    const place = new MemoryPlace(await cheapKeyBag());
    const client = await createClient({ store: place, password: PASSWORD });
    const [first, second] = [await admitted(client, founders[0]), await admitted(client, founders[1])];
    const world = new TwoTenants(founders, place, client, [first, second]);
    await world.#connect();
    for (const founder of founders) {
      await founder.tenant.settings.change({ purgeAfter: 0 });
      await founder.tenant.directory.createKey(BOARD, { share: [READER] });
    }
    await world.synced();
    return world;
  }

  /** A database of each tenant that is here whole, and one of the first that is not. */
  async open<T extends object>(name: string): Promise<Opened<T>> {
    const [first, second] = this.founders;
    const [own, others] = this.#tenants;
    const wholes = [
      { founder: first, theirs: await first.tenant.openDB<T>(name), own: await own.openDB<T>(name) },
      { founder: second, theirs: await second.tenant.openDB<T>(name), own: await others.openDB<T>(name) },
    ];
    const archive = await first.tenant.openDB<T>(`${name}, archived`);
    const remote: RemoteDatabase<T> & QuerySource<T> = await own.openDB<T>(`${name}, archived`, {
      replica: "remote",
      cacheBytes: 20_000,
    });
    const shared = [
      ...wholes.map((one) => ({ ...one, source: one.own })),
      { founder: first, theirs: archive, own: null, source: remote },
    ];
    return {
      shared,
      async [Symbol.asyncDispose]() {
        for (const { theirs, own } of shared) {
          await own?.[Symbol.asyncDispose]();
          await theirs[Symbol.asyncDispose]();
        }
        await remote[Symbol.asyncDispose]();
      },
    };
  }

  /** The reader's client is closed, and opened again. Databases are to be closed before. */
  async restart(): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    this.#place = this.#place.again();
    this.#client = await createClient({ store: this.#place, password: PASSWORD });
    const [first, second] = this.founders;
    this.#tenants = [await this.#client.openTenant(first.tenant.id), await this.#client.openTenant(second.tenant.id)];
    await this.#connect();
  }

  /** Until both sides have what the other has, and what follows from that. */
  async synced(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) for (const line of this.#lines) await line.synced();
  }

  /** Whether the reader has the key that comes and goes. */
  async share(founder: Person, isShared: boolean): Promise<void> {
    const { directory } = founder.tenant;
    if (isShared) await directory.shareKey(BOARD, [READER], { history: "full" });
    else await directory.changeUser(READER, { unshare: [BOARD] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    for (const founder of this.founders) await founder[Symbol.asyncDispose]();
  }

  async #connect(): Promise<void> {
    const lines: Connection[] = [];
    for (const [at, { tenant }] of this.founders.entries()) {
      const [near, far] = pipe();
      const own = this.#tenants[at] ?? this.#tenants[0];
      lines.push(
        ...(await Promise.all([tenant.connect(near, { peer: "dialler" }), own.connect(far, { peer: "listener" })])),
      );
    }
    this.#lines = lines;
  }
}

async function admitted(client: Client, { tenant }: Person): Promise<Tenant> {
  const request = await client.createJoinRequest(READER);
  const response = await tenant.directory.approveJoinRequest(request, { role: "editor" });
  return client.joinTenant(response);
}
