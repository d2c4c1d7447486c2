// One frame is one message: a type byte, then a body. Hot messages have fixed layouts, rare ones are CBOR arrays.
import { ByteReader, ByteWriter, concatBytes, decodeVector, encodeVector } from "@selkie/entry";
import { bitsToGrant, grantToBits } from "../access/rights.ts";
import { assertNever } from "../assert-never.ts";
import { SyncError } from "../sync-error.ts";
import { readAck, writeAck } from "./ack-codec.ts";
import { readBlob, readFetchBlob, readTicket, writeBlob, writeFetchBlob, writeTicket } from "./blob-codec.ts";
import { DIGEST_BYTES, MAX_DATABASES, MAX_POSITION, PROTOCOL_VERSION } from "./bounds.ts";
import {
  decodeClaim,
  decodeCode,
  decodeDocuments,
  decodeGoaway,
  encodeClaim,
  encodeCode,
  encodeDocuments,
  encodeGoaway,
} from "./control-codec.ts";
import { readFetch, readParts, writeFetch, writeParts } from "./fetch-codec.ts";
import type { Answer, Entries, Hello, Message, Question, VectorMessage } from "./message.ts";
import { readOpen, readOpened, writeOpen, writeOpened } from "./open-codec.ts";
import { readOptional, writeOptional } from "./optional.ts";
import { readFlag, readWanted, writeWanted } from "./wanted-codec.ts";

const typeByte = {
  hello: 1,
  claim: 2,
  admitted: 3,
  refused: 4,
  open: 5,
  opened: 6,
  vector: 7,
  entries: 8,
  ack: 9,
  caughtUp: 10,
  fence: 11,
  fenced: 12,
  ping: 13,
  pong: 14,
  present: 15,
  error: 16,
  goaway: 17,
  close: 18,
  want: 19,
  fetch: 20,
  parts: 21,
  fetchBlob: 22,
  blob: 23,
  askTicket: 24,
  ticket: 25,
} as const satisfies Record<Message["type"], number>;

const tagged: ReadonlySet<number | undefined> = new Set([
  typeByte.admitted,
  typeByte.refused,
  typeByte.opened,
  typeByte.vector,
  typeByte.ack,
  typeByte.fenced,
  typeByte.parts,
  typeByte.blob,
  typeByte.ticket,
]);

/** Whether a frame says what its sender allows or holds: then it ends in a tag. */
export function isTagged(frame: Uint8Array): boolean {
  return tagged.has(frame[0]);
}

const roleByte = { dialler: 1, listener: 2 } as const;

/** The frame of a message. */
export function encodeMessage(message: Message): Uint8Array {
  switch (message.type) {
    case "claim":
      return framed(message.type, encodeClaim(message));
    case "refused":
    case "error":
      return framed(message.type, encodeCode(message.code));
    case "present":
      return framed(message.type, encodeDocuments(message.documents));
    case "goaway":
      return framed(message.type, encodeGoaway(message));
    case "vector":
      return encodeVectorMessage(message, encodeVector(message.vector));
    case "entries":
      return encodeEntriesMessage(message, (writer) => writer.bytes(message.runs));
    default:
      return encodeHotMessage(message);
  }
}

/**
 * The message of a frame.
 *
 * SECURITY: whatever the bytes, the outcome is a message or a SyncError. Test: codec.test.ts "never throws untyped".
 *
 * @throws SyncError `BAD_MESSAGE`, `VERSION_UNSUPPORTED`
 */
export function decodeMessage(frame: Uint8Array): Message {
  try {
    const reader = new ByteReader(frame);
    const message = readMessage(reader);
    reader.end();
    return message;
  } catch (cause) {
    if (cause instanceof SyncError) throw cause;
    throw new SyncError("BAD_MESSAGE", "a frame that is not a message", { cause });
  }
}

/** Bits of `vector`. */
const REPLY = 1;
const ASKS = 2;

