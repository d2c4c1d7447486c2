import {
  type Connection,
  createTenant,
  type Database,
  joinTenant,
  newIdentity,
  newJoinRequest,
  openTenant,
  type PartsPolicy,
  type Platform,
  type RequestOptions,
  type Tenant,
  type TenantHost,
} from "@selkie/core";
import { KeyBag } from "@selkie/keybag";
import { MemoryDisk, memoryStore, type Store } from "@selkie/store";
import { SyncError, type Transport } from "@selkie/sync-protocol";
import { loadAutomerge } from "./automerge.ts";
import type { ChainWatch } from "./chain-watch.ts";
import { mortalScheduler } from "./mortal-scheduler.ts";
import { type CrashPoint, mortalStore } from "./mortal-store.ts";
import type { Accept, Network } from "./network.ts";
import { SIM_KDF, seededCrypto } from "./seeded-crypto.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimError } from "./sim-error.ts";
import type { SimRelay } from "./sim-relay.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What simulated people write: one field for each thing they did, and one they all fight over. */
export type Data = Record<string, unknown>;

export interface SimDeviceOptions {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly network: Network;
  readonly random: SeededRandom;
  readonly watch: ChainWatch;
  /** What the device adds to the clock: nobody may depend on it. */
  readonly clockError?: number;
}

/** One run of the app on a device: everything here is gone after a crash. */
export interface Life {
  alive: boolean;
  readonly host: TenantHost;
  readonly store: Store;
  tenant: Tenant | null;
  database: Database<Data> | null;
  readonly connections: Set<Connection>;
  closing: boolean;
}

/** What happened on a device that nobody called for. */
export interface Noticed {
  readonly type: "report" | "quarantined" | "alarm";
  readonly what: string;
}

const DATABASE = "things";
const PASSWORD = "correct horse battery staple";

/** A device with its disk: the real core on a memory store, in a process that can be killed at any commit. */
export class SimDevice {
  readonly name: string;
  readonly noticed: Noticed[] = [];
  disk: MemoryDisk = new MemoryDisk();
  /** The KeyBag's file. */
  keyBagFile: Uint8Array = new Uint8Array();
  /** Whether an older disk was ever put in the place of this one: then the device may find out. */
  wasSetBack = false;
  crashAtCommit: { left: number; point: CrashPoint } | null = null;
  /** What relays send to it, the next time it opens its tenant. */
  parts: PartsPolicy = "own-permits";
  readonly #options: SimDeviceOptions;
  #life: Life | null = null;
  #lives = 0;
  #starting: Promise<void> | null = null;

  constructor(options: SimDeviceOptions) {
    this.#options = options;
    this.name = options.name;
  }

  get life(): Life | null {
    return this.#life;
  }

  /** @throws SimError CRASHED */
  get database(): Database<Data> {
    const database = this.#life?.database;
    if (database === null || database === undefined) throw new SimError("CRASHED", `${this.name} is not running`);
    return database;
  }

  /** @throws SimError CRASHED */
  get tenant(): Tenant {
    const tenant = this.#life?.tenant;
    if (tenant === null || tenant === undefined) throw new SimError("CRASHED", `${this.name} is not running`);
    return tenant;
  }

  /**
   * The app's first start: a KeyBag and a person, by default of the device's own name. Argon2id takes real time, so this is outside of
   * virtual time.
   */
  async setUp(user: string = this.name): Promise<void> {
    // The same for every seed, so that Argon2id runs once for each person and process.
    const crypto = seededCrypto(new SeededRandom(`keybag of ${this.name}`));
    const keyBag = await KeyBag.create(PASSWORD, { crypto, kdf: SIM_KDF });
    const life = this.#begin(keyBag);
    await keyBag.addIdentity(newIdentity(life.host.platform.crypto, `CN=${user}/O=acme`));
    this.keyBagFile = keyBag.save();
  }

  async found(history: "full" | "from-now" = "full"): Promise<void> {
    const life = this.#running();
    const [identity] = life.host.bag.keyBag.identities();
    if (identity === undefined) throw new SimError("CRASHED", "no identity");
    life.tenant = await createTenant(life.host, { name: "acme", identity, history });
    await this.#watchTenant(life);
  }

  async ask({ invitation = null, device = false }: Partial<RequestOptions> = {}): Promise<string> {
    const { host } = this.#running();
    const [identity] = host.bag.keyBag.identities();
    if (identity === undefined) throw new SimError("CRASHED", "no identity");
    return (await newJoinRequest(host, identity, { invitation, device })).toString();
  }

  async join(response: string): Promise<void> {
    const life = this.#running();
    life.tenant = await joinTenant(life.host, response, { parts: this.parts });
  }

