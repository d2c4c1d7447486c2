// Databases and chains by small numbers, so that an entry's row need not repeat 96 bytes of names.
import {
  type DatabaseId,
  equalBytes,
  parseDatabaseId,
  parseWriterKey,
  type TenantId,
  type WriterKey,
} from "@selkie/entry";
import { bytesOf, bytesSought, damagedRow, integerOf, numberSought, type RawRow } from "./columns.ts";
import type { Connection, Statement } from "./connection.ts";
import { Neighbours } from "./neighbours.ts";
import { rowSum } from "./row-sum.ts";

/** Number of a (tenant, database). */
export type BaseNumber = number;
/** Number of a (database, writer). */
export type ChainNumber = number;

/** A chain of a database. */
export interface ChainName {
  readonly number: ChainNumber;
  readonly base: BaseNumber;
  readonly writer: WriterKey;
}

/**
 * Interns names. Each lookup goes through an index and compares the row it leads to, so that a damaged index cannot lead one tenant
 * to another's entries (F3).
 */
export class Names {
  readonly #base: Statement<[Uint8Array, Uint8Array], RawRow>;
  readonly #addBase: Statement<[Uint8Array, Uint8Array]>;
  readonly #sumBase: Statement<[number, number]>;
  readonly #bases: Statement<[Uint8Array], RawRow>;
  readonly #chain: Statement<[number, Uint8Array], RawRow>;
  readonly #chainByNumber: Statement<[number], RawRow>;
  readonly #addChain: Statement<[number, Uint8Array]>;
  readonly #sumChain: Statement<[number, number]>;
  readonly #chains: Statement<[number], RawRow>;
  readonly #besidesBase: Neighbours<Uint8Array>;
  readonly #besidesChain: Neighbours<number>;

  constructor(db: Connection) {
    this.#base = db.prepare("SELECT number, tenant, name, sum FROM base WHERE tenant = ? AND name = ?");
    this.#addBase = db.prepare("INSERT INTO base (tenant, name, sum) VALUES (?, ?, 0)");
    this.#sumBase = db.prepare("UPDATE base SET sum = ? WHERE number = ?");
    // Only databases with entries: a retired part may be remembered for one that has none yet.
    this.#bases = db.prepare(
      `SELECT number, tenant, name, sum FROM base WHERE tenant = ${bytesSought} AND EXISTS (SELECT 1 FROM chain WHERE chain.base = base.number) ORDER BY name`,
    );
    this.#chain = db.prepare("SELECT number, base, writer, sum FROM chain WHERE base = ? AND writer = ?");
    this.#chainByNumber = db.prepare("SELECT number, base, writer, sum FROM chain WHERE number = ?");
    this.#addChain = db.prepare("INSERT INTO chain (base, writer, sum) VALUES (?, ?, 0)");
    this.#sumChain = db.prepare("UPDATE chain SET sum = ? WHERE number = ?");
    this.#chains = db.prepare(
      `SELECT number, base, writer, sum FROM chain WHERE base = ${numberSought} ORDER BY writer`,
    );
    this.#besidesBase = new Neighbours(db, { table: "base", index: "base_name", first: "tenant", second: "name" });
    this.#besidesChain = new Neighbours(db, { table: "chain", index: "chain_name", first: "base", second: "writer" });
  }

  /** The number of a database, if it has one. */
  base(tenant: TenantId, database: DatabaseId): BaseNumber | null {
    const row = this.#base.get(tenant, database);
    return row === undefined ? null : baseOf(row, tenant).number;
  }

  /** The number of a database, a new one if need be. */
  makeBase(tenant: TenantId, database: DatabaseId): BaseNumber {
    const known = this.base(tenant, database);
    if (known !== null) return known;
    this.#besidesBase.checkAbsent(tenant, database);
    const number = Number(this.#addBase.run(tenant, database).lastInsertRowid);
    this.#sumBase.run(rowSum(number, tenant, database), number);
    return number;
  }

  /** The tenant's databases that hold entries, ascending. */
  databases(tenant: TenantId): readonly DatabaseId[] {
    return this.#bases.all(tenant).map((row) => baseOf(row, tenant).database);
  }

  /** The chain of a writer, if there is one. */
  chain(base: BaseNumber, writer: WriterKey): ChainName | null {
    const row = this.#chain.get(base, writer);
    return row === undefined ? null : chainOf(row, base);
  }

  /** The chain of a writer, a new one if need be. */
  makeChain(base: BaseNumber, writer: WriterKey): ChainName {
    const known = this.chain(base, writer);
    if (known !== null) return known;
    this.#besidesChain.checkAbsent(base, writer);
    const number = Number(this.#addChain.run(base, writer).lastInsertRowid);
    this.#sumChain.run(rowSum(number, base, writer), number);
    return { number, base, writer };
  }

  /** The chain of that number, if it belongs to this database. */
  chainByNumber(base: BaseNumber, number: ChainNumber): ChainName | null {
    const row = this.#chainByNumber.get(number);
    return row === undefined || row["base"] !== base ? null : chainOf(row, base);
  }

  /** The chains of a database, by writer. */
  chains(base: BaseNumber): readonly ChainName[] {
    return this.#chains.all(base).map((row) => chainOf(row, base));
  }
}

function baseOf(row: RawRow, wanted: TenantId): { readonly number: BaseNumber; readonly database: DatabaseId } {
  const number = integerOf(row["number"]);
  const tenant = bytesOf(row["tenant"], 32);
  const database = parseDatabaseId(bytesOf(row["name"], 32));
  if (row["sum"] !== rowSum(number, tenant, database) || !equalBytes(tenant, wanted)) throw damagedRow();
  return { number, database };
}

function chainOf(row: RawRow, wanted: BaseNumber): ChainName {
  const number = integerOf(row["number"]);
  const base = integerOf(row["base"]);
  const writer = parseWriterKey(bytesOf(row["writer"], 32));
  if (row["sum"] !== rowSum(number, base, writer) || base !== wanted) throw damagedRow();
  return { number, base, writer };
}
