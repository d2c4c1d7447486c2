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
import type { PartBudget } from "../automerge/part-work.ts";
import { CoreError } from "../errors.ts";
import { latestTime } from "../sealing/change-part.ts";
import { documentIdBytes } from "../sealing/document-id.ts";

/** A change as it is told. */
export interface ToldChange {
  readonly change: ChangeChunk;
  /** What it did to its document. */
  readonly kind: ToldKind;
  /** When its author claimed to have made it, ms since the epoch; null when nobody says. */
  readonly time: number | null;
}

export type ToldKind = "change" | "delete" | "undelete";

/** The changes of one writer in the document before, in their order; at least one. */
export interface Strand {
  readonly writer: WriterKey;
  readonly changes: readonly ToldChange[];
}

/** What one part carries of it. */
export interface CarriedHistory {
  /** 32-byte id of the document that goes on. */
  readonly before: Uint8Array;
  /** Ascending by writer; a long strand is several. */
  readonly strands: readonly Strand[];
}

const maxStrands = 4_096;
const KINDS: readonly ToldKind[] = ["change", "delete", "undelete"];

/** Encodes changes that passed the gate of the document before. */
export function encodeCarriedHistory({ before, strands }: CarriedHistory): Uint8Array {
  const writer = new ByteWriter().bytes(before).uleb(strands.length);
  for (const { writer: key, changes } of strands) {
    const { codec, payload } = encodeChanges(changes.map(({ change }) => change));
    writer.bytes(key).u8(codec).uleb(payload.length).bytes(payload);
    for (const { count, kind, time } of alike(changes))
      writer
        .uleb(count)
        .u8(KINDS.indexOf(kind))
        .uleb(time === null ? 0 : time + 1);
  }
  return writer.finish();
}

/** Consecutive changes of which the same is told: mostly those that were one part. */
function alike(changes: readonly ToldChange[]): readonly (Omit<ToldChange, "change"> & { readonly count: number })[] {
  const runs: { count: number; kind: ToldKind; time: number | null }[] = [];
  for (const { kind, time } of changes) {
    const last = runs.at(-1);
    if (last?.kind === kind && last.time === time) last.count += 1;
    else runs.push({ count: 1, kind, time });
  }
  return runs;
}

/**
 * Decodes one. The changes of a strand have the actor of its writer in the document before, whatever was sealed: so none of them can be
 * taken for a change of the document that goes on.
 * SECURITY: D2 (carried-history.test.ts).
 *
 * @throws CoreError `PART_MALFORMED`
 */
export function decodeCarriedHistory(verifier: Verifier, bytes: Uint8Array, budget: PartBudget): CarriedHistory {
  try {
    const reader = new ByteReader(bytes);
    const before = reader.bytes(documentIdBytes).slice();
    const strands: Strand[] = [];
    for (let left = reader.uleb(maxStrands); left > 0; left--) {
      const strand = readStrand(verifier, reader, { before, budget });
      const last = strands.at(-1);
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

function readStrand(
  verifier: Verifier,
  reader: ByteReader,
  { before, budget }: { readonly before: Uint8Array; readonly budget: PartBudget },
): Strand {
  const writer = parseWriterKey(reader.bytes(32).slice());
  const codec = reader.u8();
  const payload = reader.bytes(reader.uleb());
  const actor = actorOf(verifier, writer, before, null);
  const { sha256 } = verifier;
  const changes = decodeChanges({ codec, payload }, { actor, budget, sha256 });
  if (changes.length === 0) throw malformed("a strand has changes");
  if (changes.some((change) => compareBytes(change.actor, actor) !== 0)) throw malformed("a strand is of one writer");
  return { writer, changes: readTold(reader, changes) };
}

function readTold(reader: ByteReader, changes: readonly ChangeChunk[]): readonly ToldChange[] {
  const told: ToldChange[] = [];
  while (told.length < changes.length) {
    const count = reader.uleb(changes.length - told.length);
    const kind = KINDS[reader.u8()];
    const time = reader.uleb(latestTime + 1);
    const last = told.at(-1);
    if (count === 0 || kind === undefined) throw malformed("it tells nothing of a change");
    const some = changes.slice(told.length, told.length + count);
    for (const change of some) told.push({ change, kind, time: time === 0 ? null : time - 1 });
    if (last?.kind === kind && last.time === told.at(-1)?.time) throw malformed("what is alike is told once");
  }
  return told;
}

const malformed = (message: string, cause?: unknown): CoreError => new CoreError("PART_MALFORMED", message, { cause });
