import type { Plaintext } from "@selkie/crypto";
import { equalBytes, toHex } from "@selkie/entry";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import { isMember, type Member } from "../directory/admission.ts";
import { carriedFrom } from "../document/carried-changes.ts";
import { type CarriedHistory, encodeCarriedHistory, type ToldChange } from "../document/carried-history.ts";
import type { Doc } from "../document/doc-handle.ts";
import { type DocId, placeOf } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { carryOn } from "../document/take-carried.ts";
import { CoreError } from "../errors.ts";
import { hexOf } from "../hex.ts";
import { requireFree } from "../hold-code.ts";
import { ENTRY_BYTES } from "../journal/fill-entries.ts";
import { claimedTime, encodeChangePart } from "../sealing/change-part.ts";
import { countedStem } from "../sealing/document-id.ts";
import type { Database } from "./database.ts";
import type { DatabaseParts } from "./database-parts.ts";
import { loadedPartsOf, partsOf, recordOf } from "./over-database.ts";

export interface CopyOptions {
  /** The key of the copy; without it, the one that documents are made under. */
  readonly key?: string;
  /** Everybody who is meant to read the copy and perhaps can't read the document: at least those that `readersGained` names. */
  readonly readers?: readonly string[];
}

/**
 * Makes a document that goes on from another under a key of its own, with its whole history: the other stays as it is, and whoever could read it still can.
 * Who made which change is, in the copy, what the one who copies says. Durable when it resolves.
 *
 * @throws CoreError READERS_UNNAMED | DOC_NOT_FOUND | DOC_DELETED | WRITE_NOT_ALLOWED | KEY_UNKNOWN | NOT_ENTITLED | DIRECTORY_STALE | UPDATE_NEEDED | CHANGE_REFUSED, when this device's rights change meanwhile
 * @see docs/adr/0013-another-key-is-another-document.md
 */
export async function copyToKey<T extends object>(
  database: Database<T>,
  doc: Doc<T> | DocId,
  { key: name, readers = [] }: CopyOptions = {},
): Promise<Doc<T>> {
  const parts = await loadedPartsOf(database);
  const { writes } = parts;
  requireFree(parts.held());
  const before = recordOf(parts, doc);
  requireOpen(parts, before);
  const key = parts.keyId(name);
  const widening = { from: before.keyId, to: key, readers };
  requireNamed(parts, widening);
  await writes.ready(key, false);
  await writes.flush();
  await writes.enter();
  try {
    const copy = await makeCopy(parts, before, widening);
    parts.documents.take(copy);
    parts.events.emit("change", { id: copy.name });
    return (await parts.shelf.handle(copy)) as unknown as Doc<T>;
  } finally {
    writes.leave();
  }
}

/** Durable when it resolves, and not among the documents yet. */
async function makeCopy(parts: DatabaseParts, before: DocumentRecord, widening: Widening): Promise<DocumentRecord> {
  const { platform, documents, chain, writes } = parts;
  const key = widening.to;
  const writer = await writes.begin();
  const counter = await chain.takeCounter();
  const writers = [...parts.writers(), writer];
  const tell = await tellerOf(parts, before);
  requireOpen(parts, before); // it, and rights, may have changed meanwhile
  const histories = carriedFrom(before, { verifier: platform.crypto, writers, tell }, ENTRY_BYTES);
  const place = { stem: countedStem(platform.crypto, writer, counter), keyId: key };
  const copy = carryOn(documents, place, { creator: writer, histories });
  const time = claimedTime(platform.now());
  const entries = histories.map((history) => [partOf(history, counter, time)]);
  if (!(await writes.bulk(key, entries, () => requireNamed(parts, widening))))
    throw new CoreError("CHANGE_REFUSED", "this device's rights changed meanwhile: copy it again");
  return copy;
}

/**
 * The names of the people who would read a copy of a document under this key and have no right to all that lies under its own.
 * @throws CoreError DOC_NOT_FOUND | KEY_UNKNOWN
 */
export function readersGained<T extends object>(
  database: Database<T>,
  doc: Doc<T> | DocId,
  { key }: Pick<CopyOptions, "key"> = {},
): readonly string[] {
  const parts = partsOf(database);
  // A document's id says its key, so that nothing need be loaded.
  const { keyId } = parts.loading.isDone ? recordOf(parts, doc) : placeOf(typeof doc === "string" ? doc : doc.id);
  const gained = gaining(parts, keyId, parts.keyId(key));
  return [...new Set(gained.map((member) => parts.view().nameOf(member)))].sort();
}

/** @throws CoreError WRITE_NOT_ALLOWED | DOC_DELETED | NOT_ENTITLED */
function requireOpen({ mayWrite, writes }: DatabaseParts, { deleted, keyId }: DocumentRecord): void {
  mayWrite();
  if (deleted) throw new CoreError("DOC_DELETED", "the document is deleted");
  writes.requireRight(keyId);
}

/** Who makes the copy reads the document. */
function gaining(parts: DatabaseParts, from: Uint8Array, to: Uint8Array): readonly Member[] {
  const view = parts.view();
  const self = parts.self();
  const isSelf = (member: Member) => isMember(self) && equalBytes(view.personOf(member), view.personOf(self));
  return view.readersGained(from, to).filter((member) => !isSelf(member));
}

interface Widening {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly readers: readonly string[];
}

function requireNamed(parts: DatabaseParts, { from, to, readers }: Widening): void {
  const view = parts.view();
  const personOf = (member: Member): string => hexOf(view.personOf(member));
  const named = new Set(readers.flatMap((name) => view.findUser(name)).map(personOf));
  if (gaining(parts, from, to).some((member) => !named.has(personOf(member))))
    throw new CoreError("READERS_UNNAMED", "somebody would read the copy who was not named");
}

/** What the document's entries, and its marks, say of each of its changes. */
async function tellerOf(
  { sources }: DatabaseParts,
  before: DocumentRecord,
): Promise<(change: ChangeChunk) => Omit<ToldChange, "change">> {
  const told = new Map(
    (await sources.of(before)).map(({ change, source: { kind, claimedTime } }) => {
      return [toHex(change.hash), { kind, time: claimedTime?.getTime() ?? null }] as const;
    }),
  );
  return ({ hash }) => told.get(toHex(hash)) ?? { kind: "change", time: null };
}

function partOf(history: CarriedHistory, counter: number, time: number): Plaintext {
  return encodeChangePart({
    kind: "carry",
    codec: 0,
    document: { type: "counter", counter },
    branch: null,
    time,
    metadata: null,
    payload: encodeCarriedHistory(history),
  });
}
