import { toHex } from "@selkie/entry";
import { equalize } from "../automerge/equalize.ts";
import { PartNames, type Purge } from "../directory/purges.ts";
import type { PartName, PurgeStatement } from "../directory/statement.ts";
import { maxPurgedParts } from "../directory/tenant-codec.ts";
import type { DocId } from "../document/doc-id.ts";
import { placeOf } from "../document/doc-id.ts";
import { CoreError } from "../errors.ts";
import { requireFree } from "../hold-code.ts";
import { documentIdOf } from "../sealing/document-id.ts";
import { createDocument } from "./create-document.ts";
import type { DatabaseParts } from "./database-parts.ts";
import { editDocument } from "./edit-document.ts";
import type { Purger } from "./purge-host.ts";
import type { PendingPurge, PurgeOptions, PurgeReport } from "./purge-report.ts";
import type { Purges } from "./purges.ts";

/** @see Database.purgeDocHistory */
export async function purgeDocument(
  parts: DatabaseParts,
  id: DocId,
  { keep }: PurgeOptions,
  by: Purger = parts.purges.host.person,
): Promise<PurgeReport> {
  const { purges, documents, writes } = parts;
  by.requireRight();
  requireFree(parts.held());
  await writes.flush();
  const synced = await purges.host.catchUp();
  by.requireRight();
  if (purgesOf(parts, id).length === 0 || keep !== undefined) documents.require(id);
  // INVARIANT: what comes after this is late, and its author is told. What is kept holds all that goes. Test: purge.test.ts "... meanwhile ...".
  const all = distinct([...(await purges.partsOf(id)), ...purgesOf(parts, id).flatMap((purge) => purge.parts)]);
  const kept = keep === "newest" ? await keepNewest(parts, id) : null;
  const own = purgesOf(parts, id).filter((purge) => by.isOwn(purge));
  const said = PartNames.of(own);
  const isSaid = own.length > 0 && all.every(({ entry, part }) => said.has(entry, part));
  if (!isSaid) await by.say(statementsOf(parts, id, all));
  await purges.look();
  return { ...reportOf(purges, purgesOf(parts, id), all), kept, synced };
}

/** The purges of this document and no other: what else somebody's names is not for this one to say again. */
function purgesOf({ purges }: DatabaseParts, id: DocId): readonly Purge[] {
  return purges.counting().filter(({ documents }) => documents.length === 1 && documents[0] === id);
}

/** A document of its own, under the same key, that begins with what this one shows. @throws CoreError DOC_DELETED */
async function keepNewest(parts: DatabaseParts, id: DocId): Promise<DocId> {
  const { documents, shelf, events, writes } = parts;
  const { changes, deleted, keyId } = documents.require(id);
  if (deleted) throw new CoreError("DOC_DELETED", "a deleted document has no state to be kept: undelete it first");
  await shelf.automerge();
  const { pastMarkedData } = await import("../automerge/past-document.ts");
  const newest = pastMarkedData(changes);
  const record = await createDocument(parts, { data: newest.data, key: keyId, name: null });
  events.emit("change", { id: record.name });
  if (newest.marks.size > 0) await editDocument(parts, record, (data, text) => equalize({ data, text }, newest));
  events.emit("change", { id: record.name });
  await writes.flush();
  return record.name;
}

/** Ascending. */
function distinct(parts: readonly PartName[]): readonly PartName[] {
  const byName = new Map(parts.map((name) => [rowOf(name), name]));
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, name]) => name);
}

const rowOf = ({ entry, part }: PartName): string => toHex(entry) + part.toString(16).padStart(4, "0");

function statementsOf({ id: database }: DatabaseParts, id: DocId, all: readonly PartName[]): readonly PurgeStatement[] {
  const documents = [documentIdOf(placeOf(id))];
  const pieces = Math.max(1, Math.ceil(all.length / maxPurgedParts));
  return Array.from({ length: pieces }, (_, at) => {
    const parts = all.slice(at * maxPurgedParts, (at + 1) * maxPurgedParts);
    return { type: "purge", database, documents, parts };
  });
}

function reportOf(
  purges: Purges,
  ofDocument: readonly Purge[],
  all: readonly PartName[],
): Pick<PurgeReport, "parts" | "dropped" | "pending"> {
  const { host } = purges;
  const carriedOut = purges.counting().filter((purge) => host.dueAt(purge) === null);
  const gone = PartNames.of(carriedOut);
  const dropped = all.filter(({ entry, part }) => gone.has(entry, part));
  const times = ofDocument.flatMap((purge) => host.dueAt(purge) ?? []);
  const here: PendingPurge = { where: "here", name: "", until: new Date(Math.max(...times)) };
  const pending = [...(dropped.length < all.length ? [here] : []), ...host.elsewhere()];
  return { parts: all.length, dropped: dropped.length, pending };
}
