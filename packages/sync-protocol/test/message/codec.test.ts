import {
  concatBytes,
  type DatabaseId,
  type EntryId,
  limits,
  parseBlobHash,
  parseEntryId,
  parseKeyTag,
  parseSignature,
  parseTenantId,
  parseWriterKey,
  toHex,
} from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DIRECTORY_ONLY, SyncError } from "../../src/index.ts";
import { decodeMessage, encodeMessage } from "../../src/message/codec.ts";
import type { Message, OpenAnswer } from "../../src/message/message.ts";
import { databaseOf } from "../support/writer.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const number = fc.oneof(fc.nat(300), fc.maxSafeNat());
const code = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,63}$/);
const reached = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat().map((value) => Math.min(value, Number.MAX_SAFE_INTEGER - 1)),
);
const position = fc.option(reached, { nil: null });
const database: fc.Arbitrary<DatabaseId> = fc.string().map(databaseOf);
const entryId: fc.Arbitrary<EntryId> = bytes(32).map(parseEntryId);
const rights = fc.oneof(
  fc.record({ pull: fc.boolean(), push: fc.boolean(), purge: fc.boolean() }),
  fc.constant(DIRECTORY_ONLY),
);
const documents = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 16 });
const proof = fc.record({ key: bytes(32), signature: bytes(64).map(parseSignature) });
const claim = fc
  .record({
    tenant: bytes(32).map(parseTenantId),
    origin: fc.string({ maxLength: 100 }).filter(isWellFormed),
    documents,
  })
  .chain((common) =>
    fc.oneof(
      fc.constant({ ...common, type: "claim" as const, kind: "none" as const, key: null, signature: null }),
      proof.chain((proved) =>
        fc.constantFrom("login" as const, "device" as const).map((kind) => ({
          ...common,
          ...proved,
          type: "claim" as const,
          kind,
        })),
      ),
    ),
  );
