import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  adoptOwnRun,
  type Entry,
  encodeEntryBody,
  entrySize,
  equalBytes,
  type IdentifiedEntry,
  identifyEntry,
  limits,
  parseSignature,
  parseWriterKey,
  portableVerifier,
  type Run,
  RunDecoder,
  RunEncoder,
  reviveEntry,
  runOf,
  toHex,
  verifyRuns,
  ZERO_ENTRY_ID,
} from "../src/index.ts";
import { nativeVerifier } from "../src/native-node.ts";
import { nativeVerifier as webVerifier } from "../src/native-web.ts";
import {
  otherDatabase,
  pattern,
  richEntry,
  sealedPart,
  signEntry,
  testChain,
  testDatabase,
  testEntry,
  testWriter,
} from "./chain.ts";
import { codeOf } from "./codes.ts";

const writer = testWriter();

async function verdictOf(run: Run): Promise<string> {
  const [verdict] = await verifyRuns(nativeVerifier, [run]);
  return verdict?.type === "refused" ? verdict.code : (verdict?.type ?? "none");
}

/** The run with one entry's field replaced, signature kept. */
function replaced(chain: readonly IdentifiedEntry[], at: number, change: (entry: IdentifiedEntry) => Entry): Run {
  return runOf(chain.map((entry, index): Entry => (index === at ? change(entry) : entry)));
}

