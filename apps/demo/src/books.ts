import { type Client, type Connection, createView, type Database, type Tenant, type View } from "@selkie/client";
import type { BookDeeds, ReportLine } from "./deeds.ts";
import type { Order } from "./orders.ts";

const DATABASE = "orders";

/** The books of one company. */
interface Books {
  readonly tenant: Tenant;
  readonly orders: Database<Order>;
  line: Connection | null;
}

/** A person who keeps the books of companies: each is a tenant of its own. */
export function booksOf(client: Client): BookDeeds {
  const kept = new Map<string, Books>();
  const redrawn: string[] = [];
  let report: View | null = null;
  const keep = async (tenant: Tenant, line: Connection | null = null): Promise<void> => {
    kept.set(tenant.name, { tenant, orders: await tenant.openDB<Order>(DATABASE), line });
  };
  const booksNamed = (company: string): Books => {
    const books = kept.get(company);
    if (books === undefined) throw new RangeError("this device keeps no such books");
    return books;
  };
  return {
    beginBooks: async (company, user) => keep(await client.createTenant(company, { user })),
    openBooks: async (company) => keep(await client.openTenant(company)),
    joinBooks: async (response, url) => {
      const tenant = await client.joinTenant(response);
      const line = await tenant.connect(url);
      await line.synced();
      await keep(tenant, line);
    },
    approveForBooks: async (company, request) => {
      const { directory } = booksNamed(company).tenant;
      return (await directory.approveJoinRequest(request, { role: "editor" })).toString();
    },
    enter: async (company, list) => (await booksNamed(company).orders.createDocuments(list)).length,
    sendBooks: async (url) => {
      for (const books of kept.values()) {
        books.line ??= await books.tenant.connect(url);
        await books.line.synced();
      }
    },
    report: async () => {
      report ??= await reportOf([...kept.values()].map(({ orders }) => orders));
      return linesOf(report);
    },
    reportAt: async (time) => {
      await using databases = new AsyncDisposableStack();
      const past = [];
      for (const { tenant } of kept.values())
        past.push(databases.use(await tenant.openDB<Order>(DATABASE, { at: new Date(time) })));
      await using then = await reportOf(past);
      return await linesOf(then); // it is open until then
    },
    watchReport: async () => {
      report?.subscribe(
        (patches) => {
          for (const patch of patches) redrawn.push("row" in patch ? titleOf(patch.row.values) : patch.type);
        },
        { expand: 1 },
      );
    },
    redrawn: async () => {
      if (report !== null) await linesOf(report); // what it shows, its listeners were told of
      return redrawn.splice(0);
    },
  };
}

function reportOf(sources: Parameters<typeof createView<Order>>[0]): Promise<View> {
  return createView(sources, {
    name: "sales by region and quarter",
    columns: [
      { name: "region", value: "region", category: true },
      { name: "quarter", value: 'text(year(date)) & " Q" & text(quarter(date))', category: true },
      { name: "customer", value: "customer", sort: "asc" },
      { name: "amount", value: "amount", total: "sum" },
    ],
  });
}

async function linesOf(report: View): Promise<readonly ReportLine[]> {
  const lines: ReportLine[] = [];
  for await (const { level, documents, values } of report.rows({ expand: 1 }))
    lines.push({ level, title: titleOf(values), amount: Number(values["amount"]), orders: documents });
  return lines;
}

const titleOf = (values: Readonly<Record<string, unknown>>): string =>
  String(values["quarter"] ?? values["region"] ?? "all");
