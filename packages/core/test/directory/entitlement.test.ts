import { nativeCrypto } from "@selkie/crypto/native";
import type { StatementId } from "@selkie/entry";
import { beforeEach, describe, expect, test } from "vitest";
import type { PlacedStatement } from "../../src/directory/admission.ts";
import { keyIdOf } from "../../src/keys/key-version.ts";
import type { HistoryPolicy } from "../../src/keys/permit-bundle.ts";
import { pattern } from "../fixture.ts";
import { type Voice, World } from "./world.ts";

let world: World;
let alice: Voice;
let bob: Voice;
let carol: Voice;
let keyId: Uint8Array;
const nonce = pattern("nonce", 16);

function create(by: Voice, history: HistoryPolicy): void {
  world.say(by, { type: "createKey", nonce, name: "board", commitment: pattern("board", 32), history });
  keyId = keyIdOf(nativeCrypto, by.writer, nonce);
}

const idOf = (name: string): StatementId =>
  world.view().findUser(name)[0]?.id ?? expect.fail(`nobody is called ${name}`);

const share = (by: Voice, name: string, history: HistoryPolicy): PlacedStatement =>
  world.say(by, { type: "share", keyId, to: [idOf(name)], history });

/** How far back each reads who is entitled, in every order of the statements. */
function due(): Record<string, HistoryPolicy> {
  const views = [world.placed, world.placed.toReversed(), world.placed.toSorted((a, b) => a.part - b.part)].map(
    (some) => world.view(some),
  );
  const [said = {}, ...others] = views.map((view) =>
    Object.fromEntries(
      view.users().flatMap((user) => {
        const history = view.dueHistory(user, keyId);
        return history === null ? [] : [[user.name, history]];
      }),
    ),
  );
  for (const other of others) expect(other).toEqual(said);
  return said;
}

/** A change of a person's rights that leaves the key. */
async function change(by: Voice, name: string, role: "admin" | "editor" | "reader"): Promise<Voice> {
  const id = idOf(name);
  const said = world.say(by, {
    ...{ type: "change", targets: [id], identityKeys: [], cuts: [], wipe: null },
    ...{ name, role, keys: [keyId], devices: [id] },
  });
  return await world.voice(name, said.id);
}

beforeEach(async () => {
  world = new World();
  alice = await world.grant(world.root, "alice", "admin");
  bob = await world.grant(alice, "bob", "editor");
  carol = await world.grant(alice, "carol", "editor");
});

describe("how far back who is entitled to a key reads", () => {
  test("is all for who made it, and as it was made for admins", () => {
    create(bob, "from-now");
    expect(due()).toEqual({ alice: "from-now", bob: "full" });
  });

  test("is what a share says, and the more of two", () => {
    create(bob, "full");
    share(alice, "carol", "from-now");
    expect(due()).toEqual({ alice: "full", bob: "full", carol: "from-now" });
    share(bob, "carol", "full");
    share(bob, "carol", "from-now");
    expect(due()).toEqual({ alice: "full", bob: "full", carol: "full" });
  });

  test("D11 is never more than the author of the share reads, an admin too, nor by sharing with oneself", () => {
    create(bob, "from-now");
    share(alice, "alice", "full");
    share(alice, "carol", "full");
    share(carol, "carol", "full");
    expect(due()).toEqual({ alice: "from-now", bob: "full", carol: "from-now" });
    share(bob, "alice", "full");
    expect(due()).toEqual({ alice: "full", bob: "full", carol: "full" });
  });

  test("is nothing by a share of who is not entitled", () => {
    create(alice, "full");
    const stolen = share(carol, "carol", "full");
    expect(due()).toEqual({ alice: "full" });
    expect(world.rejection(stolen)).toBe("NOT_ENTITLED");
  });

  test("stays as it was through changes of rights, whoever makes them", async () => {
    create(alice, "full");
    share(alice, "bob", "full");
    share(alice, "carol", "from-now");
    for (const role of ["reader", "editor"] as const) {
      for (const name of ["bob", "carol"]) await change(alice, name, role);
      expect(due()).toEqual({ alice: "full", bob: "full", carol: "from-now" });
    }
    await change(alice, "carol", "admin");
    expect(due()).toEqual({ alice: "full", bob: "full", carol: "full" });
  });

  test("is from now on for who went on with a key, when the share that was the reason counts no more", async () => {
    create(alice, "full");
    share(alice, "bob", "full");
    share(bob, "carol", "from-now");
    await change(alice, "carol", "reader");
    await change(alice, "bob", "reader"); // its cuts leave nothing that Bob said
    expect(due()).toEqual({ alice: "full", bob: "full", carol: "from-now" });
  });

  test("is the least that two changes at once give", async () => {
    create(bob, "from-now");
    share(bob, "carol", "full");
    const before = idOf("carol");
    await change(alice, "carol", "editor");
    expect(due()["carol"]).toBe("full");
    world.say(world.root, {
      ...{ type: "change", targets: [before], identityKeys: [], cuts: [], wipe: null },
      ...{ name: "carol", role: "editor", keys: [], devices: [before] },
    });
    expect(due()["carol"]).toBeUndefined();
  });
});
