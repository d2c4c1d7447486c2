// Vectors of runs, founding headers and vectors.
import {
  concatBytes,
  encodeFounding,
  encodeVector,
  entryType,
  type Head,
  type IdentifiedEntry,
  identifyEntry,
  parseEntryId,
  parseSignature,
  partKind,
  portableVerifier,
  type Run,
  RunEncoder,
  runOf,
  toHex,
  vectorDigest,
} from "../../src/index.ts";
import { pattern, richEntry, sealedPart, signEntry, testChain, testDatabase, testEntry, testWriter } from "../chain.ts";
import type { FoundingCase, RunCase, VectorCase } from "./format.ts";

type Message = RunCase["messages"][number];
type Verdicts = readonly string[];

const database = toHex(testDatabase);
const verifier = portableVerifier;

export function makeRunCases(): readonly RunCase[] {
  const chain = testChain({ length: 4 });
  const other = testChain({ length: 2, writer: testWriter("other") });
  const whole = new RunEncoder().encode([runOf(chain)]);
  const head = whole.subarray(0, 73);
  const refused = (comment: string, bytes: Uint8Array, code: string): RunCase => ({
    comment,
    database,
    messages: [{ bytes: toHex(bytes), code }],
  });
  return [
    session("one run, one writer, all signed", [[chain]], [["verified"]]),
    session(
      "the same again: the writer is named again, because its chain does not go on",
      [[chain], [chain]],
      [["verified"], ["verified"]],
    ),
    session(
      "a chain that goes on in later messages: the writer is a number, seq, prev and tags are left out; two writers",
      [[chain.slice(0, 2), other.slice(0, 1)], [chain.slice(2), other.slice(1)], []],
      [["verified", "verified"], ["verified", "verified"], []],
    ),
    session(
      "a writer that is named again keeps its number and starts where it was named; the other writer keeps its place",
      [[chain.slice(0, 3), other.slice(0, 1)], [chain.slice(0, 2)], [chain.slice(2)], [other.slice(1)]],
      [["verified", "verified"], ["verified"], ["verified"], ["verified"]],
    ),
    session("a run under one signature", [[testChain({ length: 3, signed: (seq) => seq === 2 })]], [["verified"]]),
    session("an entry with control part and hole", [[[richEntry()]]], [["verified"]]),
    session(
      "two entries with control parts under the same tags: all record bits are set",
      [[controlChain()]],
      [["verified"]],
    ),
    session("a false signature before the last is ignored", [[falsified(chain, 1)]], [["verified"]]),
    session("a false last signature refuses the run whole", [[falsified(chain, 3)]], [["SIGNATURE_INVALID"]]),
    session("no last signature", [[testChain({ length: 2, signed: (seq) => seq === 0 })]], [["SIGNATURE_MISSING"]]),
    refused("a writer nobody named", new Uint8Array([1, 1]), "UNKNOWN_WRITER"),
    refused("writer number 4,097", new Uint8Array([0x81, 0x20]), "TOO_LARGE"),
    refused("a run of no entries", concatBytes(head, new Uint8Array([0])), "BAD_RUN"),
    refused("2,049 entries", concatBytes(head, new Uint8Array([0x81, 0x10])), "TOO_LARGE"),
    refused("an entry is missing", concatBytes(head, new Uint8Array([5]), whole.subarray(74)), "TRUNCATED"),
    refused("seq 1 without a predecessor", whole.with(40, 1), "BAD_POSITION"),
    refused("a byte follows", concatBytes(whole, new Uint8Array([9])), "UNKNOWN_WRITER"),
    {
      comment: "a known writer spelled out where its chain goes on",
      database,
      messages: [
        ...session("", [[chain.slice(0, 2)]], [["verified"]]).messages,
        { bytes: toHex(new RunEncoder().encode([runOf(chain.slice(2))])), code: "NOT_MINIMAL" },
      ],
    },
  ];
}

function controlChain(): readonly IdentifiedEntry[] {
  const first = richEntry();
  const control = sealedPart("second control", { kind: partKind.control });
  const second = testEntry({
    control: true,
    seq: 1,
    prev: first.id,
    table: first.table,
    parts: [control, sealedPart("x", { table: 1 })],
  });
  return [first, signEntry(verifier, second, testWriter())];
}

