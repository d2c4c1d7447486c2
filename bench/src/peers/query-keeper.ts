// A process that makes a database of orders, and asks it, with an index and without; and the same of a plain array.
import { type DeclaredIndexes, declareIndexes, type Query, query, scanDocuments } from "@selkie/client";
import { cleanCpuMicroseconds, freshCpuMicroseconds } from "../measure.ts";
import { serve } from "./process.ts";
import { CHANGES, OTHERS, TwoDatabases } from "./two-databases.ts";

interface Order {
  region: string;
  customer: string;
  amount: number;
}

const LIMIT = 50;
const LEAST = 1_000;
const REGION = "Region 3";
/** A single answer takes less than the clock tells. */
const TIMES = 20;

const asked: Query = {
  where: { region: REGION, amount: { gte: LEAST } },
  orderBy: { value: "amount", sort: "desc" },
  limit: LIMIT,
};

const databases = new TwoDatabases<Order>();
let objects: readonly Order[] = [];
let indexes: DeclaredIndexes | undefined;

function orderOf(n: number): Order {
  return { region: `Region ${n % 10}`, customer: `Customer ${n % 5_000}`, amount: (n * 7_919) % 100_003 };
}

function plainAnswer(): readonly Order[] {
  return objects
    .filter(({ region, amount }) => region === REGION && amount >= LEAST)
    .sort((a, b) => b.amount - a.amount)
    .slice(0, LIMIT);
}

async function readAll(): Promise<readonly Order[]> {
  const all: Order[] = [];
  for await (const doc of scanDocuments(databases.own)) all.push(doc.getData());
  return all;
}

/** By region, and in each by amount: what the index holds. */
function grouped(orders: readonly Order[]): number {
  const regions = Map.groupBy(orders, ({ region }) => region);
  for (const region of regions.values()) region.sort((a, b) => a.amount - b.amount);
  return regions.size;
}

async function answers(): Promise<readonly Order[]> {
  const rows = (await query<Order>(databases.own, asked)).map(({ data }) => data);
  if (rows.length !== LIMIT) throw new RangeError(`${rows.length} rows are found`);
  return rows;
}

async function times(work: () => unknown): Promise<number> {
  const all = await cleanCpuMicroseconds(async () => {
    for (let time = 0; time < TIMES; time++) await work();
  });
  return all / TIMES;
}

async function declareAndAsk(name: string): Promise<void> {
  indexes = await declareIndexes(databases.own, [{ name, on: ["region", "amount"] }]);
  await indexes.caughtUp();
  await answers();
}

/** Ten documents, all over a database, get other amounts; and somebody asks the index for the largest then. */
async function changeAndAsk(which: "own" | "others"): Promise<void> {
  await databases.change(which, (turn) => (order, n) => {
    order.amount = LEAST + turn * CHANGES + n;
  });
  await answers();
}

serve({
  make: async ({ directory, count }: { directory: string; count: number }) => {
    const orders = (many: number) => Array.from({ length: many }, (_, n) => orderOf(n));
    await databases.make(directory, orders(count), orders(OTHERS));
    objects = await readAll();
  },
  plain: () => times(plainAnswer),
  /** Grouped and sorted, of the objects as they come out of the database. */
  read: () =>
    cleanCpuMicroseconds(async () => {
      objects = await readAll();
      grouped(objects);
    }),
  /** Each looked at: there is no index. */
  scan: () => cleanCpuMicroseconds(() => answers()),
  build: (name: string) => cleanCpuMicroseconds(() => declareAndAsk(name)),
  reopen: (name: string) => freshCpuMicroseconds(() => declareAndAsk(name)),
  indexed: () => times(() => answers()),
  check: async () => {
    const [rows, truth] = [await answers(), plainAnswer()];
    if (rows.some(({ amount }, row) => amount !== truth[row]?.amount)) throw new RangeError("the answers differ");
  },
  change: () => freshCpuMicroseconds(() => changeAndAsk("others")),
  follow: () => freshCpuMicroseconds(() => changeAndAsk("own")),
  close: async () => {
    await indexes?.[Symbol.asyncDispose]();
    indexes = undefined;
  },
  /** The client, once all entries are verified. */
  restart: () => databases.restart(),
});
