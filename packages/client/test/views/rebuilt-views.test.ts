// Whatever happens to documents and to who may read them, on three databases of two tenants, one of which is read through others: what is
// made of them and follows says what is made anew says, and what a plain look at them says.
import {
  applyPatches,
  createView,
  type DeclaredIndexes,
  type DeclaredSearch,
  type DocId,
  declareIndexes,
  declareSearch,
  defineIndexer,
  openIndex,
  type Query,
  type QuerySource,
  query,
  type Row,
  search,
  type ViewDefinition,
} from "@selkie/client";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BOARD, type Opened, type Shared, TwoTenants } from "../support/two-tenants.ts";

interface Item {
  group: unknown;
  rank: number;
  weight: number;
  /** Large ones are what a database that is read through others does not have. */
  text: string;
  /** The document that it answers. */
  to: string | null;
}

type Sources = readonly QuerySource<Item>[];

/** Something that is made of databases, and follows them. */
interface Made extends AsyncDisposable {
  /** What it says now. */
  read(): Promise<unknown>;
}

/** A kind of it. Another one to be held against a rebuild is another member of `subjects`. */
interface Subject {
  /** @param isAnew under a name of its own, so that it goes on from nothing */
  open(sources: Sources, isAnew: boolean): Promise<Made>;
}

const definition: ViewDefinition<Item> = {
  name: "by group",
  columns: [
    { name: "group", value: "group", category: true },
    { name: "parity", value: "rank % 2", category: true, sort: "desc" },
    { name: "rank", value: "rank", sort: "desc" },
    { name: "sum", value: "weight", total: "sum" },
    { name: "mean", value: "weight", total: "avg" },
    { name: "least", value: "rank", total: "min" },
    { name: "most", value: "group", total: "max" },
    { name: "count", value: "group", total: "count" },
    { name: "kinds", value: "group", total: "distinct" },
  ],
  where: "rank < 3",
};

const byGroup = (name: string) =>
  defineIndexer<Item>({
    name,
    version: 1,
    map: ({ group, rank, weight }) => [group, rank].map((one) => ({ key: [one, rank], value: { weight } })),
    order: [{ language: "de" }, { sort: "desc" }],
    totals: { weight: "sum" },
  });

function viewOf(definition: ViewDefinition<Item>): Subject {
  return {
    async open(sources, isAnew) {
      const view = await createView(sources, isAnew ? { ...definition, name: "anew" } : definition);
      await view.caughtUp();
      let told: readonly Row[] = [];
      view.subscribe((patches) => {
        told = applyPatches(told, patches);
      });
      return {
        async read() {
          const rows = await Array.fromAsync(view.rows());
          expect(told).toEqual(rows);
          return { rows, failures: view.failures };
        },
        [Symbol.asyncDispose]: () => view[Symbol.asyncDispose](),
      };
    },
  };
}

const asked: Query = { where: { rank: { gte: 1 } }, orderBy: ["rank", { value: "group", sort: "desc" }] };

const subjects: Readonly<Record<string, Subject>> = {
  "a view and its totals": viewOf(definition),
  "a view with responses": viewOf({ ...definition, name: "threads", responseTo: "to" }),
  "an index of an app": {
    async open(sources, isAnew) {
      const index = await openIndex(sources, byGroup(isAnew ? "anew" : "by group"));
      await index.caughtUp();
      return {
        read: async () => ({
          entries: await Array.fromAsync(index.range()),
          all: await index.reduce(),
          some: await index.reduce({ from: ["a"], to: ["b"] }),
          failures: index.failures,
        }),
        [Symbol.asyncDispose]: () => index[Symbol.asyncDispose](),
      };
    },
  },
  "a query": {
    async open(sources, isAnew) {
      const declared: DeclaredIndexes[] = [];
      if (!isAnew)
        for (const source of sources) {
          const indexes = await declareIndexes(source, [
            { name: "rank", on: ["rank", { value: "group", sort: "desc" }] },
          ]);
          declared.push(indexes);
          await indexes.caughtUp();
        }
      return {
        read: async () => (await query(sources, asked)).map(({ key, origin, data }) => ({ key, origin, data })),
        async [Symbol.asyncDispose]() {
          for (const indexes of declared) await indexes[Symbol.asyncDispose]();
        },
      };
    },
  },
  "a search": {
    async open(sources, isAnew) {
      const name = isAnew ? "anew" : "by words";
      const declared: DeclaredSearch[] = [];
      for (const source of sources) {
        const own = await declareSearch(source, { name, fields: { group: { boost: 2 }, text: {} } });
        declared.push(own);
        await own.caughtUp();
      }
      return {
        read: async () => ({
          rows: await search(sources, "a xxx", { name, prefix: true, highlights: true }),
          some: await search(sources, "b", { name, where: "rank < 2", fuzzy: 0.5 }),
          failures: declared.flatMap(({ failures }) => failures),
        }),
        async [Symbol.asyncDispose]() {
          for (const own of declared) await own[Symbol.asyncDispose]();
        },
      };
    },
  },
};