function falsified(chain: readonly IdentifiedEntry[], at: number): readonly IdentifiedEntry[] {
  const signature = parseSignature(pattern("false signature", 64));
  return chain.map((entry, index) => (index === at ? identifyEntry(verifier, { ...entry, signature }) : entry));
}

function session(
  comment: string,
  messages: readonly (readonly (readonly IdentifiedEntry[])[])[],
  verdicts: readonly Verdicts[],
): RunCase {
  const encoder = new RunEncoder();
  return {
    comment,
    database,
    messages: messages.map((lists, message): Message => {
      const runs = lists.map((entries): Run<IdentifiedEntry> => runOf(entries));
      const bytes = toHex(encoder.encode(runs));
      return {
        bytes,
        runs: runs.map((run, index) => ({
          writer: toHex(run.writer),
          firstSeq: run.firstSeq,
          prev: toHex(run.prev),
          ids: run.entries.map((entry) => toHex(entry.id)),
          verdict: verdicts[message]?.[index] ?? "",
        })),
      };
    }),
  };
}

export function makeFoundingCases(): readonly FoundingCase[] {
  const root = testWriter("root");
  const parts = [sealedPart("control", { kind: partKind.control }), sealedPart("policy", { kind: partKind.statement })];
  const entry = testEntry({ type: entryType.founding, control: true, writer: root.key, parts });
  const founding = signEntry(verifier, entry, root);
  const bytes = encodeFounding(founding);
  const signature = testWriter().sign(founding);
  const refused = (comment: string, bad: Uint8Array, code: string): FoundingCase => ({
    comment,
    bytes: toHex(bad),
    code,
  });
  return [
    {
      comment: "a tenant is founded",
      seed: toHex(root.seed),
      bytes: toHex(bytes),
      tenant: toHex(founding.id),
      root: toHex(root.key),
      database,
    },
    refused("signed by somebody else", concatBytes(bytes.subarray(0, 164), signature), "SIGNATURE_INVALID"),
    refused("another parts root", bytes.with(140, (bytes[140] ?? 0) ^ 1), "SIGNATURE_INVALID"),
    refused("a change entry", bytes.with(2, entryType.change), "BAD_TYPE"),
    refused("227 bytes", bytes.subarray(0, 227), "TRUNCATED"),
    refused("229 bytes", concatBytes(bytes, new Uint8Array(1)), "TRAILING_BYTES"),
    refused("version 2", bytes.with(0, 2), "UNSUPPORTED_VERSION"),
  ];
}

export function makeVectorCases(): readonly VectorCase[] {
  const head = (name: string, seq: number): [string, Head] => [
    toHex(pattern(`writer ${name}`, 32)),
    { seq, id: parseEntryId(pattern(`head ${name}`, 32)) },
  ];
  const of = (comment: string, pairs: readonly [string, Head][]): VectorCase => {
    const vector = new Map(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
    return {
      comment,
      bytes: toHex(encodeVector(vector)),
      database,
      heads: [...vector].map(([writer, { seq, id }]) => ({ writer, seq, id: toHex(id) })),
      digest: toHex(vectorDigest(verifier, testDatabase, vector)),
    };
  };
  const two = encodeVector(new Map([head("a", 1), head("b", 2)]));
  const [first, second] = [two.subarray(1, 73), two.subarray(73)];
  const refused = (comment: string, bad: Uint8Array, code: string): VectorCase => ({
    comment,
    bytes: toHex(bad),
    code,
  });
  return [
    of("nobody has written", []),
    of("one writer", [head("a", 0)]),
    of("three writers, ascending by key", [head("a", 1), head("b", 2 ** 40), head("c", Number.MAX_SAFE_INTEGER)]),
    refused("writers descend", concatBytes(new Uint8Array([2]), second, first), "NOT_ASCENDING"),
    refused("a writer comes twice", concatBytes(new Uint8Array([2]), first, first), "NOT_ASCENDING"),
    refused("a head is missing", concatBytes(new Uint8Array([2]), first), "TRUNCATED"),
    refused("a byte follows", concatBytes(two, new Uint8Array(1)), "TRAILING_BYTES"),
    refused("65,537 writers", new Uint8Array([0x81, 0x80, 0x04]), "TOO_LARGE"),
    refused("a count that is not minimal", new Uint8Array([0x80, 0x00]), "NOT_MINIMAL"),
  ];
}
