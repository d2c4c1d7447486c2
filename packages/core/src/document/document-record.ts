import { equalBytes, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import type { LiveDocument } from "../automerge/document.ts";
import { type DocumentPlace, stemBytes } from "../sealing/document-id.ts";
import { Serial } from "../serial.ts";
import type { CarriedChanges } from "./carried-changes.ts";
import type { DocHandle } from "./doc-handle.ts";
import { bytesOfDocId, type DocId, docIdOf } from "./doc-id.ts";

/** A change that deleted or undeleted a document. */
export interface Mark {
  readonly hash: Uint8Array;
  readonly deleted: boolean;
}

/** Lists that nearly all documents have empty: one for all of them, to which nothing is added. */
const noMarks: Mark[] = [];
Object.freeze(noMarks);

/**
 * What is kept of every document in memory: its accepted changes, and the Automerge document while somebody reads it. As little as can be:
 * each collection of young garbage that it lives through copies it, object by object.
 */
export class DocumentRecord {
  readonly keyId: Uint8Array;
  readonly name: DocId;
  /** Accepted change chunks, dependencies first. */
  changes: Uint8Array[] = [];
  /** All marks, dependencies first, and the latest of them: those that no other mark depends on. */
  marks: Mark[] = noMarks;
  latestMarks: readonly Mark[] = noMarks;
  /** While one of the latest marks deletes: a deletion outlives a concurrent undeletion. */
  deleted = false;
  /** What its creator brought along from another document; null for most. */
  carried: CarriedChanges | null = null;
  live: LiveDocument | null = null;
  handle: WeakRef<DocHandle<object>> | null = null;
  /** A local change is being made: received changes wait for it. */
  busy = false;
  /** The accepted changes were replaced meanwhile: the loaded document counts no more. */
  outdated = false;
  /** Changes that came meanwhile; null where none did. */
  waiting: Uint8Array[] | null = null;
  /** The actor in the document that was asked for last, and the writer key it follows from. */
  actor: { readonly writer: WriterKey; readonly actor: Uint8Array } | null = null;
  /** `editsOf`; null before the first. */
  edits: Serial | null = null;

  constructor(place: DocumentPlace) {
    this.keyId = place.keyId;
    this.name = docIdOf(place);
  }

  /** 32 bytes: the stem, then the id of the key. */
  get id(): Uint8Array {
    return bytesOfDocId(this.name);
  }
}

/** A document that has a past: one of a database, as it is or as it was. */
export type HistoryRecord = Readonly<Pick<DocumentRecord, "id" | "name" | "changes" | "marks">>;

/** Which document it is of. */
export function placeIn({ id, keyId }: Pick<DocumentRecord, "id" | "keyId">): DocumentPlace {
  return { stem: id.subarray(0, stemBytes), keyId };
}

/** Local edits of a document, one after the other: most documents have none. */
export function editsOf(record: DocumentRecord): Serial {
  record.edits ??= new Serial();
  return record.edits;
}

/** The Automerge actor of a writer in a document: mostly the one that was asked for last. */
export function actorIn(verifier: Verifier, record: DocumentRecord, writer: WriterKey): Uint8Array {
  if (record.actor === null || !equalBytes(record.actor.writer, writer))
    record.actor = { writer, actor: actorOf(verifier, writer, record.id, null) };
  return record.actor.actor;
}
