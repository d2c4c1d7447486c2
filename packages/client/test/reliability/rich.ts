// Documents with everything a document can hold, and random edits of them.
import { Counter, splice } from "@automerge/automerge";

/** One of everything. */
export interface Rich {
  title: string;
  text: string;
  count: Counter;
  tags: string[];
  map: Record<string, { of: string; list: (number | string | Date)[] }>;
  bytes: Uint8Array;
  when: Date;
  flag: boolean;
  size: number;
  nothing: null;
  extra?: string;
}

/** A new document's data. */
export const richOf = (name: string): Rich => ({
  title: name,
  text: `the text of ${name}, with 🦭`,
  count: new Counter(3),
  tags: ["first", "second", "third"],
  map: { a: { of: name, list: [1, "two", new Date(3)] } },
  bytes: Uint8Array.of(0, 1, 254, 255),
  when: new Date(1_700_000_000_000),
  flag: false,
  size: 1.5,
  nothing: null,
});

/** What to do, and three numbers to choose by. */
export interface RichEdit {
  readonly kind: number;
  readonly at: number;
  readonly value: number;
}

const EDITS: readonly ((data: Rich, at: number, value: number) => void)[] = [
  (data, _, value) => {
    data.title = `title ${value}`;
  },
  (data, at, value) => splice(data, ["text"], at % (data.text.length + 1), 0, `«${value}»`),
  (data, at) => {
    // Whole code points only: what is between the halves of a pair is no place in a text.
    if (data.text.length > 0 && !/[\ud800-\udfff]/.test(data.text)) splice(data, ["text"], at % data.text.length, 1);
  },
  (data, _, value) => data.count.increment((value % 11) - 5),
  (data, _, value) => void data.tags.push(`tag ${value}`),
  (data, at, value) => void data.tags.splice(at % (data.tags.length + 1), value % 2, `spliced ${value}`),
  (data, at) => void data.tags.splice(at % (data.tags.length + 1), 1),
  (data, at, value) => {
    if (data.tags.length > 0) data.tags[at % data.tags.length] = `assigned ${value}`;
  },
  (data, at, value) => {
    data.map[`key ${at % 3}`] = { of: `made ${value}`, list: [value] };
  },
  (data, at, value) => {
    const inner = Object.values(data.map)[at % Math.max(1, Object.keys(data.map).length)];
    inner?.list.push(new Date(value));
    if (inner !== undefined) inner.of = `within ${value}`;
  },
  (data, at) => {
    const [key] = Object.keys(data.map).slice(at % 2);
    if (key !== undefined) delete data.map[key];
  },
  (data, at, value) => {
    data.bytes = Uint8Array.from({ length: at % 9 }, (_, i) => value + i);
  },
  (data, _, value) => {
    data.when = new Date(value);
    data.size = value / 7;
    data.flag = !data.flag;
  },
  (data, at, value) => {
    if (at % 2 === 0) data.extra = `extra ${value}`;
    else delete data.extra;
  },
];

/** Makes one edit. */
export function applyEdit(data: Rich, { kind, at, value }: RichEdit): void {
  EDITS[kind % EDITS.length]?.(data, at, value);
}

/** Data that can be compared: counters as numbers, bytes and dates as they are. */
export function plain(data: Readonly<Rich>): object {
  return { ...structuredClone({ ...data, count: 0 }), count: Number(data.count) };
}
