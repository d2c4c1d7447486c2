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
import { keyOfPart, type RemoteIndex, type RemotePart } from "./remote-index.ts";

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

type Records = ReadonlyMap<DocId, DocumentRecord>;

/** What was read of parts. */
interface ReadParts {
  readonly deliveries: readonly Delivery[];
  /** The keys of those that nobody has who is connected. */
  readonly lacking: ReadonlySet<string>;
}

/** Parts of unknown documents that are in memory at once: each has up to 1 MiB. */
const AT_ONCE = 64;

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
  /** Parts that were asked for, and nobody had, since somebody was connected last. */
  readonly #inVain = new Set<string>();

  constructor(at: RemoteReaderContext) {
    this.#at = at;
  }

  /**
   * What counts of these documents, as far as others have it; none of one of which nothing does.
   * SECURITY: P-9. What nobody has of one document, or of nobody knows which, holds up no other (remote-trouble.test.ts).
   * @throws CoreError REPLICA_OFFLINE
   */
  async readSome(names: readonly DocId[]): Promise<Pick<ReadParts, "lacking"> & { readonly records: Records }> {
    const { index, found } = this.#at;
    await this.tell();
    const partsByName = new Map(names.map((name) => [name, index.partsOf(name)]));
    const { deliveries, lacking } = await this.#delivered([...partsByName.values()].flat());
    this.#note(deliveries); // an author may have said another document than the part does
    const isLacking = (parts: readonly RemotePart[]): boolean => parts.some((part) => lacking.has(keyOfPart(part)));
    const without = new Set([...partsByName].filter(([, parts]) => isLacking(parts)).map(([name]) => name));
    const moved = index.showed(names, without);
    if (moved.size > 0) found(moved);
    return { records: await this.#recordsOf(names, deliveries), lacking };
  }

  /** The same, of all of them. @throws CoreError REPLICA_OFFLINE | PART_MISSING */
  async read(names: readonly DocId[]): Promise<Records> {
    const { records, lacking } = await this.readSome(names);
    if (lacking.size > 0)
      throw new CoreError("PART_MISSING", "nobody who is connected has all parts of what was to be read");
    return records;
  }

  /** Somebody else is connected: what nobody had before may be had now. */
  reached(): void {
    const { index, found } = this.#at;
    this.#inVain.clear();
    const lacking = index.takeLacking();
    if (lacking.size > 0) found(lacking);
  }

  async #recordsOf(names: readonly DocId[], deliveries: readonly Delivery[]): Promise<Records> {
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

  /** Finds out of which documents those parts are that nobody says it of: as far as somebody is connected who has them. */
  async tell(): Promise<void> {
    const { index } = this.#at;
    const untold = index.untold.filter((part) => !this.#inVain.has(keyOfPart(part)));
    for (let at = 0; at < untold.length; at += AT_ONCE) {
      const some = untold.slice(at, at + AT_ONCE);
      const read = await this.#delivered(some).catch(unlessOffline);
      if (read === null) return;
      const { deliveries, lacking } = read;
      this.#note(deliveries);
      for (const part of some)
        if (lacking.has(keyOfPart(part))) this.#inVain.add(keyOfPart(part));
        else index.giveUp(part); // what opened is noted, the rest is for nobody here
    }
  }

  #note(deliveries: readonly Delivery[]): void {
    const found = this.#at.index.note(deliveries);
    if (found.size > 0) this.#at.found(found);
  }

  /** @throws CoreError REPLICA_OFFLINE */
  async #delivered(parts: readonly RemotePart[]): Promise<ReadParts> {
    const readings = await this.#readings(parts);
    const lacking = await this.#fill(readings);
    const { crypto, ring } = this.#at;
    const entries = readings.map(({ entry }) => entry);
    const opened = await openEntries(crypto, ring, entries, ["change"]);
    const deliveries = readings.map(({ entry, admission, indexes }, at) => {
      const read = (opened[at] ?? []).filter(({ index }) => indexes.has(index));
      return { entry, admission, parts: read };
    });
    return { deliveries, lacking };
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

  /** Puts parts into the holes of entries, from the cache, or from others. @returns the keys of those that nobody has: they are not read */
  async #fill(readings: readonly Reading[]): Promise<ReadonlySet<string>> {
    const { cache, fetch } = this.#at;
    const lacking: { readonly reading: Reading; readonly index: number }[] = [];
    for (const reading of readings)
      for (const index of reading.indexes) {
        if (reading.entry.parts[index]?.type !== "hole") continue;
        const cached = await cache.get({ entry: reading.entry.id, index });
        if (cached === undefined || !this.#put(reading, index, cached)) lacking.push({ reading, index });
      }
    if (lacking.length === 0) return new Set();
    const places = lacking.map(({ reading: { entry }, index }) => ({ ...placeOf(entry), index }));
    const fetched = await fetch(places);
    const kept: Parameters<PartCache["put"]>[0][number][] = [];
    const missing = new Set<string>();
    for (const [at, { reading, index }] of lacking.entries()) {
      const ciphertext = fetched[at]?.ciphertext ?? null;
      if (ciphertext === null || !this.#put(reading, index, ciphertext)) {
        missing.add(keyOfPart({ ...placeOf(reading.entry), index }));
        reading.indexes.delete(index);
        this.#at.missing(reading.entry);
      } else kept.push({ entry: reading.entry.id, index, ciphertext });
    }
    await cache.put(kept);
    return missing;
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

/** Who is offline finds out nothing. */
function unlessOffline(error: unknown): null {
  if (error instanceof CoreError && error.code === "REPLICA_OFFLINE") return null;
  throw error;
}

const placeOf = ({ header: { writer, seq } }: VerifiedEntry): Pick<RemotePart, "writer" | "seq"> => ({ writer, seq });
