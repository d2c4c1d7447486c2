import * as Automerge from "@automerge/automerge";
import { portableVerifier } from "@selkie/entry";
import { expect, test } from "vitest";
import { HeadsDigest } from "../../src/feed/heads-digest.ts";
import { Random, randomHistory } from "../automerge/random-history.ts";

const sha256 = (...chunks: readonly Uint8Array[]): Uint8Array => portableVerifier.sha256(...chunks);
const actors = ["aa", "bb", "cc"].map((actor) => actor.repeat(16));

/** The same changes in another order in which each stands after those it builds on. */
function reordered(changes: readonly Uint8Array[], random: Random): readonly Uint8Array[] {
  const left = changes.map((bytes) => ({ bytes, ...Automerge.decodeChange(bytes) }));
  const placed = new Set<string>();
  const order: Uint8Array[] = [];
  while (left.length > 0) {
    const next = random.pick(left.filter(({ deps }) => deps.every((dep) => placed.has(dep))));
    left.splice(left.indexOf(next), 1);
    placed.add(next.hash);
    order.push(next.bytes);
  }
  return order;
}

test("is the same for the same changes in any order, and another for every other state", () => {
  for (let seed = 0; seed < 10; seed++) {
    const { changes } = randomHistory(seed, { actors, steps: 60 });
    const digests = new HeadsDigest(sha256);
    const all = digests.of([...changes]);
    expect([seed, digests.of(reordered(changes, new Random(seed)))]).toEqual([seed, all]);
    const states = changes.map((_, at) => digests.of(changes.slice(0, at)));
    expect(new Set([...states, all]).size).toBe(changes.length + 1);
  }
});

test("is of heads alone: what another builds on has no part in it", () => {
  const { changes, doc } = randomHistory(3, { actors, steps: 60 });
  const heads = new Set(Automerge.getHeads(doc));
  const tips = changes.filter((bytes) => heads.has(Automerge.decodeChange(bytes).hash));
  expect(new HeadsDigest(sha256).of(tips)).toBe(new HeadsDigest(sha256).of([...changes]));
});

test("goes on where it stopped in a list that grows, however long", () => {
  const { changes } = randomHistory(4, { actors, steps: 200 });
  expect(changes.length).toBeGreaterThan(80);
  const digests = new HeadsDigest(sha256);
  const growing: Uint8Array[] = [];
  for (const bytes of changes) {
    growing.push(bytes);
    expect(digests.of(growing)).toBe(new HeadsDigest(sha256).of([...growing]));
  }
});
