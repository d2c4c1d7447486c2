import { CoreError } from "@selkie/core";
import { ChainWatch } from "./chain-watch.ts";
import { FAIR_WEATHER, Network } from "./network.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimDevice } from "./sim-device.ts";
import { SimRelay } from "./sim-relay.ts";
import { Trace } from "./trace.ts";
import { VirtualClock } from "./virtual-clock.ts";

const PEOPLE = [
  "alice",
  "bob",
  "carol",
  "dave",
  "erin",
  "frank",
  "grace",
  "heidi",
  "ivan",
  "judy",
  "mallory",
  "olivia",
];

/** Virtual time may not tell devices apart: one is right, the others are wrong by years either way. */
const CLOCK_ERRORS = [0, 250_000_000_000_000, -1_000_000_000_000, Number.NaN];

/** A relay, devices and the network between them, all out of one seed. */
export class World {
  readonly clock: VirtualClock = new VirtualClock();
  readonly trace: Trace = new Trace();
  readonly watch: ChainWatch = new ChainWatch();
  readonly network: Network;
  readonly relay: SimRelay;
  readonly devices: readonly SimDevice[];
  readonly random: SeededRandom;

  constructor(seed: string, people = 3, clockErrors: readonly number[] = CLOCK_ERRORS) {
    this.random = new SeededRandom(`world ${seed}`);
    const { clock, watch, random } = this;
    this.network = new Network(clock, random.fork("network"), this.trace);
    const { network } = this;
    this.relay = new SimRelay({ name: "relay", clock, network, random, watch });
    this.devices = PEOPLE.slice(0, people).map(
      (name, at) =>
        new SimDevice({ name, clock, network, random, watch, clockError: clockErrors[at % clockErrors.length] ?? 0 }),
    );
  }

  /** The first founds the tenant and admits the others through the relay; everybody is connected and has the database open. */
  async begin(history: "full" | "from-now" = "full"): Promise<void> {
    for (const device of this.devices) await device.setUp();
    this.relay.start();
    await this.clock.until(this.#gather(history));
  }

  /** One more device in this world: nobody's yet. */
  device(name: string): SimDevice {
    const { clock, network, random, watch } = this;
    return new SimDevice({ name, clock, network, random, watch });
  }

  /** Everything that was broken works again, and everybody talks to the relay until nobody has anything to say. */
  async heal(): Promise<void> {
    this.network.mend();
    this.network.weather = FAIR_WEATHER;
    this.relay.crashAtCommit = null;
    this.relay.start();
    for (const device of this.devices) device.crashAtCommit = null;
    for (const device of this.devices) await this.clock.until(device.start());
    for (const device of this.devices) await this.clock.until(device.disconnect());
    for (const device of this.devices) await this.clock.until(device.connectRelay(this.relay));
    await this.settle();
  }

  /** Again and again: what the last device brings must reach the first, which may wait for news of the directory until then. */
  async settle(): Promise<void> {
    for (const isLast of [false, false, true]) {
      const lines = this.devices.flatMap(({ life }) => [...(life?.connections ?? [])]);
      const synced = lines.map((line) => line.synced().catch((error: unknown) => waitsOn(error, isLast)));
      await this.clock.until(Promise.all(synced));
    }
  }

  async #gather(history: "full" | "from-now"): Promise<void> {
    const [founder, ...others] = this.devices;
    if (founder === undefined) return;
    await founder.found(history);
    await founder.openDatabase();
    await founder.connectRelay(this.relay);
    for (const device of others) {
      const response = await founder.tenant.directory.approveJoinRequest(await device.ask(), { role: "editor" });
      await device.join(response.toString());
      await device.connectRelay(this.relay);
      await device.openDatabase();
    }
  }
}

/** @throws but for what is sealed later, when the directory has arrived */
function waitsOn(error: unknown, isLast: boolean): void {
  if (isLast || !(error instanceof CoreError) || error.code !== "DIRECTORY_STALE") throw error;
}
