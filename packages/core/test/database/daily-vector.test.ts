import { memoryStore } from "@selkie/store";
import { expect, test } from "vitest";
import { DailyVector } from "../../src/database/daily-vector.ts";
import { LocalState } from "../../src/local/local-state.ts";
import type { Platform } from "../../src/platform.ts";
import { pattern, repeatableCrypto, testDatabase, testTenant } from "../fixture.ts";
import { Lab, placeOf } from "./lab.ts";

test("B5 a day is over though its end, in fractions of a millisecond, is rounded up: its timer does not ring without end", async () => {
  const crypto = repeatableCrypto("daily");
  const store = memoryStore({ verifier: crypto, random: (length) => crypto.randomBytes(length) });
  const local = new LocalState(crypto, store.state, await crypto.importSecret(pattern("local", 32)), testTenant);
  const timers: (() => void)[] = [];
  // now - since is less than a day, and since + a day is now
  let now = 1_036_800_787.852_941_2;
  const after = (_: number, run: () => void) => {
    timers.push(run);
    return () => undefined;
  };
  const platform = { now: () => now, scheduler: { after }, report: expect.unreachable } as unknown as Platform;
  const [lab, place] = [await Lab.begin("daily"), placeOf("of ben")];
  const [author, other] = [await lab.author("ben"), await lab.author("anna")];
  let said = 0;
  const daily = await DailyVector.open({
    context: { platform, store, local },
    database: testDatabase,
    own: () => other.writer,
    self: () => ({ role: "admin" }),
    say: async () => {
      said += 1;
      const heads = daily.seen.due(other.writer, false, now);
      expect(heads).toHaveLength(1);
      daily.seen.told(other.writer, heads ?? [], now);
      return true;
    },
  });
  daily.seen.received([await author.write([author.part(place, pattern("a change", 20), { kind: "create" })])]);
  daily.look();
  now = 1_123_200_787.852_941;
  for (const ring of timers) {
    expect(timers.length).toBeLessThan(3);
    ring();
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }
  expect(said).toBe(1);
  await daily.close();
});
