/**
 * A sum of numbers without rounding: numbers whose exact sum it is, none of which overlaps another, ascending (Shewchuk, Adaptive Precision
 * Floating-Point Arithmetic, 1997, algorithm GROW-EXPANSION). So a sum is the same in whatever order numbers were added and taken away.
 */
export type ExactSum = readonly number[];

/** The sum of sums. */
export function addExactly(sums: Iterable<ExactSum>): ExactSum {
  const parts: number[] = [];
  let whole = 0; // integers, mostly all there is, come to one that a double holds
  for (const sum of sums)
    for (const part of sum) {
      const more = whole + part;
      if (Number.isSafeInteger(part) && Number.isSafeInteger(more)) whole = more;
      else grow(parts, part);
    }
  if (whole !== 0) grow(parts, whole);
  return parts;
}

/** The number that is nearest to it; ties as in IEEE 754. */
export function roundSum(parts: ExactSum): number {
  let at = parts.length - 1;
  let high = parts[at] ?? 0;
  let low = 0;
  while (at > 0 && low === 0) {
    const [before, next] = [high, parts[--at] ?? 0];
    high = before + next;
    low = next - (high - before);
  }
  // Half-way: the next part says to which side. As in Python's math.fsum.
  const below = parts[at - 1] ?? 0;
  if ((low < 0 && below < 0) || (low > 0 && below > 0)) {
    const doubled = low * 2;
    const moved = high + doubled;
    if (doubled === moved - high) return moved;
  }
  return high;
}

function grow(parts: number[], number: number): void {
  let rest = number;
  let kept = 0;
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] ?? 0;
    const sum = rest + part;
    const lost = Math.abs(rest) < Math.abs(part) ? rest - (sum - part) : part - (sum - rest);
    if (lost !== 0) parts[kept++] = lost;
    rest = sum;
  }
  parts.length = kept;
  if (rest !== 0) parts.push(rest);
}
