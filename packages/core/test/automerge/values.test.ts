import * as Automerge from "@automerge/automerge";
import { describe, expect, test } from "vitest";
import { toPlain } from "../../src/automerge/plain.ts";
import { guardKey, guardValue } from "../../src/automerge/values.ts";
import { CoreError } from "../../src/errors.ts";
import { alice, bob, handMade, signed, unsigned } from "./hand-made-change.ts";
import { Random, randomHistory, randomValue } from "./random-history.ts";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CoreError) return error.code;
    throw error;
  }
  return "fine";
}

const nested = (depth: number, inner: unknown): unknown => (depth === 0 ? inner : { down: nested(depth - 1, inner) });
class Point {
  readonly x = 1;
}
const cyclic: unknown[] = [];
cyclic.push({ back: cyclic });

describe("a value for a document", () => {
  test("that comes back as it is passes", () => {
    const random = new Random(3);
    const values = [
      null,
      true,
      "",
      "ü🙂",
      0,
      -0,
      1.5,
      5e-324,
      2 ** 53 - 2,
      -(2 ** 53) + 2,
      new Date(0),
      new Uint8Array(3),
      Buffer.from("x"),
    ];
    const objects = [
      [],
      {},
      Object.create(null),
      Object.freeze([1]),
      nested(63, {}),
      new Automerge.Counter(5),
      new Automerge.ImmutableString("x"),
    ];
    for (const value of [...values, ...objects, ...Array.from({ length: 300 }, () => randomValue(random))])
      expect(codeOf(() => guardValue(value))).toBe("fine");
  });

  test("that would come back as something else is refused", () => {
    const refused: Record<string, unknown> = {
      undefined: undefined,
      bigint: 5n,
      function: () => 1,
      symbol: Symbol("s"),
      NaN: Number.NaN,
      infinity: -Infinity,
      "2^53 - 1": 2 ** 53 - 1,
      "1e19": 1e19,
      "-2^53": -(2 ** 53),
      "half a surrogate pair": "a\ud800",
      "class instance": new Point(),
      Map: new Map(),
      "boxed number": Object(1),
      "invalid date": new Date(Number.NaN),
      "other typed array": new Uint16Array(1),
      "array with a hole": Object.assign([], { length: 2 }),
      cycle: cyclic,
      "key __proto__": JSON.parse('{"__proto__": {"isAdmin": true}}'),
      "symbol key": { [Symbol("s")]: 1 },
      getter: Object.defineProperty({}, "x", { get: () => 1, enumerable: true }),
      "ill-formed key": { "\udc00": 1 },
      "wrapped number": new Automerge.Float64(1),
      "wrapped uint": new Automerge.Uint(1),
      "counter that is no whole number": new Automerge.Counter(1.5),
      "huge counter": new Automerge.Counter(2 ** 60),
      "65 levels": nested(65, {}),
      "text on level 65": nested(65, "text"),
    };
    for (const [what, value] of Object.entries(refused))
      for (const wrapped of [value, [value], { in: value }].slice(what === "65 levels" ? 0 : undefined))
        expect([what, codeOf(() => guardValue(wrapped))]).toEqual([what, "VALUE_UNSUPPORTED"]);
  });

  test("D12 of any depth is refused without exhausting the stack", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 1_000_000; i++) deep = [deep];
    expect(codeOf(() => guardValue(deep))).toBe("VALUE_UNSUPPORTED");
  });

  test("is not named in the error", () => {
    try {
      guardValue({ secret_key_name: [{ other: Symbol("secret value") }] });
    } catch (error) {
      expect(String(error)).not.toContain("secret");
    }
    expect(codeOf(() => guardKey("__proto__"))).toBe("VALUE_UNSUPPORTED");
    expect(codeOf(() => guardKey(""))).toBe("fine");
  });
});

describe("toPlain", () => {
  test("copies what documents hold, without Automerge's classes", () => {
    for (let seed = 0; seed < 30; seed++) {
      const { doc } = randomHistory(seed, { actors: [alice, bob], steps: 20 });
      const plain = toPlain(doc);
      expect(JSON.stringify(plain)).toBe(JSON.stringify(doc));
      expect(JSON.stringify(plain)).not.toContain("_am_");
    }
    const doc = Automerge.from({
      c: new Automerge.Counter(3),
      s: new Automerge.ImmutableString("x"),
      d: new Date(7),
      b: Uint8Array.of(1),
    });
    expect(toPlain(doc)).toEqual({ c: 3, s: "x", d: new Date(7), b: Uint8Array.of(1) });
  });

  test("never throws, whatever a document holds", () => {
    const huge = {
      actor: alice,
      ops: [{ value: [8, signed(2 ** 53 - 2)] }, { action: 5, value: 2 ** 53 - 2, pred: [[1, 0]] }],
    } as const;
    const [counter] = Automerge.applyChanges(Automerge.init<Record<string, unknown>>(), [handMade(huge).bytes]);
    expect(() => JSON.stringify(counter)).toThrow(TypeError);
    expect(toPlain(counter)).toEqual({ k: 2 * (2 ** 53 - 2) });
    // What the gate would refuse, all the same.
    const odd = handMade({
      ops: [
        { key: { text: "u" }, value: [3, unsigned(2n ** 64n - 1n)] },
        { key: { text: "d" }, value: [9, signed(2n ** 62n)] },
      ],
    });
    const [doc] = Automerge.applyChanges(Automerge.init<Record<string, unknown>>(), [odd.bytes]);
    expect(toPlain(doc)).toEqual({ u: 2 ** 64, d: null });
    for (const value of [undefined, Symbol("s"), () => 1, Number.NaN, cyclic])
      expect(() => JSON.stringify(toPlain(value))).not.toThrow();
  });
});