const item = fc.record<Omit<Item, "to">>({
  group: fc.constantFrom<unknown>("a", "b", "a\\x", "ä", null, 0, ["a", "b"], "x".repeat(1_030)),
  rank: fc.integer({ min: 0, max: 3 }),
  weight: fc.constantFrom(0, 0.1, 0.2, 1e15 + 0.5, -1e15, 1e-9),
  text: fc.constantFrom("", "", "x".repeat(5_000)),
});
const database = fc.nat(2);
const at = fc.nat(9);
const to = fc.option(fc.nat(4), { freq: 3 });
const how = fc.constantFrom("delete", "undelete", "purge");
const created = fc.record({ type: fc.constant("create"), database, data: item, to, isOnBoard: fc.boolean() });
const act = fc.oneof(
  { arbitrary: created, weight: 4 },
  {
    arbitrary: fc.record({ type: fc.constant("change"), database, at, data: item, to, isOwn: fc.boolean() }),
    weight: 2,
  },
  { arbitrary: fc.record({ type: fc.constant("remove"), database, at, how }), weight: 3 },
  { arbitrary: fc.record({ type: fc.constant("share"), tenant: fc.nat(1), isShared: fc.boolean() }), weight: 2 },
  { arbitrary: fc.record({ type: fc.constant("reopen"), isRestart: fc.boolean() }), weight: 2 },
);
type Act = typeof act extends fc.Arbitrary<infer One> ? One : never;

interface Document {
  readonly id: DocId;
  readonly isOnBoard: boolean;
}

/** One sequence of acts, and what the documents are that it has made. */
class Story {
  readonly world: TwoTenants;
  readonly #name: string;
  readonly #documents: readonly Document[][] = [[], [], []];
  readonly #isShared = [true, true];
  #opened: Opened<Item>;
  #made: ReadonlyMap<string, Made> = new Map();

  private constructor(world: TwoTenants, name: string, opened: Opened<Item>) {
    this.world = world;
    this.#name = name;
    this.#opened = opened;
  }

  static async begin(world: TwoTenants, name: string): Promise<Story> {
    for (const founder of world.founders) await world.share(founder, true);
    const story = new Story(world, name, await world.open<Item>(name));
    await world.synced();
    story.#made = await story.#open(false);
    return story;
  }

