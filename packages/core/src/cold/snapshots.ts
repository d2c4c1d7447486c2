import { concatBytes, type DatabaseId, fromHex } from "@selkie/entry";
import type { Store } from "@selkie/store";
import type { DocId } from "../document/doc-id.ts";
import type { Snapshot, SnapshotSource } from "../document/snapshot.ts";
import { type LocalState, rowKind, type SealedRow } from "../local/local-state.ts";
import { decodeIndex, decodePiece, encodeIndex, encodePiece, type SnapshotPiece } from "./snapshot-codec.ts";

export interface SnapshotsContext {
  readonly database: DatabaseId;
  readonly store: Store;
  readonly local: LocalState;
}

/** What is kept of a document: what Automerge saved, and what came after that; `null` while nothing did. */
export interface KeptSnapshot {
  readonly saved: SnapshotPiece;
  readonly since: SnapshotPiece | null;
}

/**
 * Long documents of a database as Automerge saves them, on the disk. A disposable cache: whatever is damaged, or not there, is made again from
 * entries; an older copy says so by its heads.
 * SECURITY: P-10, G1. Sealed under the device's local key with the document's id (snapshots.test.ts).
 */
export class Snapshots implements SnapshotSource {
  readonly #at: SnapshotsContext;
  /** The documents that have one; null until somebody asked. */
  #names: Set<DocId> | null = null;

  constructor(at: SnapshotsContext) {
    this.#at = at;
  }

  async read(id: DocId): Promise<Snapshot | null> {
    const kept = await this.kept(id);
    if (kept === null) return null;
    const { saved, since } = kept;
    return since === null
      ? { heads: saved.heads, pieces: [saved.bytes] }
      : { heads: since.heads, pieces: [saved.bytes, since.bytes] };
  }

  /** Null where there is nothing that decodes. */
  async kept(id: DocId): Promise<KeptSnapshot | null> {
    const { local, database } = this.#at;
    const pieces = new Map<number | undefined, SnapshotPiece | null>();
    for await (const { key, value } of local.range(rowKind.snapshots, database, fromHex(id)))
      pieces.set(key.at(-1), value === null ? null : decodePiece(value));
    const saved = pieces.get(PIECES.saved) ?? null;
    return saved === null ? null : { saved, since: pieces.get(PIECES.since) ?? null };
  }

  /** Writes what follows on what was saved. */
  async addSince(id: DocId, since: SnapshotPiece): Promise<void> {
    await this.#commit([await this.#sealed(id, "since", since)], []);
  }

  /** Writes it all. */
  async save(id: DocId, saved: SnapshotPiece): Promise<void> {
    const names = await this.#named();
    const put = [await this.#sealed(id, "saved", saved)];
    if (!names.has(id)) put.push(await this.#index(names.add(id)));
    await this.#commit(put, [this.#key(id, "since")]);
  }

  /** Removes those of all other documents. */
  async keepOnly(isKept: (id: DocId) => boolean): Promise<readonly DocId[]> {
    const names = await this.#named();
    const gone = [...names].filter((id) => !isKept(id));
    if (gone.length === 0) return gone;
    for (const id of gone) names.delete(id);
    await this.#commit([await this.#index(names)], snapshotRows(this.#at, gone));
    return gone;
  }

  /** Without an index that says which there are, there are none. */
  async #named(): Promise<Set<DocId>> {
    if (this.#names !== null) return this.#names;
    const { local, database } = this.#at;
    const row = await local.recall(local.key(rowKind.snapshots, database));
    const names = row === undefined ? null : decodeIndex(row);
    if (names === null) {
      const rows: Uint8Array[] = [];
      for await (const { key } of local.range(rowKind.snapshots, database)) rows.push(key);
      if (rows.length > 0) await this.#commit([], rows);
    }
    this.#names ??= new Set(names ?? []);
    return this.#names;
  }

  #index(names: ReadonlySet<DocId>): Promise<SealedRow> {
    const { local, database } = this.#at;
    return local.seal(local.key(rowKind.snapshots, database), encodeIndex(names));
  }

  #sealed(id: DocId, piece: Piece, value: SnapshotPiece): Promise<SealedRow> {
    return this.#at.local.seal(this.#key(id, piece), encodePiece(value));
  }

  #key(id: DocId, piece: Piece): Uint8Array {
    return keyOf(this.#at, id, piece);
  }

  async #commit(put: readonly SealedRow[], remove: readonly Uint8Array[]): Promise<void> {
    await this.#at.store.commit({ put, remove });
  }
}

/** The last byte of a row's key. */
const PIECES = { saved: 0, since: 1 } as const;
type Piece = keyof typeof PIECES;

/** The rows with the snapshots of these documents. */
export function snapshotRows(
  at: Pick<SnapshotsContext, "local" | "database">,
  documents: readonly DocId[],
): readonly Uint8Array[] {
  return documents.flatMap((id) => [keyOf(at, id, "saved"), keyOf(at, id, "since")]);
}

function keyOf({ local, database }: Pick<SnapshotsContext, "local" | "database">, id: DocId, piece: Piece): Uint8Array {
  return local.key(rowKind.snapshots, database, concatBytes(fromHex(id), Uint8Array.of(PIECES[piece])));
}
