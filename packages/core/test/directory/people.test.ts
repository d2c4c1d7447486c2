import { nativeCrypto as crypto } from "@selkie/crypto/native";
import { equalBytes, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { PlacedStatement } from "../../src/directory/admission.ts";
import type { DirectoryView } from "../../src/directory/directory-view.ts";
import type { ChangeStatement, Role } from "../../src/directory/statement.ts";
import { keyIdOf } from "../../src/keys/key-version.ts";
import { otherDatabase, pattern } from "../fixture.ts";
import { deviceNamed, digestOf, grantTo, type Voice, World } from "./world.ts";

const nonce = pattern("nonce", 16);

/** Alice, who let Bob in, both admins; and Carol, with a key. */
async function company(carols: Role = "editor") {
  const world = new World();
  const alice = await world.grant(world.root, "alice", "admin");
  const bob = await world.grant(alice, "bob", "admin");
  const key = keyIdOf(crypto, alice.writer, nonce);
  world.say(alice, { type: "createKey", nonce, name: "board", commitment: pattern("board", 32), history: "full" });
  const carol = world.say(alice, await grantTo("carol", carols, { keys: [key] }));
  return { world, alice, bob, carol, key };
}

function change(
  world: World,
  by: Voice,
  of: readonly PlacedStatement[],
  left: Pick<ChangeStatement, "role" | "keys">,
): PlacedStatement {
  const targets = of.map(({ id }) => id).sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1));
  const devices = of.slice(0, 1).map(({ id }) => id);
  const revocation = { targets, identityKeys: [], cuts: [], wipe: null };
  return world.say(by, { type: "change", ...revocation, name: "carol", ...left, devices });
}

const carolIn = (view: DirectoryView) => {
  const [carol, ...others] = view.findUser("carol");
  expect(others).toEqual([]);
  return carol ?? expect.fail("carol is in");
};

describe("two admins change one person at the same time", () => {
  test("P-11 both take away what they took away, and the person is one", async () => {
    const { world, alice, bob, carol, key } = await company();
    const demoted = change(world, alice, [carol], { role: "reader", keys: [key] });
    const unshared = change(world, bob, [carol], { role: "editor", keys: [] });
    const view = world.view();
    expect(carolIn(view).role).toBe("reader");
    for (const { id } of [demoted, unshared]) {
      const admission = view.admission(id) ?? expect.fail("admitted");
      expect([admission.role, view.isLive(admission), view.isEntitled(admission, key)]).toEqual([
        "reader",
        true,
        false,
      ]);
    }
    expect(view.users()).toHaveLength(3);
    expect(view.everybody()).toHaveLength(3);
    expect(view.devicesOf(carolIn(view))).toHaveLength(1);
  });

  test("P-11 who is left an admin by one of them is left every key by it: the keys stay that the other leaves, whichever is asked about", async () => {
    const { world, alice, carol, key } = await company("admin");
    const demoted = change(world, alice, [carol], { role: "editor", keys: [key] });
    const renamed = change(world, world.root, [carol], { role: "admin", keys: [] });
    const view = world.view();
    for (const { id } of [demoted, renamed]) {
      const admission = view.admission(id) ?? expect.fail("admitted");
      expect([admission.role, view.isEntitled(admission, key)]).toEqual(["editor", true]);
    }
  });

  test("P-11 nothing counts in a database of whom either made a reader, whichever admission it writes under", async () => {
    const { world, alice, bob, carol } = await company();
    const chain = { database: otherDatabase, ...(await world.voice("carol", carol.id)) };
    const demoted = change(world, alice, [carol], { role: "reader", keys: [] });
    const alone = world.view();
    const unshared = change(world, bob, [carol], { role: "editor", keys: [] });
    const view = world.view();
    const admission = view.admission(unshared.id) ?? expect.fail("admitted");
    expect(view.endOf(chain, admission)).toEqual({ last: -1, endedBy: [toHex(demoted.id)], fork: null, named: null });
    // What the grant allowed ends where both say; it is no longer theirs to say more.
    const granted = view.admission(carol.id) ?? expect.fail("admitted");
    expect(alone.endOf(chain, granted).endedBy).toEqual([toHex(demoted.id)]);
    expect(view.endOf(chain, granted).endedBy).toEqual([demoted, unshared].map(({ id }) => toHex(id)).sort());
  });

  test("P-11 says the same in any order, and of three as of two", async () => {
    const { world, alice, bob, carol, key } = await company();
    const dan = await world.grant(alice, "dan", "admin");
    change(world, alice, [carol], { role: "editor", keys: [key] });
    change(world, dan, [carol], { role: "reader", keys: [key] });
    change(world, bob, [carol], { role: "editor", keys: [] });
    const digest = digestOf(world.view());
    expect(carolIn(world.view()).role).toBe("reader");
    for (let turn = 0; turn < world.placed.length; turn++) {
      const placed = [...world.placed.slice(turn), ...world.placed.slice(0, turn)];
      expect(digestOf(world.view(placed))).toBe(digest);
      expect(digestOf(world.view(placed.reverse()))).toBe(digest);
    }
  });

  test("who knows of both says what is left; who changes one of them again does not lift the other", async () => {
    const { world, alice, bob, carol, key } = await company();
    const demoted = change(world, alice, [carol], { role: "reader", keys: [key] });
    const unshared = change(world, bob, [carol], { role: "editor", keys: [] });
    const again = change(world, bob, [unshared], { role: "editor", keys: [key] });
    expect(carolIn(world.view()).role).toBe("reader");
    expect(world.view().isEntitled(carolIn(world.view()), key)).toBe(true);
    const settled = change(world, alice, [demoted, again], { role: "editor", keys: [key] });
    const view = world.view();
    expect(carolIn(view)).toMatchObject({ id: settled.id, role: "editor" });
    expect(view.isEntitled(carolIn(view), key)).toBe(true);
    // What was made under one of the two stays as it was judged.
    const chain = { database: otherDatabase, writer: alice.writer };
    expect(view.endOf(chain, view.admission(again.id) ?? expect.fail("admitted")).last).toBe(-1);
  });

  test("P-11 passes no key on that one of them took away", async () => {
    const { world, alice, bob, carol, key } = await company();
    const [user] = world.view().findUser("bob");
    const demoted = change(world, alice, [carol], { role: "editor", keys: [] });
    const kept = change(world, bob, [carol], { role: "editor", keys: [key] });
    for (const { id } of [demoted, kept]) {
      const share = world.say(await world.voice("carol", id), {
        type: "share",
        keyId: key,
        to: [user?.id ?? id],
        history: "full",
      });
      expect(world.rejection(share)).toBe("NOT_ENTITLED");
    }
  });

  test("A2 A3 who lost the role of admin to one of them publishes nothing as an admin under the other", async () => {
    const { world, alice, bob, carol, key } = await company("admin");
    change(world, alice, [carol], { role: "editor", keys: [key] });
    const kept = change(world, world.root, [carol], { role: "admin", keys: [] });
    const carols = await world.voice("carol", kept.id);
    const settings = world.say(carols, { type: "settings", over: [], values: new Map([["a", 1]]) });
    expect(world.rejection(settings)).toBe("NOT_ADMIN");
    expect(world.names()).toEqual(["alice admin", "bob admin", "carol editor"]);
    expect(bob.name).toBe("bob");
  });
});

