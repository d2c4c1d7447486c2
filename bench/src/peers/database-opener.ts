// A process that makes a database, or opens one that another made and tells what that took.
import { type Client, createClient, type Database, type DocId, type Tenant } from "@selkie/client";
import { entrySize } from "@selkie/entry";
import { type BenchRecord, record } from "../record.ts";
import { serve } from "./process.ts";

const PASSWORD = "a password for the benchmark";
const DATABASE = "records";
let client: Client | undefined;
let tenant: Tenant | undefined;
let records: Database<BenchRecord> | undefined;
let compiled = 0;

// Whatever compiles WebAssembly in Node goes one of these ways.
for (const name of ["Module", "compile", "instantiate"] as const)
  Reflect.set(
    WebAssembly,
    name,
    new Proxy(Reflect.get(WebAssembly, name), {
      apply: (target, self, args) => {
        compiled += 1;
        return Reflect.apply(target, self, args);
      },
      construct: (target, args, asked) => {
        compiled += 1;
        return Reflect.construct(target, args, asked);
      },
    }),
  );

/** What some work took: CPU time of this process, user and system, in microseconds. */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

async function open(): Promise<Database<BenchRecord>> {
  if (tenant === undefined) throw new RangeError("nothing is unlocked");
  records = await tenant.openDB<BenchRecord>(DATABASE);
  return records;
}

async function read(database: Database<BenchRecord>, ids: readonly DocId[]): Promise<void> {
  for (const id of ids)
    if ((await database.getDocument(id)).getData().name === undefined) throw new RangeError("a record is not readable");
}

serve({
  /** Makes documents, and closes. @returns ids as they are listed first, others, and the bytes of the entries that hold them */
  make: async ({ directory, count }: { directory: string; count: number }) => {
    await using maker = await createClient({ store: directory, password: PASSWORD });
    tenant = await maker.createTenant("bench", { user: "CN=alice" });
    const database = await open();
    const ids = await database.createDocuments(Array.from({ length: count }, (_, at) => record(at)));
    let bytes = 0;
    for await (const run of database.getStore().scan()) for (const entry of run.entries) bytes += entrySize(entry);
    const step = Math.ceil(count / 50);
    return { first: ids.toSorted().slice(0, 50), others: ids.filter((_, at) => at % step === 0), bytes };
  },
  unlock: (directory: string) =>
    cpuOf(async () => {
      client = await createClient({ store: directory, password: PASSWORD });
      tenant = await client.openTenant("bench");
    }),
  /** Opens it, and reads a document; what is read first is not what was edited. */
  first: (id: DocId) => cpuOf(async () => read(await open(), [id])),
  open: async () => {
    await open();
  },
  /** Reads these documents of the open database. */
  read: async (ids: readonly DocId[]) => {
    const before = compiled;
    const cpu = await cpuOf(async () => records && read(records, ids));
    return { cpu, compiled: compiled - before };
  },
  /** Reads a document of the open database, and edits it. */
  edit: (id: DocId) =>
    cpuOf(async () => {
      const doc = await records?.getDocument(id);
      if (doc !== undefined)
        await records?.changeDoc(doc, (draft) => {
          draft.getData().revenue += 1;
        });
    }),
  close: async () => client?.[Symbol.asyncDispose](),
  list: async (count: number) => {
    const database = await open();
    const cpu = await cpuOf(async () => {
      const listed = (await database.getAllDocumentIds()).length;
      if (listed !== count) throw new RangeError(`${listed} of ${count} are listed`);
    });
    return { cpu, memory: process.memoryUsage.rss() };
  },
  /** Resolves when what is shown is what the entries say. @returns the most memory that this process had, in bytes */
  verified: async () => {
    await new Promise((resolve) => records?.on("verified", resolve));
    return process.resourceUsage().maxRSS * 1024;
  },
});
