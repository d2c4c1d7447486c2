import { describe, expect, test } from "vitest";
import { judgeKeys } from "../../src/membership/key-heads.ts";
import { Directory } from "./directory-of.ts";

const common = new Set(["default"]);

function tenant() {
  const directory = new Directory();
  const alice = directory.grant("root", { role: "admin" });
  const bob = directory.grant(alice);
  const eve = directory.grant(alice);
  return { directory, alice, bob, eve };
}

const rotate = (version: string, over: readonly string[], to: readonly string[], links = over) =>
  ({ type: "rotate", key: "default", version, over, links, to }) as const;

describe("key heads", () => {
  test("what a revoked device was ever given keeps a key unsafe until it is rotated without it, void statements included", () => {
    const { directory, alice, bob, eve } = tenant();
    directory.say(alice, rotate("v0", [], [alice, bob, eve]));
    expect(judgeKeys(directory.accept(), common).canSeal(bob, "default")).toBe(true);
    directory.revoke(alice, { targets: [eve] });
    expect(judgeKeys(directory.accept(), common).isSafe("default")).toBe(false);
    directory.say(bob, rotate("v1", ["v0"], [alice, bob]));
    expect(judgeKeys(directory.accept(), common).canSeal(bob, "default")).toBe(true);
    // The permit does not count, and its bytes are out there nevertheless.
    const second = directory.grant(alice);
    directory.say(second, { type: "permit", versions: ["v1"], to: [eve] });
    directory.revoke(alice, { targets: [second] });
    const keys = judgeKeys(directory.accept(), common);
    expect([keys.isSafe("default"), keys.canSeal(bob, "default")]).toEqual([false, false]);
  });

  test("of concurrent versions all are current, and only who can open every one can seal", () => {
    const { directory, alice, bob, eve } = tenant();
    directory.say(alice, rotate("v0", [], [alice, bob, eve]));
    directory.say(alice, rotate("v1", ["v0"], [alice, bob]));
    directory.say(bob, rotate("v2", ["v0"], [bob, eve]));
    const keys = judgeKeys(directory.accept(), common);
    expect(keys.heads.get("default")).toEqual(["v1", "v2"]);
    expect([alice, bob, eve].map((device) => keys.canSeal(device, "default"))).toEqual([false, true, false]);
  });

  test("a link opens predecessors, through any number of versions", () => {
    const { directory, alice, bob } = tenant();
    directory.say(alice, rotate("v0", [], [alice]));
    directory.say(alice, rotate("v1", [], [alice], ["v0"]));
    directory.say(alice, rotate("v2", ["v1"], [bob], ["v1"]));
    const keys = judgeKeys(directory.accept(), common);
    expect(keys.heads.get("default")).toEqual(["v0", "v2"]);
    expect(keys.canOpenAll(bob, "default")).toBe(true);
  });

  test("D11 nobody rotates a named key that it does not hold, and a reader makes none", () => {
    const { directory, alice, bob, eve } = tenant();
    const reader = directory.grant(alice, { role: "reader" });
    directory.say(bob, { type: "createKey", key: "k", version: "k0" });
    directory.say(reader, { type: "createKey", key: "r", version: "r0" });
    directory.say(eve, { type: "rotate", key: "k", version: "k1", over: ["k0"], links: [], to: [eve] });
    const before = judgeKeys(directory.accept(), common);
    expect([before.heads.get("k"), before.heads.get("r")]).toEqual([["k0"], undefined]);
    expect([before.isEntitled(bob, "k"), before.isEntitled(eve, "k"), before.isEntitled(alice, "k")]).toEqual([
      true,
      false,
      true,
    ]);
    expect([before.isEntitled(reader, "k"), before.isEntitled(eve, "k")]).toEqual([false, false]);
  });

  test("whoever is given a key shares it on, whatever came first", () => {
    const { directory, alice, bob, eve } = tenant();
    const last = directory.grant(alice);
    // Bob's share waits for Eve's, and a reader's for Bob's.
    const reader = directory.grant(alice, { role: "reader" });
    directory.say(bob, { type: "share", key: "k", to: [reader] });
    directory.say(reader, { type: "share", key: "k", to: [last] });
    expect(judgeKeys(directory.accept(), common).isEntitled(last, "k")).toBe(false);
    directory.say(eve, { type: "createKey", key: "k", version: "k0" });
    directory.say(eve, { type: "share", key: "k", to: [bob] });
    const keys = judgeKeys(directory.accept(), common);
    expect([bob, reader, last].map((device) => keys.isEntitled(device, "k"))).toEqual([true, true, true]);
  });
});
