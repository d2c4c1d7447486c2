// The history that a document brings along when it goes on under another key: the changes of the document before, writer by writer.
// Decision 13 says why it goes on as another document.
import {
  ByteReader,
  ByteWriter,
  compareBytes,
  EntryError,
  parseWriterKey,
  type Verifier,
  type WriterKey,
} from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import { decodeChanges, encodeChanges } from "../automerge/change-codec.ts";
import { ChangeError } from "../automerge/change-error.ts";
import { changeLimits } from "../automerge/change-limits.ts";
import { CoreError } from "../errors.ts";
import { documentIdBytes } from "../sealing/document-id.ts";

/** The changes of one writer in the document before, in their order; at least one. */
export interface Strand {
  readonly writer: WriterKey;
  readonly changes: readonly ChangeChunk[];
}

/** What one part carries of it. */
export interface CarriedHistory {
  /** 32-byte id of the document that goes on. */
  readonly before: Uint8Array;
  /** Ascending by writer; a long strand is several. */
  readonly strands: readonly Strand[];
}

const maxStrands = 4_096;

/** Encodes changes that passed the gate of the document before. */
export function encodeCarriedHistory({ before, strands }: CarriedHistory): Uint8Array {
  const writer = new ByteWriter().bytes(before).uleb(strands.length);
  for (const { writer: key, changes } of strands) {
    const { codec, payload } = encodeChanges(changes);
    writer.bytes(key).u8(codec).uleb(payload.length).bytes(payload);
  }
  return writer.finish();
}

/**
 * Decodes one. The changes of a strand have the actor of its writer in the document before, whatever was sealed: so none of them can be
 * taken for a change of the document that goes on.
 * SECURITY: D2 (carried-history.test.ts).
 *
 * @throws CoreError `PART_MALFORMED`
 */
export function decodeCarriedHistory(verifier: Verifier, bytes: Uint8Array): CarriedHistory {
  try {
    const reader = new ByteReader(bytes);
    const before = reader.bytes(documentIdBytes).slice();
    const strands: Strand[] = [];
    let [changes, size] = [0, 0];
    for (let left = reader.uleb(maxStrands); left > 0; left--) {
      const strand = readStrand(verifier, reader, before);
      const last = strands.at(-1);
      changes += strand.changes.length;
      size += strand.changes.reduce((sum, change) => sum + change.bytes.length, 0);
      // D12: as much as any part may be rebuilt into.
      if (changes > changeLimits.changesInPart || size > changeLimits.partBytes) throw malformed("it carries too much");
      if (last !== undefined && compareBytes(last.writer, strand.writer) > 0) throw malformed("strands ascend");
      strands.push(strand);
    }
    reader.end();
    return { before, strands };
  } catch (cause) {
    if (!(cause instanceof EntryError) && !(cause instanceof ChangeError)) throw cause;
    throw malformed("a carried history does not decode", cause);
  }
}

function readStrand(verifier: Verifier, reader: ByteReader, before: Uint8Array): Strand {
  const writer = parseWriterKey(reader.bytes(32).slice());
  const codec = reader.u8();
  const payload = reader.bytes(reader.uleb());
  const actor = actorOf(verifier, writer, before, null);
  const changes = decodeChanges({ codec, payload }, actor, (...chunks) => verifier.sha256(...chunks));
  if (changes.length === 0) throw malformed("a strand has changes");
  if (changes.some((change) => compareBytes(change.actor, actor) !== 0)) throw malformed("a strand is of one writer");
  return { writer, changes };
}

const malformed = (message: string, cause?: unknown): CoreError => new CoreError("PART_MALFORMED", message, { cause });
