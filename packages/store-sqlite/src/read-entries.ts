// Reading entries: every one is hashed again, and what does not fit its id is remembered as damaged.
import {
  type DatabaseId,
  type EntryId,
  equalBytes,
  type ReadLimit,
  reviveEntry,
  type VerifiedEntry,
  type Verifier,
} from "@selkie/entry";
import { type CollectedRun, type CollectLimit, collectRun, NOTHING_COLLECTED } from "@selkie/store";
import type { BaseNumber, ChainName } from "./names.ts";
import type { Tables } from "./tables.ts";

/** Reads one database's entries. */
export class EntryReader {
  readonly #tables: Tables;
  readonly #verifier: Verifier;
  readonly #database: DatabaseId;

  constructor(tables: Tables, verifier: Verifier, database: DatabaseId) {
    this.#tables = tables;
    this.#verifier = verifier;
    this.#database = database;
  }

  /** The chain's entries from one seq (inclusive) to another (exclusive), cut at a signed one. */
  run(chain: ChainName, from: number, to: number, limit: CollectLimit): CollectedRun {
    const { entries } = this.#tables;
    const next = entries.next(chain.number);
    if (from < 0 || from >= next) return NOTHING_COLLECTED;
    const start = {
      database: this.#database,
      writer: chain.writer,
      firstSeq: from,
      prev: entries.idBefore(chain.number, from),
    };
    const rows = entries.bodies(chain.number, from, Math.min(to, next) - 1);
    const collected = collectRun(this.#verifier, start, rows, limit);
    if (collected.damaged !== null) entries.addDamage(chain.number, collected.damaged);
    return collected;
  }

  /** One entry; null, and remembered as damaged, when it does not revive. */
  entry(chain: ChainName, seq: number): VerifiedEntry | null {
    const { entries } = this.#tables;
    if (entries.damaged(chain.number, seq, seq).size > 0) return null;
    const prev = entries.idBefore(chain.number, seq);
    for (const { id, body, signature } of entries.bodies(chain.number, seq, seq)) {
      const at = { database: this.#database, writer: chain.writer, seq, prev, id };
      const entry = reviveEntry(this.#verifier, body, at, signature);
      if (entry !== null) return entry;
    }
    entries.addDamage(chain.number, seq);
    return null;
  }

  /** The entry with this id and its chain, if this database holds it. */
  find(base: BaseNumber, id: EntryId): { readonly chain: ChainName; readonly entry: VerifiedEntry } | null {
    for (const row of this.#tables.entries.byId(id)) {
      // SECURITY: the same entry may lie in another tenant's database (F3). Test: contract "F3 ...".
      const chain = this.#tables.names.chainByNumber(base, row.chain);
      const entry = chain === null ? null : this.entry(chain, row.seq);
      if (chain !== null && entry !== null && equalBytes(entry.id, id)) return { chain, entry };
    }
    return null;
  }
}

/** A limit for whoever starts with nothing and must get on. */
export function gettingOn({ entries, bytes }: ReadLimit): CollectLimit {
  return { entries, bytes, atLeastOne: true };
}
