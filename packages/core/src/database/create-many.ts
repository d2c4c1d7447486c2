import type { Plaintext } from "@selkie/crypto";
import type { WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { encodeChanges } from "../automerge/change-codec.ts";
import { makeFirstChange } from "../automerge/first-change.ts";
import { PartWork } from "../automerge/part-work.ts";
import type { DocId } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { CoreError } from "../errors.ts";
import { ENTRY_PARTS, fillEntries } from "../journal/fill-entries.ts";
import { claimedTime, encodeChangePart } from "../sealing/change-part.ts";
import { countedStem, documentIdOf } from "../sealing/document-id.ts";
import type { DatabaseParts } from "./database-parts.ts";
import type { LocalChange } from "./local-writes.ts";

/** Documents sealed, signed and committed together. */
const CHUNK = 10 * ENTRY_PARTS;

interface Created {
  readonly plaintext: Plaintext;
  readonly bytes: number;
  readonly work: PartWork;
  readonly id: DocId;
  readonly local: LocalChange;
}

/** What to create. */
export interface Creation<T> {
  readonly rows: Iterable<T> | AsyncIterable<T>;
  /** The 16-byte id of the key to seal under. */
  readonly key: Uint8Array;
  /** What a row becomes. @throws when it may not be a document */
  check(row: T): object;
  /** Called for each, once it is durable. */
  created(id: DocId): void;
}

/** Creates a document of each row, about 100 to an entry, 10 entries to a signature; rows are read as they are needed. */
export async function createMany<T>(
  parts: DatabaseParts,
  { rows, key, check, created }: Creation<T>,
): Promise<readonly DocId[]> {
  const ids: DocId[] = [];
  let chunk: object[] = [];
  const seal = async (): Promise<void> => {
    const isHeld = parts.held() !== null;
    await parts.writes.ready(key, isHeld); // a key this device can't seal under is found out before anything is made
    const made = await createChunk(parts, chunk, { key, isHeld, first: ids.length, created });
    chunk = [];
    for (const { id } of made) ids.push(id);
  };
  let taken = 0;
  const take = (row: T): boolean => {
    try {
      chunk.push(check(row));
    } catch (error) {
      throw ofRow(error, taken);
    }
    taken += 1;
    return chunk.length === CHUNK;
  };
  // Awaiting each row that is there already costs more than reading it.
  if (Symbol.iterator in rows) {
    for (const row of rows) if (take(row)) await seal();
  } else for await (const row of rows) if (take(row)) await seal();
  if (chunk.length > 0) await seal();
  return ids;
}

interface ChunkAt extends Pick<Creation<unknown>, "key" | "created"> {
  readonly isHeld: boolean;
  /** The number of its first row. */
  readonly first: number;
}

/** Makes, keeps and announces them, or none. */
async function createChunk(
  parts: DatabaseParts,
  rows: readonly object[],
  { key, isHeld, first, created }: ChunkAt,
): Promise<readonly Created[]> {
  await parts.writes.enter();
  try {
    parts.mayWrite(); // rights may have changed while the rows came
    const made = await makeChunk(parts, rows, { key, first });
    try {
      const entries = fillEntries(made).map((some) => some.map(({ plaintext }) => plaintext));
      if (isHeld || !(await parts.writes.bulk(key, entries))) await journal(parts, made);
    } catch (error) {
      // What is refused is stored nowhere; what the disk fails on is tried again.
      if (error instanceof CoreError) for (const { local } of made) parts.documents.forget(local.record);
      throw error;
    }
    for (const { id } of made) created(id);
    return made;
  } finally {
    parts.writes.leave();
  }
}

/**
 * All changes first, then all sealing: interleaved, each costs the other its caches. Needs no WebAssembly. When one row can't be
 * stored, none of them is.
 */
async function makeChunk(
  parts: DatabaseParts,
  rows: readonly object[],
  { key, first }: { readonly key: Uint8Array; readonly first: number },
): Promise<readonly Created[]> {
  const records: DocumentRecord[] = [];
  try {
    const counters = await parts.chain.takeCounters(rows.length);
    const [time, { writer }] = [claimedTime(parts.platform.now()), counters];
    return rows.map((row, at) => {
      try {
        return createOne(parts, row, { writer, counter: counters.first + at, time, key }, records);
      } catch (error) {
        throw ofRow(error, first + at);
      }
    });
  } catch (error) {
    for (const record of records) parts.documents.forget(record);
    throw error;
  }
}

interface CreatedAt {
  readonly writer: WriterKey;
  readonly counter: number;
  readonly time: number;
  readonly key: Uint8Array;
}

function createOne(
  { platform, documents, ownChanges }: DatabaseParts,
  row: object,
  { writer, counter, time, key }: CreatedAt,
  records: DocumentRecord[],
): Created {
  const place = { stem: countedStem(platform.crypto, writer, counter), keyId: key };
  const record = documents.ensure(place);
  records.push(record);
  const actor = actorOf(platform.crypto, writer, documentIdOf(place), null);
  const chunk = makeFirstChange(actor, row, documents.sha256);
  ownChanges.takeFirst(record, actor, chunk);
  const { codec, payload } = encodeChanges([chunk]);
  const plaintext = encodeChangePart({
    kind: "create",
    codec,
    document: { type: "counter", counter },
    branch: null,
    time,
    metadata: null,
    payload,
  });
  return {
    plaintext,
    bytes: chunk.bytes.length,
    work: PartWork.of(chunk),
    id: record.name,
    local: { writer, record, kind: "create", counter, bytes: chunk.bytes, chunk },
  };
}

/** What may not be sealed now is kept like every other local change. */
async function journal({ writes }: DatabaseParts, made: readonly Created[]): Promise<void> {
  await writes.begin();
  await Promise.all(made.map(({ local }) => writes.journal(local)));
}

/** What was wrong, with the number of the row. */
function ofRow(error: unknown, row: number): unknown {
  return error instanceof CoreError ? new CoreError(error.code, error.message, { cause: error.cause, row }) : error;
}
