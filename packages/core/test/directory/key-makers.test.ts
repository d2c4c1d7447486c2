// Who made a version of a key holds it, and what they give is believed. Everybody who reads the directory can repeat a commitment.
import { nativeCrypto } from "@selkie/crypto/native";
import { parseCiphertext, type StatementId } from "@selkie/entry";
import { beforeEach, describe, expect, test } from "vitest";
import { isMember } from "../../src/directory/admission.ts";
import { keyIdOf } from "../../src/keys/key-version.ts";
import { pattern } from "../fixture.ts";
import { type Voice, World } from "./world.ts";

const nonce = pattern("nonce", 16);
const [first, second] = [pattern("first version", 32), pattern("second version", 32)];
const sealed = parseCiphertext(pattern("link", 80));

let world: World;
let alice: Voice;
let mallory: Voice;
let keyId: Uint8Array;
let ids: Record<"alice" | "bob" | "mallory", StatementId>;

/** The board's key has two versions by Alice, of which nothing leads from one to the other, and she gave Bob neither. */
beforeEach(async () => {
  world = new World();
  const granted = async (name: string, role: "admin" | "editor") => {
    const voice = await world.grant(world.root, name, role);
    return { voice, id: world.placed.at(-1)?.id ?? expect.fail("a grant") };
  };
  const [a, b, m] = [
    await granted("alice", "admin"),
    await granted("bob", "editor"),
    await granted("mallory", "editor"),
  ];
  [alice, mallory] = [a.voice, m.voice];
  ids = { alice: a.id, bob: b.id, mallory: m.id };
  keyId = keyIdOf(nativeCrypto, alice.writer, nonce);
  const made = world.say(alice, { type: "createKey", name: "board", nonce, commitment: first, history: "full" });
  world.say(alice, { type: "share", keyId, to: [ids.bob], history: "full" });
  world.say(alice, { type: "rotate", keyId, over: [made.id], commitment: second, links: [] });
});

/** Says that these versions were given to Bob, and that the second leads to the first. */
function pretend(of: Uint8Array): void {
  const versions = [first, second].map((version) => ({ keyId: of, version }));
  const to = [{ type: "device", of: { type: "statement", id: ids.bob } }] as const;
  world.say(mallory, { type: "permit", history: "full", versions, to });
  world.say(mallory, { type: "link", keyId: of, version: second, links: [{ version: first, sealed }] });
}

const repeat = (of: Uint8Array, over: readonly StatementId[] = []): void => {
  world.say(mallory, { type: "rotate", keyId: of, over, commitment: first, links: [] });
  world.say(mallory, { type: "rotate", keyId: of, over, commitment: second, links: [{ version: first, sealed }] });
};

/** What the directory says of who holds what, in every order of the statements. */
function said() {
  const [one, ...others] = [world.placed, world.placed.toReversed()].map((placed) => {
    const view = world.view(placed);
    const { passesOn, missing, unlinked, lackHistory } = view.keyFitness;
    const holders = ["alice", "bob", "mallory"] as const;
    const hold = (version: Uint8Array) =>
      holders.filter((name) => {
        const member = view.admission(ids[name]);
        return member !== undefined && isMember(member) && passesOn(member, keyId, version);
      });
    return {
      holders: [first, second].map(hold),
      lacking: missing(keyId).map(({ to }) => to.length),
      withoutHistory: lackHistory(keyId, second).length,
      unlinked: unlinked(keyId).length,
      isSafe: view.isSafe(keyId),
    };
  });
  for (const other of others) expect(other).toEqual(one);
  return one;
}

describe("who says that it made a version that somebody else made", () => {
  const honest = { holders: [["alice"], ["alice"]], lacking: [1], withoutHistory: 1, unlinked: 1, isSafe: true };

  test("D11 without a right to the key gives nothing to anybody, and leads nowhere", () => {
    expect(said()).toEqual(honest);
    repeat(keyId);
    pretend(keyId);
    expect(said()).toEqual(honest);
  });

  test("D11 of a key of its own says nothing about the other key", () => {
    const ownNonce = pattern("another nonce", 16);
    const own = keyIdOf(nativeCrypto, mallory.writer, ownNonce);
    const made = { type: "createKey", name: "own", nonce: ownNonce, commitment: first, history: "full" } as const;
    repeat(own, [world.say(mallory, made).id]);
    pretend(own);
    pretend(keyId);
    expect(said()).toEqual(honest);
  });

  test("D11 with a right to the key leaves a version that nobody is known to hold, so that it is turned, and the next is as any", () => {
    world.say(alice, { type: "share", keyId, to: [ids.mallory], history: "from-now" });
    repeat(keyId);
    pretend(keyId);
    expect(said()).toMatchObject({ holders: [["alice"], []], lacking: [3, 2] }); // both are current again
    const third = pattern("third version", 32);
    const over = world.view().key(keyId)?.open ?? [];
    world.say(alice, { type: "rotate", keyId, over, commitment: third, links: [] });
    const to = Object.values(ids).map((id) => ({ type: "device", of: { type: "statement", id } }) as const);
    world.say(alice, { type: "permit", history: "full", versions: [{ keyId, version: third }], to });
    expect(said()?.lacking).toEqual([]);
  });
});
