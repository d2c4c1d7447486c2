import { describe, expect, test } from "vitest";
import { AdmissionTree } from "../../src/membership/admissions.ts";
import { ChainTree } from "../../src/membership/chain-tree.ts";
import { mayCut } from "../../src/membership/may-cut.ts";
import { Directory } from "./directory-of.ts";

/** Root and its successor, admins three deep with devices, editors and readers. */
function everybody() {
  const directory = new Directory();
  const alice = directory.grant("root", { role: "admin" });
  const bob = directory.grant("root", { role: "admin" });
  const carol = directory.grant(alice, { role: "admin" });
  const dan = directory.grant(carol, { role: "admin" });
  const phone = directory.say(alice, { type: "addDevice", device: [] }).id;
  const watch = directory.say(phone, { type: "addDevice", device: [] }).id;
  const byPhone = directory.grant(phone, { role: "admin" });
  const eve = directory.grant(dan);
  const tablet = directory.say(eve, { type: "addDevice", device: [] }).id;
  const reader = directory.grant(bob, { role: "reader" });
  const next = directory.say("root", { type: "replaceRoot", cuts: new Map() }).id;
  const { chains, statements } = directory.facts;
  const admissions = new AdmissionTree(new Map(chains.map((chain) => [chain.name, new ChainTree(chain)])), statements);
  const may = (author: string, target: string): boolean => {
    const [a, t] = [admissions.get(author), admissions.get(target)];
    return a !== undefined && t !== undefined && mayCut(admissions, a, t);
  };
  return { may, admissions, alice, bob, carol, dan, phone, watch, byPhone, eve, tablet, reader, next };
}

describe("who may take rights away", () => {
  test("D10 the root from anyone but a root, and nobody from a root", () => {
    const { may, admissions, next } = everybody();
    for (const { id, isRoot } of admissions.ranked) {
      expect({ id, may: may("root", id) }).toEqual({ id, may: !isRoot });
      expect({ id, may: may(next, id) }).toEqual({ id, may: !isRoot });
      expect({ id, may: may(id, "root") || may(id, next) }).toEqual({ id, may: false });
    }
  });

  test("D10 an admin from every non-admin, and from the admins on whose grant path it stands with any of its devices", () => {
    const { may, alice, bob, carol, dan, watch, byPhone, eve, tablet, reader } = everybody();
    for (const admin of [alice, bob, carol, dan, watch]) {
      for (const target of [eve, tablet, reader]) expect(may(admin, target)).toBe(true);
    }
    expect([may(alice, carol), may(alice, dan), may(carol, dan), may(watch, dan), may(alice, byPhone)]).toEqual(
      Array(5).fill(true),
    );
    expect([may(bob, alice), may(bob, carol), may(carol, alice), may(dan, carol), may(carol, byPhone)]).toEqual(
      Array(5).fill(false),
    );
  });

  test("D10 within a user a device from those it added and theirs; an editor and a reader from nobody else", () => {
    const { may, alice, phone, watch, eve, tablet, reader } = everybody();
    expect([may(alice, phone), may(alice, watch), may(phone, watch), may(eve, tablet)]).toEqual(Array(4).fill(true));
    expect([may(phone, alice), may(watch, phone), may(tablet, eve), may(alice, alice)]).toEqual(Array(4).fill(false));
    expect([may(eve, reader), may(reader, eve), may(eve, alice)]).toEqual(Array(3).fill(false));
  });

  test("D10 never from each other, nor in a circle: whoever may comes first in rank", () => {
    const { may, admissions } = everybody();
    const rank = new Map(admissions.ranked.map(({ id }, index) => [id, index]));
    for (const a of rank.keys()) {
      for (const b of rank.keys()) if (may(a, b)) expect(rank.get(a)).toBeLessThan(rank.get(b) ?? -1);
    }
  });
});
