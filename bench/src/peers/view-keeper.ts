// A process that makes a database of sales, and views of it; and the same report by plain means.
import { createView, scanDocuments, type View } from "@selkie/client";
import { cleanCpuMicroseconds, freshCpuMicroseconds } from "../measure.ts";
import { type Sale, sale } from "../sale.ts";
import { serve } from "./process.ts";
import { OTHERS, TwoDatabases } from "./two-databases.ts";

/** Rows that somebody looks at. */
const SHOWN = 50;

const databases = new TwoDatabases<Sale>();
let objects: readonly Sale[] = [];
let view: View | undefined;

const columns = [
  { name: "region", value: "region", category: true },
  { name: "year", value: "year", category: true },
  { name: "customer", value: "customer", sort: "asc" },
  { name: "amount", value: "amount", total: "sum" },
] as const;

async function look(shown: View): Promise<void> {
  let rows = 0;
  for await (const { key } of shown.rows({ limit: SHOWN })) if (key !== "") rows += 1;
  if (rows !== SHOWN) throw new RangeError(`${rows} rows are shown`);
}

async function readAll(): Promise<readonly Sale[]> {
  const all: Sale[] = [];
  for await (const doc of scanDocuments(databases.own)) all.push(doc.getData());
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

async function open(name: string): Promise<void> {
  view = await createView(databases.own, { name, columns });
  await look(view);
}

/** Ten documents, all over a database, get other values; and somebody looks at the view then. */
async function changeAndLook(which: "own" | "others"): Promise<void> {
  await databases.change(which, (turn) => (sale, n) => {
    sale.amount += turn;
    sale.customer = `Customer ${turn * 31 + n}`;
  });
  if (view !== undefined) await look(view);
}

serve({
  make: async ({ directory, count }: { directory: string; count: number }) => {
    const sales = (many: number) => Array.from({ length: many }, (_, n) => sale(n, many));
    await databases.make(directory, sales(count), sales(OTHERS));
    objects = await readAll();
  },
  plain: () => cleanCpuMicroseconds(() => plainReport(objects)),
  /** The same, of the objects as they come out of the database. */
  read: () => cleanCpuMicroseconds(async () => plainReport(await readAll())),
  build: (name: string) => cleanCpuMicroseconds(() => open(name)),
  reopen: (name: string) => freshCpuMicroseconds(() => open(name)),
  change: () => freshCpuMicroseconds(() => changeAndLook("others")),
  follow: () => freshCpuMicroseconds(() => changeAndLook("own")),
  close: async () => {
    await view?.[Symbol.asyncDispose]();
    view = undefined;
  },
  /** The client, once all entries are verified. */
  restart: () => databases.restart(),
});
