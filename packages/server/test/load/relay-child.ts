// A relay in a process of its own, so that what it holds can be told from what its clients hold: node --expose-gc relay-child.ts
// directory limits.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { nativeVerifier } from "@selkie/entry/native";
import { openSqliteStore } from "@selkie/store-sqlite";
import { createRelay, jsonLogger, type RelayLimits } from "../../src/index.ts";
import type { Measured } from "./load-relay.ts";

const [, , directory = "", limits = "{}"] = process.argv;

/** Bytes that this process has read from files and sockets; 0 where the system does not count them. */
function bytesRead(): number {
  try {
    return Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
  } catch {
    return 0;
  }
}

async function measure(): Promise<Measured> {
  // What a turn of the event loop still holds is no longer there in the next; weak things take a second collection.
  for (let times = 0; times < 3; times += 1) {
    await new Promise(setImmediate);
    globalThis.gc?.();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return { held: heapUsed + external, rss, cpuMs: (user + system) / 1_000 };
}

const before = bytesRead();
const store = await openSqliteStore({ directory, verifier: nativeVerifier });
const relay = createRelay({
  store,
  verifier: nativeVerifier,
  random: (length) => new Uint8Array(randomBytes(length)),
  origins: "loopback",
  logger: jsonLogger({ write: () => undefined, now: Date.now, level: "error" }),
  limits: JSON.parse(limits) as Partial<RelayLimits>,
});
const { url } = await relay.listen({ host: "127.0.0.1", port: 0 });
process.send?.({ url, readToStart: bytesRead() - before });

process.on("message", async (wish: "measure" | "stop") => {
  if (wish === "measure") process.send?.(await measure());
  if (wish !== "stop") return;
  await relay.stop({ drainMs: 60_000 });
  await store[Symbol.asyncDispose]();
  process.send?.(await measure());
  process.disconnect();
});
