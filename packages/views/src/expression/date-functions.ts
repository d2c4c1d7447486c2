import type { Value } from "../value/value.ts";
import { type Expression, isCall } from "./expression.ts";
import { type ExpressionFunction, strict, type WrongArgument } from "./function-table.ts";
import { numberOf } from "./number-functions.ts";

const DAY_MS = 86_400_000;

/** Characters of a time zone's name. */
const LONGEST_ZONE = 64;

/** Documents may name another zone each time, and to make a calendar takes some 50 us. */
const STEPS_OF_A_ZONE = 64;

/** A day, or a moment with its time zone: what every engine reads alike, but for days that a month does not have. */
const DATE = /^(\d{4}-\d{2}-\d{2})(T([01]\d|2[0-3]):\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[-+]\d{2}:\d{2}))?$/;

/** A moment, from a date, its text, or milliseconds since 1970; null for everything else. */
function dateOf(value: Value): Date | null {
  const date = value instanceof Date ? value : typeof value === "string" ? dateIn(value) : dateAt(numberOf(value));
  return date === null || Number.isNaN(date.getTime()) ? null : date;
}

export const dateFunctions: Readonly<Record<string, ExpressionFunction>> = {
  date: strict(1, 1, ([value]) => dateOf(value)),
  year: ofDay(({ year }) => year),
  quarter: ofDay(({ month }) => Math.ceil(month / 3)),
  month: ofDay(({ month }) => month),
  day: ofDay(({ day }) => day),
  /** From 1, Monday, to 7. */
  weekday: ofDay(({ year, month, day }) => new Date(new Date(0).setUTCFullYear(year, month - 1, day)).getUTCDay() || 7),
  hour: ofDay(({ hour }) => hour),
  addDays: strict(2, 2, ([value, days]) => {
    const [date, count] = [dateOf(value), numberOf(days)];
    return date === null || count === null ? null : dateOf(new Date(date.getTime() + count * DAY_MS));
  }),
  daysBetween: strict(2, 2, ([from, to]) => {
    const [first, last] = [dateOf(from), dateOf(to)];
    return first === null || last === null ? null : (last.getTime() - first.getTime()) / DAY_MS;
  }),
};

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
}

/** What a calendar says of a moment; in UTC, or in the time zone that the second argument names. */
function ofDay(read: (day: Day) => number): ExpressionFunction {
  const computed = strict(1, 2, ([value, zone = "UTC"], budget) => {
    const date = dateOf(value);
    if (date === null || typeof zone !== "string" || zone.length > LONGEST_ZONE) return null;
    budget.take(zone === "UTC" ? 0 : STEPS_OF_A_ZONE);
    const day = zone === "UTC" ? utcDay(date) : zonedDay(date, zone);
    return day && read(day);
  });
  return { ...computed, refuse: wrongZone };
}

/** A time zone that is named, and does not exist. */
function wrongZone([, zone = null]: readonly Expression[]): WrongArgument | null {
  if (zone === null || isCall(zone)) return null;
  if (typeof zone === "string" && zone.length <= LONGEST_ZONE && formatOf(zone) !== null) return null;
  return { at: 1, message: "there is no such time zone" };
}

function utcDay(date: Date): Day {
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
  };
}

function zonedDay(date: Date, zone: string): Day | null {
  const format = formatOf(zone);
  if (format === null) return null;
  const parts = new Map(format.formatToParts(date).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const year = parts.get("era") === "BC" ? 1 - part("year") : part("year"); // there is a year 0 in ISO 8601
  return { year, month: part("month"), day: part("day"), hour: part("hour") };
}

/** Time zones are named by expressions, which name few. */
const MOST_FORMATS = 32;
const formats = new Map<string, Intl.DateTimeFormat | null>();

function formatOf(zone: string): Intl.DateTimeFormat | null {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  if (formats.size >= MOST_FORMATS) formats.clear();
  const format = newFormat(zone);
  formats.set(zone, format);
  return format;
}

/** Null for a zone that does not exist. */
function newFormat(timeZone: string): Intl.DateTimeFormat | null {
  const fields = { era: "short", year: "numeric", month: "numeric", day: "numeric", hour: "numeric" } as const;
  try {
    return new Intl.DateTimeFormat("en-u-ca-gregory", { timeZone, hourCycle: "h23", ...fields });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function dateIn(text: string): Date | null {
  const [, day] = DATE.exec(text) ?? [];
  const date = new Date(day ?? Number.NaN);
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== day ? null : new Date(text);
}

const dateAt = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
