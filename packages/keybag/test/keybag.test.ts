import { asPlaintext, type CryptoProvider, openBox, sealBox } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { toHex } from "@selkie/entry";
import { describe, expect, test, vi } from "vitest";
import { KeyBag, KeyBagError } from "../src/index.ts";
import { bytes, codeOf, countingCrypto, floor, identity, keyVersion, tenant } from "./samples.ts";

const kdf = floor;
const alice = identity("alice");
const acme = tenant("acme", alice);

async function filled(): Promise<KeyBag> {
  const bag = await KeyBag.create("correct horse", { kdf });
  await bag.addIdentity(alice);
  await bag.putTenant(acme);
  await bag.addKeyVersions([keyVersion("board"), keyVersion("board", 2), keyVersion("default")]);
  return bag;
}

test("what was saved opens with the password, with every record", async () => {
  using bag = await filled();
  using again = await KeyBag.open(bag.save(), "correct horse");
  expect(again.identities()).toEqual([alice]);
  expect(again.tenants()).toEqual([acme]);
  expect(again.keyVersions(acme.tenant)).toEqual(
    [keyVersion("board"), keyVersion("board", 2), keyVersion("default")].map((held) => ({ ...held, imported: false })),
  );
  const id = toHex(acme.tenant);
  expect(again.keys()).toEqual([
    { tenant: id, name: "board", version: 1 },
    { tenant: id, name: "board", version: 2 },
    { tenant: id, name: "default", version: 1 },
  ]);
});

test("a password is the same in every Unicode spelling", async () => {
  using bag = await KeyBag.create("caf\u00e9", { kdf });
  using again = await KeyBag.open(bag.save(), "cafe\u0301");
  expect(again.keys()).toEqual([]);
});

test.each([
  ["empty", ""],
  ["longer than 1,024 bytes", "é".repeat(513)],
  ["not well-formed", "pass\ud800word"],
])("a password that is %s is refused before deriving", async (_, password) => {
  const crypto = countingCrypto();
  using bag = await KeyBag.create("correct horse", { kdf, crypto });
  const before = crypto.derivations();
  expect(await codeOf(KeyBag.create(password, { kdf, crypto }))).toBe("PASSWORD_UNUSABLE");
  expect(await codeOf(KeyBag.open(bag.save(), password, { crypto }))).toBe("PASSWORD_UNUSABLE");
  expect(await codeOf(bag.changePassword("correct horse", password))).toBe("PASSWORD_UNUSABLE");
  expect(crypto.derivations()).toBe(before);
});

test("P-8 a wrong password is an error that changes nothing", async () => {
  using bag = await filled();
  const saved = bag.save();
  expect(await codeOf(KeyBag.open(saved, "wrong horse"))).toBe("WRONG_PASSWORD");
  expect(await codeOf(bag.changePassword("wrong horse", "next"))).toBe("WRONG_PASSWORD");
  expect(bag.save()).toEqual(saved);
  expect(bag.identities()).toEqual([alice]);
});

test("G1 what is saved and exported holds no name and no secret, in any encoding", async () => {
  using bag = await filled();
  const exported = await bag.exportKey(toHex(acme.tenant), "board", "travel");
  const saved = Buffer.concat([
    bag.save(),
    Buffer.from(exported),
    Buffer.from(exported.split(":")[2] ?? "", "base64url"),
  ]);
  const secrets = [
    ...Object.values(alice).filter((value) => value instanceof Uint8Array),
    ...["root", "founding", "tenant", "directory", "admitted"].map((what) => bytes(`acme ${what}`)),
    ...["board 1", "board 2", "default 1"].flatMap((key) => [bytes(`${key} content`), bytes(`${key} history`)]),
  ];
  const texts = [alice.name, "alice", "acme", "board", "default", "correct horse", "travel"];
  const canaries = [
    ...texts.map((text) => Buffer.from(text)),
    ...secrets.flatMap((secret) => {
      const raw = Buffer.from(secret);
      return [raw, ...(["hex", "base64", "base64url"] as const).map((encoding) => Buffer.from(raw.toString(encoding)))];
    }),
  ];
  for (const canary of canaries) expect(saved.includes(canary), canary.toString("hex")).toBe(false);
});

