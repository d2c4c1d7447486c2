// THREATS part 3, load, active, and rolling restart.
import { expect, test } from "vitest";
import { TestClient } from "../fixtures/test-client.ts";
import { TempDirectory } from "../fixtures/test-relay.ts";
import { loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";
import { LoadRelay } from "./load-relay.ts";
import { Reader } from "./reader.ts";

const FULL = process.env["SELKIE_TEST_FULL"] !== undefined;
const MiB = 2 ** 20;
const WRITERS = FULL ? 1_000 : 60;
const ROUNDS = FULL ? 10 : 8;

test(`F4 ${WRITERS} who write at once: the relay holds no more the longer they do, and after a restart it has all that it acknowledged`, {
  timeout: 900_000,
}, async () => {
  await using directory = await TempDirectory.create();
  const [acme, alice] = [new TestTenant("acme"), memberOf("alice")];
  const credentials = acme.credentials(loginOf(alice), acme.documentsFor([alice]));
  const database = databaseOf("things");
  const acknowledged = new Map<string, number>();
  {
    await using relay = await LoadRelay.start(directory);
    const writers: { readonly client: TestClient; readonly chain: TestWriter }[] = [];
    while (writers.length < WRITERS) {
      const client = await TestClient.login(relay.url, acme, alice, [alice]);
      const own = databaseOf(`of ${writers.length}`);
      await client.open(own);
      client.session.on("acknowledged", ({ vector }) => {
        for (const [writer, { seq }] of vector) acknowledged.set(writer, seq);
      });
      writers.push({ client, chain: new TestWriter(own, `writer ${writers.length}`) });
    }
    const round = () =>
      Promise.all(writers.map(async ({ client, chain }) => await client.push(await chain.write(1, 512))));
    await round();
    const before = await relay.measure();
    for (let done = 0; done < ROUNDS; done += 1) await round();
    const after = await relay.measure();
    const cpu = (after.cpuMs - before.cpuMs) / (ROUNDS * WRITERS);
    console.log(
      `${Math.round(cpu * 1_000)} us of CPU an entry, ${Math.round((after.held - before.held) / 1_024)} KiB more`,
    );
    // A thousand in a second, of one core; code that is not hot takes longer.
    if (FULL) expect(cpu).toBeLessThan(1);
    expect(after.held - before.held).toBeLessThan(8 * MiB);
    // Half of them write on while the relay is told to stop; everybody is asked to leave and to come back spread over some time.
    const asked = writers.map(({ client }) => client.next("leaving"));
    const half = writers.slice(0, WRITERS / 2);
    const late = Promise.allSettled(half.map(async ({ client, chain }) => await client.push(await chain.write())));
    const stopped = relay.stop();
    const spread = await Promise.all(asked);
    expect(Math.min(...spread.map(({ withinMs }) => withinMs))).toBeGreaterThanOrEqual(5_000);
    await late;
    await stopped;
    for (const { client } of writers) await client[Symbol.asyncDispose]();
  }
  await using again = await LoadRelay.start(directory);
  expect(acknowledged.size).toBe(WRITERS);
  const databases = Array.from({ length: WRITERS }, (_, at) => databaseOf(`of ${at}`));
  await using reader = await Reader.follow(again.url, credentials, [database, ...databases]);
  await reader.holds([...acknowledged.values()].reduce((sum, seq) => sum + seq + 1, 0));
});
