// Messages, valid and not. Valid frames are what the code does, frozen by the commit; what is refused is written down by hand.
import { parseBlobHash, parseEntryId, parseKeyTag, parseSignature, parseWriterKey, toHex } from "@selkie/entry";
import { DIRECTORY_ONLY } from "../../src/index.ts";
import { encodeMessage } from "../../src/message/codec.ts";
import type { Message } from "../../src/message/message.ts";
import { bytesOf, databaseOf, tenant } from "../support/writer.ts";
import type { MessageCase } from "./format.ts";
import { toJson } from "./json.ts";

const digest = bytesOf("digest", 16);
const id = parseEntryId(bytesOf("entry"));
const blobHash = parseBlobHash(bytesOf("blob"));
const wanted = {
  recipients: [bytesOf("recipient"), bytesOf("another recipient")],
  tags: [parseKeyTag(bytesOf("tag", 16))],
  contentsOnly: true,
};
const rights = { pull: true, push: true, purge: false };
const vector = new Map(
  ["first writer", "second writer"]
    .map((name) => toHex(bytesOf(name)))
    .sort()
    .map((writer, index) => [writer, { seq: index * 1_000, id }] as const),
);

const valid: readonly (readonly [string, Message])[] = [
  [
    "a dialler's hello",
    { type: "hello", role: "dialler", nonce: bytesOf("nonce"), windowBytes: 4_194_304, databases: 1_024 },
  ],
  [
    "a listener's hello that offers nothing",
    { type: "hello", role: "listener", nonce: bytesOf("n"), windowBytes: 0, databases: 0 },
  ],
  [
    "a claim without proof",
    { type: "claim", kind: "none", tenant, key: null, origin: "wss://relay.example", documents: [], signature: null },
  ],
  [
    "a login with two documents",
    {
      type: "claim",
      kind: "login",
      tenant,
      key: bytesOf("key"),
      origin: "ws://127.0.0.1:4000",
      documents: [bytesOf("one", 3), new Uint8Array()],
      signature: parseSignature(bytesOf("signature", 64)),
    },
  ],
  [
    "the proof of a device",
    {
      type: "claim",
      kind: "device",
      tenant,
      key: bytesOf("key"),
      origin: "pipe:",
      documents: [],
      signature: parseSignature(bytesOf("signature", 64)),
    },
  ],
  ["an admission", { type: "admitted", rights, generation: bytesOf("generation", 8) }],
  [
    "an admission to the directory alone",
    { type: "admitted", rights: DIRECTORY_ONLY, generation: bytesOf("generation", 8) },
  ],
  ["a refusal", { type: "refused", code: "LOGIN_UNKNOWN" }],
  [
    "an open of two databases, with and without a position",
    {
      type: "open",
      items: [
        { id: databaseOf("a"), digest, position: 300 },
        { id: databaseOf("b"), digest, position: null },
      ],
    },
  ],
  [
    "all answers",
    {
      type: "opened",
      first: 3,
      answers: [
        { type: "same", position: null },
        { type: "same", position: 70_000 },
        { type: "streaming" },
        { type: "different" },
        { type: "unknown" },
        { type: "crossed" },
      ],
    },
  ],
  ["a vector that wants the other's", { type: "vector", handle: 2, reply: true, asks: false, vector }],
  ["a vector that asks for parts", { type: "vector", handle: 2, reply: false, asks: true, vector }],
  ["an empty vector", { type: "vector", handle: 129, reply: false, asks: false, vector: new Map() }],
  ["entries with a position", { type: "entries", handle: 0, position: 0, runs: bytesOf("runs", 40) }],
  ["entries without one", { type: "entries", handle: 1, position: null, runs: bytesOf("runs", 40) }],
  [
    "an acknowledgement with every exception",
    {
      type: "ack",
      frames: 2,
      credit: 1_000,
      exceptions: [
        { frame: 0, run: 0, type: "gap", have: 5 },
        { frame: 0, run: 3, type: "fork", seq: 200, ours: id },
        { frame: 1, run: 0, type: "refused", code: "QUOTA_EXCEEDED" },
      ],
      reached: [],
    },
  ],
  [
    "an acknowledgement with the positions that were reached in two databases",
    {
      type: "ack",
      frames: 3,
      credit: 500,
      exceptions: [{ frame: 2, run: 1, type: "gap", have: 7 }],
      reached: [
        { handle: 0, position: 300 },
        { handle: 129, position: 1 },
      ],
    },
  ],
  [
    "a position alone",
    { type: "ack", frames: 0, credit: 0, exceptions: [], reached: [{ handle: 2, position: 70_000 }] },
  ],
  ["credit alone", { type: "ack", frames: 0, credit: 65_536, exceptions: [], reached: [] }],
  ["caughtUp", { type: "caughtUp", handle: 0, position: 128, digest }],
  ["the greatest position", { type: "caughtUp", handle: 0, position: Number.MAX_SAFE_INTEGER - 1, digest }],
  ["a fence", { type: "fence", token: 7, handles: [0, 3, 200] }],
  ["its answer", { type: "fenced", token: 7 }],
  ["a ping", { type: "ping", token: 1 }],
  ["a pong", { type: "pong", token: 1 }],
  ["documents", { type: "present", documents: [bytesOf("document", 9)] }],
  ["an error", { type: "error", code: "BAD_MESSAGE" }],
  ["goaway", { type: "goaway", afterMs: 1_000, withinMs: 30_000 }],
  ["a close of two databases", { type: "close", handles: [0, 129] }],
  [
    "an open of two databases, of the second of which only some parts are wanted",
    {
      type: "open",
      items: [
        { id: databaseOf("a"), digest, position: null },
        { id: databaseOf("b"), digest, position: 5, wanted },
      ],
    },
  ],
  ["a want of some parts", { type: "want", handle: 2, wanted }],
  [
    "a want of no parts but statements and control parts",
    { type: "want", handle: 2, wanted: { recipients: [], tags: [], contentsOnly: false } },
  ],
  ["a want of all parts", { type: "want", handle: 129, wanted: null }],
  [
    "a fetch of two parts of one entry",
    {
      type: "fetch",
      handle: 2,
      places: [1, 99].map((index) => ({ writer: parseWriterKey(bytesOf("writer")), seq: 300, index })),
    },
  ],
  ["parts, of which the second is not held", { type: "parts", handle: 2, parts: [bytesOf("part", 144), null] }],
  ["a question for a piece of a blob", { type: "fetchBlob", hash: blobHash, from: 262_160, length: 524_320 }],
  ["a question for the first byte of a blob", { type: "fetchBlob", hash: blobHash, from: 0, length: 1 }],
  ["a question behind the end of the largest blob", { type: "fetchBlob", hash: blobHash, from: 4_194_560, length: 1 }],
  ["a piece of a blob", { type: "blob", piece: { size: 4_194_560, bytes: bytesOf("piece", 40) } }],
  ["of a blob that ends before, its size alone", { type: "blob", piece: { size: 262_160, bytes: new Uint8Array() } }],
  ["a blob that is not held", { type: "blob", piece: null }],
  ["a question for a ticket", { type: "askTicket" }],
  ["a ticket", { type: "ticket", ticket: bytesOf("ticket") }],
  ["no HTTP door", { type: "ticket", ticket: null }],
];

