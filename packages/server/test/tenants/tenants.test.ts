import { publicState, type Store } from "@selkie/store";
import { ALL_RIGHTS, DIRECTORY_ONLY } from "@selkie/sync-protocol";
import { describe, expect, test } from "vitest";
import { Counters } from "../../src/counters.ts";
import type { Admitted } from "../../src/tenants/tenant.ts";
import type { Tenants } from "../../src/tenants/tenants.ts";
import { type Identity, identityOf } from "../fixtures/identity.ts";
import { newStore } from "../fixtures/store.ts";
import { tenantsOn } from "../fixtures/tenants.ts";
import { loginKeyOf, loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";

const acme = new TestTenant("acme");
const [alice, bob, carol] = [memberOf("alice"), memberOf("bob"), memberOf("carol")];
const READER = { pull: true, push: false, purge: false };

interface Attempt {
  readonly tenant?: TestTenant;
  readonly login: Identity;
  readonly documents?: readonly Uint8Array[];
  readonly drop?: () => void;
}

function admit(tenants: Tenants, { tenant = acme, login, documents = [], drop = () => undefined }: Attempt) {
  return tenants.admit({ tenant: tenant.id, key: loginKeyOf(login), documents, drop });
}

async function founded(tenants: Tenants): Promise<Admitted> {
  const admitted = await admit(tenants, { login: loginOf(alice), documents: acme.documentsFor([alice, bob]) });
  if (admitted === null) throw new TypeError("the tenant was not registered");
  return admitted;
}

describe("registration", () => {
  test("a founding entry, a list signed by the root and slot keys let their members in, also without documents", async () => {
    const tenants = tenantsOn(newStore());
    expect((await founded(tenants)).login.grant).toEqual({ pull: true, push: true, purge: true });
    expect(await admit(tenants, { login: loginOf(bob) })).not.toBeNull();
    expect(await admit(tenants, { login: loginOf(carol) })).toBeNull();
  });

  test("what was registered is there after a restart", async () => {
    const store = newStore();
    await founded(tenantsOn(store));
    expect(await admit(tenantsOn(store), { login: loginOf(bob) })).not.toBeNull();
  });

  test("F6 a founding entry of another tenant registers nothing", async () => {
    const tenants = tenantsOn(newStore());
    const squatter = new TestTenant("squatter");
    const documents = [squatter.founding, squatter.list({ members: [alice], height: 1, tenant: acme.id })];
    const keys = acme.slotLogin(alice, loginOf(alice));
    expect(await admit(tenants, { login: loginOf(alice), documents: [...documents, keys] })).toBeNull();
    expect(await admit(tenants, { login: loginOf(alice), documents: [keys] })).toBeNull();
  });

  test("F6 a first list that the root did not sign registers nothing, also with the genuine founding entry", async () => {
    const tenants = tenantsOn(newStore());
    const squatter = identityOf("squatter");
    const list = acme.list({ members: [carol], height: 1, signer: squatter, signers: [squatter] });
    const documents = [acme.founding, list, acme.slotLogin(carol, loginOf(carol))];
    expect(await admit(tenants, { login: loginOf(carol), documents })).toBeNull();
    // The tenant's own members find it free.
    expect(await founded(tenants)).not.toBeNull();
  });

  test("F6 a stranger with all genuine documents neither gets in nor makes the tenant take up room", async () => {
    const store = newStore();
    const counters = new Counters();
    const tenants = tenantsOn(store, { counters });
    const documents = acme.documentsFor([alice, bob]);
    expect(await admit(tenants, { login: identityOf("stranger"), documents })).toBeNull();
    expect(counters.get("tenants_registered_total")).toBe(0);
    expect(await keysOf(store)).toEqual([]);
  });

  test("a closed relay takes no new tenant and keeps serving the old ones", async () => {
    const store = newStore();
    await founded(tenantsOn(store));
    const tenants = tenantsOn(store, { registration: "closed" });
    const other = new TestTenant("other");
    const documents = other.documentsFor([carol]);
    expect(await admit(tenants, { tenant: other, login: loginOf(carol), documents })).toBeNull();
    expect(await admit(tenants, { login: loginOf(alice) })).not.toBeNull();
  });

  test("the number of tenants is bounded, also over a restart", async () => {
    const store = newStore();
    const caps = { tenants: 1, tenantBytes: 1_000_000, loginKeyBytes: 1_000_000 };
    await founded(tenantsOn(store, { caps }));
    const other = new TestTenant("other");
    const attempt = { tenant: other, login: loginOf(carol), documents: other.documentsFor([carol]) };
    expect(await admit(tenantsOn(store, { caps }), attempt)).toBeNull();
    expect(await admit(tenantsOn(store, { caps: { ...caps, tenants: 2 } }), attempt)).not.toBeNull();
  });

  test("two members who register at the same moment are both let in, and it counts once", async () => {
    const counters = new Counters();
    const tenants = tenantsOn(newStore(), { counters });
    const documents = acme.documentsFor([alice, bob]);
    const both = await Promise.all([alice, bob].map((member) => admit(tenants, { login: loginOf(member), documents })));
    expect(both).not.toContain(null);
    expect(counters.get("tenants_registered_total")).toBe(1);
  });
});

describe("access", () => {
  test("a newer list by the root removes a member and drops its open connections at once", async () => {
    const tenants = tenantsOn(newStore());
    const first = await founded(tenants);
    const dropped: string[] = [];
    await admit(tenants, { login: loginOf(bob), drop: () => dropped.push("bob") });
    const grant = await tenants.present(first, [acme.list({ members: [alice], height: 2 })]);
    expect(grant).toEqual(ALL_RIGHTS);
    expect(dropped).toEqual(["bob"]);
    expect(await admit(tenants, { login: loginOf(bob) })).toBeNull();
  });

  test("a removed login key loses its open connections at once, the slot's other key keeps its own", async () => {
    const store = newStore();
    const tenants = tenantsOn(store);
    await founded(tenants);
    const [lost, kept] = [loginOf(bob), loginOf(bob, "second")];
    const dropped: string[] = [];
    const next = identityOf("next slot key of bob");
    const documents = [acme.slotLogin(bob, lost), acme.slotLogin(bob, kept)];
    await admit(tenants, { login: lost, documents, drop: () => dropped.push("lost") });
    const second = await admit(tenants, { login: kept, drop: () => dropped.push("kept") });
    if (second === null) throw new TypeError("not admitted");
    await tenants.present(second, [acme.slotChain(bob, next), acme.slotLogin(bob, kept, next)]);
    expect(dropped).toEqual(["lost"]);
    for (const all of [tenants, tenantsOn(store)]) {
      expect((await admit(all, { login: kept }))?.login.grant).toEqual(ALL_RIGHTS);
      expect((await admit(all, { login: lost }))?.login.grant).toEqual(DIRECTORY_ONLY);
      expect((await admit(all, { login: lost, documents }))?.login.grant).toEqual(DIRECTORY_ONLY);
    }
  });

  test("what documents changed is still so after a restart", async () => {
    const store = newStore();
    const tenants = tenantsOn(store);
    const first = await founded(tenants);
    await tenants.present(first, [acme.list({ members: [alice, carol], height: 2 })]);
    await admit(tenants, { login: loginOf(carol), documents: [acme.slotLogin(carol, loginOf(carol))] });
    const restarted = tenantsOn(store);
    expect(await admit(restarted, { login: loginOf(bob) })).toBeNull();
    expect(await admit(restarted, { login: loginOf(carol) })).not.toBeNull();
  });

  test("a member who loses a right is dropped, and comes back with the new ones", async () => {
    const tenants = tenantsOn(newStore());
    const first = await founded(tenants);
    let drops = 0;
    await admit(tenants, { login: loginOf(bob), drop: () => drops++ });
    await tenants.present(first, [acme.list({ members: [alice, { ...bob, rights: READER }], height: 2 })]);
    expect(drops).toBe(1);
    expect((await admit(tenants, { login: loginOf(bob) }))?.login.grant).toEqual(READER);
  });

  test("who presents a list that shuts it out has no rights left", async () => {
    const tenants = tenantsOn(newStore());
    const first = await founded(tenants);
    expect(await tenants.present(first, [acme.list({ members: [bob], height: 2 })])).toBe("LOGIN_REFUSED");
    expect(await admit(tenants, { login: loginOf(alice) })).toBeNull();
  });

  test("a valid list counts whoever brings it, also when that one is not let in", async () => {
    const tenants = tenantsOn(newStore());
    await founded(tenants);
    const documents = [acme.list({ members: [alice], height: 2 })];
    expect(await admit(tenants, { login: identityOf("stranger"), documents })).toBeNull();
    expect(await admit(tenants, { login: loginOf(bob) })).toBeNull();
  });

  test("an older list, and one by a signer that the current list does not name, change nothing", async () => {
    const tenants = tenantsOn(newStore());
    const first = await founded(tenants);
    const stolen = identityOf("stolen admin");
    await tenants.present(first, [acme.list({ members: [alice, bob], height: 5, signers: [stolen] })]);
    await tenants.present(first, [acme.list({ members: [alice, bob], height: 1, epoch: 1 })]);
    const documents = [
      acme.list({ members: [alice], height: 9, signer: stolen, signers: [stolen] }),
      acme.list({ members: [alice], height: 4 }),
    ];
    await tenants.present(first, documents);
    expect(await admit(tenants, { login: loginOf(bob) })).not.toBeNull();
  });

  test("a ticket lets a new member in, and is void once a list arrives that does not name it", async () => {
    const tenants = tenantsOn(newStore());
    const first = await founded(tenants);
    let drops = 0;
    const documents = [acme.ticket(carol, 2), acme.slotLogin(carol, loginOf(carol))];
    expect(await admit(tenants, { login: loginOf(carol), documents, drop: () => drops++ })).not.toBeNull();
    expect(await admit(tenants, { login: loginOf(carol) })).toBeNull();
    await tenants.present(first, [acme.list({ members: [alice, bob], height: 2 })]);
    expect(drops).toBe(1);
    expect(await admit(tenants, { login: loginOf(carol), documents })).toBeNull();
  });

  test("documents of one tenant count nothing in another", async () => {
    const tenants = tenantsOn(newStore());
    await founded(tenants);
    const other = new TestTenant("other");
    expect(await admit(tenants, { login: loginOf(carol), documents: other.documentsFor([carol]) })).toBeNull();
  });

  test("a stored list that was damaged does not count, and the same list brought again does", async () => {
    const store = newStore();
    await founded(tenantsOn(store));
    for await (const { key, value } of store.state.range(Uint8Array.of(0), Uint8Array.of(255))) {
      if (!Buffer.from(key).toString("latin1").endsWith("/l")) continue;
      value[50] = (value[50] ?? 0) ^ 1;
      await store.state.put(key, value as Parameters<Store["state"]["put"]>[1]);
    }
    const tenants = tenantsOn(store);
    expect(await admit(tenants, { login: loginOf(alice) })).toBeNull();
    expect(await admit(tenants, { login: loginOf(alice), documents: acme.documentsFor([alice, bob]) })).not.toBeNull();
  });
});

test("a founding entry that lies under another tenant's name in the store counts for nobody", async () => {
  const store = newStore();
  const other = new TestTenant("other");
  const key = Buffer.concat([Buffer.from("relay/1/f/"), acme.id]);
  await store.state.put(new Uint8Array(key), publicState(other.founding));
  const tenants = tenantsOn(store);
  const documents = [
    acme.list({ members: [carol], height: 1, signer: other.root, signers: [other.root] }),
    acme.slotLogin(carol, loginOf(carol)),
  ];
  expect(await admit(tenants, { login: loginOf(carol), documents })).toBeNull();
  expect(await founded(tenants)).not.toBeNull();
});

async function keysOf(store: Store): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.state.range(Uint8Array.of(0), Uint8Array.of(255))) {
    keys.push(Buffer.from(key).toString("latin1"));
  }
  return keys;
}
