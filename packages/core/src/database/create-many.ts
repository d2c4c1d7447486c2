import type { Sha256 } from "../automerge/change-chunk.ts";
import { encodeChanges } from "../automerge/change-codec.ts";
import { writeFirstChange } from "../automerge/first-change.ts";
import type { DocId } from "../document/doc-id.ts";
import { ENTRY_BYTES, ENTRY_PARTS } from "../journal/plan-entries.ts";
import { claimedTime, encodeChangePart } from "../sealing/change-part.ts";
import { documentIdOf } from "../sealing/document-id.ts";
import type { PartDraft } from "../sealing/seal-entry.ts";
import type { DatabaseParts } from "./database-parts.ts";

/** Documents sealed, signed and committed together. */
const CHUNK = 10 * ENTRY_PARTS;

interface Created {
  readonly draft: PartDraft;
  readonly bytes: number;
  readonly id: DocId;
}

/** Creates a document of each row, about 100 to an entry, 10 entries to a signature; rows are read as they are needed. */
export async function createMany<T extends object>(
  parts: DatabaseParts,
  rows: Iterable<T> | AsyncIterable<T>,
  created: (id: DocId) => void,
): Promise<readonly DocId[]> {
  const ids: DocId[] = [];
  let chunk: T[] = [];
  const seal = async (): Promise<void> => {
    const made = await createChunk(parts, chunk);
    chunk = [];
    await parts.writes.bulk(intoEntries(made));
    for (const { id } of made) {
      ids.push(id);
      created(id);
    }
  };
  for await (const row of rows) if (chunk.push(row) === CHUNK) await seal();
  if (chunk.length > 0) await seal();
  return ids;
}

/** All changes first, then all sealing: interleaved, each costs the other its caches. Needs no WebAssembly. */
async function createChunk<T extends object>(parts: DatabaseParts, rows: readonly T[]): Promise<readonly Created[]> {
  const { platform, chain, writes, documents, keyId, keyOf } = parts;
  const sha256: Sha256 = (...chunks) => platform.crypto.sha256(...chunks);
  const writer = await chain.writer();
  const time = claimedTime(platform.now());
  const made: Created[] = [];
  for (const row of rows) {
    const counter = await chain.takeCounter();
    const id = documentIdOf(platform.crypto, writer, counter);
    const change = writeFirstChange(await writes.actor(id), row, sha256);
    const record = documents.ensure(id);
    const chunk = documents.own(record, writer, "create", change);
    record.keyId = keyId();
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
    made.push({
      draft: { kind: "change", key: keyOf(record.keyId), plaintext },
      bytes: change.length,
      id: record.name,
    });
  }
  return made;
}

function intoEntries(made: readonly Created[]): readonly (readonly PartDraft[])[] {
  const entries: PartDraft[][] = [];
  let bytes = ENTRY_BYTES;
  for (const { draft, bytes: size } of made) {
    const last = entries.at(-1);
    if (last === undefined || last.length === ENTRY_PARTS || bytes + size > ENTRY_BYTES) {
      entries.push([draft]);
      bytes = size;
    } else {
      last.push(draft);
      bytes += size;
    }
  }
  return entries;
}