describe("D10 an admin whom one of two changes leaves an admin, and the other not", () => {
  /** Carol, an admin whom Bob let in. */
  async function carolOfBob() {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "admin");
    const carol = world.say(bob, await grantTo("carol", "admin"));
    await world.grant(bob, "mallory", "editor");
    return { world, alice, bob, carol };
  }
  const admin = { role: "admin", keys: [] } as const;
  const editor = { role: "editor", keys: [] } as const;

  test("lets nobody in, if who demoted it may take what the other left; what it revoked stays", async () => {
    const { world, alice, bob, carol } = await carolOfBob();
    const kept = change(world, bob, [carol], admin);
    const carols = await world.voice("carol", kept.id);
    const dan = world.say(carols, await grantTo("dan", "editor"));
    const mallory = world.view().findUser("mallory")[0]?.id ?? expect.fail("mallory");
    world.say(carols, { type: "revoke", targets: [mallory], identityKeys: [], cuts: [], wipe: null });
    expect(world.names()).toEqual(["alice admin", "bob admin", "carol admin", "dan editor"]);
    change(world, alice, [carol], editor);
    expect(world.names()).toEqual(["alice admin", "bob admin", "carol editor"]);
    expect(world.rejection(dan)).toBe("NOT_ADMIN");
    const digest = digestOf(world.view());
    for (let turn = 0; turn < world.placed.length; turn++) {
      const placed = [...world.placed.slice(turn), ...world.placed.slice(0, turn)];
      expect(digestOf(world.view(placed))).toBe(digest);
      expect(digestOf(world.view(placed.reverse()))).toBe(digest);
    }
  });

  test("whom it let in meanwhile is out, and known to open what was given, by whomever: whoever writes turns the key", async () => {
    const { world, alice, bob, carol } = await carolOfBob();
    const kept = change(world, bob, [carol], admin);
    const dan = world.say(await world.voice("carol", kept.id), await grantTo("dan", "editor"));
    const added = world.say(await world.voice("dan", dan.id), await deviceNamed("dan's telephone"));
    const { keyId } = world.view().found?.defaultKey ?? expect.fail("founded");
    const turn = (by: Voice, name: string, to: readonly PlacedStatement[]): Uint8Array => {
      const commitment = pattern(name, 32);
      const { open } = world.view().key(keyId) ?? expect.fail("a default key");
      world.say(by, { type: "rotate", keyId, over: open, commitment, links: [] });
      const recipients = to.map(({ id }) => ({ type: "statement", id }) as const);
      world.say(by, { type: "permit", history: "full", versions: [{ keyId, version: commitment }], to: recipients });
      return commitment;
    };
    const says = () => {
      const view = world.view();
      const members = [dan, added].flatMap(({ id }) => view.admission(id) ?? []).filter((each) => view.isLive(each));
      return { isSafe: view.isSafe(keyId), current: view.key(keyId)?.current, in: members.length };
    };
    const fromAlice = turn(alice, "from alice", [carol, dan]);
    expect(says()).toEqual({ isSafe: true, current: [fromAlice], in: 2 });
    const demoting = change(world, alice, [carol], editor);
    expect(says()).toEqual({ isSafe: false, current: [fromAlice], in: 0 });
    expect(world.view().keyFitness.fallback(keyId, fromAlice).openTo).toBe(2);
    const fresh = turn(alice, "fresh", [carol]);
    expect(says()).toEqual({ isSafe: true, current: [fresh], in: 0 });

    // What one of them made is a version still, though none to seal under: something may lie under it.
    world.placed.splice(world.placed.indexOf(demoting), 3);
    const fromDan = turn(await world.voice("dan's telephone", added.id), "from dan", [carol]);
    expect(says()).toEqual({ isSafe: true, current: [fromDan], in: 2 });
    world.placed.push(demoting);
    expect(says()).toEqual({ isSafe: false, current: [fromAlice], in: 0 });
    expect(world.view().key(keyId)?.versions).toContainEqual(fromDan);
  });

  test("whom it let in is listed among those who were in once, as its devices are", async () => {
    const { world, alice, bob, carol } = await carolOfBob();
    const kept = change(world, bob, [carol], admin);
    const dan = world.say(await world.voice("carol", kept.id), await grantTo("dan", "editor"));
    change(world, alice, [dan], { role: "reader", keys: [] });
    world.say(alice, { type: "rename", user: dan.id, over: [], name: "daniel" });
    const listed = () => {
      const view = world.view();
      const live = view.users().map(({ id }) => toHex(id));
      const daniels = view.everybody().filter((user) => view.nameOf(user) === "daniel");
      return daniels.map((user) => [toHex(view.personOf(user)), live.includes(toHex(user.id))]);
    };
    expect(listed()).toEqual([[toHex(dan.id), true]]);
    change(world, alice, [carol], editor);
    expect(listed()).toEqual([[toHex(dan.id), false]]);
    const view = world.view();
    const devices = new Set(view.allDevices().map((device) => view.nameOf(device)));
    expect(new Set(view.everybody().map((user) => view.nameOf(user)))).toEqual(devices);
  });

  test("whom it let in is out though somebody changed its rights in good faith, and gets no key", async () => {
    const { world, alice, bob, carol } = await carolOfBob();
    const kept = change(world, bob, [carol], admin);
    const dan = world.say(await world.voice("carol", kept.id), await grantTo("dan", "editor"));
    const changed = change(world, alice, [dan], { role: "reader", keys: [] });
    const isIn = ({ id }: PlacedStatement): boolean => {
      const view = world.view();
      return view.isLive(view.admission(id) ?? expect.fail("let in once"));
    };
    const { keyId } = world.view().found?.defaultKey ?? expect.fail("founded");
    expect([dan, changed].map(isIn)).toEqual([false, true]);
    expect(world.view().recipients(keyId)).toHaveLength(5);
    change(world, alice, [carol], editor);
    expect([dan, changed].map(isIn)).toEqual([false, false]);
    expect(world.view().recipients(keyId)).toHaveLength(4);
  });

  test("does not lift the other change by one of its own, whoever made them", async () => {
    const { world, alice, bob, carol } = await carolOfBob();
    for (const [one, other] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const demoted = change(world, one, [carol], editor);
      const kept = change(world, other, [carol], admin);
      const lifted = change(world, await world.voice("carol", kept.id), [demoted], admin);
      expect(world.rejection(lifted)).toBe(one === alice ? "NOT_ADMIN" : "NOT_PERMITTED");
      expect(carolIn(world.view()).role).toBe("editor");
      world.placed.splice(-3);
    }
  });

  test("is not demoted by whom the other change, or what rests on it, had already answered", async () => {
    const { world, alice, bob, carol } = await carolOfBob();
    const demoted = change(world, alice, [carol], editor);
    const again = change(world, bob, [demoted], editor);
    const back = change(world, alice, [again], admin);
    await world.grant(await world.voice("carol", back.id), "dan", "editor");
    expect(world.names()).toContain("dan editor");
  });

  test("R12 goes on letting people in under a change from above who demoted it, until it is changed again", async () => {
    const { world, alice, bob, carol } = await carolOfBob();
    const demoted = change(world, bob, [carol], editor);
    const kept = change(world, alice, [carol], admin);
    const dan = world.say(await world.voice("carol", kept.id), await grantTo("dan", "editor"));
    expect(carolIn(world.view()).role).toBe("editor");
    expect(world.names()).toContain("dan editor");
    change(world, alice, [demoted, kept], editor);
    expect(world.rejection(dan)).toBe("BEYOND_CUT");
  });
});

