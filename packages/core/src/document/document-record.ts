import { equalBytes, fromHex, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import type { LiveDocument } from "../automerge/document.ts";
import { Serial } from "../serial.ts";
import type { CarriedChanges } from "./carried-changes.ts";
import type { DocHandle } from "./doc-handle.ts";
import type { DocId } from "./doc-id.ts";

/** A change that deleted or undeleted a document. */
export interface Mark {
  readonly hash: Uint8Array;
  readonly deleted: boolean;
}

/** What is kept of every document in memory: its accepted changes, and the Automerge document while somebody reads it. */
export interface DocumentRecord {
  readonly name: DocId;
  /** The id of its key, which its own ends in: one array for all documents under it. */
  readonly keyId: Uint8Array;
  /** Accepted change chunks, dependencies first. */
  changes: Uint8Array[];
  /** All marks, dependencies first, and the latest of them: those that no other mark depends on. */
  marks: Mark[];
  latestMarks: readonly Mark[];
  /** While one of the latest marks deletes: a deletion outlives a concurrent undeletion. */
  deleted: boolean;
  /** What its creator brought along from another document; null for most. */
  carried: CarriedChanges | null;
  live: LiveDocument | null;
  handle: WeakRef<DocHandle<object>> | null;
  /** A local change is being made: received changes wait for it. */
  busy: boolean;
  /** The accepted changes were replaced meanwhile: the loaded document counts no more. */
  outdated: boolean;
  /** Changes that came meanwhile; null where none did. */
  waiting: Uint8Array[] | null;
  /** The actor in the document that was asked for last, and the writer key it follows from. */
  actor: { readonly writer: WriterKey; readonly actor: Uint8Array } | null;
  /** `editsOf`; null before the first. */
  edits: Serial | null;
}

/** A document that has a past: one of a database, as it is or as it was. */
export type HistoryRecord = Readonly<Pick<DocumentRecord, "name" | "changes" | "marks">>;

/** Lists that nearly all documents have empty: one for all of them, to which nothing is added. */
const noMarks: Mark[] = [];
Object.freeze(noMarks);

/** Of as few objects as can be: each is copied by every collection of young garbage that it lives through. */
export function newRecord({ name, keyId }: Pick<DocumentRecord, "name" | "keyId">): DocumentRecord {
  return {
    name,
    keyId,
    changes: [],
    marks: noMarks,
    latestMarks: noMarks,
    deleted: false,
    carried: null,
    live: null,
    handle: null,
    busy: false,
    outdated: false,
    waiting: null,
    actor: null,
    edits: null,
  };
}

/** Local edits of a document, one after the other: most documents have none. */
export function editsOf(record: DocumentRecord): Serial {
  record.edits ??= new Serial();
  return record.edits;
}

/** The Automerge actor of a writer in a document: mostly the one that was asked for last. */
export function actorIn(verifier: Verifier, record: DocumentRecord, writer: WriterKey): Uint8Array {
  if (record.actor === null || !equalBytes(record.actor.writer, writer))
    record.actor = { writer, actor: actorOf(verifier, writer, fromHex(record.name), null) };
  return record.actor.actor;
}
