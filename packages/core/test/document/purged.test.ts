import { parseDatabaseId, parseEntryId } from "@selkie/entry";
import { expect, test } from "vitest";
import type { Purge } from "../../src/directory/purges.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import { Purged } from "../../src/document/purged.ts";
import { pattern } from "../fixture.ts";

const idOf = (name: string) => docIdOf({ stem: pattern(name, 16), keyId: pattern("key", 16) });

test("D12 what a part is does not take longer to find out where more was purged", () => {
  let looks = 0;
  const purges = Array.from({ length: 1_000 }, (_, at): Purge => {
    const parts = [{ entry: parseEntryId(pattern(`entry ${at}`, 32)), part: 1 }];
    return {
      id: String(at),
      person: null,
      database: parseDatabaseId(pattern("database", 32)),
      documents: [idOf(`document ${at}`)],
      get parts() {
        looks += 1;
        return parts;
      },
    };
  });
  const purged = new Purged(purges);
  expect(purged.fateOf(idOf("alive"), parseEntryId(pattern("entry 7", 32)), 1)).toBe("named");
  const before = looks;
  for (let at = 0; at < 100; at++)
    expect(purged.fateOf(idOf("alive"), parseEntryId(pattern(`other ${at}`, 32)), 1)).toBe(null);
  expect(looks).toBe(before);
  expect(purged.fateOf(idOf("document 3"), parseEntryId(pattern("late", 32)), 1)).toBe("late");
});
