// The HTTP door for blobs of a real relay: what comes and goes, who may, and what strangers learn.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { equalBytes, limits, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { BlobDoor, blobOf, hashOf } from "../fixtures/blob-door.ts";
import { retiredBlobs } from "../fixtures/retired-blobs.ts";
import { TestClient } from "../fixtures/test-client.ts";
import { TestRelay } from "../fixtures/test-relay.ts";
import { loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";

const acme = new TestTenant("acme");
const other = new TestTenant("other");
const [alice, bob, carol, dora] = [memberOf("alice"), memberOf("bob"), memberOf("carol"), memberOf("dora")];
const reader = { ...bob, rights: { pull: true, push: false, purge: false } };
const writer = { ...carol, rights: { pull: false, push: true, purge: false } };
const members = [alice, reader, writer, dora];

/** A request as bytes, over a socket of its own; what is answered is read until it closes. */
async function raw(url: string, head: string): Promise<{ readonly socket: Socket; readonly answer: Promise<string> }> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  await once(socket, "connect");
  let said = "";
  socket.on("data", (chunk) => {
    said += chunk.toString("latin1");
  });
  socket.on("error", () => undefined);
  const answer = once(socket, "close").then(() => said);
  socket.write(head);
  return { socket, answer };
}

const putHead = (door: BlobDoor, bytes: Uint8Array): string =>
  `PUT /blobs/${toHex(hashOf(bytes))} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${door.ticket}\r\nContent-Length: ${bytes.length}\r\n\r\n`;

