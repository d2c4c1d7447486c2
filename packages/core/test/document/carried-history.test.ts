import { parseWriterKey, toHex, type WriterKey } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import fc from "fast-check";
import { expect, test } from "vitest";
import { actorOf } from "../../src/automerge/actor.ts";
import type { ChangeChunk } from "../../src/automerge/change-chunk.ts";
import {
  type CarriedHistory,
  decodeCarriedHistory,
  encodeCarriedHistory,
  type ToldChange,
} from "../../src/document/carried-history.ts";
import { latestTime } from "../../src/sealing/change-part.ts";
import { wholeBudget } from "../automerge/in-own-entry.ts";
import { parse } from "../automerge/judge.ts";
import { randomHistory } from "../automerge/random-history.ts";
import { codeOf } from "../codes.ts";
import { pattern } from "../fixture.ts";

const before = pattern("document", 32);
const writers: readonly WriterKey[] = ["alice", "bob", "carol"]
  .map((name) => parseWriterKey(pattern(name, 32)))
  .sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1));
const actorIn = (document: Uint8Array) => (writer: WriterKey) => toHex(actorOf(nativeVerifier, writer, document, null));

const unknown: Omit<ToldChange, "change"> = { kind: "change", time: null };
const facts: readonly Omit<ToldChange, "change">[] = [
  unknown,
  { kind: "change", time: 0 },
  { kind: "delete", time: 1_700_000_000_000 },
  { kind: "undelete", time: latestTime },
];

function historyOf(document: Uint8Array, seed: number): CarriedHistory {
  const actors = writers.map(actorIn(document));
  const changes = randomHistory(seed, { actors, steps: 30 }).changes.map(parse);
  const by = Map.groupBy(changes, ({ actor }: ChangeChunk) => toHex(actor));
  const strands = writers.flatMap((writer, at) => {
    const own = by.get(actors[at] ?? "") ?? [];
    const told = own.map((change, n) => ({
      change,
      ...(facts[(seed + (n >> 1) * (at + 1)) % facts.length] ?? unknown),
    }));
    return own.length === 0 ? [] : [{ writer, changes: told }];
  });
  return { before: document, strands };
}

test("a history of several writers comes back change for change, with the same hashes, kinds and claimed times", () => {
  for (let seed = 0; seed < 20; seed++) {
    const history = historyOf(before, seed);
    expect(decodeCarriedHistory(nativeVerifier, encodeCarriedHistory(history), wholeBudget())).toEqual(history);
  }
});

test("D2 changes are those of the document before: none has an actor of the document that goes on", () => {
  const next = pattern("next document", 32);
  const forged = historyOf(next, 1);
  const own = new Set(writers.map(actorIn(next)));
  const encoded = encodeCarriedHistory({ ...forged, before });
  let actors: readonly string[] = [];
  const code = codeOf(() => {
    actors = decodeCarriedHistory(nativeVerifier, encoded, wholeBudget()).strands.flatMap(({ changes }) =>
      changes.map(({ change }) => toHex(change.actor)),
    );
  });
  expect([null, "PART_MALFORMED"]).toContain(code);
  expect(actors.filter((actor) => own.has(actor))).toEqual([]);
});

test("B1 a history cut short, lengthened, out of order, or with a byte changed is refused or another history, with a typed error", () => {
  const history = historyOf(before, 3);
  const encoded = encodeCarriedHistory(history);
  const decode = (bytes: Uint8Array) => codeOf(() => decodeCarriedHistory(nativeVerifier, bytes, wholeBudget()));
  expect(decode(Uint8Array.from([...encoded, 0]))).toBe("PART_MALFORMED");
  expect(decode(encodeCarriedHistory({ before, strands: history.strands.toReversed() }))).toBe("PART_MALFORMED");
  for (let length = 0; length < encoded.length; length += 13) {
    expect(decode(encoded.subarray(0, length))).toBe("PART_MALFORMED");
  }
  fc.assert(
    fc.property(fc.nat(encoded.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      expect([null, "PART_MALFORMED"]).toContain(decode(encoded.with(at, (encoded[at] ?? 0) ^ flip)));
    }),
  );
});
