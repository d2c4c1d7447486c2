import { byCodeUnits, type Compare } from "./order.ts";

/** The order of texts in a language: those that it takes for equal are in the order of their code units. Null when there is no such language. */
export function collation(language: string): Compare<string> | null {
  const collator = newCollator(language);
  if (collator === null) return null;
  const { compare } = collator;
  return (a, b) => (a === b ? 0 : compare(a, b) || byCodeUnits(a, b));
}

function newCollator(language: string): Intl.Collator | null {
  try {
    return new Intl.Collator([language, "en"], { numeric: true }); // not that of the device, where it does not know the language
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Characters that runtimes may come to order otherwise. */
const SAMPLED: readonly (readonly [from: number, to: number])[] = [
  ...([
    [0x21, 0x7e],
    [0xa1, 0x17f],
    [0x391, 0x3c9],
    [0x410, 0x44f],
    [0x5d0, 0x5ea],
    [0x621, 0x64a],
  ] as const),
  ...([
    [0x905, 0x939],
    [0xe01, 0xe2e],
    [0x3042, 0x3093],
    [0x4e00, 0x4e3f],
    [0xac00, 0xac1f],
  ] as const),
];
const stamps = new Map<string, number>();

/** Another number where this runtime orders texts of a language otherwise than another did, as far as some hundred characters tell. */
export function collationStamp(language: string): number {
  const known = stamps.get(language);
  if (known !== undefined) return known;
  const characters = SAMPLED.flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, at) => String.fromCharCode(from + at)),
  );
  // FNV-1a, 32 bits
  const stamp = characters
    .sort(collation(language) ?? byCodeUnits)
    .reduce((hash, character) => Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5);
  stamps.set(language, stamp);
  return stamp;
}
