import { expect, test } from "vitest";
import { Serial } from "../../src/serial.ts";
import { Giving } from "../../src/tenant/giving.ts";
import type { StatementContext } from "../../src/tenant/statement-context.ts";
import { pattern } from "../fixture.ts";

const TURN_MS = 60_000;

/** A directory in which something of a key is always to be given, and this device is the second to do so. */
function begin() {
  const clock = { now: 0 };
  const timers: (() => void)[] = [];
  const key = { keyId: pattern("key", 16), current: [pattern("version", 32)], kind: "named" };
  const keyFitness = { lackHistory: () => [pattern("somebody", 32)], unlinked: () => [], turnToGive: () => 1 };
  const view = {
    ...{ found: { directoryKey: key }, keys: () => [key], isEntitled: () => true, isSafe: () => true },
    keyFitness: { ...keyFitness, mayLeadBack: () => false, passesOn: () => false },
  };
  const at = {
    context: {
      platform: {
        now: () => clock.now,
        scheduler: {
          after: (_ms: number, run: () => void) => {
            timers.push(run);
            return () => undefined;
          },
        },
        report: (error: unknown) => expect.unreachable(String(error)),
      },
      ring: { current: () => key, confirmed: () => [] },
    },
    view: () => view,
    self: () => ({ role: "editor" }),
    settling: new Serial(),
  } as unknown as StatementContext;
  return { giving: new Giving(at), clock, timers };
}

test("what is given when its turn comes is not given again by a look at the same moment", async () => {
  const { giving, clock, timers } = begin();
  await giving.look();
  expect(timers).toHaveLength(1); // its turn is yet to come
  clock.now = TURN_MS;
  timers[0]?.(); // now it is
  await giving.look();
  expect(timers).toHaveLength(2); // what did not help then is not given again before the next turn
});
