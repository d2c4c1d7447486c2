// What no history may do, whatever those who stole keys say in it.
import { describe, expect, test } from "vitest";
import { accept } from "../../src/rules/accept.ts";
import { chainOf, type Entry } from "../../src/rules/facts.ts";
import { judgeKeys } from "../../src/rules/keys.ts";
import type { SeededRandom } from "../../src/seeded-random.ts";
import { coreFindings, twinFindings } from "./support/compare.ts";
import { cutAfter, History } from "./support/history.ts";
import { RandomAuthor, randomHistory } from "./support/random-history.ts";
import { eachSeed, isSlice, seeds } from "./support/seeds.ts";

const timeout = 3_600_000;

/** A tenant of honest people, one of whom loses a device to a thief. */
function tenant(random: SeededRandom) {
  const history = new History();
  const alice = history.grant("root", { role: "admin", person: ["p-alice"] }).id;
  const bob = history.grant("root", { role: "admin", person: ["p-bob"] }).id;
  const carol = history.grant(bob, { person: ["p-carol"] }).id;
  const role = random.pick(["admin", "editor", "reader"] as const) ?? "editor";
  const eve = history.grant(alice, { role, person: ["p-eve"] });
  const written = [history.write(eve.id), history.write(eve.id), history.addDevice(eve.id)];
  history.write(carol);
  const key = {
    type: "rotate",
    key: "default",
    over: ["founding"],
    links: [],
    to: [alice, bob, carol, eve.id],
  } as const;
  history.say("root", { ...key, version: "v0" });
  return {
    history,
    alice,
    bob,
    carol,
    eve: eve.id,
    device: written[2]?.id ?? "",
    written,
    honest: ["root", alice, bob, carol],
  };
}

/** How long a history is: one in twenty has 200 statements. */
const lengthOf = (random: SeededRandom): number => (random.chance(0.05) ? 200 : random.between(25, 40));

const idsOf = (entries: readonly Entry[]): readonly string[] => entries.map(({ id }) => id).sort();

describe("what no history may do", () => {
  test("D9 D10 K-3 after a revocation nothing that the revoked keys say counts or lets anybody in, whatever it is and however old it claims to be", {
    timeout,
  }, () => {
    eachSeed("properties", { count: seeds(400, 20_000) }, (random) => {
      const { history, alice, bob, carol, eve, device, written, honest } = tenant(random);
      const cuts = cutAfter(...written.slice(1));
      const revocation = history.revoke(alice, { targets: [eve], keys: ["p-eve", "p0", "p1", "p2", "p3"], cuts });
      const controlled = new Set([eve, device]);
      const thief = new RandomAuthor(random, history, { beyondModel: true, controlled });
      const before = history.entries.length;
      for (const length = lengthOf(random); history.entries.length < length; ) thief.act();
      const stolen = history.entries.slice(before);
      const after = [history.write(carol), history.grant(bob, { person: ["p-dan"] }), history.put(alice)];
      const found = coreFindings(history.entries);
      expect(found.entries).toEqual(idsOf(history.entries.filter((entry) => !stolen.includes(entry))));
      expect(found.live).toEqual([...honest, after[1]?.id].sort());
      expect(found.ended).toContain(`${eve} by ${revocation.id}`);
      expect(judgeKeys(accept(history.entries)).heads.get("default")).toEqual(["v0"]);
    });
  });

  test("D10 who holds a stolen admin device takes nothing from those above it, nor from the root", { timeout }, () => {
    eachSeed("properties", { count: seeds(400, 20_000) }, (random) => {
      const { history, alice, bob, eve, device } = tenant(random);
      const above = history.entries.filter(({ admission }) => ["root", alice, bob].includes(admission));
      const thief = new RandomAuthor(random, history, { beyondModel: true, controlled: new Set([eve, device]) });
      for (const length = lengthOf(random); history.entries.length < length; ) thief.act();
      const { entries, live } = accept(history.entries);
      expect(above.filter(({ id }) => !entries.has(id))).toEqual([]);
      expect(["root", alice, bob].filter((id) => !live.has(id))).toEqual([]);
      // And those above end it again, with all that it let in since.
      const revocation = history.revoke(alice, { targets: [eve], cuts: new Map() });
      const after = accept(history.entries);
      expect(after.live.has(eve)).toBe(false);
      expect(after.entries.has(revocation.id)).toBe(true);
      expect([...after.live].filter((id) => !["root", alice, bob].includes(id) && isBelow(after, id, eve))).toEqual([]);
    });
  });

  test("D10 an ended admission is never in force again by what ended devices say, whatever forks they make", {
    timeout,
  }, () => {
    let checked = 0;
    eachSeed("properties", { count: seeds(300, 10_000) }, (random) => {
      const drawn = randomHistory(random, { length: lengthOf(random) - 10, beyondModel: true });
      const before = accept(drawn);
      const ended = [...before.ended].filter(([, by]) => by.length > 0).map(([id]) => id);
      const history = new History(drawn);
      const thief = new RandomAuthor(random, history, { beyondModel: true, controlled: new Set(ended) });
      for (let acts = 0; acts < 10; acts += 1) thief.act();
      const after = accept(history.entries);
      // Whoever is ended may have ended somebody before, within its cut, and may fork that part of its chain if no cut names it:
      // only then an end can become uncertain.
      if (![...before.entries].every((id) => after.entries.has(id))) return;
      checked += 1;
      expect(ended.filter((id) => after.live.has(id))).toEqual([]);
    });
    if (!isSlice) expect(checked).toBeGreaterThan(seeds(150, 5_000));
  });

  test("D11 nothing that readers, editors or nobody say in the directory lets anybody in or takes anybody's rights", {
    timeout,
  }, () => {
    eachSeed("properties", { count: seeds(300, 10_000) }, (random) => {
      const history = new History();
      const alice = history.grant("root", { role: "admin" }).id;
      const reader = history.grant(alice, { role: "reader" }).id;
      const editor = history.grant(alice).id;
      const other = history.grant(alice).id;
      const controlled = new Set([reader, editor, "nobody"]);
      const thief = new RandomAuthor(random, history, { beyondModel: true, controlled });
      for (const length = lengthOf(random); history.entries.length < length; ) thief.act();
      const { live, known } = accept(history.entries);
      expect(["root", alice, other].filter((id) => !live.has(id))).toEqual([]);
      const users = [...live].map((id) => known.admissions.get(id)?.user);
      expect(users.filter((user) => !["root", alice, reader, editor, other].includes(user ?? ""))).toEqual([]);
    });
  });

  test("D10 histories of 200 statements have one fixpoint, and twin and core agree", { timeout }, () => {
    eachSeed("properties", { count: seeds(3, 100) }, (random) => {
      const entries = randomHistory(random, { length: 200, beyondModel: true });
      const accepted = accept(entries);
      expect([...accept(entries, { start: "everything" }).entries].sort()).toEqual([...accepted.entries].sort());
      expect(coreFindings(entries)).toEqual(twinFindings(entries, accepted));
      expect(coreFindings(entries.toReversed())).toEqual(coreFindings(entries));
    });
  });
});