const answer: fc.Arbitrary<OpenAnswer> = fc.oneof(
  fc.record({ type: fc.constant("same" as const), position }),
  fc
    .constantFrom("streaming" as const, "different" as const, "unknown" as const, "crossed" as const)
    .map((type) => ({ type })),
);
const vector = fc
  .uniqueArray(fc.tuple(bytes(32), fc.record({ seq: fc.maxSafeNat(), id: entryId })), {
    maxLength: 8,
    selector: ([key]) => toHex(key),
  })
  .map(
    (heads) => new Map(heads.map(([key, head]) => [toHex(key), head] as const).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
const exception = fc.record({ frame: fc.nat(9), run: fc.nat(100) }).chain((at) =>
  fc.oneof(
    number.map((have) => ({ ...at, type: "gap" as const, have })),
    fc.tuple(number, entryId).map(([seq, ours]) => ({ ...at, type: "fork" as const, seq, ours })),
    code.map((text) => ({ ...at, type: "refused" as const, code: text })),
  ),
);
const wanted = fc.record({
  recipients: fc.array(bytes(32), { maxLength: 16 }),
  tags: fc.array(bytes(16).map(parseKeyTag), { maxLength: 40 }),
  contentsOnly: fc.boolean(),
});
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constant("hello" as const),
    role: fc.constantFrom("dialler" as const, "listener" as const),
    nonce: bytes(32),
    windowBytes: fc.nat(0xffff_ffff),
    databases: fc.nat(0xffff_ffff),
  }),
  claim,
  fc.record({ type: fc.constant("admitted" as const), rights, generation: bytes(8) }),
  fc.record({ type: fc.constantFrom("refused" as const, "error" as const), code }),
  fc.record({
    type: fc.constant("open" as const),
    items: fc.array(
      fc.record({ id: database, digest: bytes(16), position, wanted }, { requiredKeys: ["id", "digest", "position"] }),
      { maxLength: 5 },
    ),
  }),
  fc.record({ type: fc.constant("want" as const), handle: number, wanted: fc.option(wanted, { nil: null }) }),
  fc.record({
    type: fc.constant("fetch" as const),
    handle: number,
    places: fc.array(
      fc.record({ writer: bytes(32).map((key) => parseWriterKey(key)), seq: number, index: fc.nat(4_096) }),
      {
        minLength: 1,
        maxLength: 9,
      },
    ),
  }),
  fc.record({
    type: fc.constant("parts" as const),
    handle: number,
    parts: fc.array(fc.option(bytes(144), { nil: null }), { minLength: 1, maxLength: 9 }),
  }),
  fc.record({
    type: fc.constant("fetchBlob" as const),
    hash: bytes(32).map(parseBlobHash),
    from: fc.nat(limits.blobBytes),
    length: fc.integer({ min: 1, max: 524_320 }),
  }),
  fc.record({
    type: fc.constant("blob" as const),
    piece: fc.option(
      fc
        .uint8Array({ maxLength: 300 })
        .chain((given) =>
          fc.integer({ min: given.length, max: limits.blobBytes }).map((size) => ({ size, bytes: given })),
        ),
      { nil: null },
    ),
  }),
  fc.record({ type: fc.constant("askTicket" as const) }),
  fc.record({ type: fc.constant("ticket" as const), ticket: fc.option(bytes(32), { nil: null }) }),
  fc.record({
    type: fc.constant("opened" as const),
    first: fc.nat(65_536),
    answers: fc.array(answer, { maxLength: 9 }),
  }),
  fc.record({ type: fc.constant("vector" as const), handle: number, reply: fc.boolean(), asks: fc.boolean(), vector }),
  fc.record({
    type: fc.constant("entries" as const),
    handle: number,
    position,
    runs: fc.uint8Array({ minLength: 1, maxLength: 99 }),
  }),
  fc.record({
    type: fc.constant("ack" as const),
    frames: fc.integer({ min: 10, max: 1_024 }),
    credit: fc.nat(0xffff_ffff),
    exceptions: fc
      .uniqueArray(exception, { maxLength: 4, selector: ({ frame, run }) => `${frame} ${run}` })
      .map((list) => list.toSorted((a, b) => a.frame - b.frame || a.run - b.run)),
    reached: fc
      .uniqueArray(fc.record({ handle: number, position: reached }), { maxLength: 4, selector: ({ handle }) => handle })
      .map((list) => list.toSorted((a, b) => a.handle - b.handle)),
  }),
  fc.record({ type: fc.constant("caughtUp" as const), handle: number, position: reached, digest: bytes(16) }),
  fc.record({ type: fc.constant("fence" as const), token: number, handles: fc.array(number, { maxLength: 9 }) }),
  fc.record({ type: fc.constantFrom("fenced" as const, "ping" as const, "pong" as const), token: number }),
  fc.record({ type: fc.constant("present" as const), documents }),
  fc.record({ type: fc.constant("goaway" as const), afterMs: fc.nat(3_600_000), withinMs: fc.nat(3_600_000) }),
);

