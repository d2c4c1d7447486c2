import { SeededRandom } from "../../src/seeded-random.ts";

/** What can happen, and how often next to the others. */
const WEIGHTS = {
  write: 22,
  transact: 8,
  create: 4,
  delete: 1,
  meet: 12,
  relay: 8,
  pull: 4,
  close: 4,
  crash: 4,
  purge: 5,
  keep: 3,
  revoke: 3,
  rights: 2,
  share: 1,
  rotate: 2,
  follow: 4,
  wait: 2,
} as const;

type StepType = keyof typeof WEIGHTS;

/** Something that happens, decided before the story begins: leaving one out leaves the others as they are. */
export interface Step {
  readonly type: StepType;
  /** Index of whom it happens to. */
  readonly who: number;
  /** 32 bits for everything else there is to decide. */
  readonly dice: number;
}

/** The steps of a seed. */
export function drawSteps(seed: string, { people, count }: { people: number; count: number }): readonly Step[] {
  const random = new SeededRandom(`steps of ${seed}`);
  const types = (Object.keys(WEIGHTS) as StepType[]).flatMap((type) => Array<StepType>(WEIGHTS[type]).fill(type));
  return Array.from({ length: count }, () => ({
    type: random.pick(types) ?? "write",
    who: random.below(people),
    dice: random.next(),
  }));
}
