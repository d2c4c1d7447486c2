import { argon2Limits } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { parseTenantId, type TenantId, toHex } from "@selkie/entry";
import { KeyBag } from "@selkie/keybag";
import { MemoryDisk, memoryStore } from "@selkie/store";
import { expect, test } from "vitest";
import { newIdentity } from "../../src/directory/identity.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";
import { createTenant, openTenant, type TenantHost } from "../../src/tenant/tenant-host.ts";
import { finishWipes, isBeingWiped, wipeTenant } from "../../src/tenant/wipe.ts";

const PASSWORD = "correct horse";
const kdf = { memory: argon2Limits.memory.floor, passes: argon2Limits.passes.floor, lanes: 1 };
const alice = newIdentity(nativeCrypto, "CN=alice/O=acme");
const platform = {
  crypto: nativeCrypto,
  scheduler: { after: () => () => undefined },
  now: () => 0,
  loadAutomerge: async () => undefined,
  report: (error: unknown) => expect.fail(String(error)),
};

/** What survives of a device when its process ends. */
interface Disk {
  readonly store: MemoryDisk;
  keyBag: Uint8Array;
}

/** A process of the device, and the same as wiping sees it: `step` is called before and after whatever becomes durable. */
async function start(disk: Disk, step: () => void = () => undefined) {
  const keyBag = await KeyBag.open(disk.keyBag, PASSWORD);
  const random = (length: number) => nativeCrypto.randomBytes(length);
  const store = memoryStore({ verifier: nativeCrypto, random, disk: disk.store });
  const save = async () => {
    disk.keyBag = keyBag.save();
  };
  const stepping = (work: () => Promise<void>) => async () => {
    step();
    await work();
    step();
  };
  const host: TenantHost = { platform, store, bag: { keyBag, save }, onClosed: () => undefined };
  const device = {
    store: { forget: (tenant: TenantId) => stepping(() => store.forget(tenant))() },
    bag: { keyBag, save: stepping(save) },
  };
  return {
    host,
    device,
    tenants: () => keyBag.tenants(),
    [Symbol.dispose]() {
      keyBag.lock();
      disk.store.crash();
    },
  };
}

/** A device with two tenants, as they are when everything is closed. */
async function twoTenants(): Promise<{ readonly disk: Disk; readonly gone: TenantId; readonly kept: TenantId }> {
  using keyBag = await KeyBag.create(PASSWORD, { kdf });
  await keyBag.addIdentity(alice);
  const disk = { store: new MemoryDisk(), keyBag: keyBag.save() };
  using run = await start(disk);
  const ids: TenantId[] = [];
  for (const name of ["gone", "kept"]) {
    await using tenant = await createTenant(run.host, { name, identity: alice });
    ids.push(parseTenantId(Uint8Array.from(Buffer.from(tenant.id, "hex"))));
  }
  const [gone, kept] = ids;
  if (gone === undefined || kept === undefined) throw new TypeError("two tenants were made");
  return { disk, gone, kept };
}

const { disk: template, gone, kept } = await twoTenants();
const copyOf = ({ store, keyBag }: Disk): Disk => ({ store: store.copy(), keyBag: keyBag.slice() });

async function openAs(host: TenantHost, id: TenantId): Promise<Tenant> {
  const record = host.bag.keyBag.tenants().find(({ tenant }) => toHex(tenant) === toHex(id));
  if (record === undefined) throw new TypeError("the KeyBag names no such tenant");
  return openTenant(host, record);
}

/** That nothing of the tenant is left, and all of the other is. */
async function expectWiped(disk: Disk): Promise<void> {
  using run = await start(disk);
  expect(run.tenants().map(({ name }) => name)).toEqual(["kept"]);
  expect(run.host.bag.keyBag.keyVersions(gone)).toEqual([]);
  expect(await run.host.store.databases(gone)).toEqual([]);
  expect(run.host.bag.keyBag.identities()).toEqual([alice]);
  await using tenant = await openAs(run.host, kept);
  expect((await tenant.directory.users()).map(({ name }) => name)).toEqual([alice.name]);
}

test("wiping a tenant leaves nothing of it in store and KeyBag, and another as it was; it may be done again", async () => {
  const disk = copyOf(template);
  {
    using run = await start(disk);
    await (await openAs(run.host, gone))[Symbol.asyncDispose]();
    await wipeTenant(run.device, gone);
    await wipeTenant(run.device, gone);
    expect(await finishWipes(run.device)).toEqual([]);
  }
  await expectWiped(disk);
});

test("wiping is finished wherever it was interrupted", async () => {
  let begun = 0;
  for (let interrupted = true, at = 1; interrupted; at++) {
    const disk = copyOf(template);
    let steps = 0;
    interrupted = false;
    {
      using run = await start(disk, () => {
        if (++steps !== at) return;
        interrupted = true;
        throw new RangeError("the process ended");
      });
      await wipeTenant(run.device, gone).catch((error) => expect(error).toBeInstanceOf(RangeError));
    }
    {
      using run = await start(disk);
      const named = run.tenants().find(({ name }) => name === "gone");
      // The KeyBag is never silent about a store that holds something.
      if ((await run.host.store.databases(gone)).length > 0) expect(named).toBeDefined();
      if (named !== undefined && isBeingWiped(named)) {
        begun++;
        await expect(openAs(run.host, gone)).rejects.toMatchObject({ code: "LOCAL_STATE_DAMAGED" });
        expect((await finishWipes(run.device)).map(toHex)).toEqual([toHex(gone)]);
      } else if (named !== undefined) {
        await using tenant = await openAs(run.host, gone);
        expect(tenant.name).toBe("gone");
        expect(await finishWipes(run.device)).toEqual([]);
        continue;
      }
    }
    await expectWiped(disk);
  }
  // Before and after the store was emptied, and before the KeyBag said so.
  expect(begun).toBe(4);
});
