import { toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { restoreHistory } from "../../src/automerge/gate.ts";
import { alice, bob } from "./hand-made-change.ts";
import { parse } from "./judge.ts";
import { randomHistory } from "./random-history.ts";
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
