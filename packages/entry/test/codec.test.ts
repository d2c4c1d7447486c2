import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  concatBytes,
  type DatabaseId,
  decodeEntryBody,
  type Entry,
  type EntryPlace,
  encodeEntryBody,
  entryType,
  type IdentifiedEntry,
  identifyEntry,
  limits,
  type Part,
  parseWriterKey,
  partKind,
  portableVerifier,
  type Run,
  RunDecoder,
  RunEncoder,
  runOf,
  runSize,
  tableIndex,
  verifyRuns,
  ZERO_ENTRY_ID,
} from "../src/index.ts";
import { nativeVerifier } from "../src/native-node.ts";
import {
  otherDatabase,
  pattern,
  richEntry,
  sealedPart,
  secondTag,
  signEntry,
  testChain,
  testDatabase,
  testEntry,
  testTag,
  testWriter,
} from "./chain.ts";
import { codeOf } from "./codes.ts";

const isFull = process.env["SELKIE_TEST_FULL"] !== undefined;
const fuzzTimeout = isFull ? 600_000 : 60_000;
const place: EntryPlace = { database: testDatabase, writer: testWriter().key, seq: 0, prev: ZERO_ENTRY_ID };

/** Entries of every type, with any tags and parts that fit it. */
const arbitraryEntry: fc.Arbitrary<Entry> = fc
  .record({
    type: fc.constantFrom(entryType.founding, entryType.statement, entryType.change),
    control: fc.boolean(),
    tags: fc.integer({ min: 1, max: 3 }),
    salt: fc.string(),
    parts: fc.array(
      fc.record({
        pick: fc.nat({ max: 5 }),
        table: fc.nat(),
        length: fc.integer({ min: 144, max: 200 }),
        hole: fc.boolean(),
      }),
      {
        minLength: 1,
        maxLength: 5,
      },
    ),
  })
  .map(({ type, control, tags, salt, parts }) => {
    const table = [testTag, secondTag, testTag].slice(0, tags);
    const rest = parts.map(({ pick, table: index, length, hole }, i): Part => {
      const isPermit = type !== entryType.change && pick === 0;
      const kind = isPermit ? partKind.permit : type === entryType.change ? partKind.change : partKind.statement;
      const at = isPermit ? (index % 2 === 0 ? tableIndex.hpke : tableIndex.bundle) : index % tags;
      if (!hole) return sealedPart(`${salt} ${i}`, { kind, table: at, length });
      return { type: "hole", kind, table: at, length, hash: pattern(`${salt} ${i}`, 32) };
    });
    const first = sealedPart(`${salt} control`, { kind: partKind.control, table: 0 });
    return testEntry({ type, control, table, salt, parts: control ? [first, ...rest] : rest });
  });

describe("bodies", () => {
  test("a body there and back is the identity", () => {
    fc.assert(
      fc.property(arbitraryEntry, (entry) => {
        const body = encodeEntryBody(entry);
        expect(decodeEntryBody(body, place)).toEqual(entry);
        expect(identifyEntry(nativeVerifier, decodeEntryBody(body, place)).id).toEqual(
          identifyEntry(nativeVerifier, entry).id,
        );
      }),
    );
  });

  test("a body holds up to 254 key tags", () => {
    const entry = testEntry({ table: Array.from({ length: limits.tagsPerEntry }, () => testTag) });
    expect(decodeEntryBody(encodeEntryBody(entry), place)).toEqual(entry);
  });

  test("a body does not hold the signature", () => {
    const entry = richEntry();
    expect(encodeEntryBody(entry)).toEqual(encodeEntryBody({ ...entry, signature: null }));
    expect(decodeEntryBody(encodeEntryBody(entry), place).signature).toBe(null);
    const signed = encodeEntryBody(entry);
    signed[1] = (signed[1] ?? 0) | 2;
    expect(codeOf(() => decodeEntryBody(signed, place))).not.toBe(null);
  });

  test("fuzz: random bytes and mutated bodies decode to what encodes back to them, or throw a typed error", {
    timeout: fuzzTimeout,
  }, () => {
    const mutated = fc
      .tuple(arbitraryEntry, fc.nat(), fc.nat({ max: 20 }), fc.uint8Array({ maxLength: 20 }))
      .map(([entry, at, remove, insert]) => {
        const body = [...encodeEntryBody(entry)];
        return new Uint8Array(body.toSpliced(at % Math.min(body.length, 60), remove, ...insert));
      });
    const head = fc
      .uint8Array({ maxLength: 40 })
      .map((tail) => new Uint8Array([2, 0, 1, ...testTag, ...pattern("salt", 24), ...tail]));
    const seen = { typed: 0, decoded: 0 };
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), mutated, head), (bytes) => {
        const code = codeOf(() => expect(encodeEntryBody(decodeEntryBody(bytes, place))).toEqual(bytes));
        seen[code === null ? "decoded" : "typed"] += 1;
      }),
      { numRuns: isFull ? 100_000 : 2_000 },
    );
    expect(seen.typed).toBeGreaterThan(100);
    expect(seen.decoded).toBeGreaterThan(10);
  });

  test.each([
    ["an unknown entry type", "0304", "BAD_TYPE"],
    ["an unknown record bit", "0208", "BAD_FLAGS"],
    ["255 key tags", "0200ff", "TOO_LARGE"],
    ["tags that are missing", "020003", "TRUNCATED"],
    ["an empty table spelled out", "020000", "NOT_MINIMAL"],
    ["4,097 parts", `0201${"00".repeat(24)}8120`, "TOO_LARGE"],
    ["a part above 1 MiB", `0201${"00".repeat(24)}01848080${"02"}`, "TOO_LARGE"],
    ["an implied frame spelled out", `0201${"00".repeat(24)}01c1040100`, "NOT_MINIMAL"],
    ["a part of no kind", `0201${"00".repeat(24)}01c1040600`, "BAD_PART"],
  ] as const)("refuses %s", (_, hex, code) => {
    const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    expect(codeOf(() => decodeEntryBody(bytes, place))).toBe(code);
  });
});

