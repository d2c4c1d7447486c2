// A process that makes a database of notes and searches it; and the same by MiniSearch, of objects in memory.
import { type DeclaredSearch, declareSearch, search } from "@selkie/client";
import MiniSearch from "minisearch";
import { cleanCpuMicroseconds, freshCpuMicroseconds } from "../measure.ts";
import { type Note, Notes } from "../note.ts";
import { serve } from "./process.ts";
import { OTHERS, TwoDatabases } from "./two-databases.ts";

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

const databases = new TwoDatabases<Note>();
let objects: readonly (Note & { readonly id: number })[] = [];
let plain: MiniSearch<Note> | undefined;
let declared: DeclaredSearch | undefined;

/** What the database holds now. */
async function readAll(): Promise<typeof objects> {
  const all: (Note & { readonly id: number })[] = [];
  for await (const { doc } of databases.own.iterateChangesSince(null)) all.push({ ...doc.getData(), id: all.length });
  return all;
}

function indexInMemory(): MiniSearch<Note> {
  const index = new MiniSearch<Note>({ fields: [...fields] });
  index.addAll(objects);
  return index;
}

async function look(question: string): Promise<number> {
  const [text, options] = questions[question] ?? ["", {}];
  return (await search(databases.own, text, { ...options, name: declared?.name ?? "", limit: SHOWN })).length;
}

function lookPlain(question: string): number {
  const [text, options] = questions[question] ?? ["", {}];
  return plain?.search(text, options).slice(0, SHOWN).length ?? 0;
}

async function declare(name: string): Promise<void> {
  declared = await declareSearch(databases.own, { name, fields });
  if ((await look("words")) !== SHOWN) throw new RangeError("too few rows are shown");
}

/** Ten documents, all over a database, get other titles; and somebody looks what is found then. */
async function changeAndLook(which: "own" | "others"): Promise<void> {
  await databases.change(which, (turn) => {
    const written = new Notes(turn);
    return (note) => {
      note.title = written.words(5);
    };
  });
  await look("words");
}

serve({
  make: async ({ directory, count }: { directory: string; count: number }) => {
    const written = new Notes(1);
    const notes = Array.from({ length: count }, () => written.next());
    const others = Array.from({ length: OTHERS }, () => written.next());
    await databases.make(directory, notes, others);
    objects = await readAll();
  },
  plain: () =>
    cleanCpuMicroseconds(() => {
      plain = indexInMemory();
    }),
  read: () =>
    cleanCpuMicroseconds(async () => {
      objects = await readAll();
      plain = indexInMemory();
    }),
  build: (name: string) => cleanCpuMicroseconds(() => declare(name)),
  reopen: (name: string) => freshCpuMicroseconds(() => declare(name)),
  ask: (question: string) => cleanCpuMicroseconds(() => look(question)),
  askPlain: (question: string) => cleanCpuMicroseconds(() => lookPlain(question)),
  /** Both find as many. */
  check: async () => {
    for (const question of Object.keys(questions))
      if (lookPlain(question) !== (await look(question))) throw new RangeError(`${question} finds something else`);
  },
  change: () => freshCpuMicroseconds(() => changeAndLook("others")),
  follow: () => freshCpuMicroseconds(() => changeAndLook("own")),
  close: async () => {
    await declared?.[Symbol.asyncDispose]();
    declared = undefined;
    plain = undefined;
  },
  /** The client, once all entries are verified. */
  restart: () => databases.restart(),
});
