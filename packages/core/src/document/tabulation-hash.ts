/** How many random numbers it takes for byte strings of a length. */
export const numbersOf = (length: number): number => 256 * length;

/**
 * A number of 32 bits, of which all are good, of the bytes from `start` on: of each place and byte there a random number, all of them together.
 * Whoever chooses bytes and does not know the numbers can't make many meet (Pătraşcu and Thorup, The power of simple tabulation hashing, 2012).
 */
export function tabulationHash(numbers: Uint32Array, bytes: Uint8Array, start: number): number {
  let hash = 0;
  for (let at = start, row = 0; row < numbers.length; at++, row += 256) hash ^= numbers[row + (bytes[at] ?? 0)] ?? 0;
  return hash >>> 0;
}
