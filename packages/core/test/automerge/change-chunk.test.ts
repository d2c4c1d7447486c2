import * as Automerge from "@automerge/automerge";
import { fromHex, toHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ChangeError } from "../../src/automerge/change-error.ts";
import { changeLimits } from "../../src/automerge/change-limits.ts";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { alice, bob, chunk, columnsOf, type HandMadeOp, handMade, head, signed } from "./hand-made-change.ts";
import { judge, judgeFirst, parse } from "./judge.ts";
import { randomHistory } from "./random-history.ts";

const actors = [alice, bob, "0c".repeat(16)];

function codeOf(bytes: Uint8Array): string {
  try {
    parse(bytes);
  } catch (error) {
    if (error instanceof ChangeError) return error.code;
    throw error;
  }
  return "parsed";
}

const valid = handMade({ ops: [{ value: 1 }] }).bytes;

describe("a change that Automerge made", () => {
  test("reads as Automerge's own decoder reads it, in 3,000 random changes", () => {
    let changes = 0;
    for (let seed = 1; changes < 3000; seed++)
      for (const bytes of randomHistory(seed, { actors, steps: 30 }).changes) {
        const theirs = Automerge.decodeChange(bytes);
        const { hash, deps, actor, seq, startOp, time, message, opCount, maxOp } = parse(bytes);
        expect({
          hash: toHex(hash),
          deps: deps.map(toHex),
          actor: toHex(actor),
          seq,
          startOp,
          time,
          message,
          opCount,
        }).toEqual({
          hash: theirs.hash,
          deps: theirs.deps,
          actor: theirs.actor,
          seq: theirs.seq,
          startOp: theirs.startOp,
          time: theirs.time,
          message: theirs.message ?? "",
          opCount: theirs.ops.length,
        });
        expect(maxOp).toBe(theirs.startOp + theirs.ops.length - 1);
        changes++;
      }
  });

  test("is what the hand-made encoder of these tests writes", () => {
    let doc = Automerge.init<Record<string, unknown>>({ actor: alice });
    doc = Automerge.change(doc, { time: 0 }, (draft) => Object.assign(draft, { a: 1, b: [true, null], c: "hi" }));
    const made = handMade({
      ops: [
        { key: { text: "a" }, value: 1 },
        { key: { text: "b" }, action: 2 },
        { obj: [2, 0], key: head, insert: true, value: true },
        { obj: [2, 0], key: [3, 0], insert: true, value: null },
        { key: { text: "c" }, action: 4 },
        { obj: [5, 0], key: head, insert: true, value: "h" },
        { obj: [5, 0], key: [6, 0], insert: true, value: "i" },
      ],
    });
    expect(toHex(made.bytes)).toBe(toHex(Automerge.getLastLocalChange(doc) ?? new Uint8Array()));
  });
});

describe("a chunk", () => {
  test("with another magic, type or length is refused", () => {
    expect(codeOf(Uint8Array.of(1, ...valid.subarray(1)))).toBe("CHANGE_MALFORMED");
    expect(codeOf(handMade({ ops: [{ value: 1 }], type: 0 }).bytes)).toBe("CHANGE_MALFORMED");
    expect(codeOf(handMade({ ops: [{ value: 1 }], type: 3 }).bytes)).toBe("CHANGE_MALFORMED");
    expect(codeOf(Uint8Array.of(...valid, 0))).toBe("CHANGE_MALFORMED");
    expect(codeOf(new Uint8Array())).toBe("CHANGE_MALFORMED");
  });

  test("whose checksum is wrong is refused, although Automerge would apply it", () => {
    const { bytes } = handMade({ ops: [{ value: 1 }], checksum: [1, 2, 3, 4] });
    expect(codeOf(bytes)).toBe("CHANGE_CHECKSUM");
    const [doc] = Automerge.applyChanges(Automerge.init<Record<string, unknown>>(), [bytes]);
    expect(doc["k"]).toBe(1);
  });

  test("with bytes after its columns is refused", () => {
    expect(codeOf(handMade({ ops: [{ value: 1 }], extra: [1, 1, 7] }).bytes)).toBe("CHANGE_MALFORMED");
  });

  test("with an actor of another length is refused", () => {
    for (const actor of ["", "01", "aa".repeat(15), "aa".repeat(17)])
      expect(codeOf(handMade({ actor, ops: [{ value: 1 }] }).bytes)).toBe("CHANGE_MALFORMED");
  });

  test("with numbers that are not numbers of changes is refused", () => {
    expect(codeOf(handMade({ seq: 0 }).bytes)).toBe("CHANGE_MALFORMED");
    expect(codeOf(handMade({ startOp: 0 }).bytes)).toBe("CHANGE_MALFORMED");
    expect(codeOf(handMade({ seq: 2n ** 53n }).bytes)).toBe("CHANGE_BAD_VALUE");
    expect(codeOf(handMade({ seq: 2n ** 80n }).bytes)).toBe("CHANGE_BAD_VALUE");
    expect(codeOf(handMade({ time: 2n ** 62n }).bytes)).toBe("CHANGE_BAD_VALUE");
    expect(codeOf(handMade({ time: -(2n ** 53n) }).bytes)).toBe("CHANGE_BAD_VALUE");
    expect(parse(handMade({ time: -(2n ** 53n) + 1n }).bytes).time).toBe(Number.MIN_SAFE_INTEGER);
  });

  test("with dependencies or actors out of order or twice is refused", () => {
    const [low, high] = ["00".repeat(32), "ff".repeat(32)];
    for (const deps of [
      [high, low],
      [low, low],
    ])
      expect(codeOf(handMade({ deps }).bytes)).toBe("CHANGE_NOT_CANONICAL");
    for (const others of [
      [bob, alice],
      [bob, bob],
    ])
      expect(codeOf(handMade({ others }).bytes)).toBe("CHANGE_NOT_CANONICAL");
  });

  test("with a number in more bytes than it needs is refused", () => {
    const body = valid.subarray(10);
    const padded = Uint8Array.of(...body.subarray(0, 18), 0x81, 0x00, ...body.subarray(19));
    expect(codeOf(chunk(padded).bytes)).toBe("CHANGE_NOT_CANONICAL");
    expect(codeOf(chunk(Uint8Array.of(...body.subarray(0, 18), 0x81, ...body.subarray(19))).bytes)).not.toBe("parsed");
  });
});

