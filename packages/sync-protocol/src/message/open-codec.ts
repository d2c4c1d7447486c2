// `open` and its answers: the whole cost of reconnecting when nothing is new. docs/spec/sync.md section 3.3.
import { type ByteReader, type ByteWriter, parseDatabaseId } from "@selkie/entry";
import { SyncError } from "../sync-error.ts";
import { DIGEST_BYTES, MAX_DATABASES, MAX_POSITION } from "./bounds.ts";
import type { Open, OpenAnswer, Opened, OpenItem } from "./message.ts";
import { readOptional, writeOptional } from "./optional.ts";
import { readWanted, writeWanted } from "./wanted-codec.ts";

const answerCode = { same: 0, sameAt: 1, streaming: 2, different: 3, unknown: 4, crossed: 5 } as const;

/** Body of `open`. */
export function writeOpen(writer: ByteWriter, open: Open): void {
  writer.uleb(open.items.length);
  for (const { id, digest, position } of open.items) {
    writer.bytes(id).bytes(digest);
    writeOptional(writer, position);
  }
  // Most sides want everything of most databases: that costs nothing.
  for (const [index, { wanted }] of open.items.entries())
    if (wanted !== undefined) writeWanted(writer.uleb(index), wanted);
}

/** @throws SyncError `BAD_MESSAGE` */
export function readOpen(reader: ByteReader): Open {
  const count = reader.uleb(MAX_DATABASES);
  const items: OpenItem[] = [];
  for (let i = 0; i < count; i++) {
    const id = parseDatabaseId(reader.bytes(32));
    const digest = reader.bytes(DIGEST_BYTES);
    items.push({ id, digest, position: readOptional(reader) });
  }
  for (let next = 0; reader.remaining > 0; ) {
    const index = reader.uleb(MAX_DATABASES);
    const item = items[index];
    if (item === undefined || index < next) throw new SyncError("BAD_MESSAGE", "what is wanted of no database");
    items[index] = { ...item, wanted: readWanted(reader) };
    next = index + 1;
  }
  return { type: "open", items };
}

/** Body of `opened`. */
export function writeOpened(writer: ByteWriter, opened: Opened): void {
  writer.uleb(opened.first).uleb(opened.answers.length);
  for (const answer of opened.answers) writeAnswer(writer, answer);
}

/** @throws SyncError `BAD_MESSAGE` */
export function readOpened(reader: ByteReader): Opened {
  const first = reader.uleb(MAX_DATABASES);
  const count = reader.uleb(MAX_DATABASES);
  const answers: OpenAnswer[] = [];
  for (let i = 0; i < count; i++) answers.push(readAnswer(reader));
  return { type: "opened", first, answers };
}

function writeAnswer(writer: ByteWriter, answer: OpenAnswer): void {
  if (answer.type === "same" && answer.position !== null) writer.u8(answerCode.sameAt).uleb(answer.position);
  else writer.u8(answerCode[answer.type]);
}

function readAnswer(reader: ByteReader): OpenAnswer {
  switch (reader.u8()) {
    case answerCode.same:
      return { type: "same", position: null };
    case answerCode.sameAt:
      return { type: "same", position: reader.uleb(MAX_POSITION) };
    case answerCode.streaming:
      return { type: "streaming" };
    case answerCode.different:
      return { type: "different" };
    case answerCode.unknown:
      return { type: "unknown" };
    case answerCode.crossed:
      return { type: "crossed" };
    default:
      throw new SyncError("BAD_MESSAGE", "an answer to open of no known kind");
  }
}
