import { describeEvent } from "./event.ts";
import { minimise } from "./minimise.ts";
import { runSeed, type SeedResult } from "./run-seed.ts";

const full = process.env["SELKIE_TEST_FULL"] !== undefined;
const one = process.env["SEED"];
const [count = full ? "500" : "50"] = process.argv.slice(2);
const seeds = one === undefined ? Array.from({ length: Number(count) }, (_, at) => String(at + 1)) : [one];

let failed = 0;
for (const seed of seeds) {
  const result = await runSeed(seed);
  console.log(summary(result));
  if (result.failures.length === 0) continue;
  failed += 1;
  await explain(result);
}
console.log(`${seeds.length - failed} of ${seeds.length} seeds held`);
process.exitCode = failed === 0 ? 0 : 1;

function summary({ seed, trace, failures, acts, duration }: SeedResult): string {
  const verdict = failures.length === 0 ? "holds" : "FAILS";
  return `SEED=${seed} ${verdict}  ${acts} acts, ${(duration / 1_000).toFixed(1)} s of virtual time, trace ${trace}`;
}

async function explain(result: SeedResult): Promise<void> {
  const { events, failures } = await minimise(result);
  console.log(`  ${failures.slice(0, 10).join("\n  ")}`);
  console.log(`  ${events.length} of ${result.events.length} events are enough:`);
  for (const event of events) console.log(`  ${describeEvent(event)}`);
}
