import type { Compare } from "../value/order.ts";
import type { Value } from "../value/value.ts";
import type { Entry } from "./entry.ts";

/** With fewer entries of one lead it is no faster to put them together than to compare each with all others. */
const FEWEST_OF_ONE = 8;

/** Entries that begin alike: with a text, or with a key's parts up to its first text. */
interface Group {
  readonly lead: Value;
  readonly entries: Entry[];
}

/**
 * Sorts many entries of one category. Where they begin with few texts, each of these is compared with the others once, and entries with those
 * of their own.
 * @param compare of what sorts entries first; of keys that begin alike the shorter one comes first
 */
export function sortByLead(entries: Entry[], compare: Compare<Value>, within: Compare<Entry>): readonly Entry[] {
  const groups = groupsOf(entries)?.sort((a, b) => compare(a.lead, b.lead));
  if (groups === undefined) return entries.sort(within);
  const sorted: Entry[] = [];
  for (let at = 0; at < groups.length; ) {
    const { lead, entries: together } = groups[at] ?? { lead: null, entries: [] };
    // Texts that are not the same may be equal in the order of a language.
    for (at++; at < groups.length && compare(lead, groups[at]?.lead ?? null) === 0; at++)
      for (const entry of groups[at]?.entries ?? []) together.push(entry);
    for (const entry of together.sort(within)) sorted.push(entry);
  }
  return sorted;
}

/** Undefined where some begin with no text, or all with too many; and where some stand beneath others. */
function groupsOf(entries: readonly Entry[]): Group[] | undefined {
  const [first] = entries;
  const before = first === undefined ? null : partsBefore(first.sort[0]);
  if (before === null) return undefined;
  const groups = new Map<string, Group>();
  for (const entry of entries) {
    const text = entry.above === undefined ? textBehind(before, entry.sort[0]) : null;
    if (text === null) return undefined;
    const group = groups.get(text);
    if (group !== undefined) group.entries.push(entry);
    else if (groups.size * FEWEST_OF_ONE > entries.length) return undefined;
    else groups.set(text, { lead: before === "none" ? text : [...before, text], entries: [entry] });
  }
  return [...groups.values()];
}

/** Of a key what stands before its first text, none or one part; `none` for a text. Null for what begins otherwise. */
function partsBefore(value: Value | undefined): readonly [] | readonly [Value] | "none" | null {
  if (typeof value === "string") return "none";
  if (!Array.isArray(value)) return null;
  const [one, other]: readonly Value[] = value;
  if (typeof one === "string") return [];
  return typeof other === "string" ? [one] : null;
}

function textBehind(before: readonly Value[] | "none", value: Value | undefined): string | null {
  if (before === "none") return typeof value === "string" ? value : null;
  if (!Array.isArray(value) || (before.length === 1 && value[0] !== before[0])) return null;
  const text: unknown = value[before.length];
  return typeof text === "string" ? text : null;
}