describe("blobs over HTTP", () => {
  test("come once, are told from those that are missing, and go whole or in ranges", async () => {
    await using relay = await TestRelay.start();
    await using client = await TestClient.login(relay.url, acme, alice, members);
    const door = await BlobDoor.of(relay.url, client);
    const blobs = [blobOf(1), blobOf(2, limits.blobBytes), blobOf(3, 300_000)];
    const hashes = blobs.map(hashOf);
    expect((await door.missing(...hashes)).bytes.equals(Buffer.concat(hashes))).toBe(true);
    for (const bytes of blobs)
      expect([(await door.put(bytes)).status, (await door.put(bytes)).status]).toEqual([201, 200]);
    expect((await door.missing(...hashes, hashOf(blobOf(4)))).bytes.equals(hashOf(blobOf(4)))).toBe(true);
    for (const bytes of blobs) {
      const whole = await door.get(hashOf(bytes));
      expect([whole.status, whole.headers.get("content-length")]).toEqual([200, `${bytes.length}`]);
      expect(equalBytes(whole.bytes, bytes)).toBe(true);
      const head = await door.head(hashOf(bytes));
      expect([head.status, head.headers.get("content-length"), head.bytes.length]).toEqual([200, `${bytes.length}`, 0]);
      for (const [range, from, to] of [
        ["bytes=0-0", 0, 1],
        ["bytes=10-", 10, bytes.length],
        ["bytes=-7", bytes.length - 7, bytes.length],
        ["bytes=500-99999999", 500, bytes.length],
      ] as const) {
        const part = await door.get(hashOf(bytes), range);
        expect([part.status, part.headers.get("content-range")]).toEqual([
          206,
          `bytes ${from}-${to - 1}/${bytes.length}`,
        ]);
        expect(equalBytes(part.bytes, bytes.subarray(from, to))).toBe(true);
      }
      for (const odd of ["bytes=1-2,4-5", "lines=1-2", "bytes=5-1", "bytes=-", "x"]) {
        expect((await door.get(hashOf(bytes), odd)).status).toBe(200);
      }
      const beyond = await door.get(hashOf(bytes), `bytes=${bytes.length}-`);
      expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${bytes.length}`]);
    }
    const absent = hashOf(blobOf(9));
    expect([(await door.get(absent)).error, (await door.head(absent)).status]).toEqual(["NOT_FOUND", 404]);
    const { counters } = relay.relay;
    expect(counters.get("blobs_stored_total")).toBe(3);
    expect(counters.get("blob_bytes_stored_total")).toBe(blobs.reduce((sum, { length }) => sum + length, 0));
    expect(counters.get("transfers")).toBe(0);
  });

  test("are refused whole when they are not what their name says, too long, of unknown length, or cut off", async () => {
    await using relay = await TestRelay.start();
    await using client = await TestClient.login(relay.url, acme, alice, members);
    const door = await BlobDoor.of(relay.url, client);
    const [bytes, wrong] = [blobOf(1, 300_000), hashOf(blobOf(2))];
    expect(await door.put(bytes, wrong)).toMatchObject({ status: 400, error: "BLOB_MISMATCH" });
    const long = new Uint8Array(limits.blobBytes + 1);
    const head = `PUT /blobs/${toHex(hashOf(long))} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${door.ticket}\r\n`;
    const tooLong = await raw(relay.url, `${head}Content-Length: ${long.length}\r\n\r\n`);
    expect(await tooLong.answer).toMatch(/^HTTP\/1\.1 413 [\s\S]*\{"error":"BLOB_TOO_LARGE"\}$/);
    const chunked = await raw(relay.url, `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`);
    expect(await chunked.answer).toMatch(/^HTTP\/1\.1 411 [\s\S]*\{"error":"LENGTH_REQUIRED"\}$/);
    const cut = await raw(relay.url, putHead(door, bytes));
    cut.socket.write(bytes.subarray(0, 200_000));
    cut.socket.destroy();
    await cut.answer;
    for (const body of [new Uint8Array(31), new Uint8Array(32 * 513)]) {
      expect(await door.ask("POST", "/blobs/missing", { body })).toMatchObject({ status: 400, error: "BAD_REQUEST" });
    }
    expect((await door.missing(wrong, hashOf(bytes))).bytes.length).toBe(64);
    // What was reserved for them is free again.
    expect((await door.put(bytes)).status).toBe(201);
    expect(relay.log.join("")).not.toContain("http.failed");
  });

  test("are for pages of any origin, which bring the ticket themselves", async () => {
    await using relay = await TestRelay.start();
    await using client = await TestClient.login(relay.url, acme, alice, members);
    const door = await BlobDoor.of(relay.url, client);
    const preflight = await door.ask("OPTIONS", `/blobs/${toHex(hashOf(blobOf(1)))}`, {
      headers: { authorization: "", origin: "https://app.example", "access-control-request-method": "PUT" },
    });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
    expect(preflight.headers.get("access-control-allow-methods")).toBe("GET, HEAD, POST, PUT");
    expect(preflight.headers.get("access-control-allow-headers")).toContain("authorization");
    for (const answer of [
      await door.put(blobOf(1)),
      await door.get(hashOf(blobOf(2))),
      await door.ask("GET", "/blobs/x"),
    ]) {
      expect(answer.headers.get("access-control-allow-origin")).toBe("*");
      expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    }
    expect((await fetch(`${door.origin}/livez`)).headers.get("access-control-allow-origin")).toBeNull();
  });

  test("are read over the session too, by who may pull", async () => {
    await using relay = await TestRelay.start();
    await using client = await TestClient.login(relay.url, acme, alice, members);
    await using pusher = await TestClient.login(relay.url, acme, writer, members);
    const bytes = blobOf(1, 900_000);
    await (await BlobDoor.of(relay.url, client)).put(bytes);
    const piece = await client.session.fetchBlob(hashOf(bytes), [100_000, 300_000]);
    expect(piece?.size).toBe(900_000);
    expect(equalBytes(piece?.bytes ?? new Uint8Array(), bytes.subarray(100_000, 300_000))).toBe(true);
    expect(await client.session.fetchBlob(hashOf(blobOf(2)), [0, 10])).toBeNull();
    expect(await pusher.session.fetchBlob(hashOf(bytes), [0, 10])).toBeNull();
  });
});

describe("the ticket", () => {
  test("F3 is needed for everything, and opens nothing when its session is over, or was somebody else's guess", async () => {
    await using relay = await TestRelay.start();
    const client = await TestClient.login(relay.url, acme, alice, members);
    const door = await BlobDoor.of(relay.url, client);
    const hash = toHex(hashOf(blobOf(1)));
    await door.put(blobOf(1));
    const requests = [
      ["PUT", `/blobs/${hash}`, blobOf(1)],
      ["GET", `/blobs/${hash}`],
      ["HEAD", `/blobs/${hash}`],
      ["POST", "/blobs/missing", hashOf(blobOf(1))],
      ["GET", "/blobs/retiring"],
      ["GET", `/blobs/retiring/${hash}`],
    ] as const;
    const refused = async (authorization: string) => {
      for (const [method, path, body] of requests) {
        const options = { headers: { authorization }, ...(body === undefined ? {} : { body }) };
        const answer = await door.ask(method, path, options);
        expect([answer.status, answer.error]).toEqual([401, method === "HEAD" ? null : "NO_TICKET"]);
      }
    };
    for (const word of ["", "Bearer", `Bearer ${"A".repeat(43)}`, `Basic ${door.ticket}`, `Bearer ${door.ticket}A`]) {
      await refused(word);
    }
    expect((await door.get(hashOf(blobOf(1)))).status).toBe(200);
    await client[Symbol.asyncDispose]();
    await using back = await TestClient.login(relay.url, acme, alice, members);
    expect((await BlobDoor.of(relay.url, back)).ticket).not.toBe(door.ticket);
    await refused(`Bearer ${door.ticket}`);
  });

  test("lets each do what its login may at that moment, and a removed login nothing at once, also of what is under way", async () => {
    await using relay = await TestRelay.start({ limits: { refusalMs: 0 } });
    await using admin = await TestClient.login(relay.url, acme, alice, members);
    await using readerClient = await TestClient.login(relay.url, acme, reader, members);
    await using writerClient = await TestClient.login(relay.url, acme, writer, members);
    const [doorOfReader, doorOfWriter] = [
      await BlobDoor.of(relay.url, readerClient),
      await BlobDoor.of(relay.url, writerClient),
    ];
    expect(await doorOfReader.put(blobOf(1))).toMatchObject({ status: 403, error: "NO_RIGHT" });
    expect(await doorOfReader.missing(hashOf(blobOf(1)))).toMatchObject({ status: 403, error: "NO_RIGHT" });
    expect((await doorOfWriter.put(blobOf(1))).status).toBe(201);
    expect(await doorOfWriter.get(hashOf(blobOf(1)))).toMatchObject({ status: 403, error: "NO_RIGHT" });
    expect((await doorOfReader.get(hashOf(blobOf(1)))).status).toBe(200);

    const bytes = blobOf(2, 400_000);
    const underWay = await raw(relay.url, putHead(doorOfWriter, bytes));
    underWay.socket.write(bytes.subarray(0, 300_000));
    while (relay.relay.counters.get("transfers") === 0) await new Promise((resolve) => setImmediate(resolve));
    await admin.session.present([acme.list({ members: [alice], height: 2 })]);
    underWay.socket.write(bytes.subarray(300_000));
    expect(await underWay.answer).toMatch(/^HTTP\/1\.1 401 [\s\S]*\{"error":"NO_TICKET"\}$/);
    expect(await doorOfReader.get(hashOf(blobOf(1)))).toMatchObject({ status: 401, error: "NO_TICKET" });
    expect(await doorOfWriter.put(blobOf(3))).toMatchObject({ status: 401, error: "NO_TICKET" });
    expect(await relay.store.blobs(acme.id).has(hashOf(bytes))).toBe(false);
  });
});

describe("what a relay says of blobs", () => {
  test("which wait to be dropped, ascending, and those behind one that it told", async () => {
    await using relay = await TestRelay.start();
    await using client = await TestClient.login(relay.url, acme, alice, members);
    const door = await BlobDoor.of(relay.url, client);
    const hashes = [1, 2, 3, 4].map((n) => hashOf(blobOf(n))).sort(Buffer.compare);
    for (const n of [1, 2, 3, 4]) await door.put(blobOf(n));
    const put = Date.now(); // what was claimed in the same millisecond stays
    while (Date.now() === put) await new Promise((resolve) => setImmediate(resolve));
    await client.session.present([retiredBlobs(acme, loginOf(alice), ...hashes.slice(1))]);
    const told = async (path: string) => (await door.ask("GET", `/blobs/retiring${path}`)).bytes.toString("hex");
    const named = hashes.map(toHex);
    expect(await told("")).toBe(named.slice(1).join(""));
    expect(await told(`/${named[0]}`)).toBe(named.slice(1).join(""));
    expect(await told(`/${named[2]}`)).toBe(named[3]);
    expect(await told(`/${named[3]}`)).toBe("");
    expect((await door.ask("GET", "/blobs/retiring/none")).status).toBe(404);
  });

  test("C3 never depends on another tenant, and inside one only on what the caller could fetch itself: the same file, the same answers and sizes", async () => {
    await using relay = await TestRelay.start();
    const bytes = blobOf(1, 20_000);
    const told = async (door: BlobDoor) => {
      const answers = [
        await door.missing(hashOf(bytes)),
        await door.put(bytes),
        await door.ask("GET", "/blobs/retiring"),
      ];
      return answers.map(({ status, headers, bytes: body }) => {
        const { date: _, ...rest } = Object.fromEntries(headers);
        return { status, rest, body: body.toString("hex") };
      });
    };
    await using first = await TestClient.login(relay.url, acme, alice, members);
    await using stranger = await TestClient.login(relay.url, other, alice, [alice]);
    // Two keys of one tenant that may push, and may not pull: neither learns what is here.
    await using blind = await TestClient.login(relay.url, acme, writer, members);
    const firstTold = await told(await BlobDoor.of(relay.url, first));
    expect(await told(await BlobDoor.of(relay.url, stranger))).toEqual(firstTold);
    const doorOfBlind = await BlobDoor.of(relay.url, blind);
    expect(await told(doorOfBlind)).toEqual(firstTold);
    expect(await told(doorOfBlind)).toEqual(firstTold);
    // Who may fetch it is told that it is here.
    await using second = await TestClient.login(relay.url, acme, dora, members);
    const doorOfSecond = await BlobDoor.of(relay.url, second);
    expect((await doorOfSecond.missing(hashOf(bytes))).bytes.length).toBe(0);
    expect((await doorOfSecond.put(bytes)).status).toBe(200);
  });

  test("F7 repeats nothing of a request, and writes nothing of it into the log", async () => {
    await using relay = await TestRelay.start();
    await using client = await TestClient.login(relay.url, acme, alice, members);
    const door = await BlobDoor.of(relay.url, client);
    const bytes = blobOf(1, 200);
    await door.put(bytes);
    const canary = "canary%0d%0aset-cookie:x";
    const auth = `Authorization: Bearer ${door.ticket}\r\nConnection: close\r\nX-Canary: canary\r\n`;
    const requests = [
      `GET /blobs/${canary} HTTP/1.1\r\nHost: canary\r\n${auth}\r\n`,
      `GET /blobs/${"canary".repeat(40)} HTTP/1.1\r\nHost: canary\r\n${auth}\r\n`,
      `PUT /blobs/${canary}?canary HTTP/1.1\r\nHost: canary\r\n${auth}Content-Length: 6\r\n\r\ncanary`,
      `POST /blobs/missing HTTP/1.1\r\nHost: canary\r\n${auth}Content-Type: canary/canary\r\nContent-Length: 6\r\n\r\ncanary`,
      `GET /blobs/retiring HTTP/1.1\r\nHost: canary\r\nAuthorization: canary\r\nConnection: close\r\n\r\n`,
      `DELETE /blobs/${toHex(hashOf(bytes))} HTTP/1.1\r\nHost: canary\r\n${auth}\r\n`,
      `GET /blobs/${toHex(hashOf(blobOf(2)))} HTTP/1.1\r\nHost: canary\r\n${auth}Range: bytes=canary\r\n\r\n`,
    ];
    for (const request of requests) {
      const answer = await (await raw(relay.url, request)).answer;
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(answer).not.toMatch(/canary/i);
      expect(answer).not.toContain(door.ticket);
    }
    await relay.relay.stop();
    const log = relay.log.join("");
    for (const trace of [
      "canary",
      door.ticket,
      toHex(hashOf(bytes)),
      Buffer.from(door.ticket, "base64url").toString("hex"),
    ]) {
      expect(log).not.toContain(trace);
    }
  });

  test("F8 paths that are no names lead nowhere", async () => {
    await using relay = await TestRelay.start();
    await using client = await TestClient.login(relay.url, acme, alice, members);
    const door = await BlobDoor.of(relay.url, client);
    const name = toHex(hashOf(blobOf(1)));
    const paths = [
      "/blobs/../../etc/passwd",
      "/blobs/..%2f..%2fetc%2fpasswd",
      `/blobs/${name.toUpperCase()}`,
      `/blobs/${name.slice(2)}`,
      `/blobs/${name}/..`,
      `/blobs/${name}%00`,
      `/blobs/${"a".repeat(5_000)}`,
      "/blobs/unfinished",
      "/blobs/",
    ];
    for (const path of paths) {
      const head = `HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${door.ticket}\r\n`;
      for (const request of [`GET ${path} ${head}\r\n`, `PUT ${path} ${head}Content-Length: 1\r\n\r\nx`]) {
        const answer = await (await raw(relay.url, request)).answer;
        expect(answer).toMatch(/^HTTP\/1\.1 40[04] [\s\S]*\{"error":"(NOT_FOUND|BAD_REQUEST)"\}$/);
      }
    }
    expect(await Array.fromAsync(relay.store.blobs(acme.id).list())).toEqual([]);
  });
});

describe("what strangers and members can make a relay hold", () => {
  test("F4 so many blobs come and go at once for a session and for all, and what takes too long is cut", async () => {
    await using relay = await TestRelay.start({ limits: { transfers: 3, transfersPerSession: 2, transferMs: 400 } });
    await using first = await TestClient.login(relay.url, acme, alice, members);
    await using second = await TestClient.login(relay.url, acme, dora, members);
    const [doorOfFirst, doorOfSecond] = [await BlobDoor.of(relay.url, first), await BlobDoor.of(relay.url, second)];
    const bytes = [blobOf(1), blobOf(2), blobOf(3)];
    const slow = [];
    for (const [at, door] of [doorOfFirst, doorOfFirst, doorOfSecond].entries()) {
      const { socket, answer } = await raw(relay.url, putHead(door, bytes[at] ?? blobOf(9)));
      socket.write("x");
      slow.push(answer);
    }
    while (relay.relay.counters.get("transfers") < 3) await new Promise((resolve) => setImmediate(resolve));
    const refused = await doorOfFirst.put(blobOf(4));
    expect([refused.status, refused.error, refused.headers.get("retry-after")]).toEqual([
      429,
      "TOO_MANY_TRANSFERS",
      "1",
    ]);
    expect(await doorOfSecond.put(blobOf(4))).toMatchObject({ status: 503, error: "RELAY_BUSY" });
    await Promise.all(slow);
    expect(relay.relay.counters.get("transfers")).toBe(0);
    expect((await doorOfFirst.put(blobOf(1))).status).toBe(201);
  });

  test("F4 each login is charged for what it brings, once, over restarts, and refused beyond its share with nothing stored", async () => {
    const limitsOfRelay = { loginKeyBytes: 5_000, tenantBytes: 8_000 };
    await using first = await TestRelay.start({ limits: limitsOfRelay });
    await using client = await TestClient.login(first.url, acme, alice, members);
    await using friend = await TestClient.login(first.url, acme, dora, members);
    const [door, doorOfFriend] = [await BlobDoor.of(first.url, client), await BlobDoor.of(first.url, friend)];
    const large = blobOf(1, 3_000);
    expect((await door.put(large)).status).toBe(201);
    expect(await door.put(blobOf(2, 2_000))).toMatchObject({ status: 507, error: "QUOTA" });
    expect((await door.missing(hashOf(blobOf(2, 2_000)))).bytes.length).toBe(32);
    for (const _ of [1, 2, 3]) expect((await doorOfFriend.put(large)).status).toBe(200);
    expect((await doorOfFriend.put(blobOf(3, 3_900))).status).toBe(201);
    expect(await doorOfFriend.put(blobOf(4, 500))).toMatchObject({ status: 507, error: "QUOTA" });
    expect((await door.get(hashOf(large))).status).toBe(200);
    expect(first.relay.counters.get("quota_refused_total")).toBe(2);
    expect(await Array.fromAsync(first.store.blobs(acme.id).list())).toHaveLength(2);
  });
});
