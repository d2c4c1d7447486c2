import { nativeCrypto } from "@selkie/crypto/native";
import { parseSignature, toHex } from "@selkie/entry";
import { encodeAccessList } from "@selkie/sync-protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { draftAccessList } from "../../src/directory/access.ts";
import type { PlacedStatement } from "../../src/directory/admission.ts";
import type { Role, Statement } from "../../src/directory/statement.ts";
import { keyIdOf } from "../../src/keys/key-version.ts";
import { directoryDatabase, pattern, testTenant } from "../fixture.ts";
import { deviceNamed, digestOf, grantTo, keysOf, noStatement, type Voice, World } from "./world.ts";

const accessList = (height: number): Statement => {
  const signer = pattern("signer", 32);
  const list = draftAccessList(testTenant, [], { epoch: 0, height, signer });
  return { type: "accessList", list: encodeAccessList({ ...list, signature: parseSignature(new Uint8Array(64)) }) };
};
const createKey = (name: string): Statement & { type: "createKey" } => ({
  type: "createKey",
  nonce: pattern(`nonce of ${name}`, 16),
  name,
  commitment: pattern(`version of ${name}`, 32),
  history: name.endsWith("1") ? "from-now" : "full",
});
const keyIdFor = (voice: Voice, name: string) => keyIdOf(nativeCrypto, voice.writer, pattern(`nonce of ${name}`, 16));

function* permutations<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  if (items.length <= 1) yield items;
  for (const [at, item] of items.entries()) {
    for (const rest of permutations(items.toSpliced(at, 1))) yield [item, ...rest];
  }
}

describe("a view is a function of the set of statements", () => {
  test("all 720 orders of six statements, honest and hostile, give one view", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    const mallory = await world.grant(bob, "mallory", "admin");
    world.say(mallory, await grantTo("eve", "admin"));
    world.say(bob, createKey("board"));
    expect(world.placed).toHaveLength(6);
    const digests = new Set<string>();
    for (const order of permutations(world.placed)) digests.add(digestOf(world.view(order)));
    expect(digests.size).toBe(1);
  });

  test("random worlds in random orders, with repetitions, give one view", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 24 }),
        fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
        async (script, shuffle) => {
          const world = await play(script);
          const expected = digestOf(world.view());
          const order = world.placed
            .map((placed, at) => ({ placed, rank: shuffle[at % shuffle.length] ?? 0 }))
            .sort((a, b) => a.rank - b.rank)
            .map(({ placed }) => placed);
          expect(digestOf(world.view(order))).toBe(expected);
          expect(digestOf(world.view([...order, ...world.placed.slice(0, 5)]))).toBe(expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("a verdict on a chain, once it is one, stays when more of the directory arrives", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 4, maxLength: 24 }),
        fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
        async (script, kept) => {
          const world = await play(script);
          const some = world.view(world.placed.filter((_, at) => kept[at % kept.length] === true));
          const all = world.view();
          for (const { writer, certificate } of world.placed) {
            const chain = { writer, certificate, database: directoryDatabase };
            const early = some.judge(chain).type;
            if (early !== "held") expect(all.judge(chain).type).toBe(early);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test("nobody that only hostile statements name is ever a user", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { maxLength: 24 }), async (script) => {
        const world = await play(script);
        // A naive second reading: walk grants from the root, again and again, until nothing changes.
        const admins = new Set(["root"]);
        const users = new Set<string>();
        for (let before = -1; before !== users.size + admins.size; ) {
          before = users.size + admins.size;
          for (const { statement, id, certificate, writer } of world.placed) {
            const author = certificate === null ? "root" : toHex(certificate.certificate.admission);
            const genuine = certificate === null || isDeviceOf(world, certificate.certificate, writer);
            if (statement.type !== "grant" || !admins.has(author) || !genuine) continue;
            users.add(toHex(id));
            if (statement.role === "admin") admins.add(toHex(id));
          }
        }
        expect(
          world
            .view()
            .users()
            .map(({ id }) => toHex(id))
            .sort(),
        ).toEqual([...users].sort());
      }),
      { numRuns: 100 },
    );
  });
});

/** Whether the certificate's device is the one that the named grant admits. */
function isDeviceOf(
  world: World,
  certificate: { device: Uint8Array; admission: Uint8Array },
  _writer: Uint8Array,
): boolean {
  const admitting = world.placed.find(({ id }) => toHex(id) === toHex(certificate.admission));
  return admitting?.statement.type === "grant" && toHex(admitting.statement.deviceSign) === toHex(certificate.device);
}

