import { drawEvents, type SimEvent } from "./event.ts";
import { judge } from "./oracle.ts";
import { SimError } from "./sim-error.ts";
import { warmUp } from "./warm-up.ts";
import { Workload } from "./workload.ts";
import { World } from "./world.ts";

export interface SeedOptions {
  /** Default 3. */
  readonly devices?: number;
  /** How many things happen before everything heals. Default 120. */
  readonly count?: number;
  /** Default: the seed's own. */
  readonly events?: readonly SimEvent[];
}

export interface SeedResult {
  readonly seed: string;
  readonly events: readonly SimEvent[];
  /** Hash of every frame, event and time. */
  readonly trace: string;
  /** Empty when everything held. */
  readonly failures: readonly string[];
  /** ms of virtual time. */
  readonly duration: number;
  readonly acts: number;
}

/** Longer than anybody waits before an alarm about what did not come: nobody may raise one. */
const PATIENCE_MS = 400_000;

/** Runs one seed from the founding of the tenant to the verdict. */
export async function runSeed(seed: string, options: SeedOptions = {}): Promise<SeedResult> {
  const { devices = 3, count = 120 } = options;
  const events = options.events ?? drawEvents(seed, { devices, count });
  await warmUp();
  const world = new World(seed, devices);
  const workload = new Workload(world);
  const failures = await run(world, workload, events);
  const { trace, clock } = world;
  return { seed, events, trace: trace.digest(), failures, duration: clock.now, acts: workload.model.acts.length };
}

async function run(world: World, workload: Workload, events: readonly SimEvent[]): Promise<readonly string[]> {
  try {
    await world.begin();
    await workload.run(events);
    await world.heal();
    await world.clock.advance(PATIENCE_MS);
    const warm = await judge(world, workload);
    if (warm.length > 0) return warm;
    // Whoever starts from the disk alone must show the same.
    for (const device of world.devices) await world.clock.until(device.close());
    await world.heal();
    return await judge(world, workload);
  } catch (error) {
    if (error instanceof SimError) return [`${error.code}: ${error.message}`];
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}
