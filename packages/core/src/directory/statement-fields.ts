// The fields that statements are made of.
import { compareBytes, parseStatementId, type StatementId } from "@selkie/entry";
import { CborFields, type CborValue } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import { isName, maxNameLength } from "./name.ts";

const malformed = "STATEMENT_MALFORMED";
/** Items of any list of a statement. */
export const maxItems = 4_096;

/** How one type of statement is written and read; the code before its fields is the frame's. */
export interface FieldsCodec<Statement> {
  readonly code: number;
  write(statement: Statement): readonly CborValue[];
  read(fields: CborFields): Statement;
}

export function readName(fields: CborFields): string {
  const name = fields.text(maxNameLength);
  if (!isName(name)) throw new CoreError(malformed, "not a name");
  return name;
}

/** One of the words a list holds, by its place. */
export function readWord<Word>(fields: CborFields, words: readonly [Word, ...Word[]]): Word {
  return words[fields.number(words.length - 1)] ?? words[0];
}

/** A list whose items all have the same length. */
export function readByteList(fields: CborFields, length: number): readonly Uint8Array[] {
  return fields.list(maxItems).map((item) => new CborFields([item], malformed).bytes(length));
}

export function readIds(fields: CborFields): readonly StatementId[] {
  return readByteList(fields, 32).map(parseStatementId);
}

/** A set, written ascending: each item once. */
export function readByteSet(fields: CborFields, length: number): readonly Uint8Array[] {
  return ascending(readByteList(fields, length));
}

export function readIdSet(fields: CborFields): readonly StatementId[] {
  return ascending(readIds(fields));
}

/** @throws CoreError `STATEMENT_MALFORMED` unless every item is above the one before it */
export function ascending<Item extends Uint8Array>(items: readonly Item[]): readonly Item[] {
  for (const [at, item] of items.entries()) {
    const before = items[at - 1];
    if (before !== undefined && compareBytes(before, item) >= 0) throw new CoreError(malformed, "a set ascends");
  }
  return items;
}
