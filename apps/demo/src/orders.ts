import { readTable } from "./read-table.ts";

/** An order in the books of a company. */
export interface Order {
  /** The day, as ISO 8601 writes it. */
  date: string;
  region: string;
  customer: string;
  product: string;
  pieces: number;
  /** In whole euros. */
  amount: number;
}

/** One line of the shipped orders. */
export interface CompanyOrder {
  readonly company: string;
  readonly order: Order;
}

const COLUMNS = "date,company,region,customer,product,pieces,amount";

/** Reads the orders that are shipped with the guides: 1,200 of two companies in two years, by invented customers. */
export async function readOrders(): Promise<readonly CompanyOrder[]> {
  const rows = await readTable(new URL("../../../docs/guides/data/sales.csv", import.meta.url), COLUMNS);
  return rows.map((row) => {
    const [date = "", company = "", region = "", customer = "", product = "", pieces, amount] = row;
    return { company, order: { date, region, customer, product, pieces: Number(pieces), amount: Number(amount) } };
  });
}
