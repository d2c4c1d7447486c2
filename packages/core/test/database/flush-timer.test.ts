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
  let chance = 0;
  const crypto = { randomBytes: () => Uint8Array.of(chance) };
  const report = (error: unknown) => reports.push(error);
  const platform = { crypto, scheduler: { after }, report } as unknown as Platform;
  const draw = (byte: number) => {
    chance = byte;
  };
  return { platform, due, reports, draw, ring: () => due.shift()?.run() };
}

const unset = () => ({ settings: new Map() });

describe("the flush window", () => {
  test("E2 is opened by the first change; those that follow join it", () => {
    const { platform, due, ring } = byHand();
    let flushed = 0;
    const timer = new FlushTimer(platform, unset, async () => void flushed++);
    for (let change = 0; change < 10; change++) timer.start();
    expect(due.map(({ ms }) => ms)).toEqual([250]);
    ring();
    expect(flushed).toBe(1);
    timer.start();
    expect(due).toHaveLength(1);
  });

  test("E2 lasts as long as the tenant says, within bounds, and up to a quarter longer by chance", () => {
    const { platform, due, ring, draw } = byHand();
    const settings = new Map<string, number | string>();
    const timer = new FlushTimer(
      platform,
      () => ({ settings }),
      async () => undefined,
    );
    const lasts = (set: number | string | null, byte: number): number | undefined => {
      if (set === null) settings.clear();
      else settings.set("flushWindow", set);
      draw(byte);
      timer.start();
      const [timing] = due;
      ring();
      return timing?.ms;
    };
    expect([0, 51, 255].map((byte) => lasts(null, byte))).toEqual([250, 262.5, 312.5]);
    expect([0, 249, 1_000, 2_000, 2 ** 53 - 1, "soon"].map((set) => lasts(set, 0))).toEqual([
      250, 250, 1_000, 2_000, 2_000, 250,
    ]);
    expect(lasts(2_000, 255)).toBe(2_500);
  });

  test("that was stopped flushes nothing, and may be opened again", () => {
    const { platform, due, ring } = byHand();
    let flushed = 0;
    const timer = new FlushTimer(platform, unset, async () => void flushed++);
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
    new FlushTimer(platform, unset, () => flush).start();
    ring();
    await expect(flush).rejects.toMatchObject({ code });
    await Promise.resolve();
    expect(reports).toEqual([]);
  });

  test("reports a flush that fails, and opens again", async () => {
    const { platform, reports, ring, due } = byHand();
    const timer = new FlushTimer(platform, unset, () => Promise.reject(new RangeError("disk full")));
    timer.start();
    ring();
    await Promise.resolve();
    await Promise.resolve();
    expect(reports).toEqual([new RangeError("disk full")]);
    timer.start();
    expect(due).toHaveLength(1);
  });
});
