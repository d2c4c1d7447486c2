import { nativeCrypto } from "@selkie/crypto/native";
import { parseStatementId, type StatementId, toHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Member } from "../../src/directory/admission.ts";
import type { Authored } from "../../src/directory/entitlement.ts";
import { catalogKeys, type KeyCatalog } from "../../src/directory/key-catalog.ts";
import type { RotateStatement, Statement } from "../../src/directory/statement.ts";
import { keyIdOf } from "../../src/keys/key-version.ts";
import { pattern } from "../fixture.ts";
import { grantTo, type Voice, World } from "./world.ts";

const crypto = nativeCrypto;

/** A tenant with an admin and an editor, and what a catalog of its statements says when some of them are void. */
async function tenant() {
  const world = new World();
  const alice = await world.grant(world.root, "alice", "admin");
  const bob = await world.grant(alice, "bob", "editor");
  const members = world.view().devices();
  const memberNamed = (name: string): Member =>
    members.find((member) => member.name === name) ?? expect.fail(`no ${name}`);
  const catalog = (voids: readonly StatementId[] = []): KeyCatalog => {
    const root = world.view().admission("root") ?? expect.fail("the root");
    const of = <Type extends Statement["type"]>(type: Type) =>
      world.placed.flatMap((placed) => {
        const author = placed.certificate === null ? root : memberNamed(nameOf.get(toHex(placed.writer)) ?? "");
        return placed.statement.type === type ? [{ placed, author, statement: placed.statement }] : [];
      }) as unknown as readonly Authored<Extract<Statement, { readonly type: Type }>>[];
    return catalogKeys(crypto, {
      found: of("found")[0],
      creations: of("createKey"),
      rotations: of("rotate"),
      links: of("link"),
      shares: of("share"),
      counts: (id) => !voids.some((each) => toHex(each) === toHex(id)),
      given: (member) => [member],
    });
  };
  const nameOf = new Map([alice, bob].map(({ writer, name }) => [toHex(writer), name]));
  return { world, alice, bob, catalog, memberNamed };
}

const defaultKey = pattern("default key", 16);
const first = pattern("default version", 32);
const rotation = (
  name: string,
  over: readonly StatementId[],
  change: Partial<RotateStatement> = {},
): RotateStatement => ({
  type: "rotate",
  keyId: defaultKey,
  over: over.toSorted((a, b) => (toHex(a) < toHex(b) ? -1 : 1)),
  commitment: pattern(name, 32),
  links: [],
  ...change,
});
const currentOf = (catalog: KeyCatalog, keyId = defaultKey) => catalog.find(keyId)?.current.map(toHex) ?? [];
const versions = (...names: readonly string[]) => names.map((name) => toHex(pattern(name, 32))).sort();

describe("current versions", () => {
  test("begin with the founding one, and follow rotations", async () => {
    const { world, alice, bob, catalog } = await tenant();
    expect(currentOf(catalog())).toEqual([toHex(first)]);
    const second = world.say(alice, rotation("second", [world.founding.id]));
    expect(currentOf(catalog())).toEqual(versions("second"));
    world.say(bob, rotation("third", [second.id]));
    expect(currentOf(catalog())).toEqual(versions("third"));
    expect(catalog().find(defaultKey)?.versions.length).toBe(3);
    expect(world.view().key(defaultKey)?.current.map(toHex)).toEqual(versions("third"));
  });

  test("are several after concurrent rotations, and one again when somebody replaces them", async () => {
    const { world, alice, bob, catalog } = await tenant();
    const a = world.say(alice, rotation("by alice", [world.founding.id]));
    const b = world.say(bob, rotation("by bob", [world.founding.id]));
    expect(currentOf(catalog())).toEqual(versions("by alice", "by bob"));
    world.say(bob, rotation("both", [a.id, b.id]));
    expect(currentOf(catalog())).toEqual(versions("both"));
  });

  test("are not those of void statements: what these replaced is again", async () => {
    const { world, alice, bob, catalog } = await tenant();
    const b = world.say(bob, rotation("by bob", [world.founding.id]));
    const a = world.say(alice, rotation("by alice", [b.id]));
    expect(currentOf(catalog([b.id]))).toEqual([...versions("by alice"), toHex(first)].sort());
    expect(currentOf(catalog([a.id]))).toEqual(versions("by bob"));
    expect(currentOf(catalog([a.id, b.id]))).toEqual([toHex(first)]);
    const { versions: all = [], open = [] } = catalog([a.id, b.id]).find(defaultKey) ?? {};
    expect(all.length).toBe(3);
    expect(open.map(toHex)).toEqual([a.id, b.id, world.founding.id].map(toHex).sort());
  });

  test("of one secret that was named twice are one", async () => {
    const { world, alice, bob, catalog } = await tenant();
    for (const voice of [alice, bob]) world.say(voice, rotation("the same", [world.founding.id]));
    expect(currentOf(catalog())).toEqual(versions("the same"));
  });

  test("are not touched by a rotation that names statements of another key", async () => {
    const { world, alice, catalog } = await tenant();
    world.say(alice, rotation("directory", [world.founding.id], { keyId: pattern("directory key", 16) }));
    expect(currentOf(catalog())).toEqual([toHex(first)]);
    expect(currentOf(catalog(), pattern("directory key", 16))).toEqual(versions("directory"));
  });
});

