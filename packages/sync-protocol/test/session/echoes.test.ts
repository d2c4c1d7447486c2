import type { VerifiedRun } from "@selkie/entry";
import { beforeAll, describe, expect, test } from "vitest";
import { Echoes } from "../../src/session/echoes.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

describe("what a peer sent", () => {
  const runs: VerifiedRun[] = [];
  beforeAll(async () => {
    const writer = await TestWriter.of("alice", databaseOf("echoes"));
    for (let i = 0; i < 6; i++) runs.push(await writer.write(2));
  });
  const run = (index: number): VerifiedRun => {
    const found = runs[index];
    if (found === undefined) throw new TypeError("no run");
    return found;
  };

  test("is an echo once, whole, and joined with what came after it", () => {
    const echoes = new Echoes();
    echoes.add(run(0));
    echoes.add(run(1));
    expect(echoes.take({ ...run(0), entries: [...run(0).entries, ...run(1).entries] })).toBe(true);
    expect(echoes.take(run(0))).toBe(false);
  });

  test("is no echo when others sent a part of it", () => {
    const echoes = new Echoes();
    echoes.add(run(0));
    echoes.add(run(2));
    const all = { ...run(0), entries: [0, 1, 2].flatMap((index) => run(index).entries) };
    expect(echoes.take(all)).toBe(false);
  });

  test("is forgotten as far as the tail has passed, not further", () => {
    const echoes = new Echoes();
    for (const index of [0, 2, 4]) echoes.add(run(index));
    expect(echoes.take(run(2))).toBe(true);
    expect(echoes.take(run(0))).toBe(false);
    expect(echoes.take(run(4))).toBe(true);
    echoes.add(run(5));
    echoes.clear();
    expect(echoes.take(run(5))).toBe(false);
  });

  test("is remembered within bounds: beyond 4,096 ranges it may go back, which is harmless", () => {
    const echoes = new Echoes();
    echoes.add(run(5));
    for (let seq = 0; seq < 4_096; seq++) echoes.add({ ...run(0), firstSeq: 10 * seq });
    expect(echoes.take(run(5))).toBe(false);
    expect(echoes.take({ ...run(0), firstSeq: 10 * 4_095 })).toBe(true);
  });
});