/** A random history: voices that are admitted, void, stolen or unknown make statements of every type but new devices. */
async function play(script: readonly (readonly [number, number, number])[]): Promise<World> {
  const world = new World();
  const voices: Voice[] = [world.root, await world.voice("ghost", noStatement)];
  const roles: readonly Role[] = ["admin", "editor", "reader"];
  for (const [step, [who, what, detail]] of script.entries()) {
    const by = voices[who % voices.length] ?? world.root;
    const name = `user ${step}`;
    switch (what % 6) {
      case 0:
      case 1: {
        const { id } = world.say(by, await grantTo(name, roles[detail % 3] ?? "reader"));
        voices.push(await world.voice(name, id, detail % 5 === 0 ? "thief" : name));
        break;
      }
      case 2:
        world.say(by, createKey(`key ${detail % 4}`));
        break;
      case 3: {
        const to = world.placed.filter(({ statement }) => statement.type === "grant").map(({ id }) => id);
        const owner = voices[detail % voices.length] ?? by;
        world.say(by, {
          type: "share",
          keyId: keyIdFor(owner, `key ${detail % 4}`),
          to: to.slice(0, detail % 4),
          history: detail % 2 === 0 ? "full" : "from-now",
        });
        break;
      }
      case 4:
        world.say(by, { type: "settings", over: [], values: new Map([["flushWindow", detail]]) });
        break;
      default:
        world.say(
          by,
          detail % 2 === 0 ? accessList(detail % 7) : { type: "unknown", code: 99, bytes: Uint8Array.of(0x82, 24, 99) },
        );
    }
  }
  return world;
}

describe("what a role may say", () => {
  const by = async (role: Role, statement: Statement): Promise<string | undefined> => {
    const world = new World();
    const voice = await world.grant(world.root, "user", role);
    return world.rejection(world.say(voice, statement));
  };
  const settings: Statement = { type: "settings", over: [], values: new Map() };

  test("D11 a reader makes no key, no setting and no access list", async () => {
    expect(await by("reader", createKey("board"))).toBe("READER");
    expect(await by("reader", settings)).toBe("NOT_ADMIN");
    expect(await by("reader", accessList(1))).toBe("NOT_ADMIN");
  });

  test("D11 an editor makes keys, and no setting or access list", async () => {
    expect(await by("editor", createKey("board"))).toBeUndefined();
    expect(await by("editor", settings)).toBe("NOT_ADMIN");
    expect(await by("editor", accessList(1))).toBe("NOT_ADMIN");
  });

  test("D11 an admin makes all of them", async () => {
    for (const statement of [createKey("board"), settings, accessList(1)]) {
      expect(await by("admin", statement)).toBeUndefined();
    }
  });

  test("D11 everybody may say which permits an entry holds: they give nothing by themselves", async () => {
    const permit: Statement = { type: "permit", history: "full", versions: [], to: [{ type: "part", index: 0 }] };
    for (const role of ["admin", "editor", "reader"] as const) expect(await by(role, permit)).toBeUndefined();
  });
});

describe("keys", () => {
  test("those of the founding are everybody's, and the directory names their versions", async () => {
    const world = new World();
    await world.grant(world.root, "reader", "reader");
    const view = world.view();
    expect(view.keys().map(({ name, kind }) => [name, kind])).toEqual([
      ["directory", "directory"],
      ["default", "default"],
    ]);
    const [reader] = view.users();
    if (reader === undefined) return expect.fail("a user");
    for (const { keyId } of view.keys()) expect(view.isEntitled(reader, keyId)).toBe(true);
    expect(view.isEntitled(reader, pattern("no key", 16))).toBe(false);
    expect(view.commits(pattern("default key", 16), pattern("default version", 32))).toBe(true);
    expect(view.commits(pattern("default key", 16), pattern("directory version", 32))).toBe(false);
    expect(view.commits(pattern("no key", 16), pattern("default version", 32))).toBe(false);
  });

  test("a named key is its creator's, the admins', and theirs whom a holder shared it with", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    await world.grant(alice, "carol", "editor");
    await world.grant(alice, "dave", "reader");
    await world.grant(alice, "eve", "reader");
    const user = (name: string) => world.view().findUser(name)[0];
    const idOf = (name: string) => user(name)?.id ?? noStatement;
    world.say(bob, createKey("board"));
    const keyId = keyIdFor(bob, "board");
    const entitled = () => {
      const view = world.view();
      return view
        .users()
        .filter((each) => view.isEntitled(each, keyId))
        .map(({ name }) => name)
        .sort();
    };
    expect(entitled()).toEqual(["alice", "bob"]);
    world.say(bob, { type: "share", keyId, to: [idOf("carol")], history: "full" });
    expect(entitled()).toEqual(["alice", "bob", "carol"]);
    const carol = await world.voice("carol", idOf("carol"));
    world.say(carol, { type: "share", keyId, to: [idOf("dave")], history: "full" });
    expect(entitled()).toEqual(["alice", "bob", "carol", "dave"]);
    const eve = await world.voice("eve", idOf("eve"));
    const stolen = world.say(eve, { type: "share", keyId, to: [idOf("eve")], history: "full" });
    expect(entitled()).toEqual(["alice", "bob", "carol", "dave"]);
    expect(world.rejection(stolen)).toBe("NOT_ENTITLED");
  });

  test("a grant entitles to the named keys it lists", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    world.say(alice, createKey("board"));
    const keyId = keyIdFor(alice, "board");
    await world.grant(alice, "bob", "editor", { keys: [keyId] });
    await world.grant(alice, "carol", "editor");
    const view = world.view();
    const entitled = view
      .users()
      .filter((user) => view.isEntitled(user, keyId))
      .map(({ name }) => name);
    expect(entitled.sort()).toEqual(["alice", "bob"]);
  });

  test("A3 nobody can take over a key by copying the statement that made it", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const mallory = await world.grant(alice, "mallory", "editor");
    world.say(alice, createKey("board"));
    world.say(mallory, createKey("board"));
    const view = world.view();
    const [user] = view.findUser("mallory");
    if (user === undefined) return expect.fail("a user");
    expect(view.isEntitled(user, keyIdFor(alice, "board"))).toBe(false);
    expect(view.key(keyIdFor(alice, "board"))?.name).toBe("board");
    expect(view.isEntitled(user, keyIdFor(mallory, "board"))).toBe(true);
  });

  test("a nonce used twice by one writer makes one key: the first in its chain", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    world.say(alice, createKey("board"));
    world.say(alice, { ...createKey("board"), commitment: pattern("another version", 32), name: "copy" });
    const view = world.view();
    expect(
      view
        .keys()
        .filter(({ kind }) => kind === "named")
        .map(({ name }) => name),
    ).toEqual(["board"]);
    expect(view.commits(keyIdFor(alice, "board"), pattern("another version", 32))).toBe(false);
  });
});

