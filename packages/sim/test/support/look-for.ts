import { toHex } from "@selkie/entry";

/** Every byte string and text that is reachable from a value, as bytes: a disk, a list of frames, a log. */
export function everyByteOf(value: unknown, seen = new Set<unknown>()): Uint8Array[] {
  if (value instanceof Uint8Array) return [value];
  if (typeof value === "string") return [Buffer.from(value)];
  if (typeof value !== "object" || value === null || seen.has(value)) return [];
  seen.add(value);
  const inside =
    value instanceof Map
      ? [...value].flat()
      : value instanceof Set
        ? [...value]
        : [...Object.keys(value), ...Object.values(value)];
  return inside.flatMap((item) => everyByteOf(item, seen));
}

/** The forms in which a text or bytes may lie somewhere: as they are, in hexadecimal, in both base64s, as UTF-16. */
function formsOf(needle: string | Uint8Array): readonly Buffer[] {
  const bytes = Buffer.from(needle);
  const base64 = bytes.toString("base64").replace(/=+$/, "");
  const texts = [toHex(bytes), toHex(bytes).toUpperCase(), base64, bytes.toString("base64url")];
  const wide = typeof needle === "string" ? [Buffer.from(needle, "utf16le")] : [];
  return [bytes, ...wide, ...texts.map((text) => Buffer.from(text))];
}

/** Which of the named needles lie in the haystack, in any form. */
export function found(
  haystack: readonly Uint8Array[],
  needles: Readonly<Record<string, string | Uint8Array>>,
): readonly string[] {
  const all = Buffer.concat(haystack.flatMap((bytes) => [bytes, Buffer.of(0)]));
  return Object.entries(needles)
    .filter(([, needle]) => formsOf(needle).some((form) => all.includes(form)))
    .map(([name]) => name);
}
