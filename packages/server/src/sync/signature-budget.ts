// Checking an Ed25519 signature costs about 0.1 ms, sending one costs nothing: without a bound a few peers that push batches of
// rubbish keep every core busy. Each session has a bucket; a session that empties it waits, and with it the peer, through the
// flow control of its own connection. Nothing is refused, so an honest bulk upload only becomes slower.

import type { SignatureCheck, Verifier } from "@selkie/entry";
import type { Scheduler } from "@selkie/sync-protocol";
import type { Counters } from "../counters.ts";

export interface SignatureBudgetOptions {
  readonly verifier: Verifier;
  readonly scheduler: Scheduler;
  /** ms on any steady clock. */
  now(): number;
  readonly signaturesPerSecond: number;
  readonly signatureBurst: number;
  readonly counters: Counters;
}

/** A verifier for one session: the same verdicts, but no faster than the budget. */
export function budgetedVerifier(options: SignatureBudgetOptions): Verifier {
  const { verifier, scheduler, counters, signaturesPerSecond, signatureBurst } = options;
  let tokens = signatureBurst;
  let filledAt = options.now();
  let turn: Promise<void> = Promise.resolve();

  const waitFor = async (wanted: number): Promise<void> => {
    const now = options.now();
    tokens = Math.min(signatureBurst, tokens + ((now - filledAt) * signaturesPerSecond) / 1000);
    filledAt = now;
    // A batch larger than the whole bucket goes through once the bucket is full; the debt delays what follows.
    const missing = Math.min(wanted, signatureBurst) - tokens;
    tokens -= wanted;
    if (missing <= 0) return;
    counters.count("signatures_delayed_total", wanted);
    await new Promise<void>((resolve) => scheduler.after((missing * 1000) / signaturesPerSecond, resolve));
  };

  return {
    name: verifier.name,
    sha256: verifier.sha256,
    async verifyMany(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
      const mine = turn.then(() => waitFor(checks.length));
      turn = mine;
      await mine;
      counters.count("signatures_checked_total", checks.length);
      return verifyInSlices(verifier, checks);
    },
  };
}

/** Signatures checked in one go: about 4 ms, after which other sessions have their turn. */
const SLICE = 32;

async function verifyInSlices(verifier: Verifier, checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
  const verdicts: boolean[] = [];
  for (let from = 0; from < checks.length; from += SLICE) {
    if (from > 0) await new Promise((resolve) => setImmediate(resolve));
    verdicts.push(...(await verifier.verifyMany(checks.slice(from, from + SLICE))));
  }
  return verdicts;
}
