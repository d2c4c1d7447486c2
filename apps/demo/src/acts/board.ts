// A key for some members only, and a member's second device.
import type { Contact } from "../contacts.ts";
import { type DeviceProcess, refusalOf } from "../device-process.ts";
import { agree, BOB, type Stage, sameLists, settle, switchOn } from "./stage.ts";

/** Whom only the board knows. */
export const BUYER: Contact = {
  name: "Octavia Quillfeather",
  email: "octavia@takeover.example",
  company: "Quillfeather Takeovers",
  city: "Valletta",
  region: "EMEA",
  revenue: 9_000_000,
};

/** A contact that Alice shares with Bob alone; its id. */
export async function shareWithTheBoard(
  { narrator }: Stage,
  { alice, bob, carol }: { alice: DeviceProcess; bob: DeviceProcess; carol: DeviceProcess },
): Promise<string> {
  narrator.act("A key named board, shared with Bob: for Carol what it seals does not exist");
  const before = await carol.ask("list");
  await alice.ask("createKey", "board", [BOB]);
  const id = await alice.ask("create", BUYER, "board");
  await narrator.during("syncing", settle(alice, bob, carol));
  const [his, hers] = [await bob.ask("list"), await carol.ask("list")];
  narrator.claim("Bob reads the contact", his.get(id)?.data.name === BUYER.name);
  narrator.claim(
    "Carol's list is what it was: she does not see that there is another contact",
    !hers.has(id) && sameLists(before, hers) && agree(hers, his),
  );
  const refusal = await refusalOf(carol.ask("create", BUYER, "board"));
  narrator.claim(`Carol cannot write under that key (${refusal})`, refusal === "KEY_UNKNOWN");
  await bob.ask("edit", [id], { raise: 1_000_000 });
  await narrator.during("syncing", settle(bob, alice));
  narrator.claim(
    "Bob's edit of it reaches Alice",
    (await alice.ask("list")).get(id)?.data.revenue === BUYER.revenue + 1_000_000,
  );
  return id;
}

/** Bob lets his own telephone in; no admin takes part. */
export async function addPhone(stage: Stage, bob: DeviceProcess, url: string): Promise<DeviceProcess> {
  const { narrator } = stage;
  narrator.act("Bob adds his telephone: his laptop lets it in, no admin is asked");
  const phone = await switchOn(stage, "bobs-phone");
  const { request, fingerprint } = await phone.ask("askToJoin", BOB, { device: true });
  narrator.say(`fingerprint, the same on both his screens: ${fingerprint}`);
  await phone.ask("join", await bob.ask("approve", request, {}));
  await bob.ask("synced");
  await narrator.during("receiving", phone.ask("connect", url));
  narrator.claim(
    "the telephone shows what the laptop shows, the board's contact too",
    sameLists(await bob.ask("list"), await phone.ask("list")),
  );
  return phone;
}
