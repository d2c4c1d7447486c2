import * as Automerge from "@automerge/automerge";
import { concatBytes, fromHex, limits, toHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bundleChanges, unbundleChanges } from "../../src/automerge/bundle.ts";
import type { ChangeChunk, Sha256 } from "../../src/automerge/change-chunk.ts";
import { changeCodec, decodeChanges, encodeChanges } from "../../src/automerge/change-codec.ts";
import { ChangeError } from "../../src/automerge/change-error.ts";
import { changeLimits } from "../../src/automerge/change-limits.ts";
import { packChanges, unpackChanges } from "../../src/automerge/packed-changes.ts";
import { leastWork, PartBudget, PartWork } from "../../src/automerge/part-work.ts";
import { padmeLength } from "../../src/sealing/padme.ts";
import { reportCpu } from "./cpu.ts";
import { act, alice, bob, handMade, signed, unsigned } from "./hand-made-change.ts";
import { inOwnEntry } from "./in-own-entry.ts";
import { parse } from "./judge.ts";
import { randomHistory } from "./random-history.ts";
import { sha256 } from "./sha256.ts";
import { typeProse } from "./typist.ts";

const byAlice = fromHex(alice);
const hexOf = (changes: readonly ChangeChunk[]): readonly string[] => changes.map(({ bytes }) => toHex(bytes));

/** The changes of each actor of a random history, as a writer would put them into one part. */
function* randomParts(seeds: number): Generator<readonly ChangeChunk[]> {
  for (let seed = 0; seed < seeds; seed++) {
    const byActor = new Map<string, ChangeChunk[]>();
    for (const bytes of randomHistory(seed, { actors: [alice, bob, "0c".repeat(16)], steps: 30 }).changes) {
      const change = parse(bytes);
      const key = toHex(change.actor);
      byActor.set(key, [...(byActor.get(key) ?? []), change]);
    }
    yield* byActor.values();
  }
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ChangeError) return error.code;
    throw error;
  }
  return "decoded";
}

describe("changes in a part", () => {
  test("come back with the same bytes, packed and bundled, from 25 random histories", () => {
    let bundles = 0;
    for (const changes of randomParts(25)) {
      const actor = changes[0]?.actor ?? byAlice;
      expect(hexOf(unpackChanges(packChanges(changes), inOwnEntry(actor, sha256)))).toEqual(hexOf(changes));
      const bundle = bundleChanges(changes);
      if (bundle !== null) expect(hexOf(unbundleChanges(bundle, inOwnEntry(actor, sha256)))).toEqual(hexOf(changes));
      bundles += bundle === null ? 0 : 1;
      const encoded = encodeChanges(changes);
      expect(decodeChanges(encoded, inOwnEntry(actor, sha256))).toEqual(changes);
      expect(encoded.payload.length).toBeLessThanOrEqual(packChanges(changes).length);
      for (const change of changes)
        expect(decodeChanges(encodeChanges([change]), inOwnEntry(actor, sha256))).toEqual([change]);
    }
    expect(bundles).toBeGreaterThan(40);
  });

  test("are taken raw, and under an unknown codec refused", () => {
    const { bytes } = handMade({ ops: [{ value: 1 }] });
    expect(hexOf(decodeChanges({ codec: changeCodec.raw, payload: bytes }, inOwnEntry(byAlice, sha256)))).toEqual([
      toHex(bytes),
    ]);
    for (const codec of [3, 255, -1])
      expect(codeOf(() => decodeChanges({ codec, payload: bytes }, inOwnEntry(byAlice, sha256)))).toBe(
        "CHANGE_MALFORMED",
      );
  });

  test("of another writer do not come out the same", () => {
    const change = parse(handMade({ ops: [{ value: 1 }] }).bytes);
    const [other] = unpackChanges(packChanges([change]), inOwnEntry(fromHex(bob), sha256));
    expect(toHex(other?.hash ?? byAlice)).not.toBe(toHex(change.hash));
  });

  test("are packed by deterministic functions", () => {
    for (const changes of randomParts(5)) {
      expect(packChanges(changes)).toEqual(packChanges(changes.map(({ bytes }) => parse(bytes))));
      expect(bundleChanges(changes)).toEqual(bundleChanges(changes.map(({ bytes }) => parse(bytes))));
    }
  });
});