describe("settings", () => {
  const set = (world: World, by: Voice, value: number, over: readonly PlacedStatement[] = []) =>
    world.say(by, { type: "settings", over: over.map(({ id }) => id), values: new Map([["flushWindow", value]]) });

  test("the newest counts, whoever made the one before", async () => {
    const world = new World();
    const [alice, bob] = [
      await world.grant(world.root, "alice", "admin"),
      await world.grant(world.root, "bob", "admin"),
    ];
    const first = set(world, alice, 1);
    const second = set(world, bob, 2, [first]);
    set(world, alice, 3, [second]);
    expect(world.view().settings.get("flushWindow")).toBe(3);
  });

  test("of concurrent ones every replica takes the same", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const statements = [set(world, alice, 1), set(world, alice, 2), set(world, alice, 3)];
    const lowest = statements.toSorted((a, b) => (toHex(a.id) < toHex(b.id) ? -1 : 1))[0];
    const expected = lowest?.statement.type === "settings" ? lowest.statement.values.get("flushWindow") : undefined;
    expect(world.view().settings.get("flushWindow")).toBe(expected);
  });

  test("of somebody who may not set them change nothing, also not what they claim to replace", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(world.root, "bob", "editor");
    const honest = set(world, alice, 1);
    set(world, bob, 2, [honest]);
    expect(world.view().settings.get("flushWindow")).toBe(1);
  });
});

test("access lists come oldest first; what no relay would read is left out", async () => {
  const world = new World();
  const alice = await world.grant(world.root, "alice", "admin");
  const lists = [accessList(2), accessList(0), accessList(1)];
  for (const list of lists) world.say(alice, list);
  world.say(alice, { type: "accessList", list: pattern("no list", 200) });
  const [second, zeroth, first] = lists.map((each) => (each.type === "accessList" ? toHex(each.list) : ""));
  expect(world.view().accessLists.map(toHex)).toEqual([zeroth, first, second]);
});

describe("names", () => {
  test("are found whatever their case and form: NFKC and case", async () => {
    const world = new World();
    await world.grant(world.root, "CN=Straße/O=Acme", "editor");
    const view = world.view();
    for (const name of ["CN=Straße/O=Acme", "cn=strasse/o=acme", "ＣＮ=STRASSE/O=ACME", "CN=Straſſe/O=acme"]) {
      expect(view.findUser(name).map((user) => user.name)).toEqual(["CN=Straße/O=Acme"]);
    }
    expect(view.findUser("CN=Strase/O=Acme")).toEqual([]);
  });

  test("two live grants whose names fold to one are both shown", async () => {
    const world = new World();
    await world.grant(world.root, "CN=alice/O=acme", "admin");
    const { sign, kem } = await keysOf("impostor");
    await world.grant(world.root, "CN=Alice/O=acme", "editor", { deviceSign: sign, deviceKem: kem });
    const both = world.view().findUser("cn=ALICE/o=acme");
    expect(both.map(({ name }) => name).sort()).toEqual(["CN=Alice/O=acme", "CN=alice/O=acme"]);
    expect(new Set(both.map(({ device }) => toHex(device))).size).toBe(2);
  });

  test("a user's devices are one user", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "editor");
    world.say(alice, await deviceNamed("phone"));
    expect(world.view().findUser("alice")).toHaveLength(1);
  });
});
