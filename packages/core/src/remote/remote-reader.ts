import type { CryptoProvider } from "@selkie/crypto";
import { EntryError, equalBytes, toHex, type VerifiedEntry, type WriterKey, withFilled } from "@selkie/entry";
import { type EntryStore, readEntry } from "@selkie/store";
import type { FetchedPart } from "@selkie/sync-protocol";
import { readAgain } from "../database/read-again.ts";
import type { Admission } from "../directory/admission.ts";
import { PartNames } from "../directory/purges.ts";
import type { DocId } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import type { DocumentState } from "../document/document-state.ts";
import { RebuiltDocuments } from "../document/rebuilt-documents.ts";
import type { Rights } from "../document/received-parts.ts";
import { CoreError } from "../errors.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { Delivery } from "../replica/delivery.ts";
import { openEntries } from "../sealing/open-entry.ts";
import type { PartCache } from "./part-cache.ts";
import type { RemoteIndex, RemotePart } from "./remote-index.ts";

export interface RemoteReaderContext {
  readonly crypto: CryptoProvider;
  readonly ring: KeyRing;
  readonly entries: Pick<EntryStore, "read">;
  readonly index: RemoteIndex;
  readonly cache: PartCache;
  /** Without documents: what is purged, and what counts for nothing. */
  readonly state: DocumentState;
  readonly rights: Rights;
  admissionOf(writer: WriterKey): Admission | null;
  /** Parts that are not here, from whoever is connected. @throws CoreError REPLICA_OFFLINE */
  fetch(parts: readonly RemotePart[]): Promise<readonly FetchedPart[]>;
  /** More is known of these documents than before. */
  found(names: ReadonlySet<DocId>): void;
  /** Nobody who was asked has parts of an entry. */
  missing(entry: VerifiedEntry): void;
}

/** An entry, and which of its parts are read. */
interface Reading {
  entry: VerifiedEntry;
  readonly admission: Admission;
  readonly indexes: Set<number>;
}

/**
 * Reads documents of which only the headers of entries are kept: what lacks is asked for, and goes the way of everything that is received.
 * INVARIANT: a document is what a fresh open of a whole replica would make of the same entries (remote-database.test.ts "equals ...").
 */
export class RemoteReader {
  readonly #at: RemoteReaderContext;

  constructor(at: RemoteReaderContext) {
    this.#at = at;
  }

  /**
   * What counts of these documents; none of one of which nothing does.
   * @throws CoreError REPLICA_OFFLINE | PART_MISSING
   */
  async read(names: readonly DocId[]): Promise<ReadonlyMap<DocId, DocumentRecord>> {
    await this.tell();
    const deliveries = await this.#delivered(names.flatMap((name) => this.#at.index.partsOf(name)));
    this.#note(deliveries); // an author may have said another document than the part does
    const rebuilt = new RebuiltDocuments(this.#at.state, this.#at.rights, new Set(names));
    const receive = (some: readonly Delivery[]): void => void rebuilt.received.receive(some);
    receive(deliveries);
    const replay = async ({ writer, from }: { writer: WriterKey; from: number }, deliver: typeof receive) => {
      const isOf = ({ entry: { header } }: Delivery): boolean =>
        equalBytes(header.writer, writer) && header.seq >= from;
      const some = deliveries.filter(isOf);
      deliver(some);
      return some.length;
    };
    await readAgain({ replay }, rebuilt.received, { deliver: receive, pace: null });
    rebuilt.withdrawReplaced();
    const records = new Map<DocId, DocumentRecord>();
    for (const name of names) {
      const record = rebuilt.state.documents.find(name);
      if (record !== undefined) records.set(name, record);
      this.#at.state.quarantine.replace(name, rebuilt.state.quarantine);
    }
    return records;
  }

  /** Finds out of which documents those parts are that nobody says it of. @throws CoreError REPLICA_OFFLINE | PART_MISSING */
  async tell(): Promise<void> {
    const { index } = this.#at;
    const { untold } = index;
    if (untold.length === 0) return;
    this.#note(await this.#delivered(untold));
    for (const part of untold) index.giveUp(part); // what opened is noted, the rest is for nobody here
  }

  #note(deliveries: readonly Delivery[]): void {
    const found = this.#at.index.note(deliveries);
    if (found.size > 0) this.#at.found(found);
  }

  async #delivered(parts: readonly RemotePart[]): Promise<readonly Delivery[]> {
    const readings = await this.#readings(parts);
    await this.#fill(readings);
    const { crypto, ring } = this.#at;
    const entries = readings.map(({ entry }) => entry);
    const opened = await openEntries(crypto, ring, entries, ["change"]);
    return readings.map(({ entry, admission, indexes }, at) => {
      const read = (opened[at] ?? []).filter(({ index }) => indexes.has(index));
      return { entry, admission, parts: read };
    });
  }

  /** Entry by entry, in chain order of each writer. What is purged is not read. */
  async #readings(parts: readonly RemotePart[]): Promise<readonly Reading[]> {
    const { entries, admissionOf, state } = this.#at;
    const purged = PartNames.of(state.documents.purged.purges);
    const readings: Reading[] = [];
    const groups = Map.groupBy(parts, ({ writer, seq }) => `${toHex(writer)} ${String(seq).padStart(16, "0")}`);
    for (const [, [first, ...others]] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (first === undefined) continue;
      const admission = admissionOf(first.writer);
      const entry = admission === null ? null : await readEntry(entries, first.writer, first.seq);
      if (admission === null || entry === null) continue;
      const indexes = [first, ...others].map(({ index }) => index).filter((index) => !purged.has(entry.id, index));
      readings.push({ entry, admission, indexes: new Set(indexes) });
    }
    return readings;
  }

  /** Puts parts into the holes of entries, from the cache, or from others. */
  async #fill(readings: readonly Reading[]): Promise<void> {
    const { cache, fetch } = this.#at;
    const lacking: { readonly reading: Reading; readonly index: number }[] = [];
    for (const reading of readings)
      for (const index of reading.indexes) {
        if (reading.entry.parts[index]?.type !== "hole") continue;
        const cached = await cache.get({ entry: reading.entry.id, index });
        if (cached === undefined || !this.#put(reading, index, cached)) lacking.push({ reading, index });
      }
    if (lacking.length === 0) return;
    const places = lacking.map(({ reading: { entry }, index }) => ({ ...placeOf(entry), index }));
    const fetched = await fetch(places);
    const kept: Parameters<PartCache["put"]>[0][number][] = [];
    let missing: VerifiedEntry | null = null;
    for (const [at, { reading, index }] of lacking.entries()) {
      const ciphertext = fetched[at]?.ciphertext ?? null;
      if (ciphertext === null || !this.#put(reading, index, ciphertext)) {
        missing ??= reading.entry;
        this.#at.missing(reading.entry);
      } else kept.push({ entry: reading.entry.id, index, ciphertext });
    }
    await cache.put(kept);
    if (missing !== null)
      throw new CoreError("PART_MISSING", "nobody who is connected has all parts of what was to be read");
  }

  /** @returns false for bytes that are not the part: a row of the cache that was exchanged */
  #put(reading: Reading, index: number, bytes: Uint8Array): boolean {
    try {
      reading.entry = withFilled(this.#at.crypto, reading.entry, new Map([[index, bytes]]));
      return true;
    } catch (error) {
      if (error instanceof EntryError) return false;
      throw error;
    }
  }
}

const placeOf = ({ header: { writer, seq } }: VerifiedEntry): Pick<RemotePart, "writer" | "seq"> => ({ writer, seq });
