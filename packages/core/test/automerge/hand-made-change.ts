// Changes built by hand, so that they can hold what Automerge would never write: what a malicious member sends.
import { concatBytes, fromHex, toHex } from "@selkie/entry";
import { sha256 } from "./sha256.ts";

export const alice = "aa".repeat(16);
export const bob = "bb".repeat(16);

/** Actions and value types of the format. */
export const act = { makeMap: 0, set: 1, makeList: 2, del: 3, makeText: 4, inc: 5, makeTable: 6, mark: 7 } as const;
export const head = "head";

/** [counter, index of the actor in the change]. */
export type OpId = readonly [counter: number, actor: number];

export interface HandMadeOp {
  readonly obj?: OpId;
  /** A map key, an element, or the head of a list. */
  readonly key?: { readonly text: string } | OpId | typeof head;
  readonly insert?: boolean;
  readonly action?: number;
  /** A raw value is [type, bytes]. */
  readonly value?: null | boolean | number | string | readonly [type: number, bytes: readonly number[]];
  readonly pred?: readonly OpId[];
  readonly expand?: boolean;
  readonly mark?: string;
}

export interface HandMadeChange {
  readonly deps?: readonly string[];
  readonly actor?: string;
  readonly others?: readonly string[];
  readonly seq?: number | bigint;
  readonly startOp?: number | bigint;
  readonly time?: number | bigint;
  readonly message?: string;
  readonly ops?: readonly HandMadeOp[];
  /** Columns to replace (or, empty, to leave out) by specification byte. */
  readonly columns?: Readonly<Record<number, readonly number[]>>;
  /** Columns in an order of their own. */
  readonly columnOrder?: readonly number[];
  readonly extra?: readonly number[];
  readonly type?: number;
  readonly checksum?: readonly number[];
}

export interface Made {
  readonly bytes: Uint8Array;
  /** Hexadecimal. */
  readonly hash: string;
}

export function handMade(change: HandMadeChange): Made {
  const columns = new Map(Object.entries(columnsOf(change.ops ?? [])).map(([spec, data]) => [Number(spec), data]));
  for (const [spec, data] of Object.entries(change.columns ?? {})) columns.set(Number(spec), data);
  const order =
    change.columnOrder ?? [...columns.keys()].filter((spec) => columns.get(spec)?.length).sort((a, b) => a - b);
  const message = [...new TextEncoder().encode(change.message ?? "")];
  const body = concatBytes(
    bytesOf(unsigned((change.deps ?? []).length)),
    ...(change.deps ?? []).map(fromHex),
    ...[change.actor ?? alice].map(actorBytes),
    bytesOf([...unsigned(change.seq ?? 1), ...unsigned(change.startOp ?? 1), ...signed(change.time ?? 0)]),
    bytesOf([...unsigned(message.length), ...message, ...unsigned((change.others ?? []).length)]),
    ...(change.others ?? []).map(actorBytes),
    bytesOf([
      ...unsigned(order.length),
      ...order.flatMap((spec) => [...unsigned(spec), ...unsigned(columns.get(spec)?.length ?? 0)]),
    ]),
    ...order.map((spec) => bytesOf(columns.get(spec) ?? [])),
    bytesOf(change.extra ?? []),
  );
  return chunk(body, change.type, change.checksum);
}

/** A chunk of these contents, with a valid checksum unless one is given. */
export function chunk(body: Uint8Array, type = 1, checksum?: readonly number[]): Made {
  const hashed = concatBytes(bytesOf([1, ...unsigned(body.length)]), body);
  const hash = sha256(hashed);
  const sum = checksum === undefined ? hash.subarray(0, 4) : bytesOf(checksum);
  const bytes = concatBytes(bytesOf([0x85, 0x6f, 0x4a, 0x83]), sum, bytesOf([type, ...unsigned(body.length)]), body);
  return { bytes, hash: toHex(hash) };
}