describe("sizes", () => {
  test("the largest change, padded and beside a control part, fits into an entry", () => {
    const bytes = new Uint8Array(changeLimits.bytes - 100);
    const change = parse(handMade({ ops: [{ value: [7, [...bytes]] }] }).bytes);
    expect(changeLimits.bytes - change.bytes.length).toBeLessThan(50);
    const { payload } = encodeChanges([change]);
    const fieldsBefore = 100;
    const control = 8_192;
    expect(padmeLength(payload.length + fieldsBefore, 256) + control).toBeLessThan(limits.entryBytes);
    expect(padmeLength(changeLimits.bytes + fieldsBefore, 256) + control).toBeLessThan(limits.entryBytes);
  });

  const lastOf = (doc: Automerge.Doc<unknown>): ChangeChunk => parse(Automerge.getLastLocalChange(doc) ?? byAlice);
  const base = Automerge.from({ n: 1, t: "" }, { actor: alice });

  test("one small change saves at least 26 bytes, typing at least 60 a keystroke", () => {
    const int = lastOf(Automerge.change(base, { time: 0 }, (draft) => void Object.assign(draft, { n: 42 })));
    const twenty = lastOf(
      Automerge.change(Automerge.clone(base, { actor: bob }), { time: 0 }, (draft) =>
        Automerge.splice(draft, ["t"], 0, 0, "twenty characters ok"),
      ),
    );
    const record = { name: "John Doe", region: "EMEA", revenue: 120, active: true, note: "some text here" };
    const first = lastOf(
      Automerge.change(
        Automerge.init<typeof record>({ actor: alice }),
        { time: 0 },
        (draft) => void Object.assign(draft, record),
      ),
    );
    for (const [what, change] of Object.entries({ int, twenty, record: first })) {
      const packed = packChanges([change]).length;
      console.log(`packed, ${what}: ${change.bytes.length} -> ${packed} bytes`);
      expect(change.bytes.length - packed).toBeGreaterThanOrEqual(26);
    }
    const { changes } = typeProse({ keystrokes: 100, corrects: false });
    const raw = changes.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(raw - packChanges(changes).length).toBeGreaterThanOrEqual(60 * 100);
  });

  test("1,000 keystrokes of prose take at most 2.5 KB, with corrections too", () => {
    for (const corrects of [false, true]) {
      const { changes, doc } = typeProse({ keystrokes: 1000, corrects });
      const { codec, payload } = encodeChanges(changes);
      const theirs = Automerge.saveBundle(
        doc,
        changes.map(({ hash }) => toHex(hash)),
      );
      console.log(
        `1,000 keystrokes, ${corrects ? "with corrections" : "straight"}: ${payload.length} bytes; saveBundle ${theirs.length}`,
      );
      expect(codec).toBe(changeCodec.bundle);
      expect(payload.length).toBeLessThanOrEqual(2_500);
    }
  });
});

