import { timingSafeEqual } from "node:crypto";
import {
  type CreateSqliteDriver,
  createRandom,
  createRun,
  createSqlite,
  Name,
  ok,
  type RandomDep,
  type SqliteDep,
  type SqliteRow,
  type TimingSafeEqualDep,
} from "@evolu/common";
import { createBaseSqliteStorageTables, createRelayStorageTables } from "@evolu/common/local-first";
import { installPolyfills } from "@evolu/common/polyfills";
import Database from "better-sqlite3";

installPolyfills();

type EvoluStore = SqliteDep & RandomDep & TimingSafeEqualDep;

/** What Evolu's storages need, in a new file of SQLite with the settings that Selkie's stores have; its statements are kept prepared. */
export async function openEvoluStore(file: string): Promise<EvoluStore> {
  const sqlite = await createRun({ createSqliteDriver: driver(file) }).ok(createSqlite(Name.orThrow("bench")));
  createBaseSqliteStorageTables({ sqlite });
  createRelayStorageTables({ sqlite });
  return { sqlite, random: createRandom(), timingSafeEqual };
}

function driver(file: string): CreateSqliteDriver {
  return () => () => {
    const database = new Database(file);
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    const prepared = new Map<string, Database.Statement>();
    const statement = (sql: string): Database.Statement => {
      const made = prepared.get(sql) ?? database.prepare(sql);
      prepared.set(sql, made);
      return made;
    };
    return ok({
      exec: ({ sql, parameters }) => {
        const query = statement(sql);
        return query.reader
          ? { rows: query.all(parameters) as SqliteRow[], changes: 0 }
          : { rows: [], changes: query.run(parameters).changes };
      },
      export: () => new Uint8Array(database.serialize()),
      deleteDatabase: () => database.close(), // the file goes with the directory of the benchmark
      [Symbol.dispose]: () => database.close(),
    });
  };
}
