import type { AppendResult, VerifiedRun } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import { TestWriter } from "@selkie/store/contract";
import { expect, test } from "vitest";
import { Link } from "../../src/connection/link.ts";
import { PeerMemory } from "../../src/connection/peer-memory.ts";
import { directoryDatabase, pattern, testTenant } from "../fixture.ts";
import { context, crypto, directory, local, memoryOptions, relay, store } from "./link-fixture.ts";

/** A relay that answers so instead of storing, as long as there is a code. */
function relayThatSays(): { code: string | null; holds: ReturnType<typeof store.entries> } {
  const other = memoryStore({ verifier: crypto, random: (length) => pattern("other", length) });
  const holds = other.entries(testTenant, directoryDatabase);
  const append = holds.append.bind(holds);
  const state: ReturnType<typeof relayThatSays> = { code: null, holds };
  holds.append = async (runs: readonly VerifiedRun[]): Promise<readonly AppendResult[]> => {
    const { code } = state;
    return code === null ? await append(runs) : runs.map(() => ({ type: "refused", code }));
  };
  return state;
}

test("what a relay had no room for is sent again by each synced, until it is taken", async () => {
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