/** `entries`, whose runs are written by `write`. */
export function encodeEntriesMessage(
  { handle, position }: Pick<Entries, "handle" | "position">,
  write: (writer: ByteWriter) => void,
): Uint8Array {
  entriesWriter.clear();
  entriesWriter.u8(typeByte.entries).uleb(handle);
  writeOptional(entriesWriter, position);
  write(entriesWriter);
  const frame = entriesWriter.finish();
  if (frame.length > USUAL_FRAME_BYTES) entriesWriter = new ByteWriter(USUAL_FRAME_BYTES);
  return frame;
}

/** Frames of entries are mostly no larger than a slice. */
const USUAL_FRAME_BYTES = 131_072;
/** Filled and copied out by one call: a writer for each frame would be garbage several times as large as the frame. */
let entriesWriter = new ByteWriter(USUAL_FRAME_BYTES);

/** `vector`, from a vector that is encoded already. */
export function encodeVectorMessage(
  { handle, reply, asks }: Pick<VectorMessage, "handle" | "reply" | "asks">,
  vector: Uint8Array,
): Uint8Array {
  return new ByteWriter(vector.length + 8)
    .u8(typeByte.vector)
    .uleb(handle)
    .u8((reply ? REPLY : 0) | (asks ? ASKS : 0))
    .bytes(vector)
    .finish();
}

type HotMessage = Exclude<
  Message,
  { type: "claim" | "refused" | "error" | "present" | "goaway" | "vector" | "entries" }
>;

function encodeHotMessage(message: HotMessage): Uint8Array {
  const writer = new ByteWriter(64).u8(typeByte[message.type]);
  switch (message.type) {
    case "hello":
      writer.u8(PROTOCOL_VERSION).u8(roleByte[message.role]).bytes(message.nonce);
      return writer.u32(message.windowBytes).u32(message.databases).finish();
    case "admitted":
      return writer.u8(grantToBits(message.rights)).bytes(message.generation).finish();
    case "open":
      writeOpen(writer, message);
      return writer.finish();
    case "opened":
      writeOpened(writer, message);
      return writer.finish();
    case "ack":
      writeAck(writer, message);
      return writer.finish();
    case "caughtUp":
      return writer.uleb(message.handle).uleb(message.position).bytes(message.digest).finish();
    case "fence":
      writeHandles(writer.uleb(message.token), message.handles);
      return writer.finish();
    case "close":
      writeHandles(writer, message.handles);
      return writer.finish();
    case "want":
      writer.uleb(message.handle).u8(message.wanted === null ? 0 : 1);
      if (message.wanted !== null) writeWanted(writer, message.wanted);
      return writer.finish();
    case "fetch":
    case "parts":
    case "fetchBlob":
    case "blob":
    case "askTicket":
    case "ticket":
      writeQuestionOrAnswer(writer, message);
      return writer.finish();
    case "fenced":
    case "ping":
    case "pong":
      return writer.uleb(message.token).finish();
    default:
      return assertNever(message);
  }
}

function writeQuestionOrAnswer(writer: ByteWriter, message: Question | Answer): void {
  switch (message.type) {
    case "fetch":
      writeFetch(writer, message);
      break;
    case "parts":
      writeParts(writer, message);
      break;
    case "fetchBlob":
      writeFetchBlob(writer, message);
      break;
    case "blob":
      writeBlob(writer, message);
      break;
    case "askTicket":
      break;
    case "ticket":
      writeTicket(writer, message);
      break;
    default:
      assertNever(message);
  }
}