describe("a password change", () => {
  test("re-wraps the same master key: local keys stay, the old password goes", async () => {
    const crypto = countingCrypto();
    using bag = await KeyBag.create("old", { kdf, crypto });
    await bag.addIdentity(alice);
    using before = await bag.localKey("state");
    const row = await sealBox(crypto, before, "derive-local-state", new Uint8Array(), asPlaintext(bytes("row")));
    const derivations = crypto.derivations();
    await bag.changePassword("old", "new");
    expect(crypto.derivations() - derivations).toBe(2);

    expect(await codeOf(KeyBag.open(bag.save(), "old", { crypto }))).toBe("WRONG_PASSWORD");
    using again = await KeyBag.open(bag.save(), "new", { crypto });
    expect(again.identities()).toEqual([alice]);
    using after = await again.localKey("state");
    expect(await openBox(crypto, after, "derive-local-state", new Uint8Array(), row)).toEqual(bytes("row"));
    using other = await again.localKey("other");
    expect(await openBox(crypto, other, "derive-local-state", new Uint8Array(), row)).toBeNull();
  });

  test("leaves the file as it was when the KeyBag is locked meanwhile", async () => {
    const bag = await filled();
    const saved = bag.save();
    const change = bag.changePassword("correct horse", "next");
    bag.lock();
    expect(await codeOf(change)).toBe("LOCKED");
    expect(bag.save()).toEqual(saved);
    using again = await KeyBag.open(saved, "correct horse");
    expect(again.tenants()).toEqual([acme]);
  });
});

test("a change that is being sealed while the KeyBag is locked does not unlock it again", async () => {
  let lockWhileSealing = (): void => undefined;
  const crypto: CryptoProvider = {
    ...nativeCrypto,
    async sealMany(key, items) {
      const sealed = await nativeCrypto.sealMany(key, items);
      lockWhileSealing();
      return sealed;
    },
  };
  const bag = await KeyBag.create("password", { kdf, crypto });
  const saved = bag.save();
  lockWhileSealing = () => bag.lock();
  expect(await codeOf(bag.addIdentity(alice))).toBe("LOCKED");
  expect(() => bag.identities()).toThrow(KeyBagError);
  expect(bag.save()).toEqual(saved);
});

test("serialises concurrent mutators", async () => {
  using bag = await KeyBag.create("old", { kdf });
  const added = Array.from({ length: 20 }, (_, number) => keyVersion("board", number));
  await Promise.all([
    bag.addIdentity(alice),
    bag.putTenant(acme),
    ...added.map((version) => bag.addKeyVersions([version])),
    bag.changePassword("old", "new"),
    codeOf(bag.putTenant(tenant("other", identity("nobody")))),
    bag.forgetRootKey(acme.tenant),
  ]);
  using again = await KeyBag.open(bag.save(), "new");
  expect(again.keyVersions(acme.tenant).map(({ version }) => version)).toEqual(added.map(({ version }) => version));
  expect([...again.heldVersions(acme.tenant)]).toEqual(added.map(({ version }) => toHex(version)));
  expect(again.tenants()).toEqual([{ ...acme, rootSeed: null }]);
});

test("a mutator keeps what it was given, whatever the caller does with it afterwards", async () => {
  using bag = await KeyBag.create("password", { kdf });
  const mine = identity("alice");
  const added = bag.addIdentity(mine);
  mine.userSeed.fill(0);
  await added;
  for (const held of bag.identities()) held.userSeed.fill(0);
  expect(bag.identities()).toEqual([identity("alice")]);
});

