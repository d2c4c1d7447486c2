// Runs on the wire. Both sides of one direction of a session remember the writers they met, so that a run which continues a chain
// names its writer in a byte and leaves seq, prev and repeated key tags out (docs/spec/entry.md section 8).
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { equalBytes, toHex } from "./bytes.ts";
import { entrySize, type IdentifiedEntry, identifyEntry } from "./entry.ts";
import { EntryError } from "./entry-error.ts";
import { readRecord, writeRecord } from "./entry-record.ts";
import { type DatabaseId, type EntryId, type KeyTag, parseEntryId, parseWriterKey, type WriterKey } from "./ids.ts";
import { limits } from "./limits.ts";
import { checkRun, type Run } from "./run.ts";
import type { Verifier } from "./verifier.ts";

/** Encodes the runs of one direction of one session, in order. */
export class RunEncoder {
  readonly #writers = new SessionWriters();

  /**
   * One message: runs of one database.
   *
   * @throws EntryError `BAD_RUN`, `TOO_LARGE`, `NOT_IDENTIFIED`; the encoder is then as it was
   */
  encode(runs: readonly Run<IdentifiedEntry>[]): Uint8Array {
    const message = new ByteWriter();
    this.write(message, runs);
    return message.finish();
  }

  /** The same behind what was written; where it throws, nothing is. */
  write(message: ByteWriter, runs: readonly Run<IdentifiedEntry>[]): void {
    checkBatch(runs);
    for (const run of runs) this.#write(message, run);
  }

  #write(message: ByteWriter, run: Run<IdentifiedEntry>): void {
    const known = this.#writers.find(run.database, run.writer);
    const continues = known !== undefined && known.nextSeq === run.firstSeq && equalBytes(known.prev, run.prev);
    if (continues) message.uleb(known.ref);
    else message.uleb(0).bytes(run.writer).u64(run.firstSeq).bytes(run.prev);
    const state = continues ? known : this.#writers.meet(run);
    message.uleb(run.entries.length);
    for (const entry of run.entries) {
      writeRecord(message, entry, { table: state.table, signature: entry.signature });
      state.advance(entry);
    }
  }
}

/** Decodes the runs of one direction of one session, in the order they were encoded. */
export class RunDecoder {
  readonly #verifier: Verifier;
  readonly #writers = new SessionWriters();
  #failed = false;

  /** `verifier` hashes: ids are what links the entries of a run. */
  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  /**
   * The runs of one message, identified and linked, not verified. They are views of `message`, which must not change afterwards.
   *
   * @throws EntryError for whatever is not a message a {@link RunEncoder} in this state would make; `DECODER_FAILED` ever after
   */
  decode(message: Uint8Array, database: DatabaseId): readonly Run<IdentifiedEntry>[] {
    if (this.#failed) throw new EntryError("DECODER_FAILED", "an earlier message of this session was not readable");
    this.#failed = true;
    const reader = new ByteReader(message);
    const runs: Run<IdentifiedEntry>[] = [];
    let size = 0;
    while (reader.remaining > 0) {
      const run = this.#read(reader, database, limits.batchBytes - size);
      size += run.size;
      runs.push(run.run);
    }
    this.#failed = false;
    return runs;
  }

  #read(
    reader: ByteReader,
    database: DatabaseId,
    sizeLeft: number,
  ): { readonly run: Run<IdentifiedEntry>; readonly size: number } {
    const state = this.#readWriter(reader, database);
    const { nextSeq: firstSeq, prev, writer } = state;
    const count = reader.uleb(limits.runEntries);
    if (count === 0) throw new EntryError("BAD_RUN", "a run has at least one entry");
    const entries: IdentifiedEntry[] = [];
    let size = 0;
    for (let i = 0; i < count; i++) {
      const at = { database, writer, seq: state.nextSeq, prev: state.prev };
      const entry = readRecord(reader, at, state.table);
      size += entrySize(entry);
      if (size > sizeLeft) throw new EntryError("TOO_LARGE", "a message is above the limit");
      const identified = identifyEntry(this.#verifier, entry);
      entries.push(identified);
      state.advance(identified);
    }
    return { run: { database, writer, firstSeq, prev, entries }, size };
  }

  #readWriter(reader: ByteReader, database: DatabaseId): SessionWriter {
    const ref = reader.uleb(limits.sessionWriters);
    if (ref > 0) {
      const known = this.#writers.at(ref);
      if (known === undefined || !equalBytes(known.database, database)) {
        throw new EntryError("UNKNOWN_WRITER", `writer ${ref} was not named in this session for this database`);
      }
      return known;
    }
    const writer = parseWriterKey(reader.bytes(32).slice());
    const firstSeq = reader.u64();
    const prev = parseEntryId(reader.bytes(32));
    const known = this.#writers.find(database, writer);
    if (known !== undefined && known.nextSeq === firstSeq && equalBytes(known.prev, prev)) {
      throw new EntryError("NOT_MINIMAL", "a known writer is spelled out");
    }
    return this.#writers.meet({ database, writer, firstSeq, prev });
  }
}

/** What one direction of a session remembers of one chain. */
class SessionWriter {
  readonly ref: number;
  readonly database: DatabaseId;
  readonly writer: WriterKey;
  nextSeq = 0;
  prev: EntryId;
  table: readonly KeyTag[] = [];

  constructor(ref: number, run: Omit<Run, "entries">) {
    this.ref = ref;
    this.database = run.database;
    this.writer = run.writer;
    this.prev = run.prev;
    this.restart(run);
  }

  restart(run: Omit<Run, "entries">): void {
    this.nextSeq = run.firstSeq;
    this.prev = run.prev;
    this.table = [];
  }

  advance(entry: IdentifiedEntry): void {
    this.nextSeq = entry.header.seq + 1;
    this.prev = entry.id;
    this.table = entry.table;
  }
}

/** The writers met, numbered from 1 in order. When the list is full both sides forget it, at the same run. */
class SessionWriters {
  readonly #byName = new Map<string, SessionWriter>();
  #byRef: SessionWriter[] = [];

  find(database: DatabaseId, writer: WriterKey): SessionWriter | undefined {
    return this.#byName.get(nameOf(database, writer));
  }

  at(ref: number): SessionWriter | undefined {
    return this.#byRef[ref - 1];
  }

  /** Remembers a chain from the start of this run; a writer already met keeps its number. */
  meet(run: Omit<Run, "entries">): SessionWriter {
    const known = this.find(run.database, run.writer);
    if (known !== undefined) {
      known.restart(run);
      return known;
    }
    if (this.#byRef.length === limits.sessionWriters) {
      this.#byName.clear();
      this.#byRef = [];
    }
    const met = new SessionWriter(this.#byRef.length + 1, run);
    this.#byRef.push(met);
    this.#byName.set(nameOf(run.database, run.writer), met);
    return met;
  }
}

function nameOf(database: DatabaseId, writer: WriterKey): string {
  return toHex(database) + toHex(writer);
}

function checkBatch(runs: readonly Run<IdentifiedEntry>[]): void {
  let size = 0;
  for (const run of runs) {
    if (!equalBytes(run.database, runs[0]?.database ?? run.database)) {
      throw new EntryError("BAD_RUN", "a message holds runs of one database");
    }
    checkRun(run);
    for (const entry of run.entries) size += entrySize(entry);
  }
  if (size > limits.batchBytes) throw new EntryError("TOO_LARGE", `a message of ${size} bytes`);
}