test("a number of many bytes, with or without a value in them, is refused", () => {
  const zeros = new Array<number>(200).fill(0x80);
  const actorAndPlace = [0, 16, ...fromHex(alice), 1, 1];
  const numbers: Record<string, readonly number[]> = {
    "unsigned, nothing in it": [0, 16, ...fromHex(alice), ...zeros, 1],
    "unsigned, one too many": [0, 16, ...fromHex(alice), 0x81, 0],
    "signed, nothing in it": [...actorAndPlace, ...zeros, 1],
    "signed, one zero too many": [...actorAndPlace, 0x81, 0],
    "signed, one sign too many": [...actorAndPlace, 0xff, 0x7f],
    "signed, beyond 2^53": [...actorAndPlace, ...signed(-(2n ** 55n))],
  };
  for (const [what, bytes] of Object.entries(numbers))
    expect([what, codeOf(chunk(Uint8Array.of(...bytes, 0, 0, 0, 0, 0)).bytes)]).toEqual([
      what,
      what.includes("too many") ? "CHANGE_NOT_CANONICAL" : "CHANGE_BAD_VALUE",
    ]);
});

describe("the columns", () => {
  const ops = [{ value: 1 }];
  const two = [
    { key: { text: "y" }, value: 1 },
    { key: { text: "z" }, value: 1 },
  ];

  test("refuses every column that Automerge would encode otherwise", () => {
    const otherwise: Record<string, Record<number, readonly number[]>> = {
      "equal values as a literal run": { 66: [0x7e, 1, 1] },
      "two literal runs": { 21: [0x7f, 1, 0x79, 0x7f, 1, 0x7a] },
      "a run of one": { 21: [1, 1, 0x79, 1, 1, 0x7a] },
      "an empty null run": { 21: [0x7e, 1, 0x79, 1, 0x7a, 0, 0] },
      "a column of nulls only": { 1: [0, 2], 2: [0, 2] },
      "an unknown column": { 178: [2, 5] },
      "rows left over": { 21: [0x7d, 1, 0x79, 1, 0x7a, 1, 0x7b] },
      "value bytes left over": { 87: [1, 1, 1] },
      "a mark column that marks nothing": { 148: [2] },
      "a boolean run of no length": { 52: [1, 0, 1] },
      "an empty null run first": { 21: [0, 0, 0x7e, 1, 0x79, 1, 0x7a] },
    };
    for (const [what, columns] of Object.entries(otherwise))
      expect([what, judgeFirst({ ops: two, columns })]).toEqual([what, "CHANGE_NOT_CANONICAL"]);
    const inList = { obj: [1, 0], insert: true, value: 1 } as const;
    const list: readonly HandMadeOp[] = [{ action: 2 }, { ...inList, key: head }, { ...inList, key: [2, 0] }];
    expect(judgeFirst({ ops: list })).toBe("pass");
    expect(judgeFirst({ ops: list, columns: { 21: [0x7f, 1, 0x6b, 0, 1, 0, 1] } })).toBe("CHANGE_NOT_CANONICAL");
    expect(judgeFirst({ ops: list, columns: { 66: [0x7d, 2, 1, 1] } })).toBe("CHANGE_NOT_CANONICAL");
    expect(judgeFirst({ ops: two })).toBe("pass");
  });

  test("out of order, twice or empty are refused", () => {
    const good = Object.entries(columnsOf(ops))
      .filter(([, data]) => data.length > 0)
      .map(([spec]) => Number(spec));
    expect(judgeFirst({ ops, columnOrder: good })).toBe("pass");
    expect(judgeFirst({ ops, columnOrder: good.toReversed() })).toBe("CHANGE_NOT_CANONICAL");
    expect(judgeFirst({ ops, columnOrder: [...good, good.at(-1) ?? 0] })).toBe("CHANGE_NOT_CANONICAL");
    expect(judgeFirst({ ops, columnOrder: [...good, 0x94] })).toBe("CHANGE_NOT_CANONICAL");
  });

  test("that leave out what every operation has are refused", () => {
    for (const spec of [0x15, 0x34, 0x56, 0x70])
      expect(judgeFirst({ ops, columns: { [spec]: [] } })).toBe("CHANGE_MALFORMED");
    expect(judgeFirst({ ops, columns: { 66: [] } })).toBe("CHANGE_NOT_CANONICAL");
  });

  test("that give a key twice, or half of an id, are refused", () => {
    expect(judgeFirst({ ops, columns: { 19: [0x7f, 0] } })).toBe("CHANGE_MALFORMED");
    expect(judgeFirst({ ops, columns: { 1: [0x7f, 0] } })).toBe("CHANGE_MALFORMED");
    expect(judgeFirst({ ops, columns: { 2: [0x7f, 1] } })).toBe("CHANGE_MALFORMED");
    expect(judgeFirst({ ops, columns: { 17: [0x7f, 0] } })).toBe("CHANGE_MALFORMED");
    expect(judgeFirst({ ops, columns: { 1: [0x7f, 0], 2: [0x7f, 0] } })).toBe("CHANGE_MALFORMED");
  });

  test("with a counter below 0 or beyond all numbers are refused", () => {
    const pred = { ops: [{ value: 1 }, { value: 2, pred: [[1, 0]] as const }] };
    expect(judgeFirst(pred)).toBe("pass");
    expect(judgeFirst({ ...pred, columns: { 115: [0x7f, ...signed(-1)] } })).toBe("CHANGE_MALFORMED");
    const far = [0x7e, ...signed(2 ** 53 - 1), ...signed(2 ** 52)];
    expect(judgeFirst({ ops: pred.ops, columns: { 112: [0x7e, 0, 2], 113: [2, 0], 115: far } })).toBe(
      "CHANGE_MALFORMED",
    );
  });

  test("that name an actor that is not listed, or list one that is not named, are refused", () => {
    expect(judgeFirst({ ops: [{ value: 1, pred: [[1, 3]] }] })).toBe("CHANGE_MALFORMED");
    expect(judgeFirst({ ops, others: [bob] })).toBe("CHANGE_NOT_CANONICAL");
  });
});

