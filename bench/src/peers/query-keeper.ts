// A process that holds a database of orders, and asks it; and the same question of a plain array.
import {
  createClient,
  type Database,
  declareIndexes,
  memory,
  type Query,
  type QuerySource,
  query,
} from "@selkie/client";
import { cleanCpuMicroseconds } from "../measure.ts";
import { serve } from "./process.ts";

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

let orders: Database<Order> | undefined;
let objects: readonly Order[] = [];

function opened(): Database<Order> {
  if (orders === undefined) throw new RangeError("nothing is open");
  return orders;
}

/** The same, of which nobody knows an index. */
function bare(): QuerySource<Order> {
  const database = opened();
  return {
    ...{ name: database.name, tenant: database.tenant },
    findDocument: (id) => database.findDocument(id),
    iterateChangesSince: database.iterateChangesSince.bind(database),
  };
}

function orderOf(n: number): Order {
  return { region: `Region ${n % 10}`, customer: `Customer ${n % 5_000}`, amount: (n * 7_919) % 100_003 };
}

function plainAnswer(): readonly Order[] {
  return objects
    .filter(({ region, amount }) => region === REGION && amount >= LEAST)
    .sort((a, b) => b.amount - a.amount)
    .slice(0, LIMIT);
}

async function ask(): Promise<void> {
  const truth = plainAnswer();
  for (const source of [opened(), bare()]) {
    const rows = await query<Order>(source, asked);
    if (rows.length !== truth.length || rows.some(({ data }, at) => data.amount !== truth[at]?.amount))
      throw new RangeError("the answers differ");
  }
}

async function times(work: () => unknown): Promise<number> {
  const all = await cleanCpuMicroseconds(async () => {
    for (let time = 0; time < TIMES; time++) await work();
  });
  return all / TIMES;
}

serve({
  make: async (count: number) => {
    const client = await createClient({ store: memory(), password: "a password for the benchmark" });
    const tenant = await client.createTenant("bench", { user: "CN=alice" });
    orders = await tenant.openDB<Order>("orders");
    await orders.createDocuments(Array.from({ length: count }, (_, n) => orderOf(n)));
    objects = (await query<Order>(orders, {})).map(({ data }) => data);
    await ask();
  },
  index: () =>
    cleanCpuMicroseconds(async () => {
      const indexes = await declareIndexes(opened(), [{ name: "by region", on: ["region", "amount"] }]);
      await indexes.caughtUp();
    }),
  check: () => ask(),
  plain: () => times(plainAnswer),
  indexed: () => times(() => query(opened(), asked)),
  scan: () => cleanCpuMicroseconds(() => query(bare(), asked)),
});
