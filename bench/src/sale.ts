/** What the benchmarks of views and queries look at. */
export interface Sale {
  region: string;
  year: number;
  customer: string;
  amount: number;
}

/** @param of how many there are: as many customers, in no order */
export function sale(at: number, of: number): Sale {
  return {
    region: `region ${at % 17}`,
    year: 2000 + (at % 25),
    customer: `Customer ${(at * 7_919) % of}`,
    amount: (at * 104_729) % 1_000_000,
  };
}