describe("records", () => {
  test("that are there already are added as nothing, others with their name are refused", async () => {
    using bag = await filled();
    const saved = bag.keyVersions(acme.tenant);
    await bag.addIdentity(alice);
    await bag.addKeyVersions([keyVersion("board"), { ...keyVersion("board", 2), history: null }]);
    expect(bag.keyVersions(acme.tenant)).toEqual(saved);
    const other = { ...alice, deviceSecret: bytes("other") };
    expect(await codeOf(bag.addIdentity(other))).toBe("IDENTITY_EXISTS_DIFFERENT");
    const forged = { ...keyVersion("board"), content: bytes("other") };
    expect(await codeOf(bag.addKeyVersions([keyVersion("new"), forged]))).toBe("KEY_EXISTS_DIFFERENT");
    expect(bag.keyVersions(acme.tenant)).toEqual(saved);
  });

  test("of a from-now permit get their history secret when it comes", async () => {
    using bag = await KeyBag.create("password", { kdf });
    await bag.addKeyVersions([{ ...keyVersion("board"), history: null }]);
    await bag.addKeyVersions([keyVersion("board")]);
    expect(bag.keyVersions(acme.tenant)).toEqual([{ ...keyVersion("board"), imported: false }]);
  });

  test("records go in and out as copies, Node's Buffers too, whose slice is none", async () => {
    using bag = await filled();
    const data = Buffer.from("what core keeps");
    await bag.putTenant({ ...acme, data });
    await bag.putTenant({ ...acme, data: bytes("next", 20) }); // overwrites what was held
    expect(data.toString()).toBe("what core keeps");
  });

  test("putTenant never drops or changes a root key", async () => {
    using bag = await filled();
    await bag.putTenant({ ...acme, rootSeed: null, name: "acme-corp" });
    expect(bag.tenants()).toEqual([{ ...acme, name: "acme-corp" }]);
    expect(await codeOf(bag.putTenant({ ...acme, rootSeed: bytes("other") }))).toBe("KEY_EXISTS_DIFFERENT");
    await bag.forgetRootKey(acme.tenant);
    expect(bag.tenants()).toEqual([{ ...acme, name: "acme-corp", rootSeed: null }]);
  });

  test("of a removed tenant are gone, its key versions too, and all others stay", async () => {
    using bag = await filled();
    const other = tenant("other", alice);
    const others = { ...keyVersion("board"), tenant: other.tenant };
    await bag.putTenant(other);
    await bag.addKeyVersions([others]);
    const length = bag.save().length;
    await bag.removeTenant(acme.tenant);
    await bag.removeTenant(tenant("nobody's", alice).tenant);
    using again = await KeyBag.open(bag.save(), "correct horse");
    for (const held of [bag, again]) {
      expect(held.tenants()).toEqual([other]);
      expect(held.keyVersions(acme.tenant)).toEqual([]);
      expect(held.keyVersions(other.tenant)).toEqual([{ ...others, imported: false }]);
      expect(held.identities()).toEqual([alice]);
    }
    expect(length - bag.save().length).toBeGreaterThan(400);
    await again.putTenant(acme);
    expect(again.keyVersions(acme.tenant)).toEqual([]);
  });

  test("that name what is not there are refused", async () => {
    using bag = await filled();
    expect(await codeOf(bag.putTenant(tenant("other", identity("nobody"))))).toBe("IDENTITY_UNKNOWN");
    expect(await codeOf(bag.forgetRootKey(tenant("other", alice).tenant))).toBe("TENANT_UNKNOWN");
  });

  test("refuses records it could not read back", async () => {
    using bag = await filled();
    const saved = bag.save();
    expect(await codeOf(bag.addIdentity({ ...identity("bob"), userSeed: bytes("short", 31) }))).toBe("RECORD_INVALID");
    expect(await codeOf(bag.putTenant({ ...acme, data: new Uint8Array(65_537) }))).toBe("RECORD_INVALID");
    expect(await codeOf(bag.addKeyVersions([keyVersion("x".repeat(1_025))]))).toBe("RECORD_INVALID");
    expect(bag.save()).toEqual(saved);
  });

  test("beyond what the format holds are refused as a whole", async () => {
    using bag = await filled();
    const many = Array.from({ length: 256 }, (_, number) => tenant(`tenant ${number}`, alice));
    for (const record of many.slice(0, 3)) await bag.putTenant({ ...record, data: new Uint8Array(65_536) });
    for (let number = 1; number < 256; number++) await bag.addIdentity(identity(`person ${number}`));
    expect(await codeOf(bag.addIdentity(identity("one too many")))).toBe("FULL");
    expect(bag.identities()).toHaveLength(256);
  });
});