/** The columns of operations as Automerge writes them, by specification byte. */
export function columnsOf(ops: readonly HandMadeOp[]): Record<number, readonly number[]> {
  const keys = ops.map(({ key }) => key ?? { text: "k" });
  const values = ops.map(({ value }) => rawValue(value));
  const preds = ops.flatMap(({ pred }) => pred ?? []);
  const elements = keys.map((key) => (typeof key === "object" && "text" in key ? null : key));
  return {
    1: runs(
      ops.map(({ obj }) => obj?.[1] ?? null),
      unsigned,
    ),
    2: runs(
      ops.map(({ obj }) => obj?.[0] ?? null),
      unsigned,
    ),
    17: runs(
      elements.map((key) => (key === null || key === head ? null : key[1])),
      unsigned,
    ),
    19: deltas(elements.map((key) => (key === null ? null : key === head ? 0 : key[0]))),
    21: runs(
      keys.map((key) => (typeof key === "object" && "text" in key ? key.text : null)),
      textBytes,
    ),
    52: booleans(ops.map(({ insert }) => insert ?? false)),
    66: runs(
      ops.map(({ action }) => action ?? act.set),
      unsigned,
    ),
    86: runs(
      values.map(([type, bytes]) => bytes.length * 16 + type),
      unsigned,
    ),
    87: values.flatMap(([, bytes]) => [...bytes]),
    112: runs(
      ops.map(({ pred }) => pred?.length ?? 0),
      unsigned,
    ),
    113: runs(
      preds.map(([, actor]) => actor),
      unsigned,
    ),
    115: deltas(preds.map(([counter]) => counter)),
    148: ops.some(({ expand }) => expand) ? booleans(ops.map(({ expand }) => expand ?? false)) : [],
    165: runs(
      ops.map(({ mark }) => mark ?? null),
      textBytes,
    ),
  };
}

export function unsigned(value: number | bigint): number[] {
  const bytes: number[] = [];
  let left = BigInt(value);
  do {
    const low = Number(left & 127n);
    left >>= 7n;
    bytes.push(left > 0n ? low | 128 : low);
  } while (left > 0n);
  return bytes;
}

export function signed(value: number | bigint): number[] {
  const bytes: number[] = [];
  for (let left = BigInt(value); ; ) {
    const low = Number(left & 127n);
    left >>= 7n;
    if ((left === 0n && low < 64) || (left === -1n && low >= 64)) return [...bytes, low];
    bytes.push(low | 128);
  }
}

/** A column of runs: the naive definition, value by value. */
function runs<T>(values: readonly (T | null)[], encode: (value: T) => readonly number[]): number[] {
  const encoded: (readonly number[])[] = [];
  let literal: T[] = [];
  const flush = (): void => {
    if (literal.length > 0) encoded.push(signed(-literal.length), ...literal.map((value) => encode(value)));
    literal = [];
  };
  if (values.every((value) => value === null)) return [];
  for (let i = 0; i < values.length; ) {
    const value = values[i] ?? null;
    let end = i + 1;
    while (end < values.length && values[end] === value) end++;
    if (value !== null && end === i + 1) literal.push(value);
    else {
      flush();
      encoded.push(...(value === null ? [[0], unsigned(end - i)] : [signed(end - i), encode(value)]));
    }
    i = end;
  }
  flush();
  return encoded.flat();
}

function deltas(values: readonly (number | null)[]): number[] {
  let before = 0;
  return runs(
    values.map((value) => {
      const difference = value === null ? null : value - before;
      before = value ?? before;
      return difference;
    }),
    signed,
  );
}

function booleans(values: readonly boolean[]): number[] {
  const lengths: number[] = [];
  let current = false;
  let length = 0;
  for (const value of values) {
    if (value !== current) {
      lengths.push(length);
      length = 0;
      current = value;
    }
    length++;
  }
  return values.length === 0 ? [] : [...lengths, length].flatMap((count) => unsigned(count));
}

function rawValue(value: HandMadeOp["value"]): readonly [type: number, bytes: readonly number[]] {
  if (value === null || value === undefined) return [0, []];
  if (typeof value === "boolean") return [value ? 2 : 1, []];
  if (typeof value === "string") return [6, [...new TextEncoder().encode(value)]];
  if (typeof value !== "number") return value;
  return Number.isInteger(value) ? [4, signed(value)] : [5, [...new Uint8Array(Float64Array.of(value).buffer)]];
}

function textBytes(text: string): readonly number[] {
  const bytes = new TextEncoder().encode(text);
  return [...unsigned(bytes.length), ...bytes];
}

function actorBytes(actor: string): Uint8Array {
  return concatBytes(bytesOf(unsigned(actor.length / 2)), fromHex(actor));
}

function bytesOf(bytes: readonly number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

/** Columns of a hundred bytes that say of `count` operations that each gives the same key of the root null. */
export function floodOf(code: number, count: number): Readonly<Record<number, readonly number[]>> {
  return {
    21: [...signed(count), 1, 0x6b],
    52: unsigned(count),
    66: [...signed(count), code],
    86: [...signed(count), 0],
    112: [...signed(count), 0],
  };
}
