// The data of a document as bytes and back: JSON, which JavaScript reads faster than anything else, and beside it what JSON can't say.
import { fromHex, toHex } from "@selkie/entry";
import { changeLimits } from "../automerge/change-limits.ts";
import { counter } from "../automerge/counter.ts";
import { freezeDeep } from "../automerge/freeze.ts";
import { isMap } from "../automerge/plain-data.ts";
import { isCounter } from "../automerge/values.ts";

type Path = readonly (string | number)[];
/** A value that JSON has no word for: where it is, what it is, and its text. */
type Special = readonly [path: Path, kind: "bytes" | "date" | "number" | "bigint" | "counter", text: string];

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Null for data of which what comes back would not be the same: Automerge has to be asked. */
export function encodeProjection(data: object): Uint8Array | null {
  const specials: Special[] = [];
  if (!isSaid(data, [], specials)) return null;
  const text = specials.length === 0 ? JSON.stringify([data]) : JSON.stringify([blanked(data), specials]);
  return encoder.encode(text);
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

/** Whether JSON, and the specials that this collects, say all of a value. */
function isSaid(value: unknown, path: Path, specials: Special[]): boolean {
  const special = specialOf(value);
  if (special !== null) specials.push([path, ...special]);
  if (special !== null || value === null || typeof value !== "object") return special !== null || isPlain(value);
  if (path.length > changeLimits.depth + 1 || !(Array.isArray(value) || isMap(value))) return false;
  // SECURITY: D6. The gate lets no such key pass; what has one all the same is not for JSON to make an object of.
  if (Object.hasOwn(value, "__proto__")) return false;
  return Object.keys(value).every((key) =>
    isSaid(Reflect.get(value, key), [...path, Array.isArray(value) ? Number(key) : key], specials),
  );
}

function isPlain(value: unknown): boolean {
  return value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function specialOf(value: unknown): readonly [Special[1], string] | null {
  if (typeof value === "bigint") return ["bigint", String(value)];
  if (typeof value === "number")
    return Number.isFinite(value) && !Object.is(value, -0)
      ? null
      : ["number", Object.is(value, -0) ? "-0" : String(value)];
  if (value instanceof Uint8Array) return ["bytes", toHex(value)];
  if (value instanceof Date) return ["date", String(value.getTime())];
  if (typeof value !== "object" || value === null || !isCounter(value)) return null;
  const count: unknown = Reflect.get(value, "value");
  return typeof count === "number" ? ["counter", String(count)] : null;
}

function valueFrom(kind: Special[1], text: string): unknown {
  switch (kind) {
    case "bytes":
      return fromHex(text);
    case "date":
      return new Date(Number(text));
    case "number":
      return Number(text);
    case "bigint":
      return BigInt(text);
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
