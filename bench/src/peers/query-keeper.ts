// A process that makes a database of orders, and asks it, with an index and without; and the same of a plain array.
import {
  type Client,
  createClient,
  type Database,
  type DeclaredIndexes,
  type DocId,
  declareIndexes,
  type Query,
  query,
  scanDocuments,
  whenVerified,
} from "@selkie/client";
import { cleanCpuMicroseconds } from "../measure.ts";
import { serve } from "./process.ts";

interface Order {
  region: string;
  customer: string;
  amount: number;
}

interface Open {
  readonly client: Client;
  readonly orders: Database<Order>;
  /** Of which there is no index: what ten changes cost by themselves. */
  readonly others: Database<Order>;
}

const PASSWORD = "a password for the benchmark";
const CHANGES = 10;
/** Documents of the database that has no index: as many as are looked at fast. */
const OTHERS = 2_000;
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

let store = "";
let at: Open | undefined;
let ids: readonly DocId[] = [];
let otherIds: readonly DocId[] = [];
let objects: readonly Order[] = [];
let indexes: DeclaredIndexes | undefined;
let edits = 0;

function opened(): Open {
  if (at === undefined) throw new RangeError("nothing is open");
  return at;
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

async function readAll(): Promise<readonly Order[]> {
  const all: Order[] = [];
  for await (const doc of scanDocuments(opened().orders)) all.push(doc.getData());
  return all;
}

/** By region, and in each by amount: what the index holds. */
function grouped(orders: readonly Order[]): number {
  const regions = Map.groupBy(orders, ({ region }) => region);
  for (const region of regions.values()) region.sort((a, b) => a.amount - b.amount);
  return regions.size;
}

async function answers(database: Database<Order>): Promise<readonly Order[]> {
  const rows = (await query<Order>(database, asked)).map(({ data }) => data);
  if (rows.length !== LIMIT) throw new RangeError(`${rows.length} rows are found`);
  return rows;
}

async function times(work: () => unknown): Promise<number> {
  const all = await cleanCpuMicroseconds(async () => {
    for (let time = 0; time < TIMES; time++) await work();
  });
  return all / TIMES;
}

/** Ten documents, all over a database, get other amounts; and somebody asks the index for the largest then. */
async function changeAndAsk(database: Database<Order>, all: readonly DocId[]): Promise<void> {
  edits += 1;
  await database.transact(async (tx) => {
    for (let n = 0; n < CHANGES; n++) {
      const id = all[Math.floor((n * all.length) / CHANGES) + edits];
      if (id === undefined) throw new RangeError("there are too few documents");
      await tx.changeDoc(id, (draft) => {
        draft.getData().amount = LEAST + edits * CHANGES + n;
      });
    }
  });
  await answers(opened().orders);
}

serve({
  make: async ({ directory, count }: { directory: string; count: number }) => {
    store = directory;
    const client = await createClient({ store, password: PASSWORD });
    const tenant = await client.createTenant("bench", { user: "CN=alice" });
    const [orders, others] = [await tenant.openDB<Order>("orders"), await tenant.openDB<Order>("others")];
    at = { client, orders, others };
    ids = await orders.createDocuments(Array.from({ length: count }, (_, n) => orderOf(n)));
    otherIds = await others.createDocuments(Array.from({ length: OTHERS }, (_, n) => orderOf(n)));
    objects = await readAll();
  },
  plain: () => times(plainAnswer),
  /** Grouped and sorted, of the objects as they come out of the database. */
  read: () =>
    cleanCpuMicroseconds(async () => {
      objects = await readAll();
      grouped([...objects]);
    }),
  /** Each looked at: there is no index. */
  scan: () => cleanCpuMicroseconds(() => answers(opened().orders)),
  build: (name: string) =>
    cleanCpuMicroseconds(async () => {
      indexes = await declareIndexes(opened().orders, [{ name, on: ["region", "amount"] }]);
      await indexes.caughtUp();
      await answers(opened().orders);
    }),
  indexed: () => times(() => answers(opened().orders)),
  check: async () => {
    const [rows, truth] = [await answers(opened().orders), plainAnswer()];
    if (rows.some(({ amount }, row) => amount !== truth[row]?.amount)) throw new RangeError("the answers differ");
  },
  change: () => cleanCpuMicroseconds(() => changeAndAsk(opened().others, otherIds)),
  follow: () => cleanCpuMicroseconds(() => changeAndAsk(opened().orders, ids)),
  close: async () => {
    await indexes?.[Symbol.asyncDispose]();
    indexes = undefined;
  },
  /** The client, once all entries are verified. */
  restart: async () => {
    await opened().client[Symbol.asyncDispose]();
    const client = await createClient({ store, password: PASSWORD });
    const tenant = await client.openTenant("bench");
    at = { client, orders: await tenant.openDB<Order>("orders"), others: await tenant.openDB<Order>("others") };
    await whenVerified(at.orders);
    await whenVerified(at.others);
  },
});