describe("what a history may do, and nobody can prevent", () => {
  // Somebody whom an admin revoked that left by itself since, and whose keys of then somebody has.
  function forkedBehindItself() {
    const history = new History();
    const bob = history.grant("root", { role: "admin", person: ["p-bob"] }).id;
    const alice = history.grant("root", { role: "admin", person: ["p-alice"] }).id;
    const eve = history.grant(alice, { person: ["p-eve"] }).id;
    const before = history.put(alice);
    const revocation = history.revoke(alice, { targets: [eve], keys: ["p-eve"] });
    history.revoke(alice, { targets: [alice], cuts: cutAfter(revocation) });
    const isIn = (): boolean => {
      const found = coreFindings(history.entries);
      expect(found).toEqual(twinFindings(history.entries));
      return found.live.includes(eve);
    };
    expect(isIn()).toBe(false);
    const rival = history.put(alice, { after: before, id: "a-rival" });
    return { history, bob, alice, eve, revocation, rival, isIn };
  }

  test("R16 who has the keys of an admin that left by itself forks what it said before: whom it revoked is in again, until an admin revokes it, or who may revoke that admin names the branch", () => {
    const [first, second] = [forkedBehindItself(), forkedBehindItself()];
    expect([first.isIn(), second.isIn()]).toEqual([true, true]);
    first.history.revoke(first.bob, { targets: [first.eve], keys: ["p-eve"] });
    second.history.put("root", { vector: { [chainOf(second.revocation)]: second.revocation.id } });
    expect([first.isIn(), second.isIn()]).toEqual([false, false]);
    // Not who stole the keys, nor an admin beside it.
    const third = forkedBehindItself();
    third.history.put(third.bob, { vector: { [chainOf(third.revocation)]: third.revocation.id } });
    expect(third.isIn()).toBe(true);
  });

  test("D10 the same fork gives nobody back rights where somebody else revoked that admin, with a cut that names its revocation", () => {
    const { history, alice, revocation, isIn } = forkedBehindItself();
    history.revoke("root", { targets: [alice], cuts: cutAfter(revocation) });
    expect(isIn()).toBe(false);
  });
});

function isBelow({ known }: ReturnType<typeof accept>, id: string, ancestor: string): boolean {
  for (let at = known.admissions.get(id)?.parent; at !== null && at !== undefined; at = at.parent) {
    if (at.id === ancestor) return true;
  }
  return false;
}
