import { toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import type { ChangeChunk } from "../../src/automerge/change-chunk.ts";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { restoreHistory } from "../../src/automerge/gate.ts";
import { alice, bob } from "./hand-made-change.ts";
import { parse } from "./judge.ts";
import { Random, randomHistory } from "./random-history.ts";
import { sha256 } from "./sha256.ts";

test("one change depends on another exactly when a chain of dependencies leads there", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { changes } = randomHistory(seed, { actors: [alice, bob, "0c".repeat(16)], steps: 20 });
    const history = new DocumentHistory();
    restoreHistory(history, changes, sha256);
    const ancestors = new Map<string, Set<string>>();
    const parsed = changes.map(parse);
    for (const { hash, deps } of parsed) {
      const found = deps.map(toHex).flatMap((dep) => [dep, ...(ancestors.get(dep) ?? [])]);
      ancestors.set(toHex(hash), new Set(found));
    }
    for (const a of parsed)
      for (const b of parsed)
        expect([seed, history.dependsOn(a.hash, b.hash)]).toEqual([
          seed,
          ancestors.get(toHex(a.hash))?.has(toHex(b.hash)),
        ]);
  }
});

test("beyond some changes is what they neither are nor build on", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { changes } = randomHistory(seed, { actors: [alice, bob, "0c".repeat(16)], steps: 30 });
    const history = new DocumentHistory();
    restoreHistory(history, changes, sha256);
    const parsed = changes.map(parse);
    const random = new Random(seed);
    for (const picked of [[], parsed.slice(-1), [random.pick(parsed)], [random.pick(parsed), random.pick(parsed)]]) {
      const hashes = picked.map(({ hash }) => hash);
      const isBeyond = ({ hash }: ChangeChunk): boolean =>
        !hashes.some((each) => toHex(each) === toHex(hash) || history.dependsOn(each, hash));
      const expected = parsed.flatMap((change, at) => (isBeyond(change) ? [at] : []));
      expect([seed, history.beyond(hashes)]).toEqual([seed, expected]);
    }
    expect(history.beyond([new Uint8Array(32)])).toBeNull();
  }
});
