import { nativeCrypto } from "@selkie/crypto/native";
import { memoryStore } from "@selkie/store";
import { expect, test } from "vitest";
import { LocalState } from "../../src/local/local-state.ts";
import { LastContact } from "../../src/tenant/last-contact.ts";
import { pattern, testDatabase, testTenant } from "../fixture.ts";

const DAY_MS = 86_400_000;

/** A device whose clock the test sets, over restarts. */
async function begin() {
  const store = memoryStore({ verifier: nativeCrypto, random: (length) => nativeCrypto.randomBytes(length) });
  const secret = await nativeCrypto.importSecret(pattern("local", 32));
  const clock = { now: 0 };
  const open = async (): Promise<LastContact> => {
    const contact = new LastContact({
      platform: { now: () => clock.now, scheduler: { after: () => () => undefined } },
      store,
      local: new LocalState(nativeCrypto, store.state, secret, testTenant),
      directory: testDatabase,
      limit: () => 7 * 86_400,
      onStale: () => undefined,
    });
    await contact.load();
    return contact;
  };
  return { clock, open };
}

test("A4 a clock that was ahead at the last contact keeps no directory fresh, over restarts", async () => {
  const { clock, open } = await begin();
  clock.now = 400 * DAY_MS;
  const first = await open();
  await first.made();
  await first.lost();

  clock.now = 10 * DAY_MS; // set right
  expect((await open()).isStale).toBe(false);
  clock.now = 16 * DAY_MS;
  expect((await open()).isStale).toBe(false);
  clock.now = 18 * DAY_MS;
  expect((await open()).isStale).toBe(true);
});

test("A4 the same without a restart: a device that runs for months finds its directory stale", async () => {
  const { clock, open } = await begin();
  clock.now = 40_000 * DAY_MS;
  const contact = await open();
  await contact.made();
  await contact.lost();
  clock.now = 10 * DAY_MS; // set right
  contact.watch();
  expect(contact.isStale).toBe(false);
  clock.now = 16 * DAY_MS;
  expect(contact.isStale).toBe(false);
  clock.now = 18 * DAY_MS;
  expect(contact.isStale).toBe(true);
});
