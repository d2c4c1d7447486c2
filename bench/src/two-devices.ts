import type { Client, Tenant } from "@selkie/client";
import { pipe } from "@selkie/sync-protocol";
import { counting, noTraffic } from "./counting-transport.ts";

/** A tenant that one client founds and another joins; they have met. */
export async function together(alice: Client, bob: Client): Promise<readonly [Tenant, Tenant]> {
  const here = await alice.createTenant("bench", { user: "CN=alice" });
  const request = await bob.createJoinRequest("CN=bob");
  const there = await bob.joinTenant(await here.directory.approveJoinRequest(request, { role: "editor" }));
  await meet(here, there);
  return [here, there];
}

/** Connects two devices until nothing is left to say. @returns bytes, both ways */
export async function meet(a: Tenant, b: Tenant): Promise<number> {
  const traffic = noTraffic();
  const [near, far] = pipe();
  const [one, other] = await Promise.all([
    a.connect(counting(near, traffic), { peer: "dialler" }),
    b.connect(far, { peer: "listener" }),
  ]);
  await Promise.all([one.synced(), other.synced()]);
  await one[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  return traffic.sentBytes + traffic.receivedBytes;
}
