import type { Expression } from "./expression.ts";
import { expressionOf, type Fields, fields, type Operand, plain, type Term, term } from "./term.ts";

type Flag = Operand<boolean>;
type Num = Operand<number>;
type Text = Operand<string>;
type Moment = Operand<Date> | Operand<string> | Operand<number>;
type Zoned = (moment: Moment, timeZone?: Text) => Term<number>;
type OfNumber = (a: Num) => Term<number>;
type OfText = (a: Text) => Term<string>;
type Comparison = <V>(a: Term<V>, b: Operand<NoInfer<V>> | null) => Term<boolean>;

/** Every function, typed; docs/guides/expressions.md says what each does. */
export interface Functions {
  and(a: Flag, b: Flag, ...more: readonly Flag[]): Term<boolean>;
  or(a: Flag, b: Flag, ...more: readonly Flag[]): Term<boolean>;
  not(a: Flag): Term<boolean>;
  if<V>(condition: Flag, then: Operand<V>, otherwise: Operand<V>): Term<V>;
  coalesce<V>(...values: readonly [Operand<V>, ...Operand<V>[]]): Term<V>;
  readonly eq: Comparison;
  readonly ne: Comparison;
  readonly lt: Comparison;
  readonly lte: Comparison;
  readonly gt: Comparison;
  readonly gte: Comparison;
  in<V>(value: Term<V>, list: readonly Operand<NoInfer<V>>[] | Term<readonly V[]>): Term<boolean>;
  contains(whole: Text | Term<readonly unknown[] | null | undefined>, part: Operand<unknown>): Term<boolean>;
  add(a: Num, b: Num, ...more: readonly Num[]): Term<number>;
  subtract(a: Num, b: Num): Term<number>;
  multiply(a: Num, b: Num, ...more: readonly Num[]): Term<number>;
  divide(a: Num, b: Num): Term<number>;
  remainder(a: Num, b: Num): Term<number>;
  readonly negate: OfNumber;
  readonly abs: OfNumber;
  readonly floor: OfNumber;
  readonly ceil: OfNumber;
  round(a: Num, digits?: Num): Term<number>;
  min(a: Num, ...more: readonly Num[]): Term<number>;
  max(a: Num, ...more: readonly Num[]): Term<number>;
  number(value: Operand<unknown>): Term<number>;
  concat(a: Operand<unknown>, b: Operand<unknown>, ...more: readonly Operand<unknown>[]): Term<string>;
  text(value: Operand<unknown>): Term<string>;
  readonly lower: OfText;
  readonly upper: OfText;
  readonly trim: OfText;
  length(text: Text): Term<number>;
  startsWith(text: Text, start: Text): Term<boolean>;
  endsWith(text: Text, end: Text): Term<boolean>;
  like(text: Text, pattern: Text): Term<boolean>;
  replace(text: Text, what: Text, by: Text): Term<string>;
  substring(text: Text, from: Num, count?: Num): Term<string>;
  split(text: Text, separator: Text): Term<readonly string[]>;
  join(list: Operand<readonly unknown[]>, separator: Text): Term<string>;
  count(list: Operand<readonly unknown[]>): Term<number>;
  sum(list: Operand<readonly unknown[]>): Term<number>;
  avg(list: Operand<readonly unknown[]>): Term<number>;
  item<V>(list: Operand<readonly V[]>, at: Num): Term<V>;
  date(moment: Moment): Term<Date>;
  readonly year: Zoned;
  readonly quarter: Zoned;
  readonly month: Zoned;
  readonly day: Zoned;
  readonly weekday: Zoned;
  readonly hour: Zoned;
  addDays(moment: Moment, days: Num): Term<Date>;
  daysBetween(from: Moment, to: Moment): Term<number>;
  /** The document's id. */
  id(): Term<string>;
  /** The name of the database it is in. */
  database(): Term<string>;
  /** The id of the tenant it belongs to. */
  tenant(): Term<string>;
}

/**
 * Builds an expression with the types of the documents it is for: `expression<Contact>((d, f) => f.gt(d.revenue, 100))`.
 * @throws ViewError EXPRESSION_INVALID when it is larger than an expression may be
 */
export function expression<T extends object>(build: (fields: Fields<T>, functions: Functions) => unknown): Expression {
  return expressionOf(build(fields<T>(), typed));
}

const call =
  (name: string) =>
  (...args: readonly unknown[]): Term<never> =>
    term([name, ...args.map(plain)]);

const typed: Functions = {
  ...{ and: call("and"), or: call("or"), not: call("not"), if: call("if"), coalesce: call("coalesce") },
  ...{ eq: call("="), ne: call("!="), lt: call("<"), lte: call("<="), gt: call(">"), gte: call(">=") },
  ...{ in: call("in"), contains: call("contains") },
  ...{ add: call("+"), subtract: call("-"), multiply: call("*"), divide: call("/"), remainder: call("%") },
  ...{ negate: call("neg"), abs: call("abs"), floor: call("floor"), ceil: call("ceil"), round: call("round") },
  ...{ min: call("min"), max: call("max"), number: call("number") },
  ...{ concat: call("&"), text: call("text"), lower: call("lower"), upper: call("upper"), trim: call("trim") },
  ...{ length: call("length"), startsWith: call("startsWith"), endsWith: call("endsWith"), like: call("like") },
  ...{ replace: call("replace"), substring: call("substring"), split: call("split"), join: call("join") },
  ...{ count: call("count"), sum: call("sum"), avg: call("avg"), item: call("item") },
  ...{ date: call("date"), year: call("year"), quarter: call("quarter"), month: call("month"), day: call("day") },
  ...{ weekday: call("weekday"), hour: call("hour"), addDays: call("addDays"), daysBetween: call("daysBetween") },
  ...{ id: call("id"), database: call("database"), tenant: call("tenant") },
};
