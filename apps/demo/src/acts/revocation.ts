// Bob leaves, and tries to write after all.
import { cp } from "node:fs/promises";
import type { Contact } from "../contacts.ts";
import { type DeviceProcess, refusalOf } from "../device-process.ts";
import { agree, BOB, diskOf, type Stage, settle, switchOn, TENANT } from "./stage.ts";

const DAY_MS = 86_400_000;

/** Whom Alice adds once Bob is out. */
export const SUCCESSOR: Contact = {
  name: "Philippa Thistlewood",
  email: "philippa@successor.example",
  company: "Thistlewood and Daughters",
  city: "Tromso",
  region: "EMEA",
  revenue: 120,
};

/** What Bob writes too late. */
export const FORGERY: Contact = {
  name: "Barnaby Backdated",
  email: "barnaby@yesterday.example",
  company: "Backdated and Sons",
  city: "Yesteryear",
  region: "EMEA",
  revenue: 1,
};

/** Bob switches his laptop off, and keeps a copy of its disk. */
export async function copyDisk(stage: Stage, bob: DeviceProcess, url: string): Promise<DeviceProcess> {
  stage.narrator.act("Bob keeps a copy of his disk");
  await bob[Symbol.asyncDispose]();
  await cp(diskOf(stage, "bob").disk, diskOf(stage, "bobs-copy").disk, { recursive: true });
  const again = await switchOn(stage, "bob");
  await again.ask("open", TENANT);
  const status = await stage.narrator.during("syncing", again.ask("connect", url));
  stage.narrator.claim("his laptop starts again and is online", status === "online");
  return again;
}

/** Alice ends Bob's rights; the contact that she writes afterwards. */
export async function revoke(
  { narrator }: Stage,
  people: { alice: DeviceProcess; bob: DeviceProcess; phone: DeviceProcess; carol: DeviceProcess; board: string },
): Promise<string> {
  const { alice, bob, phone, carol, board } = people;
  narrator.act("Alice revokes Bob: his connections end, the keys turn");
  const keys = await alice.ask("countKeys");
  const synced = await narrator.during("revoking", alice.ask("revoke", BOB));
  narrator.claim("everything Bob had sent is within his cuts", synced);
  for (const [name, device] of [["laptop", bob] as const, ["telephone", phone] as const]) {
    const { told, ended } = await narrator.during("waiting for Bob", device.ask("learnThatItIsOut"));
    narrator.claim(
      `his ${name} read in the directory that it is out, and its connection has ended (${ended})`,
      told && ended !== null,
    );
    const refusal = await refusalOf(device.ask("create", FORGERY));
    narrator.claim(`it writes nothing any more (${refusal})`, refusal === "DEVICE_REVOKED");
  }
  const turned = (await alice.ask("countKeys")) - keys;
  narrator.claim(`${turned} keys turned: the directory's, the default one and the board's`, turned === 3);
  const late = await alice.ask("create", SUCCESSOR);
  await alice.ask("edit", [board], { raise: 1 });
  await narrator.during("syncing", settle(alice, carol));
  narrator.claim("Carol goes on with Alice", (await carol.ask("list")).get(late)?.data.name === SUCCESSOR.name);
  narrator.claim("what Bob had stays his to read: nobody can take that back", (await bob.ask("list")).has(board));
  return late;
}

/** Bob writes on the copy, with its clock set back, and brings it to those who are still in. */
export async function backdate(
  stage: Stage,
  people: { alice: DeviceProcess; carol: DeviceProcess; late: string; edited: string; board: string },
): Promise<void> {
  const { alice, carol, late, edited, board } = people;
  const { narrator } = stage;
  narrator.act("Bob takes the copy, sets its clock back, writes, and hands it over from hand to hand");
  const copy = diskOf(stage, "bobs-copy").disk;
  const bob = await switchOn(stage, "bob", { disk: copy, clockBehind: DAY_MS });
  await bob.ask("open", TENANT);
  narrator.say(`his clock shows ${new Date(await bob.ask("clock")).toISOString()}, a day before he was revoked`);
  const forged = await bob.ask("create", FORGERY);
  await bob.ask("edit", [edited], { city: FORGERY.city });
  const his = await bob.ask("list");
  narrator.claim(
    "on the copy, which knows of nothing, both edits are there",
    his.get(forged)?.data.name === FORGERY.name && his.get(edited)?.data.city === FORGERY.city,
  );
  await bob[Symbol.asyncDispose]();
  const before = await alice.ask("list");
  for (const [name, device] of [["Carol", carol] as const, ["Alice", alice] as const]) {
    const { password } = diskOf(stage, "bob");
    // A copy for each: who meets somebody that knows of the revocation knows of it, and opens nothing any more.
    const { disk } = diskOf(stage, `bobs-copy-for-${name}`);
    await cp(copy, disk, { recursive: true });
    const visit = device.ask("meetDisk", disk, { password, tenant: TENANT, late });
    const met = await narrator.during("syncing", visit);
    narrator.claim(
      `${name} gets ${met.entries} entries from him, and all are quarantined (${met.refused.join(", ")})`,
      met.entries > 0 && met.refused.length === met.entries && met.refused.every((reason) => reason === "BEYOND_CUT"),
    );
    narrator.claim(`he gets all of ${name}'s, and cannot open what was written since`, !met.readable);
  }
  await narrator.during("syncing", settle(carol, alice));
  const [hers, carols] = [await alice.ask("list"), await carol.ask("list")];
  narrator.claim("no list has changed", agree(before, hers) && before.size === hers.size && !hers.has(forged));
  const unseen = [...hers.keys()].filter((id) => !carols.has(id));
  narrator.claim(
    `the heads of all ${carols.size} contacts that Alice and Carol share are equal`,
    agree(carols, hers) && unseen.join() === board,
  );
}
