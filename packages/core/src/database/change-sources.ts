import {
  type EntryId,
  equalBytes,
  fromHex,
  toHex,
  type VerifiedEntry,
  type Verifier,
  type WriterKey,
} from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import { PartBudget } from "../automerge/part-work.ts";
import type { Admission } from "../directory/admission.ts";
import { type CarriedHistory, decodeCarriedHistory } from "../document/carried-history.ts";
import { type DocId, docIdOf } from "../document/doc-id.ts";
import type { HistoryRecord } from "../document/document-record.ts";
import type { Documents } from "../document/documents.ts";
import { changesIn, mostWorkOf, nameIn } from "../document/part-contents.ts";
import { CoreError } from "../errors.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import type { Delivery } from "../replica/delivery.ts";
import { decodeChangePart } from "../sealing/change-part.ts";
import type { OpenedPart } from "../sealing/open-entry.ts";
import { unlessAborted } from "../unless-aborted.ts";
import type { HistoryItem } from "./history.ts";
import type { ReceivedChanges } from "./received-changes.ts";

/** What is known of a change, but for what it says itself. */
type ChangeSource = Omit<HistoryItem, "heads" | "message">;
/** What the entry says that holds a change. */
type Said = Omit<ChangeSource, "kind">;

/** A change that counts, and what is known of it. */
export interface SourcedChange {
  readonly change: ChangeChunk;
  readonly source: ChangeSource;
}

export interface ChangeSourcesContext {
  readonly documents: Documents;
  readonly received: Pick<ReceivedChanges, "read" | "readLost" | "admissionOf">;
  /** What no entry holds yet. */
  readonly journal: { readonly rows: readonly JournalRow[] };
  /** The writer this device writes as, and who that is. */
  own(): WriterKey | null;
  self(): Admission;
}

/** Where a change was found. */
interface Found {
  readonly entry: EntryId;
  readonly teller: WriterKey;
  readonly author: WriterKey;
  /** Claimed, ms since the epoch. */
  readonly time: number | null;
  readonly isTold: boolean;
}

/** An entry, and what could be opened of it. */
type Opened = Pick<Delivery, "entry" | "parts">;

/** By hash, in hex. */
type Findings = Map<string, Found>;

/** Who made which change of a document, and when, as the entries say that hold them. */
export class ChangeSources {
  readonly #at: ChangeSourcesContext;

  constructor(at: ChangeSourcesContext) {
    this.#at = at;
  }

  /** The changes of a document, each after those it builds on. */
  async of(record: HistoryRecord, signal?: AbortSignal): Promise<readonly SourcedChange[]> {
    const at = this.#now([record], signal);
    await unlessAborted(at.read(new Set([record.name])), signal);
    return [...at.all()].flatMap(([, changes]) => changes);
  }

  /** What the history says of these changes, by document and hash in hex. What no entry holds costs no look at the entries. */
  async historyOf(due: ReadonlyMap<DocId, ReadonlySet<string>>): Promise<readonly (readonly [DocId, HistoryItem])[]> {
    const { documents } = this.#at;
    const at = this.#now([...due.keys()].flatMap((name) => documents.find(name) ?? []));
    const sealed = [...due].filter(([name, hashes]) => [...hashes].some((hash) => !at.isUnsealed(name, hash)));
    if (sealed.length > 0) await at.read(new Set(sealed.map(([name]) => name)));
    return [...at.all()].flatMap(([{ name }, changes]) =>
      changes
        .filter(({ change }) => due.get(name)?.has(toHex(change.hash)))
        .map((change) => [name, historyItemOf(change)] as const),
    );
  }

  /** The same of many documents, one after the other, each as it was when this began. */
  async *all(
    documents: Iterable<HistoryRecord>,
    signal?: AbortSignal,
  ): AsyncIterable<readonly [HistoryRecord, readonly SourcedChange[]]> {
    const at = this.#now(documents, signal);
    await unlessAborted(at.read(null), signal);
    yield* at.all();
  }

