import type { Compare } from "../value/order.ts";
import type { Value } from "../value/value.ts";
import type { Entry } from "./entry.ts";
import { sortByNumber, sortByText } from "./sort-apart.ts";

/** With fewer entries of one lead it is no faster to put them together than to compare each with all others. */
const FEWEST_OF_ONE = 8;

/** Entries that begin alike: with a text, or with a key's parts up to its first text. */
interface Group {
  readonly lead: Value;
  readonly entries: Entry[];
}

/**
 * Sorts many entries of one category. Where they begin with few texts, each of these is compared with the others once, and entries with those
 * of their own. Texts and numbers that they begin with, and numbers that come next, are sorted apart.
 * @param compare of what sorts entries first; of keys that begin alike the shorter one comes first
 */
export function sortByLead(entries: Entry[], compare: Compare<Value>, within: Compare<Entry>): readonly Entry[] {
  const [first] = entries;
  if (first === undefined) return entries;
  const before = partsBefore(first.sort[0]);
  const groups = before === null ? undefined : groupsOf(entries, before)?.sort((a, b) => compare(a.lead, b.lead));
  if (before === null || groups === undefined)
    return (
      (before === "none" ? sortByText(entries, compare, within) : null) ?? sortByNumber(entries, leadOf(first), within)
    );
  const sorted: Entry[] = [];
  for (let at = 0; at < groups.length; ) {
    const { lead, entries: together } = groups[at] ?? { lead: null, entries: [] };
    // Texts that are not the same may be equal in the order of a language.
    for (at++; at < groups.length && compare(lead, groups[at]?.lead ?? null) === 0; at++)
      for (const entry of groups[at]?.entries ?? []) together.push(entry);
    for (const entry of sortByNumber(together, (entry) => valueBehind(before, entry), within)) sorted.push(entry);
  }
  return sorted;
}

/** Undefined where some begin with no text, or all with too many; and where some stand beneath others. */
function groupsOf(entries: readonly Entry[], before: Before): Group[] | undefined {
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

/** Of a key what stands before its first text, none or one part; `none` for a text. */
type Before = readonly [] | readonly [Value] | "none";

/** Null for what begins otherwise. */
function partsBefore(value: Value | undefined): Before | null {
  if (typeof value === "string") return "none";
  if (!Array.isArray(value)) return null;
  const [one, other]: readonly Value[] = value;
  if (typeof one === "string") return [];
  return typeof other === "string" ? [one] : null;
}

function textBehind(before: Before, value: Value | undefined): string | null {
  if (before === "none") return typeof value === "string" ? value : null;
  if (!Array.isArray(value) || (before.length === 1 && value[0] !== before[0])) return null;
  const text: unknown = value[before.length];
  return typeof text === "string" ? text : null;
}

/** What follows the lead. */
function valueBehind(before: Before, { sort }: Entry): Value {
  if (before === "none") return sort[1];
  const key: Value = sort[0];
  return Array.isArray(key) ? key[before.length + 1] : undefined;
}

/** What entries begin with, where they begin as one of them does: of a key its first part, or the second behind a first that is no number. */
function leadOf({ sort: [lead] }: Entry): (entry: Entry) => Value {
  const [one]: readonly Value[] = Array.isArray(lead) ? lead : [];
  return ({ sort: [value], above }) => {
    if (above !== undefined || Array.isArray(value) !== Array.isArray(lead)) return null;
    if (!Array.isArray(value)) return value;
    const [first, second]: readonly Value[] = value;
    return typeof one === "number" ? first : Object.is(first, one) ? second : null;
  };
}
