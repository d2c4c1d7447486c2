import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { parseDatabaseId, type VerifiedRun } from "@selkie/entry";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { TestClient } from "../fixtures/test-client.ts";
import { TempDirectory, TestRelay } from "../fixtures/test-relay.ts";
import { loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";

const acme = new TestTenant("acme");
const [alice, mallory] = [memberOf("alice"), memberOf("mallory")];

/** Bytes as anything that prints bytes would print them. */
function spellings(bytes: Uint8Array): readonly string[] {
  const buffer = Buffer.from(bytes);
  const list = [buffer.toString("hex"), buffer.toString("base64"), buffer.toString("base64url"), [...bytes].join(",")];
  return [...list, buffer.toString("hex").toUpperCase(), buffer.toString("latin1")];
}

/** Every part of these bytes that is long enough to find them by. */
function traces(bytes: Uint8Array): readonly string[] {
  const whole = spellings(bytes);
  const parts = [0, 8, 16, 24].flatMap((from) => spellings(bytes.subarray(from, from + 8)).slice(0, 1));
  return [...whole, ...parts].filter((trace) => trace.length >= 16);
}

function bytesOfRun(run: VerifiedRun): readonly Uint8Array[] {
  return run.entries.flatMap((entry) => [
    entry.id,
    entry.header.salt,
    ...(entry.signature === null ? [] : [entry.signature]),
    ...entry.parts.map((part) => (part.type === "sealed" ? part.ciphertext.subarray(0, 32) : part.hash)),
  ]);
}

test("the log holds no id, no key, no signature and no ciphertext, in any spelling, nor half of one", async () => {
  await using relay = await TestRelay.start({ limits: { refusalMs: 0, loginKeyBytes: 3_000 } });
  const database = databaseOf("contacts");
  const writer = new TestWriter(database, "w");
  const runs = [await writer.write(2), await writer.write(20)];
  await using client = await TestClient.login(relay.url, acme, alice, [alice]);
  await client.open(database);
  await client.push(runs[0] ?? never());
  await client.replica(database).append(runs.slice(1));
  const refused = client.next("refused", ({ by }) => by === "peer");
  client.session.announce(database);
  await refused;
  await client.session.present([acme.slotLogin(alice, loginOf(mallory))]);
  const stranger = await TestClient.dial(relay.url, {
    tenant: acme,
    credentials: acme.credentials(memberOf("x").slot),
  });
  await stranger.session.closed;
  await client[Symbol.asyncDispose]();
  await relay.relay.stop();

  const logins = [loginOf(alice), loginOf(mallory), alice.slot, acme.root, memberOf("x").slot];
  const secrets = [
    acme.id,
    database,
    writer.key,
    ...logins.map(({ publicKey }) => publicKey),
    ...runs.flatMap(bytesOfRun),
  ];
  const log = relay.log.join("");
  expect(relay.log.length).toBeGreaterThan(4);
  for (const trace of secrets.flatMap(traces)) expect(log).not.toContain(trace);
  // Nor the address of anybody.
  expect(log).not.toContain("127.0.0.1");
});

test("F7 nothing a peer sends starts a line or a field of the log, or shows in it at all", async () => {
  await using relay = await TestRelay.start({ trustProxy: true, limits: { refusalMs: 0 } });
  const evil = 'canary\n{"level":"error","event":"canary"}\r\n\u001b[2J\u2028';
  const credentials = acme.credentials(loginOf(alice), acme.documentsFor([alice]));
  const forged = await TestClient.dial(relay.url, { tenant: acme, credentials, origin: evil });
  await forged.session.closed;
  const database = parseDatabaseId(Uint8Array.from(Buffer.from(evil.padEnd(32, "\n")).subarray(0, 32)));
  await using client = await TestClient.login(relay.url, acme, alice, [alice]);
  await client.open(database);
  await client.push(await new TestWriter(database, "w").write());
  await client.session.close("CANARY");
  const socket = new WebSocket(relay.url, {
    headers: { "x-forwarded-for": "canary\u00a0;canary", "user-agent": "canary" },
  });
  socket.on("error", () => undefined);
  socket.on("open", () => socket.send("canary\n{}"));
  await new Promise((resolve) => socket.on("close", resolve));
  await fetch(`${relay.url.replace("ws:", "http:")}/canary%0acanary`);
  await relay.relay.stop();

  for (const line of relay.log) {
    expect(line).toMatch(/^[\x20-\x7e]+\n$/);
    expect(Object.keys(JSON.parse(line)).slice(0, 3)).toEqual(["time", "level", "event"]);
  }
  // A reason is a word of the peer's in capitals, digits and underscores, and the only thing of it that is written.
  expect(relay.log.join("").replaceAll('"reason":"CANARY"', "")).not.toMatch(/canary/i);
});

test("F8 ids that look like paths become no path: every file is where the store put it", async () => {
  await using directory = await TempDirectory.create();
  await using relay = await TestRelay.start({ directory: directory.path });
  await using client = await TestClient.login(relay.url, acme, alice, [alice]);
  const paths = [
    "../../../../tmp/selkie-escaped",
    "..\\..\\..\\selkie-escaped",
    "/etc/selkie-escaped\0",
    "%2e%2e%2fselkie-escaped",
  ];
  for (const path of paths) {
    const database = parseDatabaseId(Uint8Array.from(Buffer.from(path.padEnd(32, "\0"))));
    await client.open(database);
    await client.push(await new TestWriter(database, path).write());
    expect(await relay.store.entries(acme.id, database).position()).toBe(1);
  }
  const allowed = /^data($|\/(selkie\.db(-wal|-shm|-journal)?|instance|blobs(\/unfinished)?)$)/;
  const files = await readdir(directory.path, { recursive: true });
  expect(files.filter((file) => !allowed.test(file))).toEqual([]);
  const outside = await readdir(dirname(directory.path));
  expect(outside.filter((name) => name.includes("escaped"))).toEqual([]);
});

function never(): never {
  throw new TypeError("there are two runs");
}
