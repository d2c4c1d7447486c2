// The entry face of the SQLite store.
import {
  type AppendResult,
  type ArrivedRuns,
  type DatabaseId,
  type EntryId,
  type Head,
  parseDatabaseId,
  parseTenantId,
  parseWriterKey,
  type ReadLimit,
  type TenantId,
  toHex,
  type Vector,
  type VerifiedEntry,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import { collectArrivals, type EntryStore, NOTHING_COLLECTED, type PartName } from "@selkie/store";
import { retireParts } from "./append-run.ts";
import type { BaseNumber } from "./names.ts";
import { EntryReader, gettingOn } from "./read-entries.ts";
import type { SqliteHost } from "./sqlite-host.ts";
import type { Tables } from "./tables.ts";

/** Of one run of a scan: whoever goes through everything has little of it in memory, and drops it while it is young. */
const SCAN = { entries: 256, bytes: 2 ** 16 };

/** One database of a SQLite store. */
export class SqliteEntries implements EntryStore {
  readonly tenant: TenantId;
  readonly database: DatabaseId;
  readonly #host: SqliteHost;

  constructor(tenant: TenantId, database: DatabaseId, host: SqliteHost) {
    this.tenant = parseTenantId(tenant.slice());
    this.database = parseDatabaseId(database.slice());
    this.#host = host;
  }

  async vector(): Promise<Vector> {
    return this.#read(new Map(), ({ names, entries }, base) => {
      const vector = new Map<string, Head>();
      for (const { number, writer } of names.chains(base)) {
        const head = entries.head(number);
        if (head !== null) vector.set(toHex(writer), { seq: head.seq, id: head.id });
      }
      return vector;
    });
  }

  async position(): Promise<number> {
    return this.#read(0, ({ arrivals }, base) => arrivals.position(base));
  }

  async read(writer: WriterKey, from: number, limit: ReadLimit): Promise<VerifiedRun | null> {
    return this.#read(null, (tables, base, reader) => {
      const chain = tables.names.chain(base, parseWriterKey(writer));
      return chain === null ? null : reader.run(chain, from, Number.MAX_SAFE_INTEGER, gettingOn(limit)).run;
    });
  }

  async readAfter(position: number, limit: ReadLimit): Promise<ArrivedRuns> {
    const nothing: ArrivedRuns = { runs: [], position: 0, done: true };
    return this.#read(nothing, ({ arrivals, names }, base, reader) => {
      const reached = Math.min(position, arrivals.position(base));
      return collectArrivals(arrivals.from(base, reached + 1), reached, limit, (number, from, to, left) => {
        const chain = names.chainByNumber(base, number);
        return chain === null ? NOTHING_COLLECTED : reader.run(chain, from, to, left);
      });
    });
  }

  async append(runs: readonly VerifiedRun[]): Promise<readonly AppendResult[]> {
    const { tenant, database } = this;
    return await this.#host.commit({ append: runs.map((run) => ({ tenant, database, run })) });
  }

  async find(id: EntryId): Promise<VerifiedEntry | undefined> {
    return this.#read(undefined, (_, base, reader) => reader.find(base, id)?.entry);
  }

  async *scan(): AsyncIterable<VerifiedRun> {
    const writers = this.#read([], ({ names }, base) => names.chains(base).map(({ writer }) => writer));
    for (const writer of writers) {
      for (let from = 0; ; ) {
        const run = await this.read(writer, from, SCAN);
        if (run === null) break;
        yield run;
        from += run.entries.length;
      }
    }
  }

  async retire(parts: readonly PartName[]): Promise<number> {
    this.#host.forgotten.check(this.tenant);
    const dropped = await this.#host.write((tables) => retireParts(tables, this.#host.verifier, this, parts));
    if (dropped > 0) await this.#host.settle();
    return dropped;
  }

  async unretire(parts: readonly PartName[]): Promise<void> {
    this.#host.forgotten.check(this.tenant);
    await this.#host.write((tables) => {
      const base = tables.names.base(this.tenant, this.database);
      if (base !== null) for (const { id, index } of parts) tables.retired.remove(base, id, index);
    });
  }

  /** Runs `work` with the database's number; `otherwise` when it has none. */
  #read<T>(otherwise: T, work: (tables: Tables, base: BaseNumber, reader: EntryReader) => T): T {
    return this.#host.read((tables) => {
      const base = tables.names.base(this.tenant, this.database);
      if (base === null) return otherwise;
      return work(tables, base, new EntryReader(tables, this.#host.verifier, this.database));
    });
  }
}
