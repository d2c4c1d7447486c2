import type { CoreError, DocId } from "@selkie/core";
import type { DatabaseId, TenantId, VerifiedRun } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { SimDevice } from "../../src/sim-device.ts";
import { warmUp } from "../../src/warm-up.ts";
import { World } from "../../src/world.ts";

/** Three people who share a database through a relay: where attacks happen. */
export class Scene {
  readonly world: World;
  readonly alice: SimDevice;
  readonly bob: SimDevice;
  readonly carol: SimDevice;

  private constructor(world: World) {
    this.world = world;
    const [alice, bob, carol] = world.devices;
    if (alice === undefined || bob === undefined || carol === undefined) throw new RangeError("three people");
    this.alice = alice;
    this.bob = bob;
    this.carol = carol;
  }

  static async begin(
    seed: string,
    options: { readonly clockErrors?: readonly number[]; readonly history?: "from-now" } = {},
  ): Promise<Scene> {
    await warmUp();
    const world = new World(seed, 3, options.clockErrors);
    await world.begin(options.history);
    return new Scene(world);
  }

  get database(): DatabaseId {
    return this.alice.database.getStore().database;
  }

  get tenant(): TenantId {
    return this.alice.database.getStore().tenant;
  }

  /** The database of the tenant's directory. */
  get directory(): DatabaseId {
    const [record] = this.alice.life?.host.bag.keyBag.tenants() ?? [];
    if (record === undefined) throw new RangeError("no tenant");
    return record.directory;
  }

  get everybody(): readonly SimDevice[] {
    return this.world.devices;
  }

  /** Lets virtual time pass until the work is done. */
  run<Result>(work: Promise<Result>): Promise<Result> {
    return this.world.clock.until(work);
  }

  /** What the relay holds of a database. */
  relayEntries(database: DatabaseId = this.database): EntryStore {
    const { store } = this.world.relay;
    if (store === null) throw new RangeError("the relay is down");
    return store.entries(this.tenant, database);
  }

  /** The relay's operator puts entries into its store, verified or not, and everybody connects again. */
  async plant(runs: readonly VerifiedRun[], database: DatabaseId = this.database): Promise<void> {
    await this.relayEntries(database).append(runs);
    await this.reconnect();
  }

  async reconnect(devices: readonly SimDevice[] = this.everybody): Promise<void> {
    for (const device of devices) await this.run(device.disconnect());
    for (const device of devices) await this.run(device.connectRelay(this.world.relay));
    await this.world.settle();
  }

  /** The writer keys that the relay knows, in hexadecimal. */
  async writers(): Promise<readonly string[]> {
    return [...(await this.relayEntries().vector()).keys()];
  }

  /** Why entries do not count on a device, sorted. */
  reasons(device: SimDevice): readonly string[] {
    return device.noticed.flatMap(({ type, what }) => (type === "quarantined" ? [what] : [])).sort();
  }

  alarms(device: SimDevice): readonly string[] {
    return device.noticed.flatMap(({ type, what }) => (type === "alarm" ? [what] : []));
  }

  /** Every document of a device as text, in order. */
  async show(device: SimDevice): Promise<readonly string[]> {
    const ids = [...(await device.database.getAllDocumentIds())].sort();
    return Promise.all(ids.map((id) => this.showOne(device, id)));
  }

  async showOne(device: SimDevice, id: DocId): Promise<string> {
    const doc = await device.database.getDocument(id);
    return `${id} ${[...doc.getHeads()].sort()} ${doc.isDeleted()} ${canonical(doc.getData())}`;
  }

  /** Works only if everybody shows the same; gives what that is. */
  async shared(): Promise<readonly string[]> {
    const [first, ...others] = await Promise.all(this.everybody.map((device) => this.show(device)));
    for (const shown of others) {
      if (JSON.stringify(shown) !== JSON.stringify(first)) throw new RangeError(firstDifference(first ?? [], shown));
    }
    return first ?? [];
  }
}

/** Automerge gives the fields of a map in the order in which they arrived. */
function canonical(data: object): string {
  return JSON.stringify(data, (_, value: unknown) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

function firstDifference(some: readonly string[], others: readonly string[]): string {
  const only = (a: readonly string[], b: readonly string[]) => a.find((text) => !b.includes(text))?.slice(0, 400);
  return `not the same: ${only(some, others)} | ${only(others, some)}`;
}

/** The code of what a promise rejects with, or null. */
export async function codeOf(work: Promise<unknown>): Promise<CoreError["code"] | string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  }
}