describe("a named key", () => {
  const create = async () => {
    const made = await tenant();
    const nonce = pattern("nonce", 16);
    const creation = made.world.say(made.alice, {
      type: "createKey",
      nonce,
      name: "board",
      commitment: pattern("board", 32),
      history: "full",
    });
    return { ...made, creation, keyId: keyIdOf(crypto, made.alice.writer, nonce) };
  };
  const rotateBy = (by: Voice, made: Awaited<ReturnType<typeof create>>) =>
    made.world.say(by, rotation("next", [made.creation.id], { keyId: made.keyId }));

  test("D11 is not rotated by who is not entitled to it", async () => {
    const made = await create();
    const next = rotateBy(made.bob, made);
    expect(currentOf(made.catalog(), made.keyId)).toEqual(versions("board"));
    expect(made.world.rejection(next)).toBe("NOT_ENTITLED");
    const { id } = made.memberNamed("bob");
    made.world.say(made.alice, { type: "share", keyId: made.keyId, to: [id], history: "full" });
    expect(currentOf(made.catalog(), made.keyId)).toEqual(versions("next"));
    expect(made.world.rejection(next)).toBeUndefined();
  });

  test("whose making is void has no current version, and what was sealed under it stays readable", async () => {
    const made = await create();
    const catalog = made.catalog([made.creation.id]);
    expect(currentOf(catalog, made.keyId)).toEqual([]);
    expect(catalog.find(made.keyId)?.versions.length).toBe(1);
  });

  test("that nobody made is not rotated", async () => {
    const { world, alice, catalog } = await tenant();
    world.say(alice, rotation("next", [], { keyId: pattern("unknown", 16) }));
    expect(catalog().find(pattern("unknown", 16))).toBeUndefined();
  });
});

test("whatever rotations there are and whichever are void, a founded key has a current version, the same in any order", async () => {
  const { world, alice, bob, catalog } = await tenant();
  const steps = fc.array(
    fc.record({ byBob: fc.boolean(), over: fc.array(fc.nat(20), { maxLength: 3 }), isVoid: fc.boolean() }),
    {
      maxLength: 12,
    },
  );
  const told = [...world.placed];
  fc.assert(
    fc.property(steps, (list) => {
      world.placed.splice(0, Infinity, ...told);
      const made: StatementId[] = [world.founding.id, parseStatementId(pattern("unknown", 32))];
      const voids: StatementId[] = [];
      for (const [at, { byBob, over, isVoid }] of list.entries()) {
        const named = [
          ...new Map(
            over.map((nth) => made[nth % made.length]).flatMap((id) => (id ? [[toHex(id), id]] : [])),
          ).values(),
        ];
        const { id } = world.say(byBob ? bob : alice, rotation(`${at}`, named));
        made.push(id);
        if (isVoid) voids.push(id);
      }
      const current = currentOf(catalog(voids));
      expect(current.length).toBeGreaterThan(0);
      world.placed.reverse();
      expect(currentOf(catalog(voids))).toEqual(current);
    }),
  );
});

test("statements of the root and of people are refused from others", async () => {
  const { world, alice, bob } = await tenant();
  const key = (await grantTo("new root", "admin")).deviceSign;
  const statements: readonly [Statement, string][] = [
    [{ type: "minVersion", version: 2 }, "NOT_ROOT"],
    [{ type: "replaceRoot", key, cuts: [] }, "NOT_ROOT"],
  ];
  for (const [statement, code] of statements) {
    expect(world.rejection(world.say(alice, statement))).toBe(code);
    expect(world.rejection(world.say(world.root, statement))).toBeUndefined();
  }
  const target = world.founding.id;
  for (const statement of [
    { type: "readmit", lifts: [target], cuts: [] },
    { type: "rename", user: target, over: [], name: "x" },
    { type: "purge", database: world.view().identity.directory, documents: [], parts: [] },
    { type: "databaseSettings", database: world.view().identity.directory, over: [], values: new Map() },
  ] as const) {
    expect(world.rejection(world.say(bob, statement))).toBe("NOT_ADMIN");
    expect(world.rejection(world.say(alice, statement))).toBeUndefined();
  }
  const { userKem: kem, slot } = await grantTo("next", "admin");
  const userKey: Statement = { type: "userKey", kem, slot, over: [], to: [] };
  expect(world.rejection(world.say(world.root, userKey))).toBe("ROOT_HAS_NO_DEVICES");
  expect(world.rejection(world.say(bob, userKey))).toBeUndefined();
});