  /** As these documents are now, though they may move on while their entries are read: until somebody gives up. */
  #now(documents: Iterable<HistoryRecord>, signal?: AbortSignal) {
    const { received } = this.#at;
    const { verifier, sha256 } = this.#at.documents;
    const records = new Map(
      [...documents].map(({ name, changes, marks }) => [name, { name, changes: [...changes], marks: [...marks] }]),
    );
    const rows = this.#unsealedRows(records);
    const rowOf = (name: DocId, hash: string): JournalRow | undefined => rows.get(name)?.get(hash);
    const own = this.#at.own();
    const findings = new Map<DocId, Findings>();
    const look = (delivery: Opened): void => {
      signal?.throwIfAborted();
      for (const part of delivery.parts) {
        const name = nameIn(verifier, delivery, part);
        const record = name === null ? undefined : records.get(name);
        if (record !== undefined) this.#note(findings, record, { delivery, part });
      }
    };
    const isFound = ({ name, changes }: HistoryRecord): boolean =>
      changes.every((bytes) => {
        const hash = toHex(parseChange(bytes, sha256).hash);
        return findings.get(name)?.has(hash) === true || rowOf(name, hash) !== undefined;
      });
    const changesOf = (record: HistoryRecord): readonly SourcedChange[] => {
      const found = findings.get(record.name);
      const kinds = kindsOf(record);
      return record.changes.map((bytes) => {
        const change = parseChange(bytes, sha256);
        const hash = toHex(change.hash);
        const finding = found?.get(hash);
        const source =
          finding === undefined
            ? this.#unsealed(fromHex(record.name), change, rowOf(record.name, hash)?.time)
            : this.#said(finding);
        return { change, source: { ...source, kind: kinds.get(hash) ?? "change" } };
      });
    };
    return {
      /** What counts no more has its author all the same: a database as it was shows it until it is closed. */
      read: async (names: ReadonlySet<DocId> | null): Promise<void> => {
        await received.read(names, (deliveries) => deliveries.forEach(look));
        const left = new Set([...records.values()].flatMap((record) => (isFound(record) ? [] : [record.name])));
        if (left.size > 0) await received.readLost(left, look);
      },
      /** Whether no entry holds it for certain: one of an earlier writer may come back from others. */
      isUnsealed: (name: DocId, hash: string): boolean => {
        const row = rowOf(name, hash);
        return row !== undefined && own !== null && equalBytes(row.writer, own);
      },
      *all(): Iterable<readonly [HistoryRecord, readonly SourcedChange[]]> {
        for (const record of records.values()) yield [record, changesOf(record)];
      },
    };
  }

  /**
   * The changes of a document in a part, and whose they are: its author's or, of what is carried, whose its author tells.
   * SECURITY: D2. What the gate refuses says nothing of anybody (history.test.ts).
   */
  #note(
    findings: Map<DocId, Findings>,
    { name }: HistoryRecord,
    { delivery, part }: { readonly delivery: Opened; readonly part: OpenedPart },
  ): void {
    const { verifier } = this.#at.documents;
    const { entry } = delivery;
    const teller = entry.header.writer;
    const found: Findings = findings.get(name) ?? new Map<string, Found>();
    findings.set(name, found);
    const take = ({ hash }: ChangeChunk, said: Pick<Found, "author" | "time" | "isTold">): void => {
      const key = toHex(hash);
      if (!found.has(key)) found.set(key, { entry: entry.id, teller, ...said });
    };
    const id = fromHex(name);
    const actor = actorOf(verifier, teller, id, null);
    for (const { change, time } of changesIn(verifier, delivery, part))
      if (equalBytes(change.actor, actor)) take(change, { author: teller, time, isTold: false });
    const carried = carriedIn(verifier, entry, part);
    if (carried === null || equalBytes(carried.before, id)) return;
    for (const { writer, changes } of carried.strands)
      for (const { change, time } of changes) take(change, { author: writer, time, isTold: true });
  }

  #said({ entry, teller, author, time, isTold }: Found): Said {
    const [of, by] = [author, teller].map((writer) => this.#at.received.admissionOf(writer));
    return {
      entryId: toHex(entry),
      verification: isTold ? "told" : "signed",
      author: of?.name ?? null,
      device: of == null ? null : toHex(of.device),
      toldBy: isTold ? (by?.name ?? null) : null,
      claimedTime: time === null ? null : new Date(time),
    };
  }

  /** What no entry holds was made here; or the disk has lost the entry. */
  #unsealed(id: Uint8Array, { actor }: ChangeChunk, time: number | undefined): Said {
    const { documents, own, self } = this.#at;
    const writer = own();
    const isOwn = writer !== null && equalBytes(actorOf(documents.verifier, writer, id, null), actor);
    const { name, device } = self();
    return {
      entryId: null,
      verification: isOwn ? "unsealed" : "lost",
      ...(isOwn ? { author: name, device: toHex(device) } : { author: null, device: null }),
      toldBy: null,
      claimedTime: time === undefined ? null : new Date(time),
    };
  }

  /** Journal rows by document and hash, in hex. */
  #unsealedRows(documents: ReadonlyMap<DocId, unknown>): ReadonlyMap<DocId, ReadonlyMap<string, JournalRow>> {
    const found = new Map<DocId, Map<string, JournalRow>>();
    for (const row of this.#at.journal.rows) {
      const name = docIdOf(row);
      if (!documents.has(name)) continue;
      const { hash } = row.chunk ?? parseChange(row.change, this.#at.documents.sha256);
      found.set(name, (found.get(name) ?? new Map<string, JournalRow>()).set(toHex(hash), row));
    }
    return found;
  }
}

/** What the history says of a change. */
export function historyItemOf({ change, source }: SourcedChange): HistoryItem {
  return { ...source, message: change.message === "" ? null : change.message, heads: [toHex(change.hash)] };
}

/** Of the changes that are marks, by hash in hex. */
function kindsOf({ marks }: HistoryRecord): ReadonlyMap<string, ChangeSource["kind"]> {
  return new Map(marks.map(({ hash, deleted }) => [toHex(hash), deleted ? "delete" : "undelete"]));
}

/** The history that a part carries; null when it carries none, or cannot be read. */
function carriedIn(verifier: Verifier, entry: VerifiedEntry, opened: OpenedPart): CarriedHistory | null {
  if (opened.type !== "opened" || opened.kind !== "change") return null;
  try {
    const { kind, payload } = decodeChangePart(opened.plaintext);
    return kind === "carry" ? decodeCarriedHistory(verifier, payload, new PartBudget(mostWorkOf(entry))) : null;
  } catch (error) {
    if (error instanceof CoreError) return null;
    throw error;
  }
}
