// Dora keeps the books of two companies, which are two tenants, and sees both in one report.
import type { ReportLine } from "../deeds.ts";
import type { DeviceProcess } from "../device-process.ts";
import type { CompanyOrder, Order } from "../orders.ts";
import { type Stage, switchOn } from "./stage.ts";

const YEAR_MS = 365 * 86_400_000;
const HOUR_MS = 3_600_000;
const COMPANIES = ["acme", "globex"] as const;

/** What Erik sells while Dora looks. */
export const SALE: Order = {
  date: "2025-12-31",
  region: "EMEA",
  customer: "Grimsby Foghorns",
  product: "ship bell",
  pieces: 4,
  amount: 1_240,
};

/** A report by region and quarter over both companies: as it is, while it changes, and as it was a year ago. */
export async function reportSales(stage: Stage, orders: readonly CompanyOrder[], url: string): Promise<void> {
  const { narrator } = stage;
  narrator.act("Dora keeps the books of two companies: a report over two tenants");
  const [before, since] = [orders.filter(isBefore), orders.filter((one) => !isBefore(one))];
  const yearAgo = Date.now() - YEAR_MS;
  const young = await switchOn(stage, "dora", { clockBehind: YEAR_MS + HOUR_MS });
  narrator.say(`her clock shows ${new Date(await young.ask("clock")).toISOString()}, more than a year ago`);
  for (const company of COMPANIES) {
    await young.ask("beginBooks", company, `CN=dora/O=${company}`);
    await young.ask("enter", company, ordersOf(before, company));
  }
  await young[Symbol.asyncDispose]();

  const dora = await switchOn(stage, "dora");
  for (const company of COMPANIES) {
    await dora.ask("openBooks", company);
    await dora.ask("enter", company, ordersOf(since, company));
  }
  await narrator.during("uploading", dora.ask("sendBooks", url));
  const now = await dora.ask("report");
  for (const line of now) narrator.say(printed(line));
  narrator.claim("its sums are those of the shipped list", agrees(now, orders));

  const erik = await switchOn(stage, "erik");
  const { request } = await erik.ask("askToJoin", "CN=erik/O=globex", { device: false });
  await erik.ask("joinBooks", await dora.ask("approveForBooks", "globex", request), url);
  await erik.ask("sendBooks", url);
  await dora.ask("watchReport");
  const drawn = await dora.ask("redrawn");
  await erik.ask("enter", "globex", [SALE]);
  await settleBooks(url, erik, dora);
  const redrawn = await dora.ask("redrawn");
  narrator.claim(
    `Erik sells something: of ${now.length} lines on Dora's screen three are drawn again (${redrawn.join(", ")})`,
    drawn.join() === "reset" && redrawn.join() === "EMEA,2025 Q4,all",
  );
  const sold = [...orders, { company: "globex", order: SALE }];
  narrator.claim("and her sums are right", agrees(await dora.ask("report"), sold));

  const then = await narrator.during("looking back", dora.ask("reportAt", yearAgo));
  narrator.claim(
    `as of ${new Date(yearAgo).toISOString().slice(0, 10)} it shows the ${before.length} orders there were then`,
    agrees(then, before),
  );
}

/** Those of the first year: entered a year ago. */
const isBefore = ({ order }: CompanyOrder): boolean => order.date < "2025";

function ordersOf(list: readonly CompanyOrder[], wanted: string): readonly Order[] {
  return list.filter(({ company }) => company === wanted).map(({ order }) => order);
}

/** Who writes sends, then the other receives. */
async function settleBooks(url: string, from: DeviceProcess, to: DeviceProcess): Promise<void> {
  for (const device of [from, to, to]) await device.ask("sendBooks", url);
}

/** Whether a report says what the orders come to, line by line. */
function agrees(lines: readonly ReportLine[], orders: readonly CompanyOrder[]): boolean {
  const sums = new Map<string, { amount: number; orders: number }>();
  const add = (title: string, amount: number): void => {
    const sum = sums.get(title) ?? { amount: 0, orders: 0 };
    sums.set(title, { amount: sum.amount + amount, orders: sum.orders + 1 });
  };
  for (const { order } of orders) {
    const quarter = `${order.date.slice(0, 4)} Q${Math.ceil(Number(order.date.slice(5, 7)) / 3)}`;
    for (const title of [order.region, `${order.region} ${quarter}`, "all"]) add(title, order.amount);
  }
  let region = "";
  return (
    lines.length === sums.size &&
    lines.every(({ level, title, amount, orders: count }) => {
      if (level === 0) region = title;
      const sum = sums.get(level === 0 ? title : `${region} ${title}`);
      return sum?.amount === amount && sum.orders === count;
    })
  );
}

function printed({ level, title, amount, orders }: ReportLine): string {
  const name = `${"  ".repeat(level)}${title}`.padEnd(12);
  return `${name} ${amount.toLocaleString("en").padStart(10)}  ${String(orders).padStart(5)} orders`;
}