describe("one person after the other", () => {
  test("is listed once, with what the last change left, and once it is out, too", async () => {
    const { world, alice, carol, key } = await company();
    const first = change(world, alice, [carol], { role: "reader", keys: [key] });
    const second = change(world, alice, [first], { role: "editor", keys: [] });
    const line = () =>
      world
        .view()
        .everybody()
        .filter(({ name }) => name === "carol");
    expect(line()).toMatchObject([{ id: second.id, role: "editor" }]);
    world.say(alice, { type: "revoke", targets: [second.id], identityKeys: [], cuts: [], wipe: null });
    expect(line()).toMatchObject([{ id: second.id, role: "editor" }]);
    expect(world.names()).toEqual(["alice admin", "bob admin"]);
  });

  test("has each device once, the first in line first", async () => {
    const { world, alice, bob, carol } = await company();
    const phone = world.say(await world.voice("carol", carol.id), await deviceNamed("carol's phone"));
    const both = { role: "editor", keys: [] } as const;
    for (const by of [alice, bob]) {
      const revocation = { targets: [carol.id], identityKeys: [], cuts: [], wipe: null };
      const devices = [carol.id, phone.id];
      world.say(by, { type: "change", ...revocation, name: "carol", ...both, devices });
    }
    const view = world.view();
    expect(view.devices().filter(({ name }) => name === "carol")).toHaveLength(4);
    const [first, second, ...others] = view.devicesOf(carolIn(view));
    const [own, added] = [view.admission(carol.id), view.admission(phone.id)];
    expect(others).toEqual([]);
    expect(equalBytes(first?.device ?? carol.id, own?.device ?? carol.id)).toBe(true);
    expect(equalBytes(second?.device ?? carol.id, added?.device ?? carol.id)).toBe(true);
  });
});

