import type { AppendResult, VerifiedRun } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import { TestWriter } from "@selkie/store/contract";
import { expect, test } from "vitest";
import { Link } from "../../src/connection/link.ts";
import { PeerMemory } from "../../src/connection/peer-memory.ts";
import { directoryDatabase, pattern, testTenant } from "../fixture.ts";
import { context, crypto, directory, local, memoryOptions, relay, store } from "./link-fixture.ts";

/** A relay that answers so instead of storing, as long as there is a code, and how many runs it refused. */
function relayThatSays(): { code: string | null; refused: number; holds: ReturnType<typeof store.entries> } {
  const other = memoryStore({ verifier: crypto, random: (length) => pattern("other", length) });
  const holds = other.entries(testTenant, directoryDatabase);
  const append = holds.append.bind(holds);
  const state: ReturnType<typeof relayThatSays> = { code: null, refused: 0, holds };
  holds.append = async (runs: readonly VerifiedRun[]): Promise<readonly AppendResult[]> => {
    const { code } = state;
    if (code === null) return await append(runs);
    state.refused += runs.length;
    return runs.map(() => ({ type: "refused", code }));
  };
  return state;
}

test("what a relay had no room for is sent again by synced, until it is taken", async () => {
  const state = relayThatSays();
  const errors: string[] = [];
  const link = new Link({
    ...context,
    dial: async () => relay({ holds: state.holds }),
    memory: new PeerMemory(local, store.state, memoryOptions),
    onNoRoom: ({ code }) => errors.push(code),
  });
  await link.settled();
  await link.synced();

  state.code = "RELAY_FULL";
  const writer = await TestWriter.create(crypto, directoryDatabase, 1);
  await store.entries(testTenant, directoryDatabase).append([await writer.write({ count: 2, parts: 1, bytes: 160 })]);
  for (const _ of [1, 2]) await expect(link.synced()).rejects.toMatchObject({ code: "RELAY_FULL" });
  expect(await link.catchUp(() => [directory], {})).toBe(true); // all of its is here
  expect([link.status, errors]).toEqual(["online", ["RELAY_FULL"]]);

  state.code = null;
  await link.synced();
  expect((await state.holds.vector()).size).toBe(1);
  await link[Symbol.asyncDispose]();
});

test("what a relay has no room for is sent again a few times by an app that asks without a pause, and then every ten seconds", async () => {
  const state = relayThatSays();
  let now = 1_000_000;
  const link = new Link({
    ...context,
    platform: { ...context.platform, now: () => now },
    dial: async () => relay({ holds: state.holds }),
    memory: new PeerMemory(local, store.state, memoryOptions),
  });
  await link.settled();
  await link.synced();
  state.code = "QUOTA_EXCEEDED";
  const writer = await TestWriter.create(crypto, directoryDatabase, 2);
  await store.entries(testTenant, directoryDatabase).append([await writer.write({ count: 2, parts: 1, bytes: 160 })]);
  for (let call = 0; call < 50; call++) await expect(link.synced()).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
  expect(state.refused).toBe(5);
  now += 10_000;
  for (let call = 0; call < 50; call++) await expect(link.synced()).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
  expect(state.refused).toBe(6);
  state.code = null;
  now += 10_000;
  await link.synced();
  expect(await state.holds.vector()).toEqual(await store.entries(testTenant, directoryDatabase).vector());
  await link[Symbol.asyncDispose]();
});
