import { expect, test } from "vitest";
import { found, join } from "../support/company.ts";
import { countedMeeting } from "../support/counted.ts";
import { notesOf, textsOf } from "../support/notes.ts";

test("what a device brought another one is not sent again when both meet with news, however much it was", async () => {
  const bytes: number[] = [];
  for (const count of [20, 2_000]) {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const [hers, his] = [await notesOf(alice), await notesOf(bob)];
    await his.createDocument({ text: "before" });
    await countedMeeting(alice, bob);
    await hers.createDocuments(Array.from({ length: count }, (_, index) => ({ text: `brought ${index}` })));
    const brought = await countedMeeting(alice, bob);
    expect(brought).toBeGreaterThan(100 * count);
    for (const notes of [hers, his]) await notes.createDocument({ text: "news" });
    bytes.push(await countedMeeting(alice, bob));
    expect(await textsOf(bob)).toEqual(await textsOf(alice));
    expect(await textsOf(bob)).toHaveLength(count + 3);
  }
  const [few = 0, many = 0] = bytes;
  expect(many).toBeLessThan(1.1 * few);
});
