import { nativeCrypto } from "@selkie/crypto/native";
import { parseCiphertext } from "@selkie/entry";
import { expect, test } from "vitest";
import { isMember } from "../../src/directory/admission.ts";
import { keyIdOf } from "../../src/keys/key-version.ts";
import { pattern } from "../fixture.ts";
import { World } from "./world.ts";

test("D12 who is given the last of ten thousand versions that lead to each other opens the first, as fast in any order", async () => {
  const world = new World();
  const mallory = await world.grant(world.root, "CN=mallory/O=acme", "editor");
  await world.grant(world.root, "CN=bob/O=acme", "editor");
  const granted = world.placed.at(-1)?.id ?? expect.fail("a grant");
  const nonce = pattern("nonce", 16);
  const keyId = keyIdOf(nativeCrypto, mallory.writer, nonce);
  const versions = Array.from({ length: 10_000 }, (_, at) => pattern(`version ${at}`, 32));
  const [first = keyId, ...others] = versions;
  let over = world.say(mallory, { type: "createKey", name: "turned", nonce, commitment: first, history: "full" }).id;
  for (const [at, commitment] of others.entries()) {
    const links = [{ version: versions[at] ?? first, sealed: parseCiphertext(pattern("link", 80)) }];
    over = world.say(mallory, { type: "rotate", keyId, over: [over], commitment, links }).id;
  }
  const last = { keyId, version: versions.at(-1) ?? first };
  const to = [{ type: "device", of: { type: "statement", id: granted } }] as const;
  world.say(mallory, { type: "permit", history: "full", versions: [last], to });
  const view = world.view();
  const bob = view.admission(granted);
  if (bob === undefined || !isMember(bob)) return expect.fail("a member");
  expect(view.keyFitness.passesOn(bob, keyId, first)).toBe(true);
  expect(view.keyFitness.unlinked(keyId)).toEqual([]);
}, 20_000); // a walk over all of them for each takes twice that
