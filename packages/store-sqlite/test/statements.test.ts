import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import type { Connection } from "../src/connection.ts";
import { prepareSchema } from "../src/schema.ts";
import { prepareTables } from "../src/tables.ts";

test("no statement is planned anew for each value that is bound to it", () => {
  const db = new Sqlite(":memory:");
  prepareSchema(db);
  const prepared: string[] = [];
  const recording = new Proxy<Connection>(db, {
    get: (target, name) =>
      name === "prepare"
        ? (sql: string) => target.prepare(prepared[prepared.push(sql) - 1] ?? sql)
        : Reflect.get(target, name),
  });
  prepareTables(recording);
  const sorting = prepared.filter((sql) => /ORDER BY|min\(|max\(/.test(sql));
  expect(sorting.length).toBeGreaterThan(10);
  // `numberSought` says why.
  expect(sorting.filter((sql) => / = \?/.test(sql))).toEqual([]);
  db.close();
});
