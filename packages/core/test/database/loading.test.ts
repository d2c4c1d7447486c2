import { expect, test } from "vitest";
import { Loading } from "../../src/database/loading.ts";

/** A load of so many entries, one after the other, that fails at its first tries. */
function loading(entries: number, failures: number) {
  const [progress, reports]: [number[], unknown[]] = [[], []];
  const counts = { tries: 0, loaded: 0 };
  const it = new Loading({
    platform: {
      scheduler: {
        after: (_, run) => {
          const timer = setImmediate(run);
          return () => clearImmediate(timer);
        },
      },
      report: (error) => void reports.push(error),
    },
    load: async (pause) => {
      counts.tries += 1;
      for (let at = 0; at < entries; at++) {
        if (at === 2 && counts.tries <= failures) throw new RangeError("the disk is busy");
        await pause(1);
      }
    },
    onProgress: (read) => void progress.push(read),
    onLoaded: async () => {
      counts.loaded += 1;
    },
    verify: async (pause) => pause(),
  });
  return { it, progress, reports, counts };
}

test("entries that could not be read are read again, from the beginning, by who needs them next", async () => {
  const { it, progress, counts } = loading(3, 2);
  await expect(it.whole()).rejects.toThrow("the disk is busy");
  expect(it.hasFailed).toBe(true);
  await expect(Promise.all([it.whole(), it.inTime()])).rejects.toThrow("the disk is busy");
  expect(it.isDone).toBe(false);
  await Promise.all([it.inTime(), it.whole()]);
  expect(it.isDone).toBe(true);
  expect(counts).toEqual({ tries: 3, loaded: 1 });
  expect(progress).toEqual([1, 2, 1, 2, 1, 2, 3]);
  await it.verified();
});

test("what fails in the background is reported, and tried again by who needs it; not once it was stopped", async () => {
  const { it, reports, counts } = loading(3, 1);
  it.begin();
  await expect.poll(() => reports.length).toBe(1);
  await it.whole();
  expect(counts).toEqual({ tries: 2, loaded: 1 });
  const stopped = loading(3, 1);
  await expect(stopped.it.whole()).rejects.toThrow("the disk is busy");
  await stopped.it.stop();
  await expect(stopped.it.whole()).rejects.toMatchObject({ code: "CLOSED" });
  expect(stopped.counts).toEqual({ tries: 1, loaded: 0 });
});
