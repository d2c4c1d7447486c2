import type { Figure } from "./question.ts";

/** The middle of the samples. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export function figure(unit: Figure["unit"], samples: readonly number[]): Figure {
  return { unit, value: median(samples), samples };
}

/**
 * CPU time of this process, user and system, spent in `work`, in microseconds. Waiting for a disk or a neighbour costs nothing. Garbage
 * of earlier work is collected first; for work of few milliseconds that would cost more than the work itself (`briefCpuMicroseconds`).
 */
export async function cpuMicroseconds(work: () => unknown): Promise<number> {
  globalThis.gc?.();
  return await briefCpuMicroseconds(work);
}

/** The same, for one of many short pieces of work that make a sample together: each leaves its garbage to the next. */
export async function briefCpuMicroseconds(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/**
 * The same, with collecting the young garbage it leaves, and none of what was there before. The young generation has room for the garbage of
 * some work and not for that of other: else one side would pay for its own, and the other leave it to nobody.
 *
 * A full collection before it would be charged to the work, and to that with many shapes of objects only: V8 drops what it compiled for
 * shapes of which no object is alive then, and compiles it again on other threads, which the process's CPU time counts.
 */
export async function cleanCpuMicroseconds(work: () => unknown): Promise<number> {
  collectYoung();
  return await briefCpuMicroseconds(async () => {
    await work();
    globalThis.gc?.({ type: "minor" });
  });
}

/** The same for work of few milliseconds, without collecting what it leaves: that would cost about as much as the work. */
export async function freshCpuMicroseconds(work: () => unknown): Promise<number> {
  collectYoung();
  return await briefCpuMicroseconds(work);
}

/** Twice: what lives through the first is young until the second, and a collection in or behind the work would move it. */
function collectYoung(): void {
  for (let time = 0; time < 2; time++) globalThis.gc?.({ type: "minor" });
}
