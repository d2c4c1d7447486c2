import { expect, test } from "vitest";
import { docIdOf } from "../../src/document/doc-id.ts";
import { PastFeed } from "../../src/feed/past-feed.ts";
import { documentIdOf } from "../../src/sealing/document-id.ts";
import { sha256 } from "../automerge/sha256.ts";
import { placeOf } from "../database/lab.ts";
import { testDatabase } from "../fixture.ts";

test("a past of any number of documents is gone through", async () => {
  const place = placeOf("document");
  const record = { id: documentIdOf(place), name: docIdOf(place), changes: [], marks: [], deleted: true };
  const doc = {
    id: record.name,
    getId: () => record.name,
    getData: () => ({}),
    isDeleted: () => true,
    getHeads: () => [],
  };
  const feed = new PastFeed({
    database: testDatabase,
    sha256,
    records: Array.from({ length: 200_000 }, () => record),
    sources: { all: () => expect.fail("nobody asks for revisions") },
    find: async () => doc,
  });
  let count = 0;
  for await (const { type } of feed.documents(null, {})) if (type === "deleted") count += 1;
  expect(count).toBe(200_000);
});
