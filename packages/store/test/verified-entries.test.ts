import type { IdentifiedEntry, Run, VerifiedEntry } from "@selkie/entry";
import { expect, it } from "vitest";
import type { EntryStore } from "../src/index.ts";

it("K-2 what nobody verified cannot be stored: it does not compile", () => {
  const append = (store: EntryStore, run: Run, entry: IdentifiedEntry) => {
    // @ts-expect-error a run as it was decoded
    void store.append([run]);
    // @ts-expect-error an entry with its id, and a signature that nobody looked at
    const verified: VerifiedEntry = entry;
    return verified;
  };
  expect(append).toBeTypeOf("function");
});