describe("a payload a peer may send", () => {
  const parts = [...randomParts(6)];
  const decoders = { unpack: unpackChanges, unbundle: unbundleChanges } as const;

  test("gives changes or a typed refusal, whatever it is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom("unpack", "unbundle"), (payload, decoder) => {
        codeOf(() => decoders[decoder](payload, inOwnEntry(byAlice, sha256)));
      }),
      { numRuns: 3000 },
    );
  });

  test("mutated anywhere gives other changes or a typed refusal", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(255), fc.boolean(), (pick, at, byte, inBundle) => {
        const changes = parts[pick % parts.length] ?? [];
        const payload = inBundle ? bundleChanges(changes) : packChanges(changes);
        if (payload === null || payload[at % payload.length] === byte) return;
        payload[at % payload.length] = byte;
        const decode = inBundle ? unbundleChanges : unpackChanges;
        let decoded: readonly ChangeChunk[] = [];
        const code = codeOf(() => {
          decoded = decode(payload, inOwnEntry(byAlice, sha256));
        });
        if (code === "decoded") expect(hexOf(decoded)).not.toEqual(hexOf(changes));
      }),
      { numRuns: 1500 },
    );
  });

  test("cut short or with bytes left over is refused", () => {
    const { changes } = typeProse({ keystrokes: 30, corrects: true });
    const bundle = bundleChanges(changes) ?? byAlice;
    for (let length = 0; length < bundle.length; length++)
      expect(codeOf(() => unbundleChanges(bundle.subarray(0, length), inOwnEntry(byAlice, sha256)))).toMatch(
        /^CHANGE_/,
      );
    expect(codeOf(() => unbundleChanges(Uint8Array.of(...bundle, 0), inOwnEntry(byAlice, sha256)))).toMatch(/^CHANGE_/);
    const packed = packChanges(changes);
    expect(codeOf(() => unpackChanges(packed.subarray(0, -1), inOwnEntry(byAlice, sha256)))).toMatch(/^CHANGE_/);
  });

  test("that spells out what is implied, or follows nothing, is refused", () => {
    const first = handMade({ ops: [{ value: 1 }] });
    const second = handMade({ seq: 2, startOp: 2, deps: [first.hash], ops: [{ value: 2, pred: [[1, 0]] }] });
    const [packedFirst, alone] = [first, second].map(({ bytes }) => packChanges([parse(bytes)]));
    if (packedFirst === undefined || alone === undefined) return expect.unreachable();
    expect(codeOf(() => unpackChanges(Uint8Array.of(...packedFirst, ...alone), inOwnEntry(byAlice, sha256)))).toBe(
      "CHANGE_NOT_CANONICAL",
    );
    const both = packChanges([parse(first.bytes), parse(second.bytes)]);
    expect(codeOf(() => unpackChanges(both.subarray(packedFirst.length), inOwnEntry(byAlice, sha256)))).toBe(
      "CHANGE_MALFORMED",
    );
    const ops = packedFirst.subarray(1);
    expect(codeOf(() => unpackChanges(Uint8Array.of(0x21 | 4, 0, ...ops), inOwnEntry(byAlice, sha256)))).toBe(
      "CHANGE_NOT_CANONICAL",
    );
    expect(codeOf(() => unpackChanges(Uint8Array.of(0x20, 0, 1, 1, ...ops), inOwnEntry(byAlice, sha256)))).toBe(
      "CHANGE_NOT_CANONICAL",
    );
    expect(codeOf(() => unpackChanges(Uint8Array.of(0x61, ...ops), inOwnEntry(byAlice, sha256)))).toBe(
      "CHANGE_MALFORMED",
    );
  });

  test("with a column whose length only looks right in 32 bits is refused", () => {
    const payload = packChanges([parse(handMade({ ops: [{ value: 1 }] }).bytes)]);
    // Flags, optional columns, then the lengths: the first is that of the map keys.
    const [flags = 0, columns = 0, length = 0] = payload;
    const longer = Uint8Array.of(flags, columns, ...unsigned(2 ** 32 + length), ...payload.subarray(3));
    expect(codeOf(() => unpackChanges(longer, inOwnEntry(byAlice, sha256)))).toBe("CHANGE_MALFORMED");
  });

  test("that lists a column and leaves it empty is refused: every change has one packed form", () => {
    const payload = packChanges([parse(handMade({ ops: [{ value: null }] }).bytes)]);
    const [flags = 0, columns = 0, keys = 0, insert = 0, act = 0, meta = 0] = payload;
    const withValue = Uint8Array.of(flags, columns | 16, keys, insert, act, meta, 0, ...payload.subarray(6));
    expect(codeOf(() => unpackChanges(withValue, inOwnEntry(byAlice, sha256)))).toBe("CHANGE_NOT_CANONICAL");
  });

  test("D4 that stands for more changes or bytes than a part may hold is refused", () => {
    // One byte a change: empty changes, each after the one before.
    const flood = new Uint8Array(1_000_000).fill(2);
    flood[0] = 1;
    expect(
      reportCpu("D4 10^6 changes in a packed part", () =>
        codeOf(() => unpackChanges(flood, inOwnEntry(byAlice, sha256))),
      ),
    ).toBe("CHANGE_TOO_LARGE");
    const message = [...unsigned(500_000), ...Array.from({ length: 500_000 }, () => 0x61)];
    const repeated = (count: number): number[] => [...signed(count), ...message];
    const columns = [[1, ...unsigned(1_999)], [...signed(2_000), 0], [...signed(2_000), 0], repeated(2_000)];
    const bomb = Uint8Array.from([
      ...unsigned(2_000),
      1,
      ...columns.flatMap((data) => [...unsigned(data.length), ...data]),
      0,
      1,
      0,
      0,
      ...new Array<number>(10).fill(0),
    ]);
    expect(bomb.length).toBeLessThan(changeLimits.bytes);
    expect(
      reportCpu("D4 1 GB of messages in a bundle", () =>
        codeOf(() => unbundleChanges(bomb, inOwnEntry(byAlice, sha256))),
      ),
    ).toBe("CHANGE_TOO_LARGE");
  });

  test.each(["pack", "bundle"] as const)(
    "D12 that makes more work than its share is refused before it is rebuilt: %s",
    (how) => {
      const { changes } = typeProse({ keystrokes: 40, corrects: false });
      const payload = how === "pack" ? packChanges(changes) : (bundleChanges(changes) ?? expect.fail("a bundle"));
      const decode = how === "pack" ? unpackChanges : unbundleChanges;
      const work = new PartWork();
      for (const change of changes) work.addChange(change);
      let rebuilt = 0;
      const counted: Sha256 = (...chunks) => {
        rebuilt++;
        return sha256(...chunks);
      };
      const mostOfChanges = (count: number, ops: number): number => leastWork + (count - 1) * 16 + ops;
      const within = (most: number) => ({ actor: byAlice, sha256: counted, budget: new PartBudget(most) });
      expect(decode(payload, within(work.total)).length).toBe(40);
      rebuilt = 0;
      expect(codeOf(() => decode(payload, within(work.total - 1)))).toBe("CHANGE_TOO_LARGE");
      // Where the operations of a bundle are shows only once they are rebuilt; how many they are is known before.
      expect(rebuilt).toBe(how === "pack" ? 39 : 40);
      rebuilt = 0;
      const ops = changes.reduce((sum, { opCount }) => sum + opCount, 0);
      expect(codeOf(() => decode(payload, within(mostOfChanges(40, ops) - 1)))).toBe("CHANGE_TOO_LARGE");
      expect(rebuilt).toBeLessThan(how === "pack" ? 40 : 1);
    },
  );

  test("D12 that claims more operations than a change may hold is refused", () => {
    const columns = [[1, 1], [2, ...unsigned(2 ** 50)], [2, 0], []];
    const claim = Uint8Array.from([
      2,
      1,
      ...columns.flatMap((data) => [data.length, ...data]),
      0,
      1,
      0,
      0,
      ...new Array<number>(10).fill(0),
    ]);
    expect(codeOf(() => unbundleChanges(claim, inOwnEntry(byAlice, sha256)))).toBe("CHANGE_TOO_LARGE");
  });

  test("that rebuilds into no change, or a larger one than there may be, is refused", () => {
    expect(codeOf(() => unpackChanges(Uint8Array.of(0, 0, 0, 1), inOwnEntry(byAlice, sha256)))).toBe(
      "CHANGE_MALFORMED",
    );
    expect(codeOf(() => unpackChanges(Uint8Array.of(0, 0, 2, 0), inOwnEntry(byAlice, sha256)))).toBe(
      "CHANGE_MALFORMED",
    );
    const message = new Uint8Array(changeLimits.bytes).fill(0x61);
    const large = concatBytes(Uint8Array.of(1 | 8, ...unsigned(message.length)), message);
    expect(codeOf(() => unpackChanges(large, inOwnEntry(byAlice, sha256)))).toBe("CHANGE_TOO_LARGE");
  });

  describe("of a bundle whose columns", () => {
    /** Two changes of one operation each, the second after the first; parts of it can be replaced. */
    const bundleOf = (parts: {
      readonly changes?: readonly (readonly number[])[];
      readonly shape?: readonly number[];
      readonly ops?: Readonly<Record<number, readonly number[]>>;
      readonly values?: readonly number[];
    }): string => {
      const changes = parts.changes ?? [[1, 1], [2, 1], [2, 0], []];
      const standard = [[2, 0], [2, 0], [2, 1, 0x6b], [], [], [], [2, 0], [], [], []];
      const ops = standard.map((data, i) => parts.ops?.[i] ?? data);
      const payload = [
        [2, 1],
        ...changes.flatMap((data) => [unsigned(data.length), data]),
        changes[0]?.[0] === 0 ? [] : [0, 1],
        [0, 1, ...(parts.shape ?? [4, 0, 0])],
        ops.flatMap(({ length }) => unsigned(length)),
        ...ops,
        parts.values ?? [],
      ];
      return codeOf(() => unbundleChanges(Uint8Array.from(payload.flat()), inOwnEntry(byAlice, sha256)));
    };

    test("agree is read", () => {
      expect(bundleOf({})).toBe("decoded");
    });

    test("begin with a change that follows nothing is refused", () => {
      expect(bundleOf({ changes: [[0, 2], [2, 1], [2, 0], []] })).toBe("CHANGE_MALFORMED");
    });

    test("lack a row, or have one left over, is refused", () => {
      expect(bundleOf({ changes: [[], [2, 1], [2, 0], []] })).toMatch(/^CHANGE_/);
      expect(bundleOf({ changes: [[1, 1], [], [2, 0], []] })).toBe("CHANGE_MALFORMED");
      expect(bundleOf({ changes: [[1, 1], [2, 1], [], []] })).toBe("CHANGE_MALFORMED");
      expect(bundleOf({ changes: [[1, 1], [2, 1], [3, 0], []] })).toBe("CHANGE_NOT_CANONICAL");
      expect(bundleOf({ changes: [[1, 2], [2, 1], [2, 0], []] })).toBe("CHANGE_NOT_CANONICAL");
      for (const column of [0, 1, 6]) expect(bundleOf({ ops: { [column]: [] } })).toBe("CHANGE_MALFORMED");
      expect(bundleOf({ ops: { 6: [3, 0] } })).toBe("CHANGE_NOT_CANONICAL");
      expect(bundleOf({ values: [1] })).toBe("CHANGE_NOT_CANONICAL");
    });

    test("name a shape, an actor or a value that is not there is refused", () => {
      expect(bundleOf({ ops: { 6: [2, 1] } })).toBe("CHANGE_MALFORMED");
      expect(bundleOf({ ops: { 0: [2, 7] } })).toBe("CHANGE_MALFORMED");
      expect(bundleOf({ shape: [4, ...unsigned(2 ** 50), 0] })).toBe("CHANGE_MALFORMED");
    });

    test("D12 claim predecessors without end is refused", () => {
      const preds = [...signed(2 ** 45), 1];
      expect(bundleOf({ shape: [4, 0, ...unsigned(2 ** 40)], ops: { 7: preds, 8: preds } })).toBe("CHANGE_TOO_LARGE");
    });
  });

  test("has one to two thousand changes, and a bundle at least two", () => {
    const change = parse(handMade({ ops: [{ key: { text: "m" }, action: act.makeMap }] }).bytes);
    expect(bundleChanges([change])).toBeNull();
    expect(bundleChanges([])).toBeNull();
    expect(codeOf(() => unbundleChanges(Uint8Array.of(1, 1), inOwnEntry(byAlice, sha256)))).toBe("CHANGE_TOO_LARGE");
  });
});
