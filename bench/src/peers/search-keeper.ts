// A process that makes a database of notes and searches it; and the same by MiniSearch, of objects in memory.
import {
  type Client,
  createClient,
  type Database,
  type DeclaredSearch,
  type DocId,
  declareSearch,
  search,
  whenVerified,
} from "@selkie/client";
import MiniSearch from "minisearch";
import { cleanCpuMicroseconds } from "../measure.ts";
import { type Note, Notes } from "../note.ts";
import { serve } from "./process.ts";

const PASSWORD = "a password for the benchmark";
const CHANGES = 10;
/** Documents of the database that is not searched. */
const OTHERS = 2_000;
/** Rows that somebody looks at. */
const SHOWN = 50;

const fields = ["title", "text"] as const;

/** What is looked for: words that are in many notes and in few, a beginning, a word that is mistyped. */
const questions: Readonly<
  Record<string, readonly [text: string, options: { readonly prefix?: true; readonly fuzzy?: number }]>
> = {
  words: ["be bate kiso", {}],
  prefix: ["kis", { prefix: true }],
  fuzzy: ["kisotu", { fuzzy: 0.2 }],
};

interface Open {
  readonly client: Client;
  readonly notes: Database<Note>;
  /** Of whose words there is no index: what ten changes cost by themselves. */
  readonly others: Database<Note>;
}

let store = "";
let at: Open | undefined;
let ids: readonly DocId[] = [];
let otherIds: readonly DocId[] = [];
let objects: readonly (Note & { readonly id: number })[] = [];
let plain: MiniSearch<Note> | undefined;
let declared: DeclaredSearch | undefined;
let edits = 0;

function opened(): Open {
  if (at === undefined) throw new RangeError("nothing is open");
  return at;
}

/** All of a database, in an index in memory. */
async function readAll(): Promise<MiniSearch<Note>> {
  const all: (Note & { readonly id: number })[] = [];
  for await (const { doc } of opened().notes.iterateChangesSince(null)) all.push({ ...doc.getData(), id: all.length });
  const index = new MiniSearch<Note>({ fields: [...fields] });
  index.addAll(all);
  return index;
}

async function look(question: string): Promise<number> {
  const [text, options] = questions[question] ?? ["", {}];
  return (await search(opened().notes, text, { ...options, name: declared?.name ?? "", limit: SHOWN })).length;
}

function lookPlain(question: string): number {
  const [text, options] = questions[question] ?? ["", {}];
  return plain?.search(text, options).slice(0, SHOWN).length ?? 0;
}

async function declare(name: string): Promise<void> {
  declared = await declareSearch(opened().notes, { name, fields });
  if ((await look("words")) !== SHOWN) throw new RangeError("too few rows are shown");
}

/** Ten documents, all over a database, get other titles; and somebody looks what is found then. */
async function changeAndLook(database: Database<Note>, all: readonly DocId[]): Promise<void> {
  edits += 1;
  const written = new Notes(edits);
  await database.transact(async (tx) => {
    for (let n = 0; n < CHANGES; n++) {
      const id = all[Math.floor((n * all.length) / CHANGES) + edits];
      if (id === undefined) throw new RangeError("there are too few documents");
      await tx.changeDoc(id, (draft) => {
        draft.getData().title = written.words(5);
      });
    }
  });
  await look("words");
}

serve({
  make: async ({ directory, count }: { directory: string; count: number }) => {
    store = directory;
    const client = await createClient({ store, password: PASSWORD });
    const tenant = await client.createTenant("bench", { user: "CN=alice" });
    const notes = await tenant.openDB<Note>("notes");
    const others = await tenant.openDB<Note>("others");
    at = { client, notes, others };
    const written = new Notes(1);
    objects = Array.from({ length: count }, (_, id) => ({ ...written.next(), id }));
    ids = await notes.createDocuments(objects.map(({ title, text }) => ({ title, text })));
    otherIds = await others.createDocuments(Array.from({ length: OTHERS }, () => written.next()));
  },
  plain: () =>
    cleanCpuMicroseconds(() => {
      plain = new MiniSearch<Note>({ fields: [...fields] });
      plain.addAll(objects);
    }),
  read: () =>
    cleanCpuMicroseconds(async () => {
      plain = await readAll();
    }),
  build: (name: string) => cleanCpuMicroseconds(() => declare(name)),
  ask: (question: string) => cleanCpuMicroseconds(() => look(question)),
  askPlain: (question: string) => cleanCpuMicroseconds(() => lookPlain(question)),
  /** Both find as many. */
  check: async () => {
    for (const question of Object.keys(questions))
      if (lookPlain(question) !== (await look(question))) throw new RangeError(`${question} finds something else`);
  },
  change: () => cleanCpuMicroseconds(() => changeAndLook(opened().others, otherIds)),
  follow: () => cleanCpuMicroseconds(() => changeAndLook(opened().notes, ids)),
  close: async () => {
    await declared?.[Symbol.asyncDispose]();
    declared = undefined;
    plain = undefined;
  },
  /** The client, once all entries are verified. */
  restart: async () => {
    await opened().client[Symbol.asyncDispose]();
    const client = await createClient({ store, password: PASSWORD });
    const tenant = await client.openTenant("bench");
    const notes = await tenant.openDB<Note>("notes");
    const others = await tenant.openDB<Note>("others");
    at = { client, notes, others };
    await whenVerified(notes);
    await whenVerified(others);
  },
});
