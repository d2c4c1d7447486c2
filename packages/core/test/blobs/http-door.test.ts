// Against a server that does what a hostile relay, or a broken proxy before one, could do.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { parseBlobHash, toBase64url, toHex } from "@selkie/entry";
import type { Scheduler } from "@selkie/sync-protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import { httpDoor } from "../../src/blobs/http-door.ts";
import { codeOfAsync } from "../codes.ts";
import { pattern } from "../fixture.ts";

const blob = parseBlobHash(pattern("blob", 32));
const ticket = pattern("ticket", 32);
const scheduler: Scheduler = { after: () => () => undefined };

async function doorOf(listener: RequestListener, after = scheduler) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  onTestFinished(() => server.closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return httpDoor({ url: `http://127.0.0.1:${port}/relay/`, scheduler: after, ticket });
}

const answering = (status: number, body: Uint8Array | string = "") =>
  doorOf((_, response) => response.writeHead(status).end(body));

describe("a relay's door for blobs", () => {
  test("is asked beside the relay's own path, with the ticket", async () => {
    const seen: unknown[] = [];
    const door = await doorOf(({ url, method, headers }, response) => {
      seen.push([method, url, headers.authorization, headers.range]);
      response.writeHead(206).end(pattern("bytes", 10));
    });
    expect(await door.get(blob, [5, 15], undefined)).toEqual(pattern("bytes", 10));
    expect(seen).toEqual([["GET", `/relay/blobs/${toHex(blob)}`, `Bearer ${toBase64url(ticket)}`, "bytes=5-14"]]);
  });

  test.each([404])("has no blob where it says %i", async (status) => {
    expect(await (await answering(status)).get(blob, [0, 10], undefined)).toBeNull();
  });

  test("gives nothing of a blob that ends before the range begins", async () => {
    expect(await (await answering(416)).get(blob, [10, 20], undefined)).toHaveLength(0);
  });

  test("D12 gives no more bytes than were asked for", async () => {
    const door = await answering(206, pattern("too much", 100_000));
    expect(await codeOfAsync(() => door.get(blob, [0, 99_999], undefined))).toBe("BLOBS_UNSENT");
  });

  test("is not believed when it answers a question for a range with something else", async () => {
    expect(await codeOfAsync(async () => (await answering(200, "hello")).get(blob, [0, 10], undefined))).toBe(
      "BLOBS_UNSENT",
    );
  });

  test("is not believed when its list of hashes is none", async () => {
    expect(await codeOfAsync(async () => (await answering(200, "hello")).missing([blob]))).toBe("BLOBS_UNSENT");
  });

  test.each([
    [507, '{"error":"QUOTA"}', "QUOTA_EXCEEDED"],
    [507, '{"error":"RELAY_FULL"}', "RELAY_FULL"],
    [507, '{"error":"toString"}', "BLOBS_UNSENT"],
    [500, "<html>", "BLOBS_UNSENT"],
    [403, "null", "BLOBS_UNSENT"],
    [502, "x".repeat(100_000), "BLOBS_UNSENT"],
  ])("that refuses with %i %s is said to be %s", async (status, body, code) => {
    expect(await codeOfAsync(async () => (await answering(status, body)).put(blob, pattern("bytes", 1_000)))).toBe(
      code,
    );
  });

  test("that sends the client elsewhere is refused: the ticket is for this relay", async () => {
    const asked: string[] = [];
    const door = await doorOf(({ url = "" }, response) => {
      asked.push(url);
      response.writeHead(307, { location: "/elsewhere" }).end();
    });
    expect(await codeOfAsync(() => door.put(blob, pattern("bytes", 10)))).toBe("BLOBS_UNSENT");
    expect(asked).toEqual([`/relay/blobs/${toHex(blob)}`]);
  });

  test("A11 that does not answer is given up", async () => {
    const slow = Promise.withResolvers<() => void>();
    const after = (_: number, run: () => void) => {
      slow.resolve(run);
      return () => undefined;
    };
    const door = await doorOf(() => undefined, { after });
    const asked = codeOfAsync(() => door.missing([blob]));
    (await slow.promise)();
    expect(await asked).toBe("BLOBS_UNSENT");
  });

  test("is left when who asks has seen enough", async () => {
    const enough = new AbortController();
    const door = await doorOf(() => enough.abort(new RangeError("enough")));
    await expect(door.get(blob, [0, 10], enough.signal)).rejects.toThrow("enough");
  });
});
