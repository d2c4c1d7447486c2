import fc from "fast-check";
import { expect, test } from "vitest";
import {
  encodeFounding,
  entryType,
  equalBytes,
  identifyEntry,
  parseEntryId,
  partKind,
  portableVerifier,
  runOf,
  verifyFounding,
  verifyRuns,
} from "../src/index.ts";
import { nativeVerifier } from "../src/native-node.ts";
import { pattern, richEntry, sealedPart, signEntry, testDatabase, testEntry, testWriter } from "./chain.ts";
import { codeOf, codeOfAsync } from "./codes.ts";

const root = testWriter("root");
const parts = [sealedPart("control", { kind: partKind.control }), sealedPart("policy", { kind: partKind.statement })];
const founding = signEntry(
  portableVerifier,
  testEntry({ type: entryType.founding, control: true, writer: root.key, parts }),
  root,
);
const bytes = encodeFounding(founding);

test("228 bytes prove tenant, root key and directory", async () => {
  expect(bytes).toHaveLength(228);
  expect(await verifyFounding(portableVerifier, bytes)).toEqual({
    tenant: founding.id,
    root: root.key,
    database: testDatabase,
  });
  expect((await verifyRuns(portableVerifier, [runOf([founding])]))[0]?.type).toBe("verified");
});

test("B1 F6 every single bit flipped: a typed error, no tenant", async () => {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(await codeOfAsync(() => verifyFounding(nativeVerifier, flipped)), `bit ${bit}`).not.toBe(null);
  }
});

test("it is exactly 228 bytes", async () => {
  for (let length = 0; length < 228; length++) {
    expect(await codeOfAsync(() => verifyFounding(nativeVerifier, bytes.subarray(0, length)))).toBe("TRUNCATED");
  }
  expect(await codeOfAsync(() => verifyFounding(nativeVerifier, new Uint8Array([...bytes, 0])))).toBe("TRAILING_BYTES");
});

test("B3 a change entry, or a statement, founds nothing", async () => {
  const change = richEntry();
  expect(codeOf(() => encodeFounding(change))).toBe("BAD_TYPE");
  const relabelled = encodeFounding({ ...change, header: { ...change.header, type: entryType.founding } });
  expect(await codeOfAsync(() => verifyFounding(nativeVerifier, relabelled))).toBe("SIGNATURE_INVALID");
  const asChange = relabelled.with(2, entryType.change);
  expect(await codeOfAsync(() => verifyFounding(nativeVerifier, new Uint8Array(asChange)))).toBe("BAD_TYPE");
});

test("F6 a founding entry without a signature, or with a stranger's, founds nothing", async () => {
  const unsigned = identifyEntry(portableVerifier, { ...founding, signature: null });
  expect(codeOf(() => encodeFounding(unsigned))).toBe("SIGNATURE_INVALID");
  const stolen = encodeFounding(
    identifyEntry(portableVerifier, { ...founding, signature: testWriter().sign(founding) }),
  );
  expect(await codeOfAsync(() => verifyFounding(nativeVerifier, stolen))).toBe("SIGNATURE_INVALID");
});

test("a founding entry stands at the start of a chain", () => {
  const header = { ...founding.header, seq: 1, prev: parseEntryId(pattern("prev", 32)) };
  expect(codeOf(() => identifyEntry(portableVerifier, { ...founding, header }))).toBe("BAD_POSITION");
});

test("fuzz: random and mutated bytes found nothing, and throw nothing untyped", async () => {
  const mutated = fc
    .tuple(fc.nat({ max: 227 }), fc.nat({ max: 40 }), fc.uint8Array({ maxLength: 40 }))
    .map(([at, remove, insert]) => new Uint8Array([...bytes].toSpliced(at, remove, ...insert)));
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), async (junk) => {
      const code = await codeOfAsync(() => verifyFounding(nativeVerifier, junk));
      expect(code === null).toBe(equalBytes(junk, bytes));
    }),
    { numRuns: 500 },
  );
});