const keySecrets = ["board 1", "board 2", "default 1"].flatMap((what) => [
  bytes(`${what} content`),
  bytes(`${what} history`),
]);

/** What is overwritten with zeros, in hexadecimal, by what `prepare` returns. */
async function wipedBy(prepare: () => Promise<() => unknown>): Promise<ReadonlySet<string>> {
  const wiped = new Set<string>();
  const fill = vi.spyOn(Uint8Array.prototype, "fill");
  fill.mockImplementation(function (this: Uint8Array, value, start = 0, end = this.length) {
    if (value === 0) wiped.add(toHex(this));
    for (let index = start; index < end; index++) this[index] = value;
    return this;
  });
  try {
    const work = await prepare();
    wiped.clear();
    await work();
    return wiped;
  } finally {
    fill.mockRestore();
  }
}

test("removing a tenant overwrites its secrets in memory, and no others", async () => {
  const other = { ...keyVersion("other"), tenant: tenant("other", alice).tenant };
  using bag = await filled();
  await bag.addKeyVersions([other]);
  const wiped = await wipedBy(async () => () => bag.removeTenant(acme.tenant));
  for (const secret of [bytes("acme root"), acme.data, ...keySecrets]) expect(wiped).toContain(toHex(secret));
  expect(bag.keyVersions(other.tenant)).toEqual([{ ...other, imported: false }]);
  expect(bag.identities()).toEqual([alice]);
});

describe("a locked KeyBag", () => {
  test("gives no secret and takes no change", async () => {
    const bag = await filled();
    const saved = bag.save();
    bag.lock();
    bag[Symbol.dispose]();
    const calls: readonly (() => unknown)[] = [
      () => bag.identities(),
      () => bag.tenants(),
      () => bag.keys(),
      () => bag.keyVersions(acme.tenant),
      () => bag.localKey("state"),
      () => bag.exportKey(toHex(acme.tenant), "board", "travel"),
      () => bag.importKey("selkie-key:1:AAAA", "travel"),
      () => bag.addIdentity(alice),
      () => bag.putTenant(acme),
      () => bag.addKeyVersions([]),
      () => bag.forgetRootKey(acme.tenant),
      () => bag.removeTenant(acme.tenant),
      () => bag.changePassword("correct horse", "next"),
    ];
    for (const call of calls) expect(await codeOf((async () => call())()), call.toString()).toBe("LOCKED");
    expect(bag.save()).toEqual(saved);
  });

  test("has overwritten every secret it held, those it dropped too", async () => {
    const wiped = await wipedBy(async () => {
      const made = await filled();
      const bag = await KeyBag.open(made.save(), "correct horse");
      made.lock();
      await bag.forgetRootKey(acme.tenant);
      return () => bag.lock();
    });
    const { userSeed, deviceSignSeed, deviceKemSeed, deviceSecret, slotSeed } = alice;
    for (const secret of [userSeed, deviceSignSeed, deviceKemSeed, deviceSecret, slotSeed, acme.data, ...keySecrets]) {
      expect(wiped).toContain(toHex(secret));
    }
  });

  test("has disposed of its master key", async () => {
    const handles: Disposable[] = [];
    const crypto = {
      ...nativeCrypto,
      async importSecret(secret: Uint8Array) {
        const handle = await nativeCrypto.importSecret(secret);
        handles.push(handle);
        return handle;
      },
    };
    const bag = await KeyBag.create("password", { kdf, crypto });
    bag.lock();
    expect(handles.length).toBeGreaterThan(0);
    for (const handle of handles) {
      expect(await codeOf(nativeCrypto.derive(handle as never, "derive-keybag-local", new Uint8Array(), 32))).toBe(
        "KEY_DISPOSED",
      );
    }
  });
});

test("errors carry codes and no secrets", async () => {
  using bag = await filled();
  const error = await KeyBag.open(bag.save(), "hunter2").catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(KeyBagError);
  expect(String(error)).not.toMatch(/hunter2|alice|acme/);
});
