import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes that are in use after `run` and were not before, garbage collected. What `run` made is to be held by the caller. */
export function memoryOf(run: () => void): number {
  const before = inUse();
  run();
  return inUse() - before;
}

function inUse(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
