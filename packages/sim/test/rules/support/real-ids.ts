// Histories under ids as entries really have them: hashes of what a header says, so that forks can be proven.
import { createHash } from "node:crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import {
  type DatabaseId,
  type EntryHeader,
  entryIdOf,
  entryType,
  fromHex,
  headerPrefixHash,
  parseDatabaseId,
  parseEntryId,
  parseSalt,
  parseWriterKey,
  toHex,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import { chainOf, directory, type Entry } from "../../../src/rules/facts.ts";

/** Bytes that look random, always the same for one name. */
export function bytesOf(name: string, length = 32): Uint8Array {
  return new Uint8Array(createHash("sha256").update(name).digest().subarray(0, length));
}

/** Made once for each name: all histories have the same few. */
function once<Value>(make: (name: string) => Value): (name: string) => Value {
  const made = new Map<string, Value>();
  return (name) => {
    const known = made.get(name) ?? make(name);
    made.set(name, known);
    return known;
  };
}

export const databaseOf: (name: string) => DatabaseId = once((name) => parseDatabaseId(bytesOf(`database ${name}`)));

const writerNamed = once((chain) => parseWriterKey(bytesOf(`writer of ${chain}`)));

/** The writer key of a chain. */
export const writerOf = (entry: Pick<Entry, "database" | "writer">): WriterKey => writerNamed(chainOf(entry));

const salt = parseSalt(new Uint8Array(24));

/** A history, and what its ids are hashes of. */
export interface RealHistory {
  readonly entries: readonly Entry[];
  /** By id: what a proof shows of an entry besides its place. */
  readonly links: ReadonlyMap<string, Pick<EntryHeader, "type" | "control" | "salt"> & { readonly root: Uint8Array }>;
}

/** @param entries each after the one it names */
export function withRealIds(entries: readonly Entry[]): RealHistory {
  const names = new Map<string, string>();
  const links = new Map<string, { type: EntryHeader["type"]; control: boolean; salt: typeof salt; root: Uint8Array }>();
  for (const { id, prev, database, writer, seq } of entries) {
    const type = database === directory ? entryType.statement : entryType.change;
    const link = { type, control: true, salt, root: bytesOf(`root of ${id}`) };
    const before = prev === null ? ZERO_ENTRY_ID : parseEntryId(fromHex(names.get(prev) ?? ""));
    const place = { database: databaseOf(database), writer: writerOf({ database, writer }), seq, prev: before };
    const name = toHex(entryIdOf(nativeCrypto, headerPrefixHash(nativeCrypto, { ...link, ...place }), link.root));
    names.set(id, name);
    links.set(name, link);
  }
  // What is named after an entry begins with its id. Chains are named otherwise.
  const one = (text: string): string => text.replace(/^[^/+]+/, (base) => names.get(base) ?? base);
  return { entries: entries.map((entry) => ({ ...renamed(entry, one), writer: entry.writer })), links };
}

/** The same with every text in it renamed. */
function renamed<Value>(value: Value, one: (text: string) => string): Value {
  const rename = (each: unknown): unknown => {
    if (typeof each === "string") return one(each);
    if (Array.isArray(each)) return each.map(rename);
    if (each instanceof Map) return new Map([...each].map(([name, item]) => [name, rename(item)]));
    if (typeof each !== "object" || each === null) return each;
    return Object.fromEntries(Object.entries(each).map(([name, item]) => [name, rename(item)]));
  };
  return rename(value) as Value;
}