describe("a run costs one signature", () => {
  test.each([portableVerifier, nativeVerifier, webVerifier])(
    "its last entry's covers all of it: $name",
    async (verifier) => {
      const chain = testChain({ length: 5, signed: (seq) => seq === 4 });
      const [verdict] = await verifyRuns(verifier, [runOf(chain)]);
      expect(verdict?.type).toBe("verified");
      const run = verdict?.type === "verified" ? verdict.run : undefined;
      expect(run?.entries.map((entry) => toHex(entry.id))).toEqual(chain.map((entry) => toHex(entry.id)));
      expect(run?.entries.map((entry) => entry.signature !== null)).toEqual([false, false, false, false, true]);
    },
  );

  test("one call verifies all runs, one signature each, verdicts in order", async () => {
    const checked: number[] = [];
    const counting = {
      ...nativeVerifier,
      verifyMany: (checks: Parameters<typeof nativeVerifier.verifyMany>[0]) => {
        checked.push(checks.length);
        return nativeVerifier.verifyMany(checks);
      },
    };
    const chains = [0, 1, 2, 3].map((i) => testChain({ length: 3, writer: testWriter(`writer ${i}`) }));
    const runs = chains.map(
      (chain, i): Run => (i === 1 ? replaced(chain, 2, (e) => ({ ...e, signature: null })) : runOf(chain)),
    );
    const badSignature = parseSignature(pattern("junk", 64));
    const mixed = [...runs, replaced(chains[0] ?? [], 2, (e) => ({ ...e, signature: badSignature }))];
    const verdicts = await verifyRuns(counting, mixed);
    expect(verdicts.map((v) => (v.type === "refused" ? v.code : v.type))).toEqual([
      "verified",
      "SIGNATURE_MISSING",
      "verified",
      "verified",
      "SIGNATURE_INVALID",
    ]);
    expect(checked).toEqual([4]);
  });

  test("signatures before the last are ignored and dropped, right or wrong", async () => {
    const chain = testChain({ length: 3 });
    const junk = parseSignature(pattern("junk", 64));
    const [verdict] = await verifyRuns(nativeVerifier, [
      replaced(chain, 0, (entry) => ({ ...entry, signature: junk })),
    ]);
    expect(verdict?.type === "verified" && verdict.run.entries.map((entry) => entry.signature === null)).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("no runs, no verdicts", async () => {
    expect(await verifyRuns(nativeVerifier, [])).toEqual([]);
  });
});

describe("F5 what nobody signed", () => {
  const chain = testChain({ length: 3 });

  test("A6 F5 an unsigned run is refused", async () => {
    expect(await verdictOf(runOf(testChain({ length: 3, signed: () => false })))).toBe("SIGNATURE_MISSING");
    expect(await verdictOf(runOf(testChain({ length: 3, signed: (seq) => seq < 2 })))).toBe("SIGNATURE_MISSING");
  });

  test("F5 a run signed by somebody else, or with random bytes, is refused", async () => {
    const stranger = testWriter("stranger");
    const run = replaced(chain, 2, (entry) => ({ ...entry, signature: stranger.sign(entry) }));
    expect(await verdictOf(run)).toBe("SIGNATURE_INVALID");
    for (let i = 0; i < 20; i++) {
      const signature = parseSignature(pattern(`junk ${i}`, 64));
      expect(await verdictOf(replaced(chain, 2, (entry) => ({ ...entry, signature })))).toBe("SIGNATURE_INVALID");
    }
  });

  test("A9 the writer's signature under another label, or over another entry, is refused", async () => {
    const login = replaced(chain, 2, (entry) => ({ ...entry, signature: writer.signPayload("sign-login", entry.id) }));
    expect(await verdictOf(login)).toBe("SIGNATURE_INVALID");
    const earlier = chain[1]?.signature ?? null;
    expect(await verdictOf(replaced(chain, 2, (entry) => ({ ...entry, signature: earlier })))).toBe(
      "SIGNATURE_INVALID",
    );
  });

  test("A12 a writer key of small order signs nothing", async () => {
    const key = parseWriterKey(new Uint8Array(32).fill(0).with(0, 1));
    const entry = identifyEntry(nativeVerifier, testEntry({ writer: key }));
    const signature = parseSignature(new Uint8Array(64).with(0, 1));
    expect(await verdictOf(runOf([{ ...entry, signature }]))).toBe("SIGNATURE_INVALID");
  });
});

describe("what does not hang together", () => {
  const chain = testChain({ length: 4 });
  const [first, second, third, fourth] = chain;
  const entries = (...list: (IdentifiedEntry | undefined)[]): IdentifiedEntry[] => list.filter((e) => e !== undefined);

  test.each([
    ["no entries", { ...runOf(chain), entries: [] }, "BAD_RUN"],
    ["a missing entry", runOf(entries(first, third, fourth)), "BAD_RUN"],
    ["a repeated entry", runOf(entries(first, first, second)), "BAD_RUN"],
    ["entries out of order", runOf(entries(second, first)), "BAD_RUN"],
    ["another first seq", { ...runOf(chain), firstSeq: 1 }, "BAD_RUN"],
    ["another prev", { ...runOf(entries(second, third)), prev: ZERO_ENTRY_ID }, "BAD_RUN"],
    ["another database", { ...runOf(chain), database: otherDatabase }, "BAD_RUN"],
    ["another writer", { ...runOf(chain), writer: testWriter("other").key }, "BAD_RUN"],
    ["an entry of another branch", runOf(entries(first, testChain({ length: 3, branch: "b" })[1], third)), "BAD_RUN"],
  ] satisfies [string, Run, string][])("refuses a run with %s", async (_, run, code) => {
    expect(await verdictOf(run)).toBe(code);
  });

  test("an entry whose shape is wrong is a verdict, not an error", async () => {
    const bad = replaced(chain, 1, (entry) => ({ ...entry, parts: [] }));
    expect(await verdictOf(bad)).toBe("BAD_PART");
  });

  test("a run of 2,048 entries is taken, one of 2,049 is not", async () => {
    const long = testChain({ length: limits.runEntries + 1, signed: (seq) => seq >= 2_047, verifier: nativeVerifier });
    expect(await verdictOf(runOf(long.slice(0, -1)))).toBe("verified");
    expect(await verdictOf(runOf(long))).toBe("TOO_LARGE");
  });

  test("a run above 4 MiB is refused, also when it is mostly holes", async () => {
    const chain: IdentifiedEntry[] = [];
    for (let seq = 0; seq < 5; seq++) {
      const parts = [{ type: "hole", kind: 1, table: 0, length: 900_000, hash: pattern(`hole ${seq}`, 32) }] as const;
      const entry = testEntry({ writer: writer.key, seq, prev: chain.at(-1)?.id ?? ZERO_ENTRY_ID, parts });
      chain.push(signEntry(nativeVerifier, entry, writer));
    }
    expect(await verdictOf(runOf(chain.slice(0, 4)))).toBe("verified");
    expect(await verdictOf(runOf(chain))).toBe("TOO_LARGE");
  });
});

describe("B1 B2 B3 B8 what was changed on the way", () => {
  const message = new RunEncoder().encode([runOf([richEntry()])]);

  test("B1 every single bit of a signed entry on the wire, flipped: typed refusal, none verifies", async () => {
    const outcomes = new Map<string, number>();
    for (let bit = 0; bit < message.length * 8; bit++) {
      const flipped = message.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      let runs: readonly Run[] = [];
      const code = codeOf(() => {
        runs = new RunDecoder(nativeVerifier).decode(flipped, testDatabase);
      });
      const outcomesOfFlip = code === null ? (await verifyRuns(nativeVerifier, runs)).map((v) => v.type) : [code];
      for (const outcome of outcomesOfFlip) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(outcomes.get("verified")).toBe(undefined);
    expect(outcomes.get("refused")).toBeGreaterThan(3_000);
    const runs = new RunDecoder(nativeVerifier).decode(message, testDatabase);
    expect((await verifyRuns(nativeVerifier, runs)).map((v) => v.type)).toEqual(["verified"]);
  });

  test("B1 every single bit of a run under one signature, flipped: none verifies", async () => {
    const chain = testChain({ length: 3, signed: (seq) => seq === 2, verifier: nativeVerifier });
    const wire = new RunEncoder().encode([runOf(chain)]);
    for (let bit = 0; bit < wire.length * 8; bit++) {
      const flipped = wire.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      let runs: readonly Run[] = [];
      const code = codeOf(() => {
        runs = new RunDecoder(nativeVerifier).decode(flipped, testDatabase);
      });
      if (code !== null) continue;
      for (const verdict of await verifyRuns(nativeVerifier, runs)) expect(verdict.type).toBe("refused");
    }
  });

  test("B1 any mutation of a session's bytes: typed, and nothing verifies that was not sent", async () => {
    const sent = testChain({ length: 4, verifier: nativeVerifier });
    const wire = new RunEncoder().encode([runOf(sent)]);
    const ids = new Set(sent.map((entry) => toHex(entry.id)));
    const mutation = fc.record({
      at: fc.nat({ max: wire.length - 1 }),
      remove: fc.nat({ max: 40 }),
      insert: fc.uint8Array({ maxLength: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        let bytes: number[] = [...wire];
        for (const { at, remove, insert } of mutations) bytes = bytes.toSpliced(at, remove, ...insert);
        let runs: readonly Run[] = [];
        const code = codeOf(() => {
          runs = new RunDecoder(nativeVerifier).decode(new Uint8Array(bytes), testDatabase);
        });
        if (code !== null) return;
        for (const verdict of await verifyRuns(nativeVerifier, runs)) {
          if (verdict.type === "refused") continue;
          for (const entry of verdict.run.entries) expect(ids.has(toHex(entry.id))).toBe(true);
        }
      }),
      { numRuns: process.env["SELKIE_TEST_FULL"] === undefined ? 500 : 20_000 },
    );
  });

  test("B2 K-7 an entry of one database does not verify in another", async () => {
    const moved = new RunDecoder(nativeVerifier).decode(message, otherDatabase);
    expect((await verifyRuns(nativeVerifier, moved)).map((v) => v.type)).toEqual(["refused"]);
    const entry = richEntry();
    const header = { ...entry.header, database: otherDatabase };
    expect(await verdictOf(runOf([{ ...entry, header }]))).toBe("SIGNATURE_INVALID");
  });

  test("B3 a change relabelled as a statement, and the reverse, does not verify", async () => {
    for (const [from, to, kind] of [
      [2, 1, 4],
      [1, 2, 1],
      [1, 0, 4],
      [0, 1, 4],
    ] as const) {
      const parts = [sealedPart("x", { kind: from === 2 ? 1 : 4 })];
      const entry = signEntry(nativeVerifier, testEntry({ type: from, parts }), writer);
      expect(await verdictOf(runOf([entry]))).toBe("verified");
      const relabelled = { ...entry, header: { ...entry.header, type: to } };
      expect(await verdictOf(runOf([relabelled]))).not.toBe("verified");
      expect(await verdictOf(runOf([{ ...relabelled, parts: [sealedPart("x", { kind })] }]))).toBe("SIGNATURE_INVALID");
    }
  });

  test("B8 K-8 another entry's parts under a genuine id do not verify", async () => {
    const [a, b] = testChain({ length: 2 });
    if (a === undefined || b === undefined) throw new Error("a chain of two has two entries");
    expect(await verdictOf(runOf([{ ...b, parts: a.parts }]))).toBe("SIGNATURE_INVALID");
    expect(await verdictOf(runOf([{ ...b, header: { ...b.header, salt: a.header.salt } }]))).toBe("SIGNATURE_INVALID");
  });

  test("parts purged on the way leave an entry that verifies with the same id, and says so", async () => {
    const entry = richEntry();
    const purged = new RunDecoder(nativeVerifier).decode(message, testDatabase)[0]?.entries[0];
    expect(purged?.id).toEqual(entry.id);
    expect(purged?.parts[2]?.type).toBe("hole");
  });
});

describe("own entries", () => {
  const chain = testChain({ length: 3, signed: () => false });
  const tip = chain[2];
  const signature = tip === undefined ? parseSignature(new Uint8Array(64)) : writer.sign(tip);

  test("what this device sealed and signed is verified without checking its own signature", async () => {
    const run = adoptOwnRun(chain, signature);
    expect(run.entries.map((entry) => entry.signature)).toEqual([null, null, signature]);
    expect(await verdictOf(run)).toBe("verified");
  });

  test("entries that do not link, that nobody identified, or none at all, are the caller's error", () => {
    expect(codeOf(() => adoptOwnRun([], signature))).toBe("BAD_RUN");
    expect(codeOf(() => adoptOwnRun(chain.slice(0, 1).concat(chain.slice(2)), signature))).toBe("BAD_RUN");
    expect(
      codeOf(() =>
        adoptOwnRun(
          chain.map((entry) => ({ ...entry })),
          signature,
        ),
      ),
    ).toBe("NOT_IDENTIFIED");
  });

  test("a writer leaves at most 1,024 entries and 1 MiB without a signature", () => {
    const long = testChain({ length: limits.gapEntries + 2, signed: () => false, verifier: nativeVerifier });
    expect(codeOf(() => adoptOwnRun(long.slice(0, -1), signature))).toBe(null);
    expect(codeOf(() => adoptOwnRun(long, signature))).toBe("TOO_LARGE");
    const heavy = testChain({ length: 4, signed: () => false, verifier: nativeVerifier, partLength: 500_000 });
    expect(codeOf(() => adoptOwnRun(heavy.slice(0, 3), signature))).toBe(null);
    expect(codeOf(() => adoptOwnRun(heavy, signature))).toBe("TOO_LARGE");
    // 228 header and signature, 17 tag, 2 count, 6 frame: one unsigned entry of exactly 1 MiB
    const full = testChain({
      length: 2,
      signed: () => false,
      verifier: nativeVerifier,
      partLength: limits.gapBytes - 253,
    });
    expect(entrySize(full[0] ?? richEntry())).toBe(limits.gapBytes);
    expect(codeOf(() => adoptOwnRun(full, signature))).toBe(null);
  });
});

describe("entries from our own store", () => {
  const entry = richEntry();
  const body = encodeEntryBody(entry);
  const at = { ...entry.header, id: entry.id };

  test("an undamaged body comes back verified", () => {
    expect(reviveEntry(nativeVerifier, body, at, entry.signature)).toEqual(entry);
    expect(reviveEntry(nativeVerifier, body, at, null)?.signature).toBe(null);
  });

  test("B1 B8 every single bit of a stored body, flipped: null, nothing thrown", () => {
    for (let bit = 0; bit < body.length * 8; bit++) {
      const flipped = body.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(reviveEntry(nativeVerifier, flipped, at, entry.signature)).toBe(null);
    }
  });

  test("B8 a body under another place or id: null", () => {
    const other = identifyEntry(nativeVerifier, testEntry());
    expect(reviveEntry(nativeVerifier, body, { ...at, id: other.id }, null)).toBe(null);
    expect(reviveEntry(nativeVerifier, body, { ...at, database: otherDatabase }, null)).toBe(null);
    expect(reviveEntry(nativeVerifier, body, { ...at, seq: 1 }, null)).toBe(null);
    expect(reviveEntry(nativeVerifier, encodeEntryBody(other), at, null)).toBe(null);
  });

  test("a truncated, extended or zeroed body: null", () => {
    for (let length = 0; length < body.length; length += 7) {
      expect(reviveEntry(nativeVerifier, body.subarray(0, length), at, null)).toBe(null);
    }
    expect(reviveEntry(nativeVerifier, new Uint8Array([...body, 0]), at, null)).toBe(null);
    expect(reviveEntry(nativeVerifier, new Uint8Array(body.length), at, null)).toBe(null);
    expect(equalBytes(entry.id, at.id)).toBe(true);
  });
});
