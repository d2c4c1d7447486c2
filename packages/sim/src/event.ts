import { SeededRandom } from "./seeded-random.ts";

/** What can happen, and how often next to the others. */
const WEIGHTS = {
  create: 16,
  createNamed: 2,
  createMany: 3,
  change: 50,
  delete: 3,
  connect: 7,
  disconnect: 3,
  meet: 4,
  pull: 4,
  push: 4,
  close: 3,
  crash: 3,
  crashAtCommit: 5,
  start: 6,
  backUp: 3,
  restore: 3,
  separate: 3,
  mend: 2,
  breakLines: 3,
  relayCrash: 1,
  relayCrashAtCommit: 1,
  relayStart: 2,
} as const;

export type SimEventType = keyof typeof WEIGHTS;

/** Something that happens at a time, decided before the run begins: leaving one out leaves the others as they are. */
export interface SimEvent {
  /** ms of virtual time after the devices have met. */
  readonly at: number;
  readonly type: SimEventType;
  /** Index of the device it happens to. */
  readonly device: number;
  /** Index of another device, for what takes two. */
  readonly other: number;
  /** 32 bits for everything else there is to decide. */
  readonly dice: number;
}

/** The events of a seed. */
export function drawEvents(seed: string, { devices, count }: { devices: number; count: number }): readonly SimEvent[] {
  const random = new SeededRandom(`events of ${seed}`);
  const types = (Object.keys(WEIGHTS) as SimEventType[]).flatMap((type) =>
    Array<SimEventType>(WEIGHTS[type]).fill(type),
  );
  let at = 0;
  return Array.from({ length: count }, () => {
    at += random.chance(0.3) ? 0 : random.below(random.chance(0.1) ? 2_000 : 150);
    const device = random.below(devices);
    const other = (device + 1 + random.below(devices - 1)) % devices;
    return { at, type: random.pick(types) ?? "change", device, other, dice: random.next() };
  });
}

export function describeEvent({ at, type, device, other, dice }: SimEvent): string {
  return `${String(at).padStart(6)} ms  ${type.padEnd(18)} device ${device}, other ${other}, dice ${dice}`;
}
