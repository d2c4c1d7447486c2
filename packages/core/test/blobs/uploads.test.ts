// The relay's end is a store of its own, asked directly: what HTTP and a real relay do with it is tested in client.
import { nativeCrypto as crypto } from "@selkie/crypto/native";
import { type BlobHash, compareBytes, parseBlobHash, toHex } from "@selkie/entry";
import { type BlobStore, memoryStore } from "@selkie/store";
import { describe, expect, test } from "vitest";
import { type BlobDoor, MOST_RETIRING } from "../../src/blobs/blob-door.ts";
import { readBlob } from "../../src/blobs/given-blobs.ts";
import { Offers } from "../../src/blobs/offers.ts";
import { Uploads } from "../../src/blobs/uploads.ts";
import { CoreError } from "../../src/errors.ts";
import { LocalState } from "../../src/local/local-state.ts";
import { codeOfAsync } from "../codes.ts";
import { directoryDatabase, pattern, testTenant } from "../fixture.ts";

interface Relay extends BlobDoor {
  readonly blobs: BlobStore;
  readonly asked: string[];
  readonly put: BlobDoor["put"];
  missing: BlobDoor["missing"];
  retiring: BlobDoor["retiring"];
  dropping: readonly BlobHash[];
  /** What happens before a blob is taken. */
  before: (count: number) => void;
}

const newStore = (name: string) => memoryStore({ verifier: crypto, random: (length) => pattern(name, length) });

function relayOf(): Relay {
  const blobs = newStore("relay").blobs(testTenant);
  let count = 0;
  const relay: Relay = {
    ...{ blobs, asked: [], dropping: [], before: () => undefined },
    missing: async (hashes) => {
      relay.asked.push(`missing ${hashes.length}`);
      const held = await Promise.all(hashes.map((each) => blobs.has(each)));
      return hashes.filter((_, at) => held[at] === false);
    },
    retiring: async (after) => {
      relay.asked.push("retiring");
      const behind = relay.dropping.filter((hash) => after === null || compareBytes(hash, after) > 0);
      return behind.slice(0, MOST_RETIRING);
    },
    put: async (hash, bytes) => {
      relay.before(count++);
      relay.asked.push(`put ${toHex(hash)}`);
      await blobs.put(hash, one(bytes));
    },
    get: (hash, range) => readBlob(blobs, hash, range),
  };
  return relay;
}

async function device() {
  const store = newStore("device");
  const local = new LocalState(crypto, store.state, await crypto.importSecret(pattern("local", 32)), testTenant);
  const offers = new Offers({ crypto, store, local, directory: directoryDatabase });
  const blobs = store.blobs(testTenant);
  const failures: unknown[] = [];
  const failed = (error: unknown): void => void failures.push(error);
  const pause = { wait: async () => undefined, reset: () => undefined, end: () => undefined };
  const clock = { now: 1_800_000_000_000, timers: new Set<() => void>() };
  const after = (_: number, run: () => void) => {
    clock.timers.add(run);
    return () => void clock.timers.delete(run);
  };
  const platform = { now: () => clock.now, scheduler: { after } };
  const uploads = (name = "relay") => new Uploads({ offers, blobs, platform, relay: pattern(name, 16), pause, failed });
  const add = async (...names: readonly string[]): Promise<readonly BlobHash[]> => {
    const hashes = await Promise.all(names.map((name) => blobs.add(one(pattern(name, 1_000)))));
    await offers.add(hashes);
    return hashes;
  };
  /** Hours go by. */
  const pass = (hours: number): void => {
    clock.now += hours * 3_600_000;
    const due = [...clock.timers];
    clock.timers.clear();
    for (const run of due) run();
  };
  return { offers, blobs, uploads, add, failures, pass, timers: clock.timers };
}

const sessionWith = (door: BlobDoor | null, generation = "generation") => ({
  generation: pattern(generation, 8),
  door: async () => door,
});
const puts = ({ asked }: Relay): readonly string[] => asked.filter((each) => each.startsWith("put"));

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

