import { describe, expect, test } from "vitest";
import { Directory } from "./directory-of.ts";

/** An editor with two branches after its first entry, two admins of whom one has a second device, and what vectors name. */
function scene() {
  const directory = new Directory();
  const [alice, bob] = [directory.grant("root", { role: "admin" }), directory.grant("root", { role: "admin" })];
  const phone = directory.say(alice, { type: "addDevice", device: [] }).id;
  const eve = directory.grant(alice);
  const trunk = directory.write(eve);
  const [lower, higher] = [directory.write(eve, trunk), directory.write(eve, trunk)];
  const [onLower, onHigher] = [directory.write(eve, lower), directory.write(eve, higher)];
  const claims: { by: ReturnType<Directory["write"]>; chain: string; head: string }[] = [];
  const name = (by: string, head: { readonly id: string }): void => {
    claims.push({ by: directory.write(by), chain: trunk.chain, head: head.id });
  };
  const end = () => {
    const { chains, place } = directory.accept(claims);
    const at = chains.get(trunk.chain)?.end ?? null;
    return [trunk, lower, higher, onLower, onHigher].find(({ id }) => {
      const other = place(id);
      return at !== null && other.branch === at.branch && other.seq === at.seq;
    });
  };
  return { directory, alice, bob, phone, eve, trunk, lower, higher, onLower, onHigher, name, end };
}

describe("forks", () => {
  test("D9 while nobody who may revoke the writer has named a branch, neither counts", () => {
    const { end, name, eve, trunk } = scene();
    expect(end()).toBe(trunk);
    name(eve, trunk);
    expect(end()).toBe(trunk);
  });

  test("D9 the branch counts that more users name, then the one with the lower id; a user has one voice", () => {
    const { end, name, alice, bob, phone, onLower, onHigher, higher } = scene();
    name(bob, higher);
    expect(end()).toBe(onHigher);
    name(alice, onLower);
    name(phone, onLower);
    expect(end()).toBe(onLower);
    name("root", higher);
    expect(end()).toBe(onHigher);
  });

  test("D9 a user's oldest device speaks for it, then its first vector", () => {
    const { end, name, alice, phone, trunk, lower, higher, onLower, onHigher, directory } = scene();
    name(phone, lower);
    expect(end()).toBe(onLower);
    directory.write(alice);
    name(alice, trunk);
    name(alice, higher);
    expect(end()).toBe(onHigher);
    name(alice, lower);
    expect(end()).toBe(onHigher);
  });

  test("D9 who names two branches at once has no voice", () => {
    const { end, name, alice, phone, trunk, lower, higher, directory } = scene();
    const second = directory.say(alice, { type: "addDevice", device: [] }).id;
    name(phone, lower);
    name(second, higher);
    expect(end()).toBe(trunk);
  });

  test("D9 a cut names a branch over all voices; cuts that name two leave none", () => {
    const { end, name, alice, bob, eve, trunk, lower, onLower, higher, onHigher, directory } = scene();
    name(alice, lower);
    name(bob, lower);
    directory.revoke("root", { targets: [eve], cuts: new Map([[trunk.chain, { seq: 2, id: onHigher.id }]]) });
    expect(end()).toBe(onHigher);
    directory.revoke(bob, { targets: [eve], cuts: new Map([[trunk.chain, { seq: 1, id: higher.id }]]) });
    expect(end()).toBe(higher);
    directory.revoke(alice, { targets: [eve], cuts: new Map([[trunk.chain, { seq: 2, id: onLower.id }]]) });
    expect(end()).toBe(trunk);
  });

  test("D9 a voice beyond its author's cut is not heard", () => {
    const { end, name, bob, lower, onLower, trunk, directory } = scene();
    name(bob, lower);
    expect(end()).toBe(onLower);
    directory.revoke("root", { targets: [bob] });
    expect(end()).toBe(trunk);
  });

  test("D9 between first entries of several admissions only who may revoke all of them decides, by a cut or a vector", () => {
    const directory = new Directory();
    const [alice, bob] = [directory.grant("root", { role: "admin" }), directory.grant("root", { role: "admin" })];
    const eve = directory.grant(alice);
    const mine = directory.write(eve);
    const rival = directory.impersonate(bob, mine.chain);
    const claims: { by: ReturnType<Directory["write"]>; chain: string; head: string }[] = [];
    const name = (by: string) => claims.push({ by: directory.write(by), chain: mine.chain, head: mine.id });
    const counting = () => {
      const { reason, place } = directory.accept(claims);
      return [mine, rival].filter(({ id }) => reason(place(id)) === null);
    };
    expect(counting()).toEqual([]);
    // Alice may revoke Eve, but not Bob.
    name(alice);
    directory.revoke(alice, { targets: [eve], cuts: new Map([[mine.chain, { seq: 0, id: mine.id }]]) });
    expect(counting()).toEqual([]);
    name("root");
    expect(counting()).toEqual([mine]);
    directory.revoke("root", { targets: [bob], cuts: new Map([[mine.chain, { seq: 0, id: rival.id }]]) });
    expect(counting()).toEqual([rival]);
  });
});
