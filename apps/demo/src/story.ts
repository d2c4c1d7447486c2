import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Client, type Connection, createClient, type Database, type Tenant } from "@selkie/client";
import { portableVerifier, type VerifiedEntry, verifyRuns } from "@selkie/entry";
import { type Contact, readContacts } from "./contacts.ts";
import type { Narrator } from "./narrator.ts";
import { countLeaks, flipByteAt, hexDump, readRelayFiles, relayHolds } from "./relay-files.ts";
import { type RelayProcess, startRelay } from "./relay-process.ts";

const EDITED = 40;

/** A person with a device of their own. */
interface Person {
  readonly client: Client;
  readonly tenant: Tenant;
  readonly contacts: Database<Contact>;
  readonly line: Connection;
}

/**
 * The main job, told once: two people share a contact list through a relay that can't read it. `afterwards` is called when everybody has
 * gone home and the relay still runs.
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
  const list = await readContacts();

  narrator.act("A relay starts, in a process of its own");
  const first = relays.use(await startRelay(relayData));
  narrator.say(`process ${first.pid} listens on ${first.url}`);

  await using people = new AsyncDisposableStack();
  const alice = await found(directory, first, list, narrator);
  people.use(alice.client);
  const bob = await joinAs("bob", directory, first, alice, narrator);
  people.use(bob.client);
  await compareLists(alice, bob, list, narrator);
  await editApart(alice, bob, narrator);

  narrator.act("They meet again");
  await using aliceLine = await alice.tenant.connect(first.url);
  await using bobLine = await bob.tenant.connect(first.url);
  await narrator.during("syncing", settle(aliceLine, bobLine, aliceLine));
  await showConvergence(alice, bob, narrator);

  const mark = await entryOf(alice.contacts);
  await first[Symbol.asyncDispose]();
  await showWhatTheRelayHolds(relayData, list, narrator);
  const second = relays.use(await damage(relayData, first.port, mark, narrator));
  await heal(directory, second, { alice, list, mark, relayData }, narrator);
  return second;
}

async function found(
  directory: string,
  relay: RelayProcess,
  list: readonly Contact[],
  narrator: Narrator,
): Promise<Person> {
  narrator.act("Alice founds a tenant on her own machine and imports her contacts");
  const client = await narrator.during("deriving a key from the password", openClient(directory, "alice"));
  const tenant = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const contacts = await tenant.openDB<Contact>("contacts");
  const ids = await narrator.during("sealing", contacts.createDocuments(list));
  narrator.say(`tenant ${tenant.id.slice(0, 16)}..., the hash of its founding entry`);
  narrator.claim(`${list.length} contacts imported, offline`, ids.length === list.length);
  const line = await tenant.connect(relay.url);
  await narrator.during("uploading", line.synced());
  narrator.claim("everything acknowledged by the relay", line.status === "online");
  return { client, tenant, contacts, line };
}

async function joinAs(
  who: "bob" | "carol",
  directory: string,
  relay: RelayProcess,
  alice: Person,
  narrator: Narrator,
): Promise<Person> {
  narrator.act(`${who === "bob" ? "Bob" : "Carol"} joins: a request, an approval; no secret passes the relay`);
  const client = await narrator.during("deriving a key from the password", openClient(directory, who));
  const request = await client.createJoinRequest(`CN=${who}/O=acme`);
  narrator.say(`fingerprint, compared over the phone: ${request.fingerprint}`);
  const response = await alice.tenant.directory.approveJoinRequest(request, { role: "editor" });
  const tenant = await client.joinTenant(response);
  const line = await tenant.connect(relay.url);
  const contacts = await tenant.openDB<Contact>("contacts");
  await narrator.during("receiving", line.synced());
  return { client, tenant, contacts, line };
}

async function compareLists(alice: Person, bob: Person, list: readonly Contact[], narrator: Narrator): Promise<void> {
  const hers = await digest(alice.contacts);
  const his = await narrator.during("reading", digest(bob.contacts));
  narrator.claim(
    `Bob reads all ${list.length} contacts, each equal to Alice's`,
    his.size === list.length && sameDigests(hers, his),
  );
}

async function editApart(alice: Person, bob: Person, narrator: Narrator): Promise<void> {
  narrator.act("Both go offline and edit the same records");
  await alice.line[Symbol.asyncDispose]();
  await bob.line[Symbol.asyncDispose]();
  const ids = (await alice.contacts.getAllDocumentIds()).slice(0, EDITED);
  for (const id of ids) {
    await alice.contacts.changeDoc(await alice.contacts.getDocument(id), (draft) => {
      draft.getData().revenue += 1_000;
    });
    await bob.contacts.changeDoc(await bob.contacts.getDocument(id), (draft) => {
      draft.getData().city = "Reykjavik";
    });
  }
  narrator.say(`Alice raised ${EDITED} revenues, Bob moved the same ${EDITED} people to Reykjavik`);
  narrator.claim("their lists differ now", !sameDigests(await digest(alice.contacts), await digest(bob.contacts)));
}

async function showConvergence(alice: Person, bob: Person, narrator: Narrator): Promise<void> {
  const ids = (await alice.contacts.getAllDocumentIds()).slice(0, EDITED);
  for (const id of ids.slice(0, 3)) {
    const [hers, his] = [await alice.contacts.getDocument(id), await bob.contacts.getDocument(id)];
    narrator.say(`${hers.getData().name}: Alice ${hers.getHeads().map(short)}  Bob ${his.getHeads().map(short)}`);
  }
  narrator.claim("all heads are equal", sameDigests(await digest(alice.contacts), await digest(bob.contacts)));
  const doc = ids[0] === undefined ? undefined : await bob.contacts.getDocument(ids[0]);
  narrator.claim("both edits of one record survived", doc?.getData().city === "Reykjavik" && doc.getHeads().length > 0);
}

async function showWhatTheRelayHolds(relayData: string, list: readonly Contact[], narrator: Narrator): Promise<void> {
  narrator.act("What the relay holds");
  const files = await readRelayFiles(relayData);
  const largest = files.toSorted((a, b) => b.bytes.length - a.bytes.length)[0];
  if (largest === undefined) return narrator.claim("the relay holds something", false);
  for (const row of hexDump(largest.bytes, Math.floor(largest.bytes.length / 2), 4)) narrator.say(row);
  const secrets = new Set(
    list
      .flatMap(({ name, email, company }) => [name, ...name.split(" "), email, company])
      .filter((text) => text.length > 5),
  );
  for (const text of ["CN=alice", "CN=bob", "acme-corp", "contacts", "Reykjavik", "revenue"]) secrets.add(text);
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  const leaks = countLeaks(files, secrets);
  narrator.claim(
    `${bytes.toLocaleString("en")} bytes searched for ${secrets.size} names, addresses and words: ${leaks} found`,
    leaks === 0,
  );
}

async function damage(relayData: string, port: number, mark: VerifiedEntry, narrator: Narrator): Promise<RelayProcess> {
  narrator.act("One byte of the relay's database is flipped");
  const path = await flipByteAt(relayData, ciphertextOf(mark), 16);
  narrator.claim("a byte of a stored entry was changed on disk", path !== undefined);
  const [verdict] = await verifyRuns(portableVerifier, [{ ...runOf(mark), entries: [tampered(mark)] }]);
  narrator.claim(
    `a client refuses such an entry (${verdict?.type === "refused" ? verdict.code : "accepted"})`,
    verdict?.type === "refused",
  );
  return startRelay(relayData, port);
}

async function heal(
  directory: string,
  relay: RelayProcess,
  held: { alice: Person; list: readonly Contact[]; mark: VerifiedEntry; relayData: string },
  narrator: Narrator,
): Promise<void> {
  const { alice, list, mark, relayData } = held;
  await using line = await alice.tenant.connect(relay.url);
  await narrator.during("reconnecting", line.synced());
  const carol = await joinAs("carol", directory, relay, alice, narrator);
  await narrator.during("healing", settle(line, carol.line, line, carol.line));
  const hers = await digest(alice.contacts);
  const theirs = await digest(carol.contacts);
  narrator.claim(
    `Carol, new, reads all ${list.length} contacts: nothing damaged reached her, nothing was lost`,
    sameDigests(hers, theirs),
  );
  await carol.client[Symbol.asyncDispose]();
  narrator.claim(
    "the relay holds the honest bytes again, uploaded by Alice",
    await relayHolds(relayData, ciphertextOf(mark)),
  );
}

function openClient(directory: string, who: string): Promise<Client> {
  return createClient({ store: join(directory, who), password: `${who} has a long password` });
}

async function settle(...lines: readonly Connection[]): Promise<void> {
  for (const line of lines) await line.synced();
}

async function digest(contacts: Database<Contact>): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>();
  for (const id of await contacts.getAllDocumentIds()) {
    const doc = await contacts.getDocument(id);
    digests.set(id, `${doc.getHeads().join()} ${JSON.stringify(doc.getData())}`);
  }
  return digests;
}

const sameDigests = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  a.size === b.size && [...a].every(([id, text]) => b.get(id) === text);

const short = (hash: string): string => hash.slice(0, 12);

/** An entry of the import. */
async function entryOf(contacts: Database<Contact>): Promise<VerifiedEntry> {
  for await (const run of contacts.getStore().scan()) {
    const entry = run.entries.find(({ signature, parts }) => signature !== null && parts.length > EDITED + 1);
    if (entry !== undefined) return entry;
  }
  throw new RangeError("there are no entries");
}

function ciphertextOf(entry: VerifiedEntry): Uint8Array {
  const part = entry.parts.at(-1);
  if (part?.type !== "sealed") throw new RangeError("the entry has no sealed part");
  return part.ciphertext.subarray(0, 64);
}

function runOf({ header }: VerifiedEntry): {
  database: VerifiedEntry["header"]["database"];
  writer: VerifiedEntry["header"]["writer"];
  firstSeq: number;
  prev: VerifiedEntry["header"]["prev"];
} {
  return { database: header.database, writer: header.writer, firstSeq: header.seq, prev: header.prev };
}

function tampered(entry: VerifiedEntry): VerifiedEntry {
  const parts = entry.parts.map((part, at) => {
    if (at !== entry.parts.length - 1 || part.type !== "sealed") return part;
    const ciphertext = part.ciphertext.slice();
    ciphertext[16] = (ciphertext[16] ?? 0) ^ 1;
    return { ...part, ciphertext: ciphertext as typeof part.ciphertext };
  });
  return { ...entry, parts };
}
