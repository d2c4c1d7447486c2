import { concatBytes, fromHex, toHex } from "@selkie/entry";
import type { DocId } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import type { Documents } from "../document/documents.ts";
import type { Looked, Shelf } from "../document/shelf.ts";
import { longHistory } from "../document/snapshot.ts";
import type { SnapshotPiece } from "./snapshot-codec.ts";
import type { Snapshots } from "./snapshots.ts";

/** Changes that follow on what was saved load several times as slowly: all is saved again when they are more than this part of it. */
const SINCE_CHANGES = 1 / 16;
/** They are written again with each that comes: as many bytes, or this part of what was saved, if that is more. */
const SINCE_BYTES = 2 ** 16;
const SINCE_PART = 1 / 8;

export interface SnapshotKeeperContext {
  readonly snapshots: Snapshots;
  readonly documents: Documents;
  readonly shelf: Pick<Shelf, "look">;
}

/** What is known of a snapshot that lies on the disk. */
interface Known {
  readonly saved: Omit<SnapshotPiece, "bytes"> & { readonly length: number };
  /** Of all of it. */
  readonly heads: string;
}

type Due = "nothing" | "all" | SnapshotPiece;

/** Keeps the snapshots of long documents up to date: whoever looks at a document to write what it shows writes this, too. */
export class SnapshotKeeper {
  readonly #at: SnapshotKeeperContext;
  readonly #known = new Map<DocId, Known | null>();

  constructor(at: SnapshotKeeperContext) {
    this.#at = at;
  }

  /** What a document looks like; null while it is edited. */
  async look(record: DocumentRecord): Promise<Looked | null> {
    const { shelf, snapshots } = this.#at;
    if (!isKept(record)) return shelf.look(record);
    const due = await this.#due(record);
    const looked = await shelf.look(record, due === "all");
    if (looked === null || looked.deleted) return looked;
    if (looked.saved !== null) {
      const saved = { heads: looked.heads.toSorted(), count: record.changes.length, bytes: looked.saved };
      await snapshots.save(record.name, saved);
      this.#known.set(record.name, knownOf(saved, null));
    } else if (typeof due === "object") {
      await snapshots.addSince(record.name, due);
      const known = this.#known.get(record.name);
      if (known != null) this.#known.set(record.name, { ...known, heads: due.heads.join() });
    }
    return looked;
  }

  /** Removes what is of no document any more that has one. */
  async sweep(): Promise<void> {
    const { snapshots, documents } = this.#at;
    for (const id of await snapshots.keepOnly((name) => isKept(documents.find(name)))) this.#known.delete(id);
  }

  async #due(record: DocumentRecord): Promise<Due> {
    const known = await this.#find(record.name);
    if (known === null) return "all";
    const history = this.#at.documents.histories.of(record);
    const heads = history.heads().map(toHex).sort();
    if (heads.join() === known.heads) return "nothing";
    const beyond = history.beyond(known.saved.heads.map(fromHex));
    if (beyond === null || beyond.length > known.saved.count * SINCE_CHANGES) return "all";
    const bytes = concatBytes(...beyond.flatMap((at) => record.changes[at] ?? []));
    if (bytes.length > Math.max(SINCE_BYTES, known.saved.length * SINCE_PART)) return "all";
    return { heads, count: beyond.length, bytes };
  }

  async #find(name: DocId): Promise<Known | null> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const kept = await this.#at.snapshots.kept(name);
    const found = kept === null ? null : knownOf(kept.saved, kept.since);
    this.#known.set(name, found);
    return found;
  }
}

function isKept(record: DocumentRecord | undefined): boolean {
  return record !== undefined && !record.deleted && record.changes.length >= longHistory;
}

function knownOf({ heads, count, bytes }: SnapshotPiece, since: SnapshotPiece | null): Known {
  return { saved: { heads, count, length: bytes.length }, heads: (since?.heads ?? heads).join() };
}
