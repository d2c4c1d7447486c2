import { damaged } from "../damaged-index.ts";
import { listIn, numberIn, textIn } from "../value/read-json.ts";
import type { Json } from "../value/value-codec.ts";

/** Numbers of which one is said as how much more it is than the one before. */
export function encodeSteps(numbers: readonly number[]): Json {
  let before = 0;
  return numbers.map((number) => {
    const step = number - before;
    before = number;
    return step;
  });
}

/** @throws ViewError INDEX_DAMAGED */
export function decodeSteps(json: unknown): readonly number[] {
  let before = 0;
  return listIn(json).map((step) => {
    before += numberIn(step);
    return before;
  });
}

/** Numbers that are often all the same. */
export function encodeAlike(numbers: readonly number[]): number | readonly number[] {
  const [first = 0] = numbers;
  return numbers.every((number) => number === first) ? first : numbers;
}

/** @param length how many there are @throws ViewError INDEX_DAMAGED */
export function decodeAlike(json: unknown, length: number): readonly number[] {
  if (!Array.isArray(json)) return new Array<number>(length).fill(numberIn(json));
  if (json.length !== length) throw damaged("columns of different lengths");
  return json.map(numberIn);
}

/** Terms, which have no spaces. */
export function encodeTerms(terms: readonly string[]): string {
  return terms.join(" ");
}

/** @throws ViewError INDEX_DAMAGED */
export function decodeTerms(json: unknown): readonly string[] {
  const text = textIn(json);
  return text === "" ? [] : text.split(" ");
}
