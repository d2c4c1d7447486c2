// A process that writes files and reads them: as attachments, or by the least that anybody can do who encrypts them.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  attach,
  createClient,
  type Database,
  type Doc,
  detach,
  readAttachment,
  sweepAttachments,
} from "@selkie/client";
import { serve } from "./process.ts";

/** A file of so many bytes, of a content that no other of this number has. */
export interface BenchFile {
  readonly bytes: number;
  readonly number: number;
}

/** What writing or reading one took: microseconds, and bytes of memory beyond those before. */
export interface FileCost {
  readonly cpu: number;
  readonly elapsed: number;
  readonly memory: number;
}

const PIECE = 262_144;
const HASH_BYTES = 32;
const TAG_BYTES = 16;
const SAMPLE_MS = 4;
const NAME = "film";

interface Note {
  readonly title: string;
}
let kept: { readonly notes: Database<Note>; readonly doc: Doc<Note> } | undefined;
let directory = "";
const key = randomBytes(32);

serve({
  open: async (path: string) => {
    directory = path;
    const client = await createClient({ store: join(path, "client"), password: "a password for the benchmark" });
    const tenant = await client.createTenant("bench", { user: "CN=alice" });
    const notes = await tenant.openDB<Note>("notes");
    kept = { notes, doc: await notes.createDocument({ title: "a film" }) };
  },
  write: (file: BenchFile) =>
    costOf(async () => {
      const { notes, doc } = opened();
      await attach(notes, doc, { name: NAME, content: piecesOf(file) });
    }),
  read: ({ bytes }: BenchFile) =>
    costOf(async () => {
      const { notes, doc } = opened();
      const reader = readAttachment(notes, doc, NAME).getReader({ mode: "byob" });
      let [read, memory] = [0, new ArrayBuffer(PIECE)];
      for (;;) {
        const { value, done } = await reader.read(new Uint8Array(memory));
        if (done || value === undefined) break;
        read += value.length;
        memory = value.buffer;
      }
      if (read !== bytes) throw new RangeError(`${read} of ${bytes} bytes were read`);
    }),
  remove: async () => {
    const { notes, doc } = opened();
    await detach(notes, doc, NAME);
    await sweepAttachments([notes]);
  },
  bareWrite: (file: BenchFile) => costOf(() => writeBare(file)),
  bareRead: (file: BenchFile) => costOf(() => readBare(file)),
  bareRemove: () => rm(join(directory, NAME)),
});

function opened(): NonNullable<typeof kept> {
  if (kept === undefined) throw new RangeError("nothing is open");
  return kept;
}

async function costOf(work: () => Promise<void>): Promise<FileCost> {
  globalThis.gc?.();
  const idle = process.memoryUsage.rss();
  let most = idle;
  const sampling = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, SAMPLE_MS);
  const [before, start] = [process.cpuUsage(), performance.now()];
  await work();
  const elapsed = (performance.now() - start) * 1_000;
  const { user, system } = process.cpuUsage(before);
  clearInterval(sampling);
  return { cpu: user + system, elapsed, memory: Math.max(most, process.memoryUsage.rss()) - idle };
}

/** No two pieces are alike; which bytes they have makes no cipher or hash faster. */
async function* piecesOf({ bytes, number }: BenchFile): AsyncGenerator<Uint8Array, void> {
  const piece = Buffer.alloc(PIECE);
  for (let at = 0; at < bytes; at += PIECE) {
    piece.writeUInt32LE(number, 0);
    piece.writeUInt32LE(at / PIECE, 4);
    yield piece.subarray(0, bytes - at);
  }
}

/** Hash, AES-GCM and bytes of each piece, one after the other in one file that is made durable at its end. */
async function writeBare(content: BenchFile): Promise<void> {
  await using file = await open(join(directory, NAME), "w");
  let index = 0;
  for await (const piece of piecesOf(content)) {
    const cipher = createCipheriv("aes-256-gcm", key, nonceOf(index++));
    const id = createHash("sha256").update(piece).digest();
    const sealed = cipher.update(piece);
    cipher.final();
    for (const bytes of [id, sealed, cipher.getAuthTag()]) await file.write(bytes);
  }
  await file.sync();
}

async function readBare({ bytes }: BenchFile): Promise<void> {
  await using file = await open(join(directory, NAME), "r");
  const record = Buffer.alloc(HASH_BYTES + PIECE + TAG_BYTES);
  let read = 0;
  for (let index = 0; read < bytes; index++)
    read += openBare(record.subarray(0, await fill(file, record)), index).length;
  if (read !== bytes) throw new RangeError(`${read} of ${bytes} bytes were read`);
}

function openBare(record: Buffer, index: number): Uint8Array {
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(index));
  decipher.setAuthTag(record.subarray(-TAG_BYTES));
  const piece = decipher.update(record.subarray(HASH_BYTES, -TAG_BYTES));
  decipher.final();
  const id = createHash("sha256").update(piece).digest();
  if (!id.equals(record.subarray(0, HASH_BYTES))) throw new RangeError("a piece is another one");
  return piece;
}

async function fill(file: FileHandle, record: Buffer): Promise<number> {
  return (await file.read(record, 0, record.length)).bytesRead;
}

function nonceOf(index: number): Uint8Array {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(index, 8);
  return nonce;
}
