import { nativeCrypto } from "@selkie/crypto/native";
import { toHex } from "@selkie/entry";
import { memoryStore, type StateStore } from "@selkie/store";
import { expect, test } from "vitest";
import { LocalState, rowKind } from "../../src/local/local-state.ts";
import { otherDatabase, pattern, testDatabase, testTenant } from "../fixture.ts";

const value = (at: number): Uint8Array => new TextEncoder().encode(`row ${at}`);
const rest = (at: number): Uint8Array => Uint8Array.of(at >> 8, at);

const newRows = (): StateStore =>
  memoryStore({ verifier: nativeCrypto, random: (length) => nativeCrypto.randomBytes(length) }).state;

async function open(rows: StateStore, secret = "local"): Promise<LocalState> {
  return new LocalState(nativeCrypto, rows, await nativeCrypto.importSecret(pattern(secret, 32)), testTenant);
}

test("G1 every row opens again, in a later run too, and no run continues the key of another", async () => {
  const rows = newRows();
  const salts: Set<string>[] = [];
  const count = 100;
  for (let run = 0; run < 2; run++) {
    const local = await open(rows);
    const keys = Array.from({ length: count }, (_, at) =>
      local.key(rowKind.journal, testDatabase, rest(run * count + at)),
    );
    const sealed = await Promise.all(keys.map((key, at) => local.seal(key, value(at))));
    for (const row of sealed) await rows.put(row.key, row.value);
    salts.push(new Set(sealed.map((row) => toHex(row.value.subarray(0, 24)))));
  }
  const [first = new Set(), second = new Set()] = salts;
  expect([...second].filter((salt) => first.has(salt))).toEqual([]);
  const found: (Uint8Array | null)[] = [];
  for await (const row of (await open(rows)).range(rowKind.journal, testDatabase)) found.push(row.value);
  expect(found).toEqual([0, 1].flatMap(() => Array.from({ length: count }, (_, at) => value(at))));
});

test("G1 a row in the place of another, or of another device, counts as damaged", async () => {
  const rows = newRows();
  const local = await open(rows);
  const mine = local.key(rowKind.journal, testDatabase, rest(1));
  const row = await local.seal(mine, value(1));
  const places = [
    local.key(rowKind.journal, testDatabase, rest(2)),
    local.key(rowKind.frontier, testDatabase, rest(1)),
    local.key(rowKind.journal, otherDatabase, rest(1)),
  ];
  for (const place of places) {
    await rows.put(place, row.value);
    expect(await local.recall(place)).toBeUndefined();
  }
  await rows.put(mine, row.value);
  expect(await local.recall(mine)).toEqual(value(1));
  expect(await (await open(rows, "another device")).recall(mine)).toBeUndefined();
});

test("no two kinds of rows are one", () => {
  expect(new Set(Object.values(rowKind)).size).toBe(Object.keys(rowKind).length);
});
