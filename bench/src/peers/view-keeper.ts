// A process that makes a database of sales, and views of it; and the same report by plain means.
import {
  type Client,
  createClient,
  createView,
  type Database,
  type DocId,
  scanDocuments,
  type Tenant,
  type View,
  whenVerified,
} from "@selkie/client";
import { cleanCpuMicroseconds } from "../measure.ts";
import { type Sale, sale } from "../sale.ts";
import { serve } from "./process.ts";

const PASSWORD = "a password for the benchmark";
const CHANGES = 10;
/** Documents of the database that has no view. */
const OTHERS = 2_000;
/** Rows that somebody looks at. */
const SHOWN = 50;

interface Open {
  readonly client: Client;
  readonly tenant: Tenant;
  readonly sales: Database<Sale>;
  /** Of which there is no view: what ten changes cost by themselves. */
  readonly others: Database<Sale>;
}

let store = "";
let at: Open | undefined;
let ids: readonly DocId[] = [];
let otherIds: readonly DocId[] = [];
let objects: readonly Sale[] = [];
let view: View | undefined;
let edits = 0;

const columns = [
  { name: "region", value: "region", category: true },
  { name: "year", value: "year", category: true },
  { name: "customer", value: "customer", sort: "asc" },
  { name: "amount", value: "amount", total: "sum" },
] as const;

function opened(): Open {
  if (at === undefined) throw new RangeError("nothing is open");
  return at;
}

/** Opened, and all of it verified. */
async function open(client: Client): Promise<Open> {
  const tenant = await client.openTenant("bench");
  const sales = await tenant.openDB<Sale>("sales");
  at = { client, tenant, sales, others: await tenant.openDB<Sale>("others") };
  return at;
}

async function look(shown: View): Promise<void> {
  let rows = 0;
  for await (const { key } of shown.rows({ limit: SHOWN })) if (key !== "") rows += 1;
  if (rows !== SHOWN) throw new RangeError(`${rows} rows are shown`);
}

async function readAll(): Promise<readonly Sale[]> {
  const all: Sale[] = [];
  for await (const doc of scanDocuments(opened().sales)) all.push(doc.getData());
  return all;
}

/** Groups, sorted, with their sums: what the view shows. */
function plainReport(sales: readonly Sale[]): number {
  const { compare } = new Intl.Collator("en", { numeric: true });
  const regions = new Map<string, { sum: number; years: Map<number, { sum: number; sales: Sale[] }> }>();
  let total = 0;
  for (const one of sales) {
    const region = regions.get(one.region) ?? { sum: 0, years: new Map<number, { sum: number; sales: Sale[] }>() };
    regions.set(one.region, region);
    const year = region.years.get(one.year) ?? { sum: 0, sales: [] };
    region.years.set(one.year, year);
    year.sales.push(one);
    year.sum += one.amount;
    region.sum += one.amount;
    total += one.amount;
  }
  for (const [, { years }] of [...regions].sort(([a], [b]) => compare(a, b)))
    for (const [, year] of [...years].sort(([a], [b]) => a - b))
      year.sales.sort((a, b) => compare(a.customer, b.customer));
  return total;
}

/** Ten documents, all over a database, get other values; and somebody looks at the view then. */
async function changeAndLook(database: Database<Sale>, all: readonly DocId[]): Promise<void> {
  edits += 1;
  await database.transact(async (tx) => {
    for (let n = 0; n < CHANGES; n++) {
      const id = all[Math.floor((n * all.length) / CHANGES) + edits];
      if (id === undefined) throw new RangeError("there are too few documents");
      await tx.changeDoc(id, (draft) => {
        draft.getData().amount += edits;
        draft.getData().customer = `Customer ${edits * 31 + n}`;
      });
    }
  });
  if (view !== undefined) await look(view);
}

serve({
  make: async ({ directory, count }: { directory: string; count: number }) => {
    store = directory;
    const client = await createClient({ store, password: PASSWORD });
    const tenant = await client.createTenant("bench", { user: "CN=alice" });
    const sales = await tenant.openDB<Sale>("sales");
    const others = await tenant.openDB<Sale>("others");
    at = { client, tenant, sales, others };
    ids = await sales.createDocuments(Array.from({ length: count }, (_, n) => sale(n, count)));
    otherIds = await others.createDocuments(Array.from({ length: OTHERS }, (_, n) => sale(n, OTHERS)));
    objects = await readAll();
  },
  plain: () => cleanCpuMicroseconds(() => plainReport(objects)),
  /** The same, of the objects as they come out of the database. */
  read: () => cleanCpuMicroseconds(async () => plainReport(await readAll())),
  build: (name: string) =>
    cleanCpuMicroseconds(async () => {
      view = await createView(opened().sales, { name, columns });
      await look(view);
    }),
  change: () => cleanCpuMicroseconds(() => changeAndLook(opened().others, otherIds)),
  follow: () => cleanCpuMicroseconds(() => changeAndLook(opened().sales, ids)),
  close: async () => {
    await view?.[Symbol.asyncDispose]();
    view = undefined;
  },
  /** The client, once all entries are verified. */
  restart: async () => {
    await opened().client[Symbol.asyncDispose]();
    const client = await createClient({ store, password: PASSWORD });
    const { sales, others } = await open(client);
    await whenVerified(sales);
    await whenVerified(others);
  },
});
