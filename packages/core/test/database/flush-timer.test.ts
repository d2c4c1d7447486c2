import { describe, expect, test } from "vitest";
import { FlushTimer } from "../../src/database/flush-timer.ts";
import { requireFree } from "../../src/hold-code.ts";
import type { Platform } from "../../src/platform.ts";

/** A platform whose time the test turns by hand. */
function byHand() {
  const due: { readonly ms: number; readonly run: () => void }[] = [];
  const reports: unknown[] = [];
  const after = (ms: number, run: () => void) => {
    const timer = { ms, run };
    due.push(timer);
    return () => void due.splice(due.indexOf(timer), 1);
  };
  const platform = { scheduler: { after }, report: (error: unknown) => reports.push(error) } as unknown as Platform;
  return { platform, due, reports, ring: () => due.shift()?.run() };
}

describe("the flush window", () => {
  test("E2 is opened by the first change; those that follow join it", () => {
    const { platform, due, ring } = byHand();
    let flushed = 0;
    const timer = new FlushTimer(platform, async () => void flushed++);
    for (let change = 0; change < 10; change++) timer.start();
    expect(due.map(({ ms }) => ms)).toEqual([250]);
    ring();
    expect(flushed).toBe(1);
    timer.start();
    expect(due).toHaveLength(1);
  });

  test("that was stopped flushes nothing, and may be opened again", () => {
    const { platform, due, ring } = byHand();
    let flushed = 0;
    const timer = new FlushTimer(platform, async () => void flushed++);
    timer.start();
    timer.stop();
    timer.stop();
    expect(due).toEqual([]);
    timer.start();
    ring();
    expect(flushed).toBe(1);
  });

  test.each(["DIRECTORY_STALE", "UPDATE_NEEDED"] as const)("says nothing of %s: an alarm does, once", async (code) => {
    const { platform, reports, ring } = byHand();
    const flush = Promise.resolve().then(() => requireFree(code));
    new FlushTimer(platform, () => flush).start();
    ring();
    await expect(flush).rejects.toMatchObject({ code });
    await Promise.resolve();
    expect(reports).toEqual([]);
  });

  test("reports a flush that fails, and opens again", async () => {
    const { platform, reports, ring, due } = byHand();
    const timer = new FlushTimer(platform, () => Promise.reject(new RangeError("disk full")));
    timer.start();
    ring();
    await Promise.resolve();
    await Promise.resolve();
    expect(reports).toEqual([new RangeError("disk full")]);
    timer.start();
    expect(due).toHaveLength(1);
  });
});
