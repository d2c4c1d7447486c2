/** What the benchmarks write: five fields, about 240 bytes as an Automerge change. */
export interface BenchRecord {
  name: string;
  email: string;
  city: string;
  revenue: number;
  note: string;
}

export function record(at: number): BenchRecord {
  return {
    name: `Person Number ${at}`,
    email: `person.${at}@company-${at % 97}.example`,
    city: ["Oulu", "Graz", "Cusco", "Kyoto", "Halifax"][at % 5] ?? "Oulu",
    revenue: (at * 7_919) % 1_000_000,
    note: `Met at the fair, wants an offer for ${at % 13} seats.`,
  };
}
