import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

interface HeldFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/** Every file the relay keeps, whole. */
export async function readRelayFiles(directory: string): Promise<readonly HeldFile[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (path) => ({ path, bytes: await readFile(path) })));
}

/** The files that hold attachments, which the relay knows by the hash of what is in them: size and time of each, by name. */
export async function relayBlobs(directory: string): Promise<ReadonlyMap<string, { size: number; writtenAt: number }>> {
  const blobs = new Map<string, { size: number; writtenAt: number }>();
  const entries = await readdir(join(directory, "blobs"), { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || basename(entry.parentPath) === "unfinished") continue;
    const { size, mtimeMs } = await stat(join(entry.parentPath, entry.name));
    blobs.set(basename(entry.parentPath) + entry.name, { size, writtenAt: mtimeMs });
  }
  return blobs;
}

/** How many of these texts stand somewhere in the relay's files, as UTF-8, upper or lower case, UTF-16, hex or base64. */
export function countLeaks(files: readonly HeldFile[], texts: Iterable<string>): number {
  const haystacks = files.map(({ bytes }) => bytes.toString("latin1").toLowerCase());
  let leaks = 0;
  for (const text of texts) {
    const utf8 = Buffer.from(text);
    const needles = [utf8, Buffer.from(text, "utf16le")].map((bytes) => bytes.toString("latin1").toLowerCase());
    needles.push(utf8.toString("hex"), utf8.toString("base64").replace(/.?=*$/, "").toLowerCase());
    if (haystacks.some((haystack) => needles.some((needle) => haystack.includes(needle)))) leaks += 1;
  }
  return leaks;
}

/** Rows of a hex dump, as `hexdump -C` prints them. */
export function hexDump(bytes: Uint8Array, from: number, rows: number): readonly string[] {
  return Array.from({ length: rows }, (_, row) => {
    const at = from + row * 16;
    const slice = Buffer.from(bytes.subarray(at, at + 16));
    const hex = (slice.toString("hex").match(/../g) ?? []).join(" ");
    const text = slice.toString("latin1").replace(/[^\x20-\x7e]/g, ".");
    return `${at.toString(16).padStart(8, "0")}  ${hex.padEnd(47)}  |${text}|`;
  });
}

/** Flips one bit of the byte at `offset` after the first place where `mark` stands; returns the file's path. */
export async function flipByteAt(directory: string, mark: Uint8Array, offset: number): Promise<string | undefined> {
  for (const { path, bytes } of await readRelayFiles(directory)) {
    const at = bytes.indexOf(Buffer.from(mark));
    if (at < 0) continue;
    bytes[at + offset] = (bytes[at + offset] ?? 0) ^ 1;
    await writeFile(path, bytes);
    return path;
  }
  return undefined;
}

/** Whether the bytes stand in one of the relay's files. */
export async function relayHolds(directory: string, mark: Uint8Array): Promise<boolean> {
  return (await readRelayFiles(directory)).some(({ bytes }) => bytes.includes(Buffer.from(mark)));
}
