import fc from "fast-check";
import { expect, it } from "vitest";
import { addExactly, roundSum } from "../../src/tree/exact-sum.ts";

/** The exact sum of doubles: as a multiple of the least that there is. */
function exactly(numbers: readonly number[]): bigint {
  const view = new DataView(new ArrayBuffer(8));
  return numbers.reduce((sum, number) => {
    view.setFloat64(0, number);
    const bits = view.getBigUint64(0);
    const exponent = (bits >> 52n) & 0x7ffn;
    const fraction = (bits & 0xf_ffff_ffff_ffffn) | (exponent === 0n ? 0n : 1n << 52n);
    const size = fraction << (exponent === 0n ? 0n : exponent - 1n);
    return bits >> 63n === 1n ? sum - size : sum + size;
  }, 0n);
}

const number = fc.oneof(
  fc.double({ noNaN: true, min: -1e300, max: 1e300 }),
  fc.integer(),
  fc.constantFrom(0.1, 0.2, 1e16, -1e16, 1e-16, 2 ** 53, 5e-324),
);

it("a sum is exact, and rounded once", () => {
  expect(roundSum(addExactly([[0.1], [0.2], [0.3], [-0.6]]))).toBe(exactRounded([0.1, 0.2, 0.3, -0.6]));
  expect(roundSum(addExactly([[1e16], [1], [-1e16]]))).toBe(1);
  expect(roundSum(addExactly([]))).toBe(0);
  fc.assert(
    fc.property(fc.array(number), (numbers) => {
      const sum = addExactly(numbers.map((one) => [one]));
      expect(exactly(sum)).toBe(exactly(numbers));
      expect(roundSum(sum)).toBe(exactRounded(numbers));
    }),
    { numRuns: 3_000 },
  );
});

it("it is the same however numbers are grouped, and after some were added and taken away", () => {
  fc.assert(
    fc.property(fc.array(number), fc.array(number), (kept, gone) => {
      const direct = addExactly(kept.map((one) => [one]));
      const detour = addExactly([
        addExactly([...gone, ...kept].map((one) => [one])),
        addExactly(gone.toReversed().map((one) => [-one])),
      ]);
      expect(roundSum(detour)).toBe(roundSum(direct));
    }),
    { numRuns: 3_000 },
  );
});

/** The nearest double, ties to even. */
function exactRounded(numbers: readonly number[]): number {
  const sum = exactly(numbers);
  const size = sum < 0n ? -sum : sum;
  const shift = BigInt(Math.max(0, size.toString(2).length - 53));
  let mantissa = size >> shift;
  const rest = size - (mantissa << shift);
  const half = shift === 0n ? 0n : 1n << (shift - 1n);
  if (shift > 0n && (rest > half || (rest === half && mantissa % 2n === 1n))) mantissa += 1n;
  const value = Number(mantissa) * 2 ** (Number(shift) - 1_074);
  return sum < 0n ? -value : value;
}
