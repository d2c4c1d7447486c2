import { expect, test } from "vitest";
import { SharedLock } from "../src/shared-lock.ts";

/** Settles everything that waits for nothing but turns. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await null;
};

test("many are in at once, one is alone after them, and who comes while somebody is alone waits", async () => {
  const lock = new SharedLock();
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
  const lock = new SharedLock();
  let isBegun = false;
  const failing = lock.alone(async () => {
    isBegun = true;
    throw new RangeError("boom");
  });
  expect(isBegun).toBe(true);
  await expect(failing).rejects.toThrow("boom");
  expect(lock.enter()).toBeUndefined();
});