describe("what a device offers", () => {
  test("is brought to a relay, in an order that says nothing of files, and not again by the next session", async () => {
    const [relay, { uploads, add }] = [relayOf(), await device()];
    const hashes = await add("a", "b", "c", "d");
    const bringing = uploads();
    bringing.begin(sessionWith(relay));
    await bringing.settled();
    expect(puts(relay)).toEqual(hashes.toSorted(compareBytes).map((each) => `put ${toHex(each)}`));
    const after = uploads();
    after.begin(sessionWith(relay));
    await after.settled();
    expect(puts(relay)).toHaveLength(4);
    expect(relay.asked.filter((each) => each.startsWith("missing"))).toEqual(["missing 4"]);
  });

  test("goes on where it ended: what a relay has is not sent again", async () => {
    const [relay, { uploads, add }] = [relayOf(), await device()];
    await add("a", "b", "c", "d");
    relay.before = (count) => {
      if (count >= 2) throw new CoreError("BLOBS_UNSENT", "the line is cut");
    };
    const bringing = uploads();
    bringing.begin(sessionWith(relay));
    expect(await codeOfAsync(() => bringing.settled())).toBe("BLOBS_UNSENT");
    relay.before = () => undefined;
    await bringing.settled();
    expect(new Set(puts(relay)).size).toBe(4);
    expect(puts(relay)).toHaveLength(4);
  });

  test("is brought anew to a relay whose store is another than before", async () => {
    const [first, second, { uploads, add }] = [relayOf(), relayOf(), await device()];
    await add("a", "b");
    const bringing = uploads();
    bringing.begin(sessionWith(first));
    await bringing.settled();
    bringing.end();
    bringing.begin(sessionWith(second, "restored"));
    await bringing.settled();
    expect(puts(second)).toHaveLength(2);
  });

  test("is kept at a relay that is about to drop it: who offers it says so", async () => {
    const [relay, { uploads, add }] = [relayOf(), await device()];
    const [a] = await add("a", "b");
    const bringing = uploads();
    bringing.begin(sessionWith(relay));
    await bringing.settled();
    relay.dropping = [a ?? parseBlobHash(new Uint8Array(32)), parseBlobHash(pattern("somebody else's", 32))];
    const after = uploads();
    after.begin(sessionWith(relay));
    await after.settled();
    expect(relay.asked.slice(-2)).toEqual(["retiring", "missing 1"]);
  });

  test("is kept there however much the relay is about to drop; one that names blobs without end is not listened to", async () => {
    const [relay, { uploads, add, failures }] = [relayOf(), await device()];
    const ours = await add("a", "b", "c");
    const bringing = uploads();
    bringing.begin(sessionWith(relay));
    await bringing.settled();
    const others = Array.from({ length: 2 * MOST_RETIRING }, (_, n) => parseBlobHash(pattern(`other ${n}`, 32)));
    relay.dropping = [...ours, ...others].sort(compareBytes);
    const after = uploads();
    after.begin(sessionWith(relay));
    await after.settled();
    expect(relay.asked.slice(-4)).toEqual(["retiring", "retiring", "retiring", "missing 3"]);
    let pages = 0;
    relay.retiring = async () => (++pages <= 64 ? others.slice(0, MOST_RETIRING) : []);
    const again = uploads();
    again.begin(sessionWith(relay));
    await again.settled(); // the second time: the first was given up
    expect([pages, failures]).toMatchObject([65, [{ code: "BLOBS_UNSENT" }]]);
  });

  test("F4 is all that a relay gets, each blob once, whatever it says that it lacks", async () => {
    const [relay, { uploads, add, blobs }] = [relayOf(), await device()];
    const [a] = await add("a");
    const other = await blobs.add(one(pattern("kept to itself", 1_000)));
    relay.missing = async (hashes) => [...hashes, ...hashes, other];
    const bringing = uploads();
    bringing.begin(sessionWith(relay));
    await bringing.settled();
    expect(puts(relay)).toEqual([`put ${toHex(a ?? other)}`]);
  });

  test("is kept there also in a session that lasts: the relay is asked again now and then", async () => {
    const [relay, { uploads, add, pass }] = [relayOf(), await device()];
    const [a] = await add("a", "b");
    const bringing = uploads();
    bringing.begin(sessionWith(relay));
    await bringing.settled();
    relay.dropping = [a ?? parseBlobHash(new Uint8Array(32))];
    pass(7);
    await bringing.settled();
    expect(relay.asked.slice(-2)).toEqual(["retiring", "missing 1"]);
    pass(1);
    await bringing.settled();
    expect(relay.asked.filter((each) => each === "retiring")).toHaveLength(1);
  });

  test("leaves no timer behind, however often a session began", async () => {
    const [relay, { uploads, timers }] = [relayOf(), await device()];
    const bringing = uploads();
    bringing.begin(sessionWith(relay));
    bringing.begin(sessionWith(relay));
    expect(timers.size).toBe(1);
    bringing.end();
    expect(timers.size).toBe(0);
  });

  test("is brought again within a week to a relay whose disk lost it", async () => {
    const [relay, { uploads, add, pass }] = [relayOf(), await device()];
    const [a] = await add("a", "b");
    const bringing = uploads();
    bringing.begin(sessionWith(relay));
    await bringing.settled();
    if (a !== undefined) await relay.blobs.remove(a);
    pass(8 * 24);
    await bringing.settled();
    expect(puts(relay)).toHaveLength(3);
  });

  test("is brought to each relay", async () => {
    const [one, two, { uploads, add }] = [relayOf(), relayOf(), await device()];
    await add("a");
    for (const [name, relay] of [
      ["one", one],
      ["two", two],
    ] as const) {
      const bringing = uploads(name);
      bringing.begin(sessionWith(relay));
      await bringing.settled();
    }
    expect([puts(one), puts(two)].map(({ length }) => length)).toEqual([1, 1]);
  });

  test("stays here where a connection takes no blobs, and who waits for it hears so", async () => {
    const { uploads, add, failures } = await device();
    const bringing = uploads();
    bringing.begin(sessionWith(null));
    await bringing.settled(); // nothing is offered yet
    await add("a");
    expect(await codeOfAsync(() => bringing.settled())).toBe("BLOBS_UNSENT");
    expect(failures).toEqual([]);
  });

  test("is not said to be there when the connection ended before it was brought", async () => {
    const [relay, { uploads, add }] = [relayOf(), await device()];
    const bringing = uploads();
    bringing.begin(sessionWith(relay));
    await bringing.settled();
    bringing.end();
    await add("a");
    expect(await codeOfAsync(() => bringing.settled())).toBe("BLOBS_UNSENT");
  });

  test("is tried again by itself where the relay has too much to do", async () => {
    const [relay, { uploads, add, failures }] = [relayOf(), await device()];
    await add("a", "b");
    const isDone = Promise.withResolvers<void>();
    relay.before = (count) => {
      if (count < 3) throw new CoreError("BLOBS_UNSENT", "come back later");
      if (count === 4) isDone.resolve();
    };
    uploads().begin(sessionWith(relay));
    await isDone.promise;
    expect(failures.length).toBeGreaterThan(0);
  });

  test("and was removed meanwhile does not hold up the rest", async () => {
    const [relay, { uploads, add, blobs }] = [relayOf(), await device()];
    const [a] = await add("a", "b");
    if (a !== undefined) await blobs.remove(a);
    const bringing = uploads();
    bringing.begin(sessionWith(relay));
    await bringing.settled();
    expect(puts(relay)).toHaveLength(1);
  });

  test("and came here only later is brought then", async () => {
    const [relay, { uploads, add, blobs }] = [relayOf(), await device()];
    const [a] = await add("a");
    if (a === undefined) throw new Error("nothing was added");
    await blobs.remove(a);
    const bringing = uploads();
    bringing.begin(sessionWith(relay));
    await bringing.settled();
    await add("a");
    await bringing.settled();
    expect(await relay.blobs.has(a)).toBe(true);
  });

  test("again after it was dropped is brought again, in the same session and to all relays", async () => {
    const [one, two, { offers, uploads, add }] = [relayOf(), relayOf(), await device()];
    const [a] = await add("a");
    if (a === undefined) throw new Error("nothing was added");
    const [toOne, toTwo] = [uploads("one"), uploads("two")];
    toOne.begin(sessionWith(one));
    toTwo.begin(sessionWith(two));
    await Promise.all([toOne.settled(), toTwo.settled()]);
    await offers.remove([a]);
    for (const relay of [one, two]) await relay.blobs.remove(a);
    await add("a");
    await Promise.all([toOne.settled(), toTwo.settled()]);
    expect([await one.blobs.has(a), await two.blobs.has(a)]).toEqual([true, true]);
  });

  test("again after it was dropped while a relay was brought the rest is asked about again", async () => {
    const [relay, { offers, uploads, add }] = [relayOf(), await device()];
    const [a] = await add("a");
    await add("b");
    const { missing } = relay;
    relay.missing = async (hashes) => {
      relay.missing = missing;
      const lacking = await missing(hashes);
      await offers.remove(a === undefined ? [] : [a]);
      await add("a");
      return lacking;
    };
    const bringing = uploads();
    bringing.begin(sessionWith(relay));
    await bringing.settled();
    await bringing.settled();
    expect(relay.asked.filter((each) => each.startsWith("missing"))).toEqual(["missing 2", "missing 2"]);
  });
});