describe("bytes a peer may send", () => {
  test("every single-bit flip of a change is refused", () => {
    const { bytes } = handMade({ message: "m", ops: [{ value: 1 }, { key: { text: "t" }, action: 4 }] });
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(judge(new DocumentHistory(), flipped, alice)).toMatch(/^CHANGE_/);
    }
  });

  test("give a change or a typed refusal, whatever they are", () => {
    const body = valid.subarray(10);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.boolean(), (noise, at, replace) => {
        const where = at % body.length;
        const mixed = replace
          ? noise
          : Uint8Array.of(...body.subarray(0, where), ...noise, ...body.subarray(where + noise.length));
        expect(judge(new DocumentHistory(), chunk(mixed).bytes, alice)).toMatch(/^(pass|held|CHANGE_\w+)$/);
      }),
      { numRuns: 3000 },
    );
  });

  test("with valid checksums after random mutations pass only if Automerge can save and load them", () => {
    const random = randomHistory(7, { actors: [alice], steps: 60 }).changes;
    let passed = 0;
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (pick, at, flip) => {
        const bytes = random[pick % 20] ?? valid;
        const base = random.slice(0, pick % 20);
        const start = bytes.length < 138 ? 10 : 11;
        const body = bytes.slice(start);
        const where = at % body.length;
        body[where] = (body[where] ?? 0) ^ flip;
        const made = chunk(body);
        const history = new DocumentHistory();
        for (const before of base) judge(history, before, alice);
        if (judge(history, made.bytes, alice) !== "pass") return;
        passed++;
        const [doc] = Automerge.applyChanges(Automerge.init<Record<string, unknown>>(), [...base, made.bytes]);
        expect(Automerge.getHeads(Automerge.load(Automerge.save(doc)))).toContain(made.hash);
      }),
      { numRuns: 2000 },
    );
    expect(passed).toBeGreaterThan(100);
  });

  test("D12 refuses a change of more than a million bytes without looking at it", () => {
    expect(codeOf(new Uint8Array(changeLimits.bytes + 1))).toBe("CHANGE_TOO_LARGE");
  });
});
