import {
  concatBytes,
  type DatabaseId,
  type EntryId,
  parseWriterKey,
  toHex,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import type { Store } from "@selkie/store";
import { type LocalState, rowKind } from "../local/local-state.ts";

export interface OtherBranchesContext {
  readonly store: Pick<Store, "commit">;
  readonly local: LocalState;
  readonly database: DatabaseId;
}

/** Entries that are remembered to have come of other branches than are stored. */
const MOST = 4_096;

/** Entries that came together. */
interface Met {
  readonly row: Uint8Array;
  readonly names: readonly string[];
}

/**
 * Which entries came of other branches than are stored: what others name of them is not withheld. Sealed and durable, for nobody sends
 * them again to who has what everybody has. Test: directory-log.test.ts "A4 ...".
 */
export class OtherBranches {
  readonly #at: OtherBranchesContext;
  /** By id in hex. */
  readonly #writerById = new Map<string, WriterKey>();
  /** Oldest first; those of before the last start in no order. */
  readonly #met: Met[] = [];

  constructor(at: OtherBranchesContext) {
    this.#at = at;
  }

  async load(): Promise<void> {
    const { local, database } = this.#at;
    for await (const { key, value } of local.range(rowKind.branch, database)) {
      if (value === null || value.length < 64 || value.length % 32 !== 0) continue;
      const names = idsIn(value.subarray(32));
      if (!names.every((name) => this.#writerById.has(name)))
        this.#remember(key, parseWriterKey(value.slice(0, 32)), names);
    }
  }

  /** A run came, or is dropped, that forks from what is stored at this place, or before it. */
  async meet({ writer, firstSeq, entries }: VerifiedRun, seq: number): Promise<void> {
    const ids = entries.slice(Math.max(0, seq - firstSeq)).map(({ id }) => id);
    const fresh = ids.filter((id) => !this.#writerById.has(toHex(id)));
    const [first] = fresh;
    if (first === undefined) return;
    const { local, store, database } = this.#at;
    const row = local.key(rowKind.branch, database, first);
    this.#remember(row, writer, fresh.map(toHex));
    const remove = this.#forgetOldest();
    await store.commit({ put: [await local.seal(row, concatBytes(writer, ...fresh))], remove });
  }

  /** Of which chain this entry came; undefined when it did not, or that is long ago. */
  writerOf(id: EntryId): WriterKey | undefined {
    return this.#writerById.size === 0 ? undefined : this.#writerById.get(toHex(id));
  }

  #remember(row: Uint8Array, writer: WriterKey, names: readonly string[]): void {
    for (const name of names) this.#writerById.set(name, writer);
    this.#met.push({ row, names });
  }

  #forgetOldest(): readonly Uint8Array[] {
    const rows: Uint8Array[] = [];
    while (this.#writerById.size > MOST && this.#met.length > 1) {
      const oldest = this.#met.shift();
      if (oldest === undefined) break;
      for (const name of oldest.names) this.#writerById.delete(name);
      rows.push(oldest.row);
    }
    return rows;
  }
}

function idsIn(bytes: Uint8Array): readonly string[] {
  return Array.from({ length: bytes.length / 32 }, (_, at) => toHex(bytes.subarray(32 * at, 32 * at + 32)));
}
