import { parseDatabaseId } from "@selkie/entry";
import { expect, test } from "vitest";
import { Closers } from "../../src/sync/closers.ts";

const database = (at: number) => parseDatabaseId(new Uint8Array(32).fill(at));

test("F4 nothing is left of databases that were opened and closed one after the other", () => {
  const closers = new Closers();
  const closed: number[] = [];
  for (let at = 0; at < 200; at += 1) {
    closers.add(database(at), () => closed.push(at));
    expect(closers.size).toBe(1);
    closers.close(database(at));
  }
  expect([closers.size, closed.length]).toEqual([0, 200]);
  closers.close(database(0));
  expect(closed).toHaveLength(200);
});

test("one that is opened again before it is closed is closed once for each, and what is left at the end", () => {
  const closers = new Closers();
  const closed: string[] = [];
  for (const name of ["first", "second"]) closers.add(database(0), () => closed.push(name));
  closers.add(database(1), () => closed.push("other"));
  closers.close(database(0));
  expect([closed, closers.size]).toEqual([["first"], 2]);
  closers.closeAll();
  expect([closed, closers.size]).toEqual([["first", "second", "other"], 0]);
});
