// What the relay holds, and what happens when it is damaged.
import { portableVerifier, type VerifiedEntry, verifyRuns } from "@selkie/entry";
import type { Contact } from "../contacts.ts";
import type { DeviceProcess } from "../device-process.ts";
import { countLeaks, flipByteAt, hexDump, readRelayFiles, relayHolds } from "../relay-files.ts";
import { joinAs } from "./sharing.ts";
import { type Stage, sameLists, settle, TENANT } from "./stage.ts";

/** Shows a piece of the relay's files, and looks in all of them for everything that nobody but the members may know. */
export async function searchRelay(
  { narrator, list }: Stage,
  relayData: string,
  { contacts = [], words = [] }: { contacts?: readonly Contact[]; words?: readonly string[] } = {},
): Promise<void> {
  const files = await readRelayFiles(relayData);
  const largest = files.toSorted((a, b) => b.bytes.length - a.bytes.length)[0];
  if (largest === undefined) return narrator.claim("the relay holds something", false);
  for (const row of hexDump(largest.bytes, Math.floor(largest.bytes.length / 2), 4)) narrator.say(row);
  const secrets = new Set(
    [...list, ...contacts]
      .flatMap(({ name, email, company }) => [name, ...name.split(" "), email, company])
      .filter((text) => text.length > 5),
  );
  for (const text of ["CN=alice", "CN=bob", TENANT, "contacts", "Reykjavik", "revenue", ...words]) secrets.add(text);
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  const leaks = countLeaks(files, secrets);
  narrator.claim(
    `${bytes.toLocaleString("en")} bytes searched for ${secrets.size} names, addresses and words: ${leaks} found`,
    leaks === 0,
  );
}

/** Flips a byte of an entry where the relay keeps it, while the relay is off. */
export async function damage({ narrator }: Stage, relayData: string, mark: VerifiedEntry): Promise<void> {
  narrator.act("One byte of the relay's database is flipped");
  const path = await flipByteAt(relayData, ciphertextOf(mark), 16);
  narrator.claim("a byte of a stored entry was changed on disk", path !== undefined);
  const [verdict] = await verifyRuns(portableVerifier, [{ ...runOf(mark), entries: [tampered(mark)] }]);
  narrator.claim(
    `a client refuses such an entry (${verdict?.type === "refused" ? verdict.code : "accepted"})`,
    verdict?.type === "refused",
  );
}

/** Alice uploads what was damaged, and Carol, who is new, gets everything. */
export async function heal(
  stage: Stage,
  held: { alice: DeviceProcess; url: string; mark: VerifiedEntry; relayData: string },
): Promise<DeviceProcess> {
  const { narrator, list } = stage;
  const { alice, url, mark, relayData } = held;
  await alice.ask("disconnect");
  await narrator.during("reconnecting", alice.ask("connect", url));
  const carol = await joinAs(stage, "carol", alice, url);
  await narrator.during("healing", settle(alice, carol));
  const theirs = await carol.ask("list");
  narrator.claim(
    `Carol, new, reads all ${list.length} contacts: nothing damaged reached her, nothing was lost`,
    theirs.size === list.length && sameLists(await alice.ask("list"), theirs),
  );
  await carol.ask("disconnect"); // what it had promised to send is sent
  narrator.claim(
    "the relay holds the honest bytes again, uploaded by Alice",
    await relayHolds(relayData, ciphertextOf(mark)),
  );
  await carol.ask("connect", url);
  return carol;
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
