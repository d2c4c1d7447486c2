import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { addPhone, BUYER, shareWithTheBoard } from "./acts/board.ts";
import { sendFilm } from "./acts/film.ts";
import { damage, heal, searchRelay } from "./acts/relay.ts";
import { reportSales, SALE } from "./acts/report.ts";
import { backdate, copyDisk, FORGERY, revoke, SUCCESSOR } from "./acts/revocation.ts";
import { compareLists, editApart, found, joinAs, meetAgain } from "./acts/sharing.ts";
import type { Stage } from "./acts/stage.ts";
import { readContacts } from "./contacts.ts";
import type { Narrator } from "./narrator.ts";
import { readOrders } from "./orders.ts";
import { type RelayProcess, startRelay } from "./relay-process.ts";

/**
 * The main job, told once: people share a contact list through a relay that can't read it, and one of them leaves. Every device and the
 * relay is a process of its own. `afterwards` is called when everybody has gone home and the relay still runs.
 */
export async function tellStory(
  directory: string,
  narrator: Narrator,
  afterwards: (relay: RelayProcess) => Promise<void>,
): Promise<void> {
  await using relays = new AsyncDisposableStack();
  await afterwards(await tellActs(directory, relays, narrator));
}

/** All acts, from the first relay to the one that runs at the end. */
async function tellActs(directory: string, relays: AsyncDisposableStack, narrator: Narrator): Promise<RelayProcess> {
  const relayData = join(directory, "relay");
  await mkdir(relayData, { recursive: true });
  await using devices = new AsyncDisposableStack();
  const stage: Stage = { narrator, directory, devices, list: await readContacts() };

  narrator.act("A relay starts, in a process of its own");
  const first = relays.use(await startRelay(relayData));
  const { url } = first;
  narrator.say(`process ${first.pid} listens on ${url}`);

  const alice = await found(stage, url);
  const bob = await joinAs(stage, "bob", alice, url);
  await compareLists(stage, alice, bob);
  const edited = await editApart(stage, alice, bob);
  await meetAgain(stage, { alice, bob, url, edited });

  const mark = await alice.ask("entry");
  await first[Symbol.asyncDispose]();
  narrator.act("What the relay holds");
  await searchRelay(stage, relayData);
  await damage(stage, relayData, mark);
  const second = relays.use(await startRelay(relayData, first.port));
  const carol = await heal(stage, { alice, url, mark, relayData });

  const board = await shareWithTheBoard(stage, { alice, bob, carol });
  const phone = await addPhone(stage, bob, url);
  const again = await copyDisk(stage, bob, url);
  const late = await revoke(stage, { alice, bob: again, phone, carol, board });
  await backdate(stage, { alice, carol, late, edited: edited[0] ?? "", board });

  const orders = await readOrders();
  await reportSales(stage, orders, url);

  narrator.act("What the relay holds after all that");
  const customers = [...orders.map(({ order }) => order), SALE].map(({ customer }) => customer);
  await searchRelay(stage, relayData, {
    contacts: [BUYER, SUCCESSOR, FORGERY],
    words: ["CN=carol", "bobs-phone", "CN=dora", "CN=erik", ...new Set(customers)],
  });

  await sendFilm(stage, { alice, carol, url, relayData });
  return second;
}
