import { nativeCrypto as crypto } from "@selkie/crypto/native";
import { compareBytes, parseBlobHash, toHex } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import { describe, expect, test } from "vitest";
import { Offers } from "../../src/blobs/offers.ts";
import { LocalState } from "../../src/local/local-state.ts";
import { directoryDatabase, pattern, testTenant } from "../fixture.ts";

const blobs = ["a", "b", "c"].map((name) => parseBlobHash(pattern(name, 32)));
const store = memoryStore({ verifier: crypto, random: (length) => pattern("store", length) });
const local = new LocalState(crypto, store.state, await crypto.importSecret(pattern("local", 32)), testTenant);
const open = () => new Offers({ crypto, store, local, directory: directoryDatabase });

describe("what is offered to relays", () => {
  test("is kept over a restart, once each, ascending", async () => {
    const offers = open();
    await offers.add(blobs);
    await offers.add(blobs.slice(1));
    const ascending = blobs.toSorted(compareBytes).map(toHex);
    expect((await open().all()).map(toHex)).toEqual(ascending);
    expect((await offers.all()).map(toHex)).toEqual(ascending);
  });

  test("is gone once it is removed", async () => {
    const offers = open();
    await offers.add(blobs);
    await offers.remove(blobs.slice(0, 2));
    expect((await open().all()).map(toHex)).toEqual([toHex(blobs[2] ?? new Uint8Array())]);
  });

  test("is remembered of each relay by itself, with the generation of its store", async () => {
    const offers = open();
    const brought = { generation: pattern("generation", 8), digest: offers.digest(blobs), at: 7 };
    await offers.noteBrought(pattern("one", 16), brought, offers.removals);
    expect(await open().brought(pattern("one", 16))).toEqual(brought);
    expect(await open().brought(pattern("another", 16))).toBeNull();
  });
});