describe("D10 a change by who may not take the rights", () => {
  const left = { role: "reader", keys: [] } as const;

  test("lets nobody go on with less: not an admin whom its author descends from, nor one beside it", async () => {
    const { world, alice, bob } = await company();
    const dan = await world.grant(alice, "dan", "admin");
    const [user] = world.view().findUser("alice");
    const of = world.placed.filter(({ id }) => toHex(id) === toHex(user?.id ?? id));
    for (const by of [bob, dan, await world.grant(bob, "eve", "admin")]) {
      const placed = change(world, by, of, left);
      expect(world.rejection(placed)).toBe("NOT_PERMITTED");
    }
    expect(world.names()).toEqual(["alice admin", "bob admin", "carol editor", "dan admin", "eve admin"]);
    const above = change(world, world.root, of, left);
    expect(world.rejection(above)).toBeUndefined();
    expect(world.view().admission(above.id)?.role).toBe("reader");
  });

  test("counts by whom it may: an admin of those it let in, and by oneself, but not by a younger device of the older", async () => {
    const { world, alice } = await company();
    const bobs = world.placed.filter(({ statement }) => statement.type === "grant" && statement.name === "bob");
    const phone = world.say(alice, await deviceNamed("alice's phone"));
    const alices = world.placed.filter(({ statement }) => statement.type === "grant" && statement.name === "alice");
    const byPhone = change(world, await world.voice("alice's phone", phone.id), alices, left);
    expect(world.rejection(byPhone)).toBe("NOT_PERMITTED");
    expect(world.rejection(change(world, alice, bobs, left))).toBeUndefined();
    const own = change(world, alice, alices, left);
    expect(world.rejection(own)).toBeUndefined();
    expect(world.view().users()).toContainEqual(expect.objectContaining({ id: own.id, role: "reader" }));
  });
});
