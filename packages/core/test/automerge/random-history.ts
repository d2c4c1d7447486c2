// Random documents, made by Automerge itself: several actors edit, merge now and then, and conflict.
import * as Automerge from "@automerge/automerge";

/** A small seeded generator (mulberry32), so that a failing seed can be run again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up, below `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }
}

export type AnyDoc = Automerge.Doc<Record<string, unknown>>;

export interface HistoryOptions {
  readonly actors: readonly string[];
  readonly steps: number;
}

/** All changes of a random history, dependencies first, and a document that has them all. */
export function randomHistory(seed: number, options: HistoryOptions): { changes: readonly Uint8Array[]; doc: AnyDoc } {
  const random = new Random(seed);
  let docs: AnyDoc[] = options.actors.map((actor) => Automerge.init<Record<string, unknown>>({ actor }));
  for (let i = 0; i < options.steps; i++) {
    const at = random.below(docs.length);
    const from = random.below(docs.length);
    docs = docs.map((doc, index) => {
      if (index !== at) return doc;
      const other = docs[from];
      if (other !== undefined && from !== at && random.below(4) === 0) return Automerge.merge(doc, other);
      return randomChange(doc, random);
    });
  }
  let doc = Automerge.init<Record<string, unknown>>({ actor: "ee".repeat(16) });
  for (const other of docs) doc = Automerge.merge(doc, other);
  return { changes: Automerge.getAllChanges(doc), doc };
}

/** One change with one to four random edits. */
export function randomChange(doc: AnyDoc, random: Random): AnyDoc {
  const time = random.below(3) === 0 ? 0 : 1_700_000_000 + random.below(1000);
  const message = random.below(5) === 0 ? `edit ${random.below(9)} ü` : undefined;
  return Automerge.change(doc, { time, ...(message === undefined ? {} : { message }) }, (draft) => {
    for (let n = 1 + random.below(4); n > 0; n--) randomEdit(draft, random);
  });
}

const keys = ["a", "b", "title", "ключ", "x y", ""] as const;

function randomEdit(draft: Record<string, unknown>, random: Random): void {
  const [target, path] = randomObject(draft, random);
  const key = random.pick(keys);
  if (Array.isArray(target)) editList(target, random);
  else {
    const there = target[key];
    const kind = random.below(10);
    if (kind === 0 && there !== undefined) delete target[key];
    else if (there instanceof Automerge.Counter && kind < 6) there.increment(random.below(7) - 3);
    // Automerge cannot follow a path through an empty key.
    else if (typeof there === "string" && kind < 9 && key !== "" && !path.includes(""))
      editText(draft, [...path, key], there, random);
    else target[key] = randomValue(random, path.length);
  }
}

function editList(list: unknown[], random: Random): void {
  const kind = random.below(5);
  const at = random.below(list.length + 1);
  if (kind === 0 && at < list.length) list.splice(at, 1 + random.below(2));
  else if (kind === 1 && at < list.length) list[at] = randomValue(random, 3);
  else if (kind === 2) list.push(randomValue(random, 3), randomValue(random, 3));
  else list.splice(at, 0, randomValue(random, 3));
}

function editText(draft: Record<string, unknown>, path: Automerge.Prop[], text: string, random: Random): void {
  const at = random.below(text.length + 1);
  const kind = random.below(8);
  if (kind === 0 && text.length > 1) {
    const expand = random.pick(["before", "after", "both", "none"] as const);
    const value = random.pick([true, null, "red", 7, new Date(5)]);
    Automerge.mark(
      draft,
      path,
      { start: 0, end: 1 + random.below(text.length), expand },
      random.pick(["bold", "link"]),
      value,
    );
  } else if (kind === 1 && text.length > 2)
    Automerge.mark(draft, path, { start: at >> 1, end: text.length, expand: "none" }, "em", true);
  else if (kind === 2) Automerge.splitBlock(draft, path, at, { type: "paragraph" });
  else if (kind === 3) Automerge.updateText(draft, path, `${text.slice(0, at)}é🙂${text.slice(at + 1)}`);
  else Automerge.splice(draft, path, at, random.below(3), random.pick(["", "x", "hello", "日本", "🙂"]));
}

function randomObject(
  draft: Record<string, unknown>,
  random: Random,
): readonly [target: Record<string, unknown> | unknown[], path: Automerge.Prop[]] {
  let target: Record<string, unknown> | unknown[] = draft;
  const path: Automerge.Prop[] = [];
  while (random.below(3) > 0) {
    const inside: readonly (readonly [Automerge.Prop, unknown])[] = Array.isArray(target)
      ? target.map((value: unknown, index) => [index, value] as const)
      : Object.entries(target);
    const next = inside.filter(([, value]) => Array.isArray(value) || isPlainObject(value));
    if (next.length === 0 || path.length > 4) break;
    const [key, value] = random.pick(next);
    path.push(key);
    target = value as Record<string, unknown> | unknown[];
  }
  return [target, path];
}

function isPlainObject(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !(value instanceof Date) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Automerge.Counter) &&
    !(value instanceof Automerge.ImmutableString)
  );
}

/** Any value a document can hold. */
export function randomValue(random: Random, depth = 0): unknown {
  switch (random.below(depth > 3 ? 11 : 14)) {
    case 0:
      return null;
    case 1:
      return random.below(2) === 0;
    case 2:
      return random.below(1000) - 500;
    case 3:
      return (random.below(2) === 0 ? 1 : -1) * (Number.MAX_SAFE_INTEGER - 1 - random.below(5));
    case 4:
      return random.below(1_000_000) / 7;
    case 5:
      return new Date(1_600_000_000_000 + random.below(1_000_000));
    case 6:
      return Uint8Array.from({ length: random.below(40) }, () => random.below(256));
    case 7:
      return new Automerge.Counter(random.below(20) - 10);
    case 8:
      return new Automerge.ImmutableString(random.pick(["fixed", "", "ö"]));
    case 9:
      return random.pick([-0, 1.5e-300, 5e-324, 123_456.789]);
    case 10:
      return random.pick(["", "text", "zwei Wörter", "🙂", "a".repeat(40)]);
    case 11:
      return Array.from({ length: random.below(4) }, () => randomValue(random, depth + 1));
    case 12:
      return [];
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(4) }, () => [random.pick(keys), randomValue(random, depth + 1)]),
      );
  }
}
