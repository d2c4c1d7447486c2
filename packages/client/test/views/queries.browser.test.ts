import { createClient, declareIndexes, explain, liveQuery, memory, type QueryRow, query } from "@selkie/client";
import { expect, test } from "vitest";

interface Order {
  region: string;
  amount: number;
}

test("a query is answered from an index, in the order of a language, and a live one follows what is changed", async () => {
  await using client = await createClient({ store: memory(), password: "alice-password" });
  const tenant = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const orders = await tenant.openDB<Order>("orders");
  await orders.createDocuments(["z", "ä", "a"].flatMap((region) => [1, 2].map((amount) => ({ region, amount }))));
  await using indexes = await declareIndexes(orders, [
    { name: "by region", on: [{ value: "region", language: "de" }, "amount"] },
  ]);
  await indexes.caughtUp();
  const asked = { where: { amount: { gt: 1 } }, orderBy: [{ value: "region", language: "de" }, "amount"] };
  expect((await query(orders, asked)).map(({ data }) => data.region)).toEqual(["a", "ä", "z"]);
  expect((await explain(orders, asked)).databases[0]?.index).toBe("by region");
  const { promise, resolve } = Promise.withResolvers<readonly QueryRow<Order>[]>();
  const off = liveQuery<Order>(orders, asked, (rows) => {
    if (rows.length === 4) resolve(rows);
  });
  await orders.createDocument({ region: "o", amount: 3 });
  expect((await promise).map(({ data }) => data.region)).toEqual(["a", "ä", "o", "z"]);
  off();
});
