// Orders and batches in which entries arrive.
import type { SeededRandom } from "../../../src/seeded-random.ts";

export function* permutations<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  if (items.length === 0) yield [];
  for (const [at, item] of items.entries()) {
    for (const rest of permutations(items.toSpliced(at, 1))) yield [item, ...rest];
  }
}

export function* subsets<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let chosen = 0; chosen < 2 ** items.length; chosen += 1) {
    yield items.filter((_, index) => ((chosen >> index) & 1) === 1);
  }
}

export function shuffled<Item>(items: readonly Item[], random: SeededRandom): readonly Item[] {
  const left = [...items];
  return items.flatMap(() => left.splice(random.below(left.length), 1));
}