const hello = toHex(encodeMessage(valid[0]?.[1] ?? { type: "ping", token: 0 }));
const invalid: readonly (readonly [comment: string, frame: string, code: string])[] = [
  ["nothing", "", "BAD_MESSAGE"],
  ["a type that is not known", "1a", "BAD_MESSAGE"],
  ["a close of more databases than there are bytes", "120300", "BAD_MESSAGE"],
  ["type 0", "0000", "BAD_MESSAGE"],
  ["a hello of version 2", `0102${hello.slice(4)}`, "VERSION_UNSUPPORTED"],
  ["a hello of a later version that looks different", "0109", "VERSION_UNSUPPORTED"],
  ["a hello with role 3", `010103${hello.slice(6)}`, "BAD_MESSAGE"],
  ["a hello that goes on", `${hello}00`, "BAD_MESSAGE"],
  ["a hello that stops short", hello.slice(0, -2), "BAD_MESSAGE"],
  ["the directory alone without pull", "03080000000000000000", "BAD_MESSAGE"],
  ["the directory alone with push", "030b0000000000000000", "BAD_MESSAGE"],
  ["a code in lower case", "04816161", "BAD_MESSAGE"],
  ["an empty code", "048160", "BAD_MESSAGE"],
  ["a code with a line break", "0481624e0a", "BAD_MESSAGE"],
  ["an array that is longer than its length byte", "1082614e00", "BAD_MESSAGE"],
  ["CBOR of indefinite length", "109f614eff", "BAD_MESSAGE"],
  ["a number as a float", "1182f93c0000", "BAD_MESSAGE"],
  ["a number longer than it has to be", "1182180100", "BAD_MESSAGE"],
  ["a wait above one hour", "11821a0036ee8100", "BAD_MESSAGE"],
  ["seventeen documents", `0f8191${"40".repeat(17)}`, "BAD_MESSAGE"],
  ["an open of more databases than there are bytes", "05ffff03", "BAD_MESSAGE"],
  ["an answer of kind 6", "06000106", "BAD_MESSAGE"],
  ["a count that is not minimal", "0b018000", "BAD_MESSAGE"],
  ["a want with flag 2", "130002", "BAD_MESSAGE"],
  ["a want of seventeen recipients", `13000111${"00".repeat(32 * 17)}00`, "BAD_MESSAGE"],
  ["a want with flag 2 for contents", "1300010000" + "02", "BAD_MESSAGE"],
  ["a fetch of nothing", "140000", "BAD_MESSAGE"],
  ["a fetch of 257 parts", `14008102${`${"01".repeat(32)}0000`.repeat(257)}`, "BAD_MESSAGE"],
  ["parts that nobody gave", "150000", "BAD_MESSAGE"],
  ["a part that stops short", "150001" + "9001" + "00", "BAD_MESSAGE"],
  ["a question for no byte of a blob", `16${"01".repeat(32)}0000`, "BAD_MESSAGE"],
  ["a question for 524,321 bytes of a blob", `16${"01".repeat(32)}00${"a18020"}`, "BAD_MESSAGE"],
  ["a question beyond any blob", `16${"01".repeat(32)}${"81828002"}01`, "BAD_MESSAGE"],
  ["a question for a blob whose hash stops short", `16${"01".repeat(31)}`, "BAD_MESSAGE"],
  ["a piece of a blob that is not held", "1700" + "01", "BAD_MESSAGE"],
  ["a piece of more bytes than its blob", "1702" + "0101", "BAD_MESSAGE"],
  ["a piece of a blob of 4,194,561 bytes", "17" + "82828002" + "01", "BAD_MESSAGE"],
  ["a blob without its size", "17", "BAD_MESSAGE"],
  ["a question for a ticket that goes on", "1800", "BAD_MESSAGE"],
  ["a ticket with flag 2", `1902${"01".repeat(32)}`, "BAD_MESSAGE"],
  ["a ticket of 31 bytes", `1901${"01".repeat(31)}`, "BAD_MESSAGE"],
  ["no ticket, and one", `1900${"01".repeat(32)}`, "BAD_MESSAGE"],
  ["a want of 1,025 tags", `130001008108${"00".repeat(16 * 1_025)}`, "BAD_MESSAGE"],
  ["an open that wants parts of a database that it does not open", "0500000000", "BAD_MESSAGE"],
  ["an open that wants parts of one database twice", `0501${"01".repeat(48)}000000000000000000`, "BAD_MESSAGE"],
  ["a vector with bits 4", "07000400", "BAD_MESSAGE"],
  ["a vector whose writers descend", `07000002${"02".repeat(72)}${"01".repeat(72)}`, "BAD_MESSAGE"],
  ["entries without a run", "080000", "BAD_MESSAGE"],
  ["an exception in a frame that is not acknowledged", "0901000101000105", "BAD_MESSAGE"],
  ["exceptions that do not ascend", "090100020001010500000105", "BAD_MESSAGE"],
  ["an exception of kind 4", "0901000100000405", "BAD_MESSAGE"],
  ["positions whose handles do not ascend", "0901000004050405", "BAD_MESSAGE"],
  ["a handle without its position", "0901000004", "BAD_MESSAGE"],
  ["a position reached that no open could name", "0900000000ffffffffffffff0f", "BAD_MESSAGE"],
  ["an answer with a position that no open could name", "06000101ffffffffffffff0f", "BAD_MESSAGE"],
  ["caughtUp with a position that no open could name", `0a00ffffffffffffff0f${"00".repeat(16)}`, "BAD_MESSAGE"],
  ["more acknowledged frames than can be in flight", "09810800" + "00", "BAD_MESSAGE"],
  [
    "a proof without a signature",
    `02860158${"20"}${"01".repeat(32)}58${"20"}${"02".repeat(32)}60${"80"}f6`,
    "BAD_MESSAGE",
  ],
  ["no proof, but a key", `02860058${"20"}${"01".repeat(32)}58${"20"}${"02".repeat(32)}60${"80"}f6`, "BAD_MESSAGE"],
];

export function makeMessageCases(): readonly MessageCase[] {
  return [
    ...valid.map(([comment, message]) => ({ comment, frame: toHex(encodeMessage(message)), message: toJson(message) })),
    ...invalid.map(([comment, frame, code]) => ({ comment, frame, code })),
  ];
}