describe("messages", () => {
  test("decode to what was encoded, and have one encoding", () => {
    fc.assert(
      fc.property(message, (sent) => {
        const frame = encodeMessage(sent);
        const received = decodeMessage(frame);
        expect(received).toEqual(sent);
        expect(encodeMessage(received)).toEqual(frame);
      }),
      { numRuns: 2_000 },
    );
  });

  test("refuse bytes that follow, and bytes that are missing", () => {
    fc.assert(
      fc.property(message, fc.nat(), (sent, cut) => {
        const frame = encodeMessage(sent);
        // The runs of an entries message are read by the run decoder, to their end, and of a blob one message holds more or less.
        const isOpenEnded = sent.type === "entries" || (sent.type === "blob" && sent.piece !== null);
        if (!isOpenEnded) expectRefused(concatBytes(frame, Uint8Array.of(0)));
        const short = frame.subarray(0, cut % frame.length);
        if (sent.type !== "entries" || short.length < 3) expectRefusedOrCanonical(short);
      }),
      { numRuns: 1_000 },
    );
  });

  test("never throw untyped, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 400 }), (type, body) => {
        expectRefusedOrCanonical(concatBytes(Uint8Array.of(type % 27), body));
      }),
      { numRuns: 20_000 },
    );
  });

  test("never throw untyped when a byte of a valid one changes", () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(255), (sent, at, value) => {
        const frame = encodeMessage(sent);
        frame[at % frame.length] = value;
        expectRefusedOrCanonical(frame);
      }),
      { numRuns: 5_000 },
    );
  });

  test("of another protocol version are told apart from junk", () => {
    const frame = encodeMessage(hello());
    frame[1] = 2;
    expect(codeOf(frame)).toBe("VERSION_UNSUPPORTED");
    // A later version may look different from there on.
    expect(codeOf(Uint8Array.of(1, 9))).toBe("VERSION_UNSUPPORTED");
  });

  test("refuse deep CBOR without a stack overflow", () => {
    expect(codeOf(concatBytes(Uint8Array.of(2), new Uint8Array(900_000).fill(0x81)))).toBe("BAD_MESSAGE");
    expect(codeOf(concatBytes(Uint8Array.of(15), new Uint8Array(900_000).fill(0x9f)))).toBe("BAD_MESSAGE");
  });

  test.each([
    ["a float", "11f93c00"],
    ["a length that is not the shortest", "1082180a00"],
    ["a map", "10a0"],
    ["a tag", "10c181" + "6141"],
    ["undefined", "1081f7"],
    ["a big number", "10811bffffffffffffffff"],
    ["an indefinite array", "109f6141ff"],
  ])("refuse CBOR with %s", (_what, hex) => {
    expect(codeOf(Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)))).toBe("BAD_MESSAGE");
  });

  test("that claim a million items in a few bytes cost nothing", () => {
    for (const type of [5, 6, 9, 11]) {
      expect(codeOf(Uint8Array.of(type, 0xff, 0xff, 0x03, 0xff, 0xff, 0x03, 0xff, 0xff, 0x03))).toBe("BAD_MESSAGE");
    }
  });

  test("with claims or documents above 1 MiB are refused", () => {
    const present: Message = { type: "present", documents: [new Uint8Array(1_048_577)] };
    expect(codeOf(encodeMessage(present))).toBe("BAD_MESSAGE");
  });

  test.each(["", "a", "1A", "NO PE", "CODE\n", "X".repeat(65), "É"])(
    "F7 refuse the code %j, which could break out of a log line",
    (text) => {
      expect(codeOf(encodeMessage({ type: "error", code: text }))).toBe("BAD_MESSAGE");
    },
  );

  test("F4 of more bytes of a blob than one message gives are refused", () => {
    const blob = (length: number): Message => ({
      ...{ type: "blob", piece: { size: limits.blobBytes, bytes: new Uint8Array(length) } },
    });
    expect(codeOf(encodeMessage(blob(524_320)))).toBeNull();
    expect(codeOf(encodeMessage(blob(524_321)))).toBe("BAD_MESSAGE");
  });

  test("with rights or flags that mean nothing are refused", () => {
    const admitted = encodeMessage({
      type: "admitted",
      rights: { pull: true, push: true, purge: true },
      generation: new Uint8Array(8),
    });
    for (const bits of [8, 10, 11, 12, 15, 16, 25]) expect(codeOf(admitted.with(1, bits))).toBe("BAD_MESSAGE");
    const empty = encodeMessage({ type: "vector", handle: 0, reply: false, asks: false, vector: new Map() });
    expect(codeOf(empty.with(2, 4))).toBe("BAD_MESSAGE");
  });
});

function hello(): Message {
  return { type: "hello", role: "dialler", nonce: new Uint8Array(32), windowBytes: 1, databases: 1 };
}

function codeOf(frame: Uint8Array): string | null {
  try {
    decodeMessage(frame);
    return null;
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return error.code;
  }
}

function expectRefused(frame: Uint8Array): void {
  expect(codeOf(frame)).not.toBeNull();
}

function expectRefusedOrCanonical(frame: Uint8Array): void {
  if (codeOf(frame) === null) expect(encodeMessage(decodeMessage(frame))).toEqual(Uint8Array.from(frame));
}

function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}
