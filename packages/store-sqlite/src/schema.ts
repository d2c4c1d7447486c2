// The tables of the store (docs/spec/store.md section 3).
import { StoreError } from "@selkie/store";
import type { Connection } from "./connection.ts";

/** Version of the layout below; a store written by a later one is refused. */
const VERSION = 1;

/**
 * Rowid tables with unique indexes: without rowid, inserting by hash is 2.3 times slower in bulk. `sum` is a CRC-32 of the row's
 * other columns, body and value apart where these are checked otherwise. Indexes are created by name so that a repair can drop them.
 */
const TABLES: readonly string[] = [
  "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE TABLE base (number INTEGER PRIMARY KEY, tenant BLOB NOT NULL, name BLOB NOT NULL, sum INTEGER NOT NULL) STRICT",
  "CREATE TABLE chain (number INTEGER PRIMARY KEY, base INTEGER NOT NULL, writer BLOB NOT NULL, sum INTEGER NOT NULL) STRICT",
  "CREATE TABLE entry (row INTEGER PRIMARY KEY, chain INTEGER NOT NULL, seq INTEGER NOT NULL, holed INTEGER NOT NULL, sum INTEGER NOT NULL, id BLOB NOT NULL, signature BLOB, body BLOB NOT NULL) STRICT",
  "CREATE TABLE arrival (base INTEGER, position INTEGER, chain INTEGER NOT NULL, seq INTEGER NOT NULL, count INTEGER NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (base, position)) STRICT, WITHOUT ROWID",
  "CREATE TABLE damage (chain INTEGER, seq INTEGER, PRIMARY KEY (chain, seq)) STRICT, WITHOUT ROWID",
  "CREATE TABLE retired (base INTEGER, id BLOB, part INTEGER, PRIMARY KEY (base, id, part)) STRICT, WITHOUT ROWID",
  "CREATE TABLE state (row INTEGER PRIMARY KEY, sum INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL) STRICT",
];

/** The indexes by name. */
export const INDEXES = {
  base_name: "CREATE UNIQUE INDEX base_name ON base (tenant, name)",
  chain_name: "CREATE UNIQUE INDEX chain_name ON chain (base, writer)",
  entry_place: "CREATE UNIQUE INDEX entry_place ON entry (chain, seq)",
  // Eight bytes of the id find an entry; the row's whole id decides.
  entry_id: "CREATE INDEX entry_id ON entry (substr(id, 1, 8))",
  state_key: "CREATE UNIQUE INDEX state_key ON state (key)",
} as const;

/**
 * Creates the tables in a new file, or checks that an existing one has them.
 *
 * @throws StoreError `SCHEMA_NEWER` | `STORE_CORRUPT`
 */
export function prepareSchema(db: Connection): void {
  const wanted = [...TABLES, ...Object.values(INDEXES)];
  const found = db.prepare<[], { sql: unknown }>("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").all();
  if (found.length === 0) {
    db.transaction(() => {
      for (const sql of wanted) db.exec(sql);
      db.prepare("INSERT INTO meta (name, value) VALUES ('schema', ?)").run(Uint8Array.of(VERSION));
    }).immediate();
    return;
  }
  checkVersion(db);
  const statements = new Set(found.map(({ sql }) => sql));
  if (found.length === wanted.length && wanted.every((sql) => statements.has(sql))) return;
  throw new StoreError("STORE_CORRUPT", "the store's file does not have the tables of its version");
}

function checkVersion(db: Connection): void {
  const [version] = readMeta(db, "schema") ?? [];
  if (version === VERSION) return;
  if (version === undefined || version === 0) throw new StoreError("STORE_CORRUPT", "the file says no schema version");
  throw new StoreError(
    "SCHEMA_NEWER",
    `the store has schema version ${version}, this program knows ${VERSION}: update the program`,
  );
}

/** One of the store's own few values. */
export function readMeta(db: Connection, name: string): Uint8Array | null {
  const row = db.prepare<[string], { value: unknown }>("SELECT value FROM meta WHERE name = ?").get(name);
  return row?.value instanceof Uint8Array ? new Uint8Array(row.value) : null;
}

/** Sets one of them; null deletes it. */
export function writeMeta(db: Connection, name: string, value: Uint8Array | null): void {
  if (value === null) db.prepare("DELETE FROM meta WHERE name = ?").run(name);
  else db.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)").run(name, value);
}
