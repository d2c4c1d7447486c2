import { nativeVerifier } from "@selkie/entry/native";
import { expect, it } from "vitest";
import { databaseOf, TestWriter, tenantOf } from "../../src/contract/test-writer.ts";
import { memoryStore } from "../../src/index.ts";

it("appends and reads", async () => {
  await using store = memoryStore({ verifier: nativeVerifier, random: (n) => new Uint8Array(n) });
  const writer = await TestWriter.create(nativeVerifier, databaseOf(1), 1);
  const entries = store.entries(tenantOf(1), databaseOf(1));
  const run = await writer.write({ count: 3 });
  expect(await entries.append([run])).toEqual([{ type: "appended", count: 3 }]);
  expect(await entries.append([run])).toEqual([{ type: "known" }]);
  expect(await entries.read(writer.key, 0, { entries: 10, bytes: 1e6 })).toEqual(run);
  expect((await entries.readAfter(0, { entries: 10, bytes: 1e6 })).position).toBe(3);
});
