// Blobs and the real program: killed while they come and go, and on a disk that has no room for them.
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { concatBytes, equalBytes, limits, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { BlobDoor, blobOf, hashOf } from "../../../packages/server/test/fixtures/blob-door.ts";
import { TestClient } from "../../../packages/server/test/fixtures/test-client.ts";
import { TempDirectory } from "../../../packages/server/test/fixtures/test-relay.ts";
import { memberOf, TestTenant } from "../../../packages/server/test/fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../../../packages/server/test/fixtures/test-writer.ts";
import { RelayProcess } from "./fixtures/relay-process.ts";

const acme = new TestTenant("acme");
const alice = memberOf("alice");
/** Bytes of a file that the program may write at most, in blocks of 512 bytes or of 1,024, as the shell counts. */
const FILE_BLOCKS = 2_048;
const canLimit = process.platform !== "win32";
if (!canLimit) console.warn("NOT RUN: a relay whose disk is full (no ulimit)");

/** A request over a socket of its own. */
async function begin(door: BlobDoor, method: string, bytes: Uint8Array, headers: string): Promise<Socket> {
  const socket = connect(Number(new URL(door.origin).port), "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const name = toHex(hashOf(bytes));
  socket.write(
    `${method} /blobs/${name} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${door.ticket}\r\n${headers}\r\n`,
  );
  return socket;
}

test("uploads go on after kill -9: what was acknowledged is there, what was not is missing, and nothing of it is charged", async () => {
  await using directory = await TempDirectory.create();
  const blobs = Array.from({ length: 4 }, (_, seed) => blobOf(seed, 600_000));
  // Room for these and not a byte more.
  const loginKeyBytes = blobs.length * (600_000 + 512);
  const env = { SELKIE_RELAY_DATA: directory.path, SELKIE_RELAY_LOGIN_KEY_BYTES: `${loginKeyBytes}` };
  const unfinished = join(directory.path, "blobs", "unfinished");
  const acknowledged: Uint8Array[] = [];
  for (const [round, bytes] of blobs.entries()) {
    await using relay = await RelayProcess.listening({ env });
    expect(await readdir(unfinished)).toEqual([]);
    await using client = await TestClient.login(relay.url, acme, alice, [alice]);
    const door = await BlobDoor.of(relay.url, client);
    expect((await door.missing(...acknowledged.map(hashOf))).bytes.length).toBe(0);
    // What was cut off by the last kill: missing, or here and claimed by this.
    for (const before of blobs.slice(acknowledged.length, round)) {
      expect([200, 201]).toContain((await door.put(before)).status);
      acknowledged.push(before);
    }
    const upload = await begin(door, "PUT", bytes, `Content-Length: ${bytes.length}\r\n`);
    upload.write(bytes.subarray(0, 500_000));
    while ((await readdir(unfinished)).length === 0) await new Promise((resolve) => setImmediate(resolve));
    if (round % 2 === 1) upload.write(bytes.subarray(500_000)); // it may come in before the end, or not
    relay.kill("SIGKILL");
    await relay.ended;
  }
  await using relay = await RelayProcess.listening({ env });
  await using client = await TestClient.login(relay.url, acme, alice, [alice]);
  const door = await BlobDoor.of(relay.url, client);
  await door.put(blobs[3] ?? blobOf(3));
  for (const bytes of blobs) expect(equalBytes((await door.get(hashOf(bytes))).bytes, bytes)).toBe(true);
  expect(await door.put(blobOf(99, 1))).toMatchObject({ status: 507, error: "QUOTA" });
}, 60_000);

test("a download goes on after kill -9, from where it was", async () => {
  await using directory = await TempDirectory.create();
  const env = { SELKIE_RELAY_DATA: directory.path };
  const bytes = blobOf(1, limits.blobBytes);
  const received: Uint8Array[] = [];
  {
    await using relay = await RelayProcess.listening({ env });
    await using client = await TestClient.login(relay.url, acme, alice, [alice]);
    const door = await BlobDoor.of(relay.url, client);
    await door.put(bytes);
    const download = await begin(door, "GET", bytes, "");
    download.once("data", () => relay.kill("SIGKILL"));
    download.on("data", (chunk) => received.push(chunk));
    await once(download, "close");
  }
  const said = concatBytes(...received);
  const begun = said.subarray(Buffer.from(said).indexOf("\r\n\r\n") + 4);
  expect(equalBytes(begun, bytes.subarray(0, begun.length))).toBe(true);
  await using relay = await RelayProcess.listening({ env });
  await using client = await TestClient.login(relay.url, acme, alice, [alice]);
  const door = await BlobDoor.of(relay.url, client);
  const rest = await door.get(hashOf(bytes), `bytes=${Math.min(begun.length, bytes.length - 1)}-`);
  expect(rest.status).toBe(206);
  expect(equalBytes(rest.bytes, bytes.subarray(Math.min(begun.length, bytes.length - 1)))).toBe(true);
});

test.skipIf(!canLimit)(
  "a blob that the disk has no room for is refused with 507; nothing of it stays, and all else goes on",
  async () => {
    await using directory = await TempDirectory.create();
    const env = { SELKIE_RELAY_DATA: directory.path };
    const [small, large] = [blobOf(1, 100_000), blobOf(2, limits.blobBytes)];
    const contacts = databaseOf("contacts");
    {
      await using relay = await RelayProcess.listening({ env, fileBlocks: FILE_BLOCKS });
      await using client = await TestClient.login(relay.url, acme, alice, [alice]);
      const door = await BlobDoor.of(relay.url, client);
      expect((await door.put(small)).status).toBe(201);
      expect(await door.put(large)).toMatchObject({ status: 507, error: "RELAY_FULL" });
      expect((await door.missing(hashOf(small), hashOf(large))).bytes.equals(hashOf(large))).toBe(true);
      await client.open(contacts);
      await client.push(await new TestWriter(contacts, "w").write());
      expect((await door.get(hashOf(small))).status).toBe(200);
      expect(relay.error).toContain('"store.full"');
      relay.kill("SIGTERM");
      expect(await relay.ended).toEqual({ code: 0, signal: null });
    }
    expect(await readdir(join(directory.path, "blobs", "unfinished"))).toEqual([]);
    await using relay = await RelayProcess.listening({ env });
    await using client = await TestClient.login(relay.url, acme, alice, [alice]);
    const door = await BlobDoor.of(relay.url, client);
    expect((await door.missing(hashOf(small), hashOf(large))).bytes.equals(hashOf(large))).toBe(true);
    expect((await door.put(large)).status).toBe(201);
    expect(equalBytes((await door.get(hashOf(large))).bytes, large)).toBe(true);
  },
);
