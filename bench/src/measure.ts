import type { Figure } from "./question.ts";

/** The middle of the samples. */
function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export function figure(unit: Figure["unit"], samples: readonly number[]): Figure {
  return { unit, value: median(samples), samples };
}

/** CPU time of this process, user and system, spent in `work`, in microseconds. Waiting for a disk or a neighbour costs nothing. */
export async function cpuMicroseconds(work: () => unknown): Promise<number> {
  globalThis.gc?.();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
