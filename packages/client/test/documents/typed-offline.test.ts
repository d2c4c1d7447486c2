// What typing costs whoever pays for the line: a change each keystroke, made offline.
import { expect, test } from "vitest";
import { found, join, meet } from "../support/company.ts";
import { countedMeeting } from "../support/counted.ts";

interface Page {
  text: string;
}

const SENTENCE = "Seventeen engineers argue whether any relay may ever see plaintext, and nobody notices the coffee. ";
const KEYSTROKES = 1_000;

test("1,000 keystrokes made offline take at most 2.5 KB on the wire, with all that the connection says", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  const [hers, his] = [await alice.tenant.openDB<Page>("pages"), await bob.tenant.openDB<Page>("pages")];
  const page = await hers.createDocument({ text: "" });
  await meet(alice, bob);
  for (let key = 0, at = 0; key < KEYSTROKES; key++) {
    const takesBack = key % 12 === 11; // corrections, and now and then another place
    if (key % 150 === 149) at = Math.floor(at / 2);
    await hers.changeDoc(page, (draft) => {
      if (takesBack) draft.text(["text"]).splice(at - 1, 1, "");
      else draft.text(["text"]).splice(at, 0, SENTENCE.charAt(key % SENTENCE.length));
    });
    at += takesBack ? -1 : 1;
  }
  const bytes = await countedMeeting(alice, bob);
  expect((await his.getDocument(page.id)).getData()).toEqual(page.getData());
  expect(page.getData().text.length).toBeGreaterThan(800);
  expect(bytes).toBeLessThanOrEqual(2_560);
});