function readMessage(reader: ByteReader): Message {
  const byte = reader.u8();
  switch (byte) {
    case typeByte.hello:
      return readHello(reader);
    case typeByte.claim:
      return decodeClaim(rest(reader));
    case typeByte.admitted:
      return { type: "admitted", rights: readRights(reader), generation: reader.bytes(8) };
    case typeByte.refused:
      return { type: "refused", code: decodeCode(rest(reader)) };
    case typeByte.open:
      return readOpen(reader);
    case typeByte.opened:
      return readOpened(reader);
    case typeByte.vector:
      return { type: "vector", handle: reader.uleb(), ...readVectorBits(reader), vector: decodeVector(rest(reader)) };
    case typeByte.entries:
      return readEntries(reader);
    case typeByte.ack:
      return readAck(reader);
    case typeByte.caughtUp:
      return readCaughtUp(reader);
    case typeByte.fence:
      return { type: "fence", token: reader.uleb(), handles: readHandles(reader) };
    case typeByte.fenced:
      return { type: "fenced", token: reader.uleb() };
    case typeByte.ping:
      return { type: "ping", token: reader.uleb() };
    case typeByte.pong:
      return { type: "pong", token: reader.uleb() };
    case typeByte.present:
      return { type: "present", documents: decodeDocuments(rest(reader)) };
    case typeByte.error:
      return { type: "error", code: decodeCode(rest(reader)) };
    case typeByte.goaway:
      return decodeGoaway(rest(reader));
    case typeByte.close:
      return { type: "close", handles: readHandles(reader) };
    case typeByte.want:
      return { type: "want", handle: reader.uleb(), wanted: readFlag(reader) ? readWanted(reader) : null };
    case typeByte.fetch:
      return readFetch(reader);
    case typeByte.parts:
      return readParts(reader);
    case typeByte.fetchBlob:
      return readFetchBlob(reader);
    case typeByte.blob:
      return readBlob(reader);
    case typeByte.askTicket:
      return { type: "askTicket" };
    case typeByte.ticket:
      return readTicket(reader);
    default:
      throw new SyncError("BAD_MESSAGE", "a message of no known type");
  }
}

function readCaughtUp(reader: ByteReader): Message {
  const handle = reader.uleb();
  return { type: "caughtUp", handle, position: reader.uleb(MAX_POSITION), digest: reader.bytes(DIGEST_BYTES) };
}

function readEntries(reader: ByteReader): Message {
  const handle = reader.uleb();
  const position = readOptional(reader);
  if (reader.remaining === 0) throw new SyncError("BAD_MESSAGE", "entries without a run");
  return { type: "entries", handle, position, runs: rest(reader) };
}

function readHello(reader: ByteReader): Hello {
  // The version comes first, so that a later release can change everything behind it and still be understood here.
  const version = reader.u8();
  if (version !== PROTOCOL_VERSION) {
    throw new SyncError(
      "VERSION_UNSUPPORTED",
      `the peer speaks version ${version} of the protocol, this side ${PROTOCOL_VERSION}`,
    );
  }
  const byte = reader.u8();
  if (byte !== roleByte.dialler && byte !== roleByte.listener)
    throw new SyncError("BAD_MESSAGE", "a role of no known kind");
  return {
    type: "hello",
    role: byte === roleByte.dialler ? "dialler" : "listener",
    nonce: reader.bytes(32),
    windowBytes: reader.u32(),
    databases: reader.u32(),
  };
}

function readRights(reader: ByteReader): Extract<Message, { type: "admitted" }>["rights"] {
  const rights = bitsToGrant(reader.u8());
  if (rights === null) throw new SyncError("BAD_MESSAGE", "rights without meaning");
  return rights;
}

function readVectorBits(reader: ByteReader): Pick<VectorMessage, "reply" | "asks"> {
  const bits = reader.u8();
  if ((bits & ~(REPLY | ASKS)) !== 0) throw new SyncError("BAD_MESSAGE", "a vector with bits that mean nothing");
  return { reply: (bits & REPLY) !== 0, asks: (bits & ASKS) !== 0 };
}

function writeHandles(writer: ByteWriter, handles: readonly number[]): void {
  writer.uleb(handles.length);
  for (const handle of handles) writer.uleb(handle);
}

function readHandles(reader: ByteReader): readonly number[] {
  const count = reader.uleb(2 * MAX_DATABASES);
  const handles: number[] = [];
  for (let i = 0; i < count; i++) handles.push(reader.uleb());
  return handles;
}

function rest(reader: ByteReader): Uint8Array {
  return reader.bytes(reader.remaining);
}

function framed(type: Message["type"], body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(typeByte[type]), body);
}
