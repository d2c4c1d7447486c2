import { type Database, declareSearch, type SearchOptions, search } from "@selkie/client";
import { expect, test } from "vitest";
import { found } from "../support/company.ts";

interface Note {
  title: string;
  text: string;
}

async function titles(notes: Database<Note>, text: string, options?: SearchOptions): Promise<readonly string[]> {
  return (await search(notes, text, options)).map(({ data }) => data.title);
}

test("documents are found by words, the best first, and followed", async () => {
  await using alice = await found();
  await using notes = await alice.tenant.openDB<Note>("notes");
  await notes.createDocuments([
    { title: "Seals", text: "A seal comes ashore where the sea is calm" },
    { title: "Keys", text: "A key is sealed: the seal broken once" },
    { title: "Tea", text: "Nothing of either" },
  ]);
  await using declared = await declareSearch(notes, { fields: { title: { boost: 2 }, text: {} } });
  expect(await titles(notes, "seal")).toEqual(["Keys", "Seals"]);
  expect(await titles(notes, "seal", { prefix: true })).toEqual(["Seals", "Keys"]);
  expect(await titles(notes, "sael", { fuzzy: 0.5 })).toContain("Keys");
  expect(await titles(notes, "seal sea", { combine: "and" })).toEqual(["Seals"]);
  expect(await titles(notes, "seal", { where: { title: "Keys" } })).toEqual(["Keys"]);
  expect(await titles(notes, "seals", { fields: ["text"] })).toEqual([]);
  const [row] = await search(notes, "SÉAL", { highlights: true, limit: 1 });
  const { text, ranges } = row?.highlights["text"] ?? { text: "", ranges: [] };
  expect(ranges.map(([start, end]) => text.slice(start, end))).toEqual(["seal"]);
  await notes.createDocument({ title: "More", text: "seal seal" });
  expect(await titles(notes, "seal")).toContain("More");
  expect(declared.failures).toEqual([]);
});