describe("runs", () => {
  const chain = testChain({ length: 6, verifier: nativeVerifier });
  const message = new RunEncoder().encode([runOf(chain)]);

  test("a session decodes to the runs it was given, message by message", () => {
    const writers = ["a", "b", "c"].map((name) =>
      testChain({ length: 8, writer: testWriter(name), verifier: nativeVerifier }),
    );
    const step = fc.record({
      writer: fc.nat({ max: 2 }),
      from: fc.nat({ max: 7 }),
      length: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 5 }), (messages) => {
        const [encoder, again, decoder] = [new RunEncoder(), new RunEncoder(), new RunDecoder(nativeVerifier)];
        for (const steps of messages) {
          const runs = steps.map((s) => runOf((writers[s.writer] ?? chain).slice(s.from, s.from + s.length)));
          const bytes = encoder.encode(runs);
          const decoded = decoder.decode(bytes, testDatabase);
          expect(decoded).toEqual(runs);
          expect(again.encode(decoded), "one encoding only").toEqual(bytes);
        }
      }),
    );
  });

  test("B4 the same run sent a hundred times decodes equal and verifies to the same entries", async () => {
    const [encoder, decoder] = [new RunEncoder(), new RunDecoder(nativeVerifier)];
    const first = decoder.decode(encoder.encode([runOf(chain)]), testDatabase);
    for (let i = 0; i < 100; i++) {
      const again = decoder.decode(encoder.encode([runOf(chain)]), testDatabase);
      expect(again).toEqual(first);
      const [verdict] = await verifyRuns(nativeVerifier, again);
      expect(verdict?.type === "verified" && verdict.run.entries.map((entry) => entry.id)).toEqual(
        chain.map((e) => e.id),
      );
    }
  });

  test("a small change on an open session costs 239 bytes", () => {
    const encoder = new RunEncoder();
    encoder.encode([runOf(chain.slice(0, 5))]);
    expect(encoder.encode([runOf(chain.slice(5))])).toHaveLength(239);
  });

  test("100 parts of 300 bytes cost 2 bytes each beyond their ciphertext", () => {
    const parts = Array.from({ length: 100 }, (_, i) => sealedPart(`part ${i}`, { length: 300 }));
    const entry = identifyEntry(nativeVerifier, testEntry({ parts }));
    expect(new RunEncoder().encode([runOf([entry])]).length).toBe(100 * 302 + 74 + 2 + 17 + 24 + 1);
  });

  test("fuzz: random bytes and mutated messages decode to what encodes back to them, or throw a typed error", {
    timeout: fuzzTimeout,
  }, () => {
    const mutated = fc
      .tuple(fc.nat({ max: message.length - 1 }), fc.nat({ max: 300 }), fc.uint8Array({ maxLength: 30 }))
      .map(([at, remove, insert]) => new Uint8Array([...message].toSpliced(at, remove, ...insert)));
    const afterWriter = fc
      .uint8Array({ maxLength: 60 })
      .map((tail) => concatBytes(new Uint8Array([0]), testWriter().key, new Uint8Array(40), tail));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated, afterWriter), (bytes) => {
        codeOf(() => {
          const runs = new RunDecoder(nativeVerifier).decode(bytes, testDatabase);
          expect(new RunEncoder().encode(runs)).toEqual(bytes);
        });
      }),
      { numRuns: isFull ? 100_000 : 1_000 },
    );
  });

  test("after an unreadable message a decoder reads nothing more", () => {
    const decoder = new RunDecoder(nativeVerifier);
    expect(codeOf(() => decoder.decode(message.subarray(0, -1), testDatabase))).toBe("TRUNCATED");
    expect(codeOf(() => decoder.decode(message, testDatabase))).toBe("DECODER_FAILED");
  });

  test("an empty message holds no runs", () => {
    expect(new RunEncoder().encode([])).toHaveLength(0);
    expect(new RunDecoder(nativeVerifier).decode(new Uint8Array(), testDatabase)).toEqual([]);
  });

  test("K-7 a writer named for one database is unknown in another", () => {
    const [encoder, decoder] = [new RunEncoder(), new RunDecoder(nativeVerifier)];
    decoder.decode(encoder.encode([runOf(chain.slice(0, 2))]), testDatabase);
    const next = encoder.encode([runOf(chain.slice(2))]);
    expect(codeOf(() => decoder.decode(next, otherDatabase))).toBe("UNKNOWN_WRITER");
  });

  test("one key may write in two databases of a session", () => {
    const other = testChain({ length: 2, database: otherDatabase, verifier: nativeVerifier });
    const [encoder, decoder] = [new RunEncoder(), new RunDecoder(nativeVerifier)];
    const send = (entries: readonly IdentifiedEntry[], database: DatabaseId): readonly Run[] =>
      decoder.decode(encoder.encode([runOf(entries)]), database);
    for (const i of [0, 1]) {
      expect(send(chain.slice(i, i + 1), testDatabase)).toEqual([runOf(chain.slice(i, i + 1))]);
      expect(send(other.slice(i, i + 1), otherDatabase)).toEqual([runOf(other.slice(i, i + 1))]);
    }
  });

  test.each([
    ["a writer nobody named", new Uint8Array([1, 1]), "UNKNOWN_WRITER"],
    ["a writer above the limit", new Uint8Array([0x81, 0x20]), "TOO_LARGE"],
    ["a run without entries", concatBytes(message.subarray(0, 73), new Uint8Array([0])), "BAD_RUN"],
    ["2,049 entries", concatBytes(message.subarray(0, 73), new Uint8Array([0x81, 0x10])), "TOO_LARGE"],
    ["entries that are missing", concatBytes(message.subarray(0, 73), new Uint8Array([0x80, 0x10])), "TRUNCATED"],
    ["a first entry that is not at the start", message.with(72, 1), "BAD_POSITION"],
  ] satisfies [string, Uint8Array, string][])("refuses %s", (_, bytes, code) => {
    expect(codeOf(() => new RunDecoder(nativeVerifier).decode(bytes, testDatabase))).toBe(code);
  });

  test("a known writer is not spelled out again where its chain goes on", () => {
    const first = new RunEncoder().encode([runOf(chain.slice(0, 2))]);
    const second = new RunEncoder().encode([runOf(chain.slice(2))]);
    const decoder = new RunDecoder(nativeVerifier);
    decoder.decode(first, testDatabase);
    expect(codeOf(() => decoder.decode(second, testDatabase))).toBe("NOT_MINIMAL");
  });

  test("key tags are spelled out only where they differ from those of the entry before", () => {
    const two = new RunEncoder().encode([runOf(chain.slice(0, 2))]);
    const second = new RunEncoder().encode([runOf(chain.slice(0, 1))]).length;
    expect([...two.subarray(second, second + 2)]).toEqual([entryType.change, 1 | 2]);
    const repeated = concatBytes(
      two.subarray(0, second),
      new Uint8Array([entryType.change, 2, 1]),
      testTag,
      two.subarray(second + 2),
    );
    expect(codeOf(() => new RunDecoder(nativeVerifier).decode(repeated, testDatabase))).toBe("NOT_MINIMAL");
    const other = concatBytes(
      two.subarray(0, second),
      new Uint8Array([entryType.change, 2, 1]),
      secondTag,
      two.subarray(second + 2),
    );
    expect(codeOf(() => new RunDecoder(nativeVerifier).decode(other, testDatabase))).toBe(null);
  });

  test("an encoder takes identified, linked runs of one database within the limits, else stays as it was", () => {
    const encoder = new RunEncoder();
    const other = testChain({ length: 1, database: otherDatabase });
    expect(codeOf(() => encoder.encode([runOf(chain), runOf(other)]))).toBe("BAD_RUN");
    expect(codeOf(() => encoder.encode([runOf(chain.toReversed())]))).toBe("BAD_RUN");
    expect(codeOf(() => encoder.encode([runOf(chain.map((entry) => ({ ...entry })))]))).toBe("NOT_IDENTIFIED");
    const heavy = testChain({ length: 5, partLength: 1_000_000, verifier: nativeVerifier });
    expect(codeOf(() => encoder.encode([runOf(heavy.slice(0, 3)), runOf(heavy.slice(3))]))).toBe("TOO_LARGE");
    expect(encoder.encode([runOf(chain)])).toEqual(message);
  });

  test("a message above 4 MiB of declared bytes is refused while it is read, holes counted", () => {
    const hole: Part = { type: "hole", kind: partKind.change, table: 0, length: 1_000_000, hash: pattern("hole", 32) };
    const runs = [0, 1, 2, 3, 4].map((i) =>
      runOf([identifyEntry(nativeVerifier, testEntry({ writer: testWriter(`${i}`).key, parts: [hole] }))]),
    );
    const [a, b] = [new RunEncoder().encode(runs.slice(0, 4)), new RunEncoder().encode(runs.slice(4))];
    expect(new RunDecoder(nativeVerifier).decode(a, testDatabase)).toHaveLength(4);
    expect(codeOf(() => new RunDecoder(nativeVerifier).decode(concatBytes(a, b), testDatabase))).toBe("TOO_LARGE");
    expect(runs.reduce((size, run) => size + runSize(run), 0)).toBeGreaterThan(limits.batchBytes);
  });

  test("a message, a run and an entry of exactly the limit are taken", async () => {
    // 228 header and signature, 1 + 16 tag, 2 count, 6 frame
    const length = limits.entryBytes - 228 - 17 - 2 - 6;
    const hole: Part = { type: "hole", kind: partKind.change, table: 0, length, hash: pattern("hole", 32) };
    const chain: IdentifiedEntry[] = [];
    for (let seq = 0; seq < 4; seq++) {
      const at = { writer: testWriter().key, seq, prev: chain.at(-1)?.id ?? ZERO_ENTRY_ID };
      chain.push(signEntry(nativeVerifier, testEntry({ ...at, parts: [hole] }), testWriter()));
    }
    const run = runOf(chain);
    expect([runSize(run), limits.runBytes]).toEqual([limits.batchBytes, limits.batchBytes]);
    const decoded = new RunDecoder(nativeVerifier).decode(new RunEncoder().encode([run]), testDatabase);
    expect((await verifyRuns(nativeVerifier, decoded))[0]?.type).toBe("verified");
  });

  test("a session remembers 4,096 writers, then both sides forget them at the same run", () => {
    const [encoder, decoder] = [new RunEncoder(), new RunDecoder(portableVerifier)];
    const part = sealedPart("x");
    const entryOf = (i: number): IdentifiedEntry =>
      identifyEntry(nativeVerifier, testEntry({ writer: parseWriterKey(pattern(`key ${i}`, 32)), parts: [part] }));
    for (let start = 0; start < limits.sessionWriters + 8; start += 513) {
      const runs = Array.from({ length: 513 }, (_, i) => runOf([entryOf(start + i)]));
      expect(decoder.decode(encoder.encode(runs), testDatabase)).toEqual(runs);
    }
    const next = (i: number): IdentifiedEntry => {
      const before = entryOf(i);
      return identifyEntry(
        nativeVerifier,
        testEntry({ writer: before.header.writer, seq: 1, prev: before.id, parts: [part] }),
      );
    };
    const remembered = encoder.encode([runOf([next(limits.sessionWriters + 2)])]);
    const forgotten = encoder.encode([runOf([next(3)])]);
    expect(remembered.length).toBeLessThan(forgotten.length - 60);
    expect(decoder.decode(concatBytes(remembered, forgotten), testDatabase)).toHaveLength(2);
  });

  test("what a decoder remembers does not keep messages alive", () => {
    const decoder = new RunDecoder(nativeVerifier);
    const bytes = message.slice();
    const [run] = decoder.decode(bytes, testDatabase);
    expect(run?.writer.buffer).not.toBe(bytes.buffer);
    expect(run?.entries.at(-1)?.table[0]?.buffer).not.toBe(bytes.buffer);
  });
});
