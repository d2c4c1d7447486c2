// What an app began before it closed a database, and goes on with.
import { expect, it } from "vitest";
import { found, type Person, restart } from "../support/company.ts";

interface Note {
  n: number;
}

const notesOf = ({ tenant }: Person) => tenant.openDB<Note>("notes");
const closed = { code: "CLOSED" };

/** What somebody else decides the time of. */
function turn(): { readonly come: Promise<void>; readonly now: () => void } {
  let now = (): void => undefined;
  const come = new Promise<void>((resolve) => {
    now = resolve;
  });
  return { come, now };
}

/** The numbers in all documents, after a restart. */
async function kept(alice: Person): Promise<readonly number[]> {
  const notes = await notesOf(await restart(alice));
  const docs = await Promise.all((await notes.getAllDocumentIds()).map((id) => notes.getDocument(id)));
  return docs.map((doc) => doc.getData().n).toSorted((a, b) => a - b);
}

it("is refused, and harms nothing that the database acknowledges once it is open again", async () => {
  const alice = await found();
  const before = await notesOf(alice);
  const note = await before.createDocument({ n: 0 });
  const { come, now } = turn();
  const begun = turn();
  async function* rows() {
    yield { n: 1 };
    begun.now();
    await come;
    yield { n: 2 };
  }
  const late = [
    before.transact(async (tx) => {
      await tx.changeDoc(note, (draft) => {
        draft.getData().n = 100;
      });
      await come;
    }),
    before.changeDoc(note, async (draft) => {
      draft.getData().n = 200;
      await come;
    }),
    before.createDocuments(rows()),
  ];
  await begun.come;
  const refused = late.map((each) => expect(each).rejects.toMatchObject(closed));
  await before[Symbol.asyncDispose]();
  const after = await notesOf(alice);
  const first = await after.createDocument({ n: 10 });
  now();
  await Promise.all(refused);
  const second = await after.createDocument({ n: 11 });
  expect(new Set([note.id, first.id, second.id]).size).toBe(3);
  expect(await kept(alice)).toEqual([0, 10, 11]);
});

it("is kept, when it has its place before the database is closed", async () => {
  const alice = await found();
  const notes = await notesOf(alice);
  const many = Array.from({ length: 20 }, (_, n) => notes.createDocument({ n }));
  const closing = notes[Symbol.asyncDispose]();
  const outcomes = await Promise.allSettled(many);
  await closing;
  const made = outcomes.flatMap(({ status }, n) => (status === "fulfilled" ? [n] : []));
  for (const outcome of outcomes) if (outcome.status === "rejected") expect(outcome.reason).toMatchObject(closed);
  expect(await kept(alice)).toEqual(made);
});
