// A file of 100 MB goes through the relay, is interrupted, and goes on.
import { createCipheriv, createHash, createHmac } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { DeviceProcess } from "../device-process.ts";
import { countLeaks, readRelayFiles, relayBlobs } from "../relay-files.ts";
import { type Stage, settle, switchOn, TENANT } from "./stage.ts";

const NAME = "opening-night.mp4";
const MEDIA_TYPE = "video/mp4";
const MEGABYTE = 1_000_000;
const SIZE = 100 * MEGABYTE;
const CHUNK = 262_144;

/** A film that nobody shot: bytes that nothing shortens, the same in each telling. */
async function writeFilm(path: string): Promise<void> {
  const cipher = createCipheriv("aes-256-ctr", Buffer.alloc(32, "opening night"), Buffer.alloc(16));
  await using file = await open(path, "w");
  for (let at = 0; at < SIZE; at += MEGABYTE) await file.write(cipher.update(Buffer.alloc(MEGABYTE)));
}

const bytesOf = (blobs: ReadonlyMap<string, { size: number }>): number =>
  [...blobs.values()].reduce((sum, { size }) => sum + size, 0);
const inMegabytes = (bytes: number): string => `${Math.round(bytes / MEGABYTE)} MB`;

/** Alice attaches a film to a contact, and is cut off while it is on its way; Carol reads it, and attaches the same to another. */
export async function sendFilm(
  stage: Stage,
  { alice, carol, url, relayData }: { alice: DeviceProcess; carol: DeviceProcess; url: string; relayData: string },
): Promise<void> {
  const { narrator, directory } = stage;
  narrator.act("Alice attaches a film of 100 MB to a contact; her device loses power while it is on its way");
  const path = join(directory, NAME);
  await writeFilm(path);
  const [first = "", second = ""] = (await alice.ask("list")).keys();
  await alice.ask("disconnect");
  const before = await relayBlobs(relayData);
  await narrator.during("sealing the film", alice.ask("attachFile", first, path, MEDIA_TYPE));
  narrator.claim("she is offline: none of it is at the relay", (await relayBlobs(relayData)).size === before.size);
  void alice.ask("connect", url).catch(() => undefined); // what becomes of it the restart tells
  const sent = await halfOf(relayData, before.size);
  await alice.kill();
  const atCut = await relayBlobs(relayData);
  narrator.claim(`cut off with ${inMegabytes(bytesOf(atCut))} at the relay`, sent && bytesOf(atCut) < SIZE);

  const again = await switchOn(stage, "alice");
  await again.ask("open", TENANT);
  await narrator.during("going on", again.ask("connect", url));
  const whole = await relayBlobs(relayData);
  narrator.claim(
    `she goes on where she was: ${atCut.size} pieces were not sent again, ${whole.size - atCut.size} were`,
    bytesOf(whole) >= SIZE && [...atCut].every(([name, { writtenAt }]) => whole.get(name)?.writtenAt === writtenAt),
  );

  await narrator.during("syncing", settle(again, carol));
  const { hash, size } = await narrator.during("Carol reads the film", carol.ask("readFile", first, NAME));
  const film = await readFile(path);
  const isSame = hash === createHash("sha256").update(film).digest("hex");
  narrator.claim(`Carol reads what Alice attached, ${inMegabytes(size)} of it`, isSame);

  narrator.act("Carol attaches the same film to another contact, from her own disk");
  await narrator.during("sealing the film", carol.ask("attachFile", second, path, MEDIA_TYPE));
  await narrator.during("syncing", settle(carol, again));
  const after = await relayBlobs(relayData);
  narrator.claim(
    `it takes no more room at the relay: ${inMegabytes(bytesOf(after) - bytesOf(whole))}`,
    [...after.keys()].every((name) => whole.has(name)),
  );
  await guess(stage, { film, relayData });
}

/** Whoever runs the relay thinks of this very film, and has a copy. */
async function guess({ narrator }: Stage, { film, relayData }: { film: Buffer; relayData: string }): Promise<void> {
  narrator.act("Whoever runs the relay guesses which film it is, and has a copy of it");
  const names = [...(await relayBlobs(relayData)).keys()];
  const chunks = Array.from({ length: Math.ceil(film.length / CHUNK) }, (_, at) =>
    film.subarray(at * CHUNK, (at + 1) * CHUNK),
  );
  const hashes = [film, ...chunks].flatMap((bytes) => [
    createHash("sha256").update(bytes).digest("hex"),
    createHmac("sha256", "").update(bytes).digest("hex"),
  ]);
  const files = await readRelayFiles(join(relayData, "blobs"));
  const isThere = (text: string): boolean => files.some(({ bytes }) => bytes.includes(Buffer.from(text, "hex")));
  const stands = chunks.filter((bytes) => isThere(bytes.subarray(0, 16).toString("hex")));
  narrator.claim(
    `${hashes.length} hashes of the film and its pieces: none is the name of a file`,
    hashes.every((hash) => !names.includes(hash)),
  );
  narrator.claim("no piece of the film stands in a file", stands.length === 0);
  const leaks = countLeaks(files, [NAME, MEDIA_TYPE, "opening"]);
  narrator.claim("neither do its name and its media type", leaks === 0);
}

/** Waits until about half of the film is at the relay, for half a minute at most. */
async function halfOf(relayData: string, before: number): Promise<boolean> {
  for (const since = Date.now(); Date.now() - since < 30_000; await pause(5)) {
    const blobs = await relayBlobs(relayData);
    if (blobs.size > before && bytesOf(blobs) > SIZE / 2) return true;
  }
  return false;
}
