import type { SignatureCheck, Verifier } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { describe, expect, test } from "vitest";
import { Counters } from "../../src/counters.ts";
import { budgetedVerifier } from "../../src/sync/signature-budget.ts";
import { identityOf } from "../fixtures/identity.ts";
import { ManualClock } from "../fixtures/manual-clock.ts";

const signer = identityOf("signer");
const message = new TextEncoder().encode("message");
const good: SignatureCheck = { publicKey: signer.publicKey, message, signature: signer.signBytes(message) };
const bad: SignatureCheck = { ...good, message: new TextEncoder().encode("another") };

function budget(clock: ManualClock, counters = new Counters()): Verifier {
  const rates = { signaturesPerSecond: 100, signatureBurst: 200 };
  return budgetedVerifier({ verifier: nativeVerifier, scheduler: clock, now: () => clock.now, counters, ...rates });
}

/** Whether a promise is settled once everything that can happen now has happened. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe("budgetedVerifier", () => {
  test("gives the verdicts of the verifier it wraps, in their order, for more checks than one slice", async () => {
    const checks = Array.from({ length: 150 }, (_, index) => (index % 3 === 0 ? bad : good));
    const verdicts = await budget(new ManualClock()).verifyMany(checks);
    expect(verdicts).toEqual(checks.map((check) => check === good));
  });

  test("a session that used up its burst waits for the rate, and is then served", async () => {
    const clock = new ManualClock();
    const counters = new Counters();
    const verifier = budget(clock, counters);
    await verifier.verifyMany(new Array<SignatureCheck>(200).fill(good));
    const next = verifier.verifyMany(new Array<SignatureCheck>(50).fill(good));
    expect(await isDone(next)).toBe(false);
    clock.advance(499);
    expect(await isDone(next)).toBe(false);
    clock.advance(1);
    expect(await next).toHaveLength(50);
    expect(counters.get("signatures_delayed_total")).toBe(50);
  });

  test("a batch above the burst passes once the bucket is full, and what follows pays for it", async () => {
    const clock = new ManualClock();
    const verifier = budget(clock);
    expect(await verifier.verifyMany(new Array<SignatureCheck>(400).fill(good))).toHaveLength(400);
    const next = verifier.verifyMany([good]);
    clock.advance(2_000);
    expect(await isDone(next)).toBe(false);
    clock.advance(10);
    expect(await next).toEqual([true]);
  });

  test("the budget fills up again while a session is quiet", async () => {
    const clock = new ManualClock();
    const verifier = budget(clock);
    await verifier.verifyMany(new Array<SignatureCheck>(200).fill(good));
    clock.advance(2_000);
    expect(await isDone(verifier.verifyMany(new Array<SignatureCheck>(200).fill(good)))).toBe(true);
  });

  test("hands the processor to others between slices", async () => {
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns += 1;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    await budget(new ManualClock()).verifyMany(new Array<SignatureCheck>(160).fill(good));
    running = false;
    expect(turns).toBeGreaterThan(2);
  });
});
