import { expect, test } from "vitest";
import { SharedLock } from "../src/shared-lock.ts";

/** Timers that run when the test says so. */
class Timers {
  readonly #timers: { at: number; readonly run: () => void }[] = [];
  #now = 0;

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return () => {
      timer.at = Number.POSITIVE_INFINITY;
    };
  }

  async pass(ms: number): Promise<void> {
    this.#now += ms;
    for (const timer of this.#timers.filter(({ at }) => at <= this.#now)) {
      timer.at = Number.POSITIVE_INFINITY;
      timer.run();
    }
    await settle();
  }
}

/** Settles everything that waits for nothing but turns. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await null;
};

test("many are in at once, one is alone after them, and who comes while somebody is alone waits", async () => {
  const lock = new SharedLock(new Timers());
  const order: string[] = [];
  expect([lock.enter(), lock.enter(), lock.isShared]).toEqual([undefined, undefined, true]);
  let goOn = (): void => undefined;
  const alone = lock.alone(async () => {
    order.push("alone");
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
  });
  // Who waits to be alone keeps nobody out: who is in may be waiting for this one.
  expect(lock.enter()).toBeUndefined();
  for (let times = 0; times < 3; times++) {
    await settle();
    expect(order).toEqual([]);
    lock.leave();
  }
  await settle();
  expect([order, lock.isShared]).toEqual([["alone"], false]);
  const late = lock.enter();
  expect(late).toBeInstanceOf(Promise);
  const another = lock.alone(async () => void order.push("another"));
  await settle();
  expect(order).toEqual(["alone"]);
  goOn();
  await Promise.all([alone, late]);
  order.push("in");
  await settle();
  expect(order).toEqual(["alone", "in"]);
  lock.leave();
  await another;
  expect(order).toEqual(["alone", "in", "another"]);
});

test("is free again after work that fails, and begins at once when nobody is in", async () => {
  const lock = new SharedLock(new Timers());
  let isBegun = false;
  const failing = lock.alone(async () => {
    isBegun = true;
    throw new RangeError("boom");
  });
  expect(isBegun).toBe(true);
  await expect(failing).rejects.toThrow("boom");
  expect(lock.enter()).toBeUndefined();
});

test("who follow on each other without end wait a moment at the door, and one is alone", async () => {
  const timers = new Timers();
  const lock = new SharedLock(timers);
  const order: string[] = [];
  lock.enter();
  const alone = lock.alone(async () => void order.push("alone"));
  for (let seconds = 0; seconds < 2; seconds += 1) {
    expect(lock.enter()).toBeUndefined(); // before the one before it has left
    lock.leave();
    await timers.pass(1_000);
  }
  const next = lock.enter();
  expect(next).toBeInstanceOf(Promise);
  void next?.then(() => order.push("next"));
  lock.leave();
  await alone;
  await next;
  expect(order).toEqual(["alone", "next"]);
  lock.leave();
  expect(lock.enter()).toBeUndefined();
});

test("who is in and waits for one that waits at the door is not waited for: the door opens again", async () => {
  const timers = new Timers();
  const lock = new SharedLock(timers);
  let isAlone = false;
  lock.enter();
  const alone = lock.alone(async () => {
    isAlone = true;
  });
  await timers.pass(2_000);
  const inner = lock.enter();
  let isIn = false;
  void inner?.then(() => {
    isIn = true;
  });
  await settle();
  expect([isIn, isAlone]).toEqual([false, false]);
  await timers.pass(500);
  expect([isIn, isAlone]).toEqual([true, false]);
  lock.leave();
  lock.leave();
  await alone;
  expect(isAlone).toBe(true);
  await timers.pass(10_000);
  expect(lock.enter()).toBeUndefined(); // nobody waits any more
});
