export { describeEvent, drawEvents, type SimEvent, type SimEventType } from "./event.ts";
export { minimise } from "./minimise.ts";
export { runSeed, type SeedOptions, type SeedResult } from "./run-seed.ts";
