import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createHttp } from "../../src/http/health.ts";
import { jsonLogger } from "../../src/log/log.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(isReady: () => Promise<boolean> = async () => true) {
  const lines: string[] = [];
  const http = createHttp({
    logger: jsonLogger({ write: (line) => lines.push(line), now: () => 0, level: "debug" }),
    isReady,
    connections: 10,
    requestMs: 10_000,
  });
  closers.push(() => http.close());
  return { http, lines, url: await http.listen({ host: "127.0.0.1", port: 0 }) };
}

/** Sends bytes as they are, and gives back all that was answered. */
function raw(url: string, request: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(request));
  socket.on("data", (chunk) => {
    answer += chunk.toString("latin1");
  });
  socket.on("close", () => resolve(answer));
  socket.on("error", reject);
  return promise;
}

describe("the HTTP side", () => {
  test("says that it lives, and whether it is ready", async () => {
    let ready = true;
    const { url } = await start(async () => ready);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: "ready" });
    ready = false;
    const answer = await fetch(`${url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([503, { status: "unavailable" }]);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  test("F7 an HTTP answer repeats nothing of the request, and no log line is written for it", async () => {
    const { url, lines } = await start();
    const canary = "canary%0d%0aset-cookie:x";
    const answers = await Promise.all([
      raw(url, `GET /${canary} HTTP/1.1\r\nHost: canary\r\nConnection: close\r\n\r\n`),
      raw(url, `GET /%c0%ae-canary HTTP/1.1\r\nHost: canary\r\nConnection: close\r\n\r\n`),
      raw(url, `canary / HTTP/1.1\r\nHost: canary\r\nConnection: close\r\n\r\n`),
      raw(
        url,
        `POST /livez HTTP/1.1\r\nHost: canary\r\nContent-Type: application/json\r\nContent-Length: 6\r\nConnection: close\r\n\r\ncanary`,
      ),
    ]);
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(answer).not.toContain("canary");
    }
    expect(lines.join("")).not.toContain("canary");
  });

  test("connections are bounded, whatever they are for", async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    const held = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const socket = connect(port, "127.0.0.1");
        await once(socket, "connect");
        return socket;
      }),
    );
    const extra = connect(port, "127.0.0.1");
    await once(extra, "close");
    for (const socket of held) socket.destroy();
  });

  test("F8 paths that lead out of a directory are as unknown as any other", async () => {
    const { url } = await start();
    const paths = [
      "/../../etc/passwd",
      "/..%2f..%2fetc%2fpasswd",
      "/%2e%2e/%2e%2e/etc/passwd",
      "/sync/../../x",
      "/\\..\\..\\x",
    ];
    for (const path of paths) {
      const answer = await raw(url, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
      expect(answer.split("\r\n\r\n")[1]).toMatch(/^\{"error":"(NOT_FOUND|BAD_REQUEST)"\}$/);
    }
  });
});
