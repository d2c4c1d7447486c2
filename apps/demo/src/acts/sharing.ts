// Alice's contacts, and Bob who edits them with her.
import type { DeviceProcess } from "../device-process.ts";
import { ALICE, agree, type Stage, sameLists, settle, short, switchOn, TENANT } from "./stage.ts";

const EDITED = 40;

export async function found(stage: Stage, url: string): Promise<DeviceProcess> {
  const { narrator, list } = stage;
  narrator.act("Alice founds a tenant on her own machine and imports her contacts");
  const alice = await switchOn(stage, "alice");
  const { tenant, imported } = await narrator.during("sealing", alice.ask("found", TENANT, ALICE, list));
  narrator.say(`tenant ${tenant.slice(0, 16)}..., the hash of its founding entry`);
  narrator.claim(`${list.length} contacts imported, offline`, imported === list.length);
  const status = await narrator.during("uploading", alice.ask("connect", url));
  narrator.claim("everything acknowledged by the relay", status === "online");
  return alice;
}

/** Somebody new joins, let in by Alice. */
export async function joinAs(
  stage: Stage,
  who: "bob" | "carol",
  alice: DeviceProcess,
  url: string,
): Promise<DeviceProcess> {
  const { narrator } = stage;
  narrator.act(`${who === "bob" ? "Bob" : "Carol"} joins: a request, an approval; no secret passes the relay`);
  const device = await switchOn(stage, who);
  const { request, fingerprint } = await device.ask("askToJoin", `CN=${who}/O=acme`, { device: false });
  narrator.say(`fingerprint, compared over the phone: ${fingerprint}`);
  await device.ask("join", await alice.ask("approve", request, { role: "editor" }));
  await narrator.during("receiving", device.ask("connect", url));
  return device;
}

export async function compareLists(stage: Stage, alice: DeviceProcess, bob: DeviceProcess): Promise<void> {
  const { narrator, list } = stage;
  const [hers, his] = await narrator.during("reading", Promise.all([alice.ask("list"), bob.ask("list")]));
  narrator.claim(
    `Bob reads all ${list.length} contacts, each equal to Alice's`,
    his.size === list.length && sameLists(hers, his),
  );
}

/** Both edit the same records offline; which ones. */
export async function editApart(
  { narrator }: Stage,
  alice: DeviceProcess,
  bob: DeviceProcess,
): Promise<readonly string[]> {
  narrator.act("Both go offline and edit the same records");
  await alice.ask("disconnect");
  await bob.ask("disconnect");
  const ids = [...(await alice.ask("list")).keys()].slice(0, EDITED);
  await alice.ask("edit", ids, { raise: 1_000 });
  await bob.ask("edit", ids, { city: "Reykjavik" });
  narrator.say(`Alice raised ${EDITED} revenues, Bob moved the same ${EDITED} people to Reykjavik`);
  narrator.claim("their lists differ now", !agree(await alice.ask("list"), await bob.ask("list")));
  return ids;
}

export async function meetAgain(
  { narrator, list }: Stage,
  { alice, bob, url, edited }: { alice: DeviceProcess; bob: DeviceProcess; url: string; edited: readonly string[] },
): Promise<void> {
  narrator.act("They meet again");
  await alice.ask("connect", url);
  await bob.ask("connect", url);
  await narrator.during("syncing", settle(alice, bob));
  const [hers, his] = [await alice.ask("list"), await bob.ask("list")];
  for (const id of edited.slice(0, 3)) {
    const [a, b] = [hers.get(id), his.get(id)];
    narrator.say(`${a?.data.name}: Alice ${a?.heads.map(short)}  Bob ${b?.heads.map(short)}`);
  }
  narrator.claim("all heads are equal", hers.size === list.length && sameLists(hers, his));
  const before = new Map(list.map(({ name, email, revenue }) => [name + email, revenue]));
  const survived = edited
    .map((id) => his.get(id)?.data)
    .every((data) => data?.city === "Reykjavik" && data.revenue === (before.get(data.name + data.email) ?? 0) + 1_000);
  narrator.claim("both edits of every record survived", survived);
}