  /** Opens the database; the directory must be here. */
  async openDatabase(): Promise<Database<Data>> {
    const life = this.#running();
    await this.#watchTenant(life);
    return this.database;
  }

  /** Starts the app again on what the disk holds, unless it runs or starts already. */
  start(): Promise<void> {
    if (this.#life === null) this.#starting ??= this.#start();
    return this.#starting ?? Promise.resolve();
  }

  async #start(): Promise<void> {
    const crypto = seededCrypto(this.#options.random.fork(`keybag of ${this.name} ${this.#lives}`));
    const life = this.#begin(await KeyBag.open(this.keyBagFile.slice(), PASSWORD, { crypto, kdf: SIM_KDF }));
    const [record] = life.host.bag.keyBag.tenants();
    if (record === undefined) return;
    life.tenant = await openTenant(life.host, record, { parts: this.parts });
    await this.#watchTenant(life);
  }

  /** Power off: timers stop, connections break, what was committed stays. */
  crash(): void {
    const life = this.#life;
    if (life === null) return;
    life.alive = false;
    this.#life = null;
    this.#starting = null;
    this.disk.crash();
    this.#options.network.breakLines((a, b) => a === this.name || b === this.name);
  }

  /** Closes the app, so that its writer chain may go on when it starts again. */
  async close(): Promise<void> {
    const life = this.#life;
    if (life === null) return;
    life.closing = true;
    await life.tenant?.[Symbol.asyncDispose]();
    await life.store[Symbol.asyncDispose]();
    life.alive = false;
    if (this.#life !== life) return;
    this.#life = null;
    this.#starting = null;
  }

  /** Connects to a relay, or to what stands in front of it. */
  connectRelay(relay: SimRelay, accept: Accept = relay.accept): Promise<Connection> {
    const dial = () => this.#options.network.connect(this.name, relay.name, accept);
    return this.connect(dial, { origin: relay.origin });
  }

  /** Keeps the connection, so that `synced` and `disconnect` reach it. */
  async connect(...args: Parameters<Tenant["connect"]>): Promise<Connection> {
    const life = this.#running();
    const connection = await this.tenant.connect(...args);
    life.connections.add(connection);
    return connection;
  }

  /** Two devices without a relay. */
  async meet(other: SimDevice): Promise<void> {
    const met = Promise.withResolvers<Transport>();
    const mine = await this.#options.network.connect(this.name, other.name, met.resolve);
    await Promise.all([
      this.connect(mine, { peer: "dialler" }),
      met.promise.then((theirs) => other.connect(theirs, { peer: "listener" })),
    ]);
  }

  async disconnect(): Promise<void> {
    const { connections } = this.#running();
    for (const connection of [...connections]) {
      connections.delete(connection);
      await connection[Symbol.asyncDispose]();
    }
  }

  #running(): Life {
    if (this.#life === null) throw new SimError("CRASHED", `${this.name} is not running`);
    return this.#life;
  }

  #begin(keyBag: KeyBag): Life {
    const { clock, clockError = 0 } = this.#options;
    const random = this.#options.random.fork(`${this.name} ${this.#lives++}`);
    const crypto = seededCrypto(random);
    const inner = memoryStore({ verifier: crypto, random: random.bytes, disk: this.disk });
    const store = mortalStore(inner, {
      crashNow: () => this.#crashNow(),
      die: () => this.crash(),
      onCommit: (write) => this.#options.watch.note(write),
    });
    const platform: Platform = {
      crypto,
      scheduler: mortalScheduler(clock, () => life.alive),
      now: () => clock.now + clockError,
      loadAutomerge,
      report: (error) => this.#report(life, error),
    };
    const save = async (): Promise<void> => {
      if (life.alive) this.keyBagFile = keyBag.save();
    };
    const host: TenantHost = { platform, store, bag: { keyBag, save }, onClosed: () => undefined };
    const life: Life = {
      alive: true,
      host,
      store,
      tenant: null,
      database: null,
      connections: new Set(),
      closing: false,
    };
    this.#life = life;
    return life;
  }

  async #watchTenant(life: Life): Promise<void> {
    const { tenant } = life;
    if (tenant === null || life.database !== null) return;
    tenant.on("alarm", ({ code }) => this.noticed.push({ type: "alarm", what: code }));
    life.database = await tenant.openDB<Data>(DATABASE);
    life.database.on("quarantined", ({ reason }) => this.noticed.push({ type: "quarantined", what: reason }));
  }

  #report(life: Life, error: unknown): void {
    if (!life.alive || error instanceof SyncError) return; // a connection that ended while something was on its way
    this.noticed.push({
      type: "report",
      what: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }

  #crashNow(): CrashPoint | null {
    const due = this.crashAtCommit;
    if (due === null || due.left-- > 0) return null;
    this.crashAtCommit = null;
    return due.point;
  }
}
