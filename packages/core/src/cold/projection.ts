// The data of a document as bytes and back: JSON, which JavaScript reads faster than anything else, and beside it what JSON can't say.
import { fromHex, toHex } from "@selkie/entry";
import { changeLimits } from "../automerge/change-limits.ts";
import { counter } from "../automerge/counter.ts";
import { freezeDeep } from "../automerge/freeze.ts";
import { isMap } from "../automerge/plain-data.ts";
import { isCounter } from "../automerge/values.ts";

type Path = readonly (string | number)[];
/** A value that JSON has no word for: where it is, what it is, and its text. */
type Special = readonly [path: Path, kind: "bytes" | "date" | "number" | "counter", text: string];

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes of a projection: what is larger is read from its entries, as a page is read whole, for each of its documents. */
const MOST_BYTES = 2 ** 16;

/** Null for data that is large, or of which what comes back would not be the same: Automerge has to be asked. */
export function encodeProjection(data: object): Uint8Array | null {
  const saying = { specials: [], left: MOST_BYTES };
  if (!isSaid(data, { path: [], length: 0 }, saying)) return null;
  const { specials } = saying;
  const text = specials.length === 0 ? JSON.stringify([data]) : JSON.stringify([blanked(data), specials]);
  const bytes = encoder.encode(text);
  return bytes.length > MOST_BYTES ? null : bytes;
}

/** Frozen, as a document shows it. */
export function decodeProjection(bytes: Uint8Array): object {
  const [data, specials = []] = JSON.parse(decoder.decode(bytes)) as readonly [object, (readonly Special[])?];
  for (const [path, kind, text] of specials) {
    const place = path.slice(0, -1).reduce<object>((at, key) => Reflect.get(at, key) as object, data);
    Reflect.set(place, path.at(-1) ?? "", valueFrom(kind, text));
  }
  return freezeDeep(data);
}

/** Where a value is, and about how long that is as text. */
interface Place {
  readonly path: Path;
  readonly length: number;
}

interface Saying {
  readonly specials: Special[];
  /** Characters, about, that may still come. */
  left: number;
}

/**
 * Whether JSON, and the specials that this collects, say all of a value in so many characters.
 * SECURITY: D12. A special is said with its whole path, so that a long key may come very often: it is counted before anything is written.
 * Test: projection.test.ts "D12 ...".
 */
function isSaid(value: unknown, { path, length }: Place, saying: Saying): boolean {
  saying.left -= lengthOf(value);
  if (saying.left < 0) return false;
  const special = specialOf(value);
  if (special !== null) {
    saying.left -= length;
    saying.specials.push([path, ...special]);
    return saying.left >= 0;
  }
  if (value === null || typeof value !== "object") return isPlain(value);
  if (path.length > changeLimits.depth + 1 || !(Array.isArray(value) || isMap(value))) return false;
  // SECURITY: D6. The gate lets no such key pass; what has one all the same is not for JSON to make an object of.
  if (Object.hasOwn(value, "__proto__")) return false;
  return Object.keys(value).every((key) => {
    const place = { path: [...path, Array.isArray(value) ? Number(key) : key], length: length + key.length };
    if (!Array.isArray(value)) saying.left -= key.length;
    return isSaid(Reflect.get(value, key), place, saying);
  });
}

/** Of what is long by itself; of anything else at least one. */
function lengthOf(value: unknown): number {
  if (typeof value === "string") return value.length + 1;
  return value instanceof Uint8Array ? 2 * value.length : 1;
}

function isPlain(value: unknown): boolean {
  return value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function specialOf(value: unknown): readonly [Special[1], string] | null {
  if (typeof value === "number")
    return Number.isFinite(value) && !Object.is(value, -0)
      ? null
      : ["number", Object.is(value, -0) ? "-0" : String(value)];
  if (value instanceof Uint8Array) return ["bytes", toHex(value)];
  if (value instanceof Date) return ["date", String(value.getTime())];
  if (typeof value !== "object" || value === null || !isCounter(value)) return null;
  return ["counter", String(Number(value))];
}

function valueFrom(kind: Special[1], text: string): unknown {
  switch (kind) {
    case "bytes":
      return fromHex(text);
    case "date":
      return new Date(Number(text));
    case "number":
      return Number(text);
    case "counter":
      return counter(Number(text));
  }
}

/** The same with null in the place of each special. */
function blanked(value: unknown): unknown {
  if (specialOf(value) !== null) return null;
  if (Array.isArray(value)) return value.map(blanked);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, blanked(item)]));
}
