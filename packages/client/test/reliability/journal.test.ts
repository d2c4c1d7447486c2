// Changes that were acknowledged and not sealed when a run was killed: the next run publishes them under its own name, and they are what
// they were, here and on every other replica.
import type { Database, DocId } from "@selkie/client";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { cheapKeyBag, MemoryPlace } from "../support/places.ts";
import { type Opened, openAt } from "./opened.ts";
import { applyEdit, plain, type Rich, type RichEdit, richOf } from "./rich.ts";
import { UsedPlaces } from "./used-places.ts";
import { joinAsWitness, meet, reopenWitness } from "./witness.ts";

let alicesPlace: MemoryPlace;
let bobsPlace: MemoryPlace;

beforeAll(async () => {
  alicesPlace = new MemoryPlace(await cheapKeyBag());
  bobsPlace = new MemoryPlace(await cheapKeyBag());
  await using alice = await openAt(alicesPlace);
  await using bob = await joinAsWitness(alice, bobsPlace);
  const rich = await alice.tenant.openDB<Rich>("rich");
  for (const name of ["one", "two"]) await rich.createDocument(richOf(name));
  await rich.changeDoc(await rich.createDocument(richOf("three")), (draft) => void draft.getData().tags.push("more"));
  // Published: under an incarnation that a kill ends.
  await bob.tenant.openDB<Rich>("rich");
  await meet(alice.tenant, bob.tenant);
});

interface State {
  readonly deleted: boolean;
  readonly heads: number;
  readonly data: object;
}

/** Every document as it is shown. */
async function stateOf(rich: Database<Rich>, ids: readonly DocId[]): Promise<ReadonlyMap<DocId, State>> {
  const docs = await Promise.all(ids.map((id) => rich.getDocument(id)));
  return new Map(
    docs.map((doc) => {
      const data = doc.isDeleted() ? doc.getData() : plain(doc.getData());
      return [doc.id, { deleted: doc.isDeleted(), heads: doc.getHeads().length, data }];
    }),
  );
}

/** One thing somebody does. */
type Deed = RichEdit & { readonly type: "edit" | "edits at once" | "create" | "delete"; readonly doc: number };

const deeds = fc.array(
  fc.record({
    type: fc.constantFrom<Deed["type"]>("edit", "edit", "edit", "edit", "edits at once", "create", "delete"),
    doc: fc.nat(9),
    kind: fc.nat(99),
    at: fc.nat(50),
    value: fc.nat(1_000),
  }),
  { maxLength: 12 },
);

async function perform(rich: Database<Rich>, ids: DocId[], deed: Deed): Promise<void> {
  const { type, doc, kind } = deed;
  const id = ids[doc % ids.length];
  if (id === undefined) return;
  const handle = await rich.getDocument(id);
  if (type === "create") ids.push((await rich.createDocument(richOf(`made ${deed.value}`))).id);
  else if (handle.isDeleted()) return;
  else if (type === "delete") await rich.deleteDocument(handle);
  else {
    const lanes = type === "edit" ? [deed] : [0, 1, 2].map((lane) => ({ ...deed, kind: kind + lane }));
    await Promise.all(lanes.map((one) => rich.changeDoc(handle, (draft) => applyEdit(draft.getData(), one))));
  }
}

/** Ends a client as SIGKILL does: what it says from here on reaches nobody. */
async function crash(place: MemoryPlace, opened: Opened): Promise<void> {
  place.disk.crash();
  try {
    await opened[Symbol.asyncDispose]();
  } catch (error) {
    expect(error).toMatchObject({ code: "STORE_CLOSED" });
  }
}

describe("a journal that a killed run has left", () => {
  const runs = process.env["SELKIE_TEST_FULL"] === undefined ? 15 : 300;
  it("B11 is published under a new name with every kind of value as acknowledged, however often it was killed on the way", {
    timeout: 60_000 + runs * 2_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(deeds, { minLength: 1, maxLength: 3 }), deeds, async (lives, concurrent) => {
        const [place, used] = [alicesPlace.copy(), new UsedPlaces()];
        await using bob = await reopenWitness(bobsPlace.copy());
        const richOfBob = await bob.tenant.openDB<Rich>("rich");
        const refused: string[] = [];
        richOfBob.on("quarantined", ({ reason }) => refused.push(reason));
        const ids = [...(await richOfBob.getAllDocumentIds())];
        for (const deed of concurrent) await perform(richOfBob, [...ids], deed);

        let expected: ReadonlyMap<DocId, State> = new Map();
        for (const life of lives) {
          const alice = await openAt(place.again());
          const rich = await alice.tenant.openDB<Rich>("rich");
          if (expected.size > 0) expect(await stateOf(rich, ids)).toEqual(expected);
          for (const deed of life) await perform(rich, ids, deed);
          expected = await stateOf(rich, ids);
          await crash(place, alice);
        }
        await using alice = await openAt(place.again());
        const rich = await alice.tenant.openDB<Rich>("rich");
        expect(await stateOf(rich, ids)).toEqual(expected);

        await meet(alice.tenant, bob.tenant);
        await alice.record(used);
        await used.noteAll(richOfBob.getStore().scan());
        expect(refused).toEqual([]);
        const both = [...new Set([...ids, ...(await richOfBob.getAllDocumentIds())])];
        expect(await stateOf(richOfBob, both)).toEqual(await stateOf(rich, both));
        for (const id of both)
          expect((await richOfBob.getDocument(id)).getHeads()).toEqual((await rich.getDocument(id)).getHeads());
      }),
      { numRuns: runs },
    );
  });
});