  async play(one: Act): Promise<void> {
    if (one.type === "reopen") return this.#reopen(one.isRestart);
    if (one.type === "share") {
      const founder = this.world.founders[one.tenant];
      if (founder === undefined || this.#isShared[one.tenant] === one.isShared) return;
      this.#isShared[one.tenant] = one.isShared;
      return this.world.share(founder, one.isShared);
    }
    const { theirs, own } = this.#shared(one.database);
    const documents = this.#documents[one.database] ?? [];
    if (one.type === "create") {
      const options = one.isOnBoard ? { key: BOARD } : {};
      documents.push({ ...one, id: (await theirs.createDocument(answering(one, documents), options)).id });
      return;
    }
    const document = documents[one.at];
    if (document === undefined) return;
    const { id, isOnBoard } = document;
    if (one.type === "change") {
      const at = one.isOwn && own !== null && !isOnBoard ? own : theirs;
      const doc = await at.findDocument(id);
      if (doc === undefined || doc.isDeleted()) return;
      await at.changeDoc(doc, (draft) => void Object.assign(draft.getData(), answering(one, documents)));
    } else if (one.how === "purge") {
      await theirs.purgeDocHistory(id);
      documents.splice(one.at, 1);
    } else if (one.how === "undelete") await theirs.undeleteDocument(id);
    else await theirs.deleteDocument(id);
  }

  /** Holds all that follows against what is made anew, and that against a plain look. */
  async check(): Promise<void> {
    await this.world.synced();
    const anew = await this.#open(true);
    try {
      for (const [name, made] of this.#made)
        expect({ [name]: await made.read() }).toEqual({ [name]: await anew.get(name)?.read() });
    } finally {
      await close(anew);
    }
    const rows = await query(this.#sources(), { orderBy: [] });
    expect(rows.map(({ origin, data }) => ({ id: origin.id, data })).toSorted(byId)).toEqual(await this.#readable());
  }

  async end(): Promise<void> {
    await close(this.#made);
    await this.#opened[Symbol.asyncDispose]();
  }

  /** What the founders have of documents that the reader has the key of. */
  async #readable() {
    const all: { readonly id: string; readonly data: Item }[] = [];
    for (const [at, documents] of this.#documents.entries()) {
      const { theirs, founder } = this.#shared(at);
      const isShared = this.#isShared[this.world.founders.indexOf(founder)];
      for (const { id, isOnBoard } of documents) {
        const doc = await theirs.getDocument(id);
        if (!doc.isDeleted() && (isShared === true || !isOnBoard)) all.push({ id, data: doc.getData() });
      }
    }
    return all.toSorted(byId);
  }

  async #reopen(isRestart: boolean): Promise<void> {
    await close(this.#made);
    if (isRestart) {
      await this.#opened[Symbol.asyncDispose]();
      await this.world.restart();
      this.#opened = await this.world.open<Item>(this.#name);
      await this.world.synced();
    }
    this.#made = await this.#open(false);
  }

  async #open(isAnew: boolean): Promise<ReadonlyMap<string, Made>> {
    const made = new Map<string, Made>();
    for (const [name, subject] of Object.entries(subjects)) {
      const sources = isAnew ? this.#sources().map(bare) : this.#sources();
      made.set(name, await subject.open(sources, isAnew));
    }
    return made;
  }

  #sources(): Sources {
    return this.#opened.shared.map(({ source }) => source);
  }

  #shared(at: number): Shared<Item> {
    return this.#opened.shared[at] ?? expect.fail("there are three databases");
  }
}

/** What a document is to say, and which of the others it answers: circles are among them. */
function answering(
  { data, to }: { readonly data: Omit<Item, "to">; readonly to: number | null },
  documents: readonly Document[],
): Item {
  return { ...structuredClone(data), to: documents[to ?? -1]?.id ?? null };
}

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);

/** The same database, of which nobody knows an index, and where nothing is kept. */
const bare = (source: QuerySource<Item>): QuerySource<Item> => ({
  name: source.name,
  tenant: source.tenant,
  iterateChangesSince: source.iterateChangesSince.bind(source),
  findDocument: source.findDocument.bind(source),
});

async function close(made: ReadonlyMap<string, Made>): Promise<void> {
  for (const one of made.values()) await one[Symbol.asyncDispose]();
}

test("views, indexes, queries and searches equal what is made anew, after any changes, deletions, purges, key losses and gains", {
  timeout: 900_000,
}, async () => {
  await using world = await TwoTenants.begin();
  let stories = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 2, maxLength: 14 }), async (acts) => {
      const story = await Story.begin(world, `items ${++stories}`);
      try {
        for (const one of acts) {
          await story.play(one);
          await story.check();
        }
      } finally {
        await story.end();
      }
    }),
    { numRuns: process.env["SELKIE_TEST_FULL"] === "1" ? 200 : 10 },
  );
});
