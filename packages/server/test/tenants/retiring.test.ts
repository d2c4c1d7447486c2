// What a relay drops when it is told to, and when: lists, logins and clocks, with a real store.
import type { EntryId, VerifiedRun } from "@selkie/entry";
import { hasHoles, type Store } from "@selkie/store";
import { encodeRetireList, type RetiredPart, retireListPayload } from "@selkie/sync-protocol";
import { beforeEach, expect, test } from "vitest";
import type { Admitted } from "../../src/tenants/tenant.ts";
import type { Tenants } from "../../src/tenants/tenants.ts";
import type { Identity } from "../fixtures/identity.ts";
import { newStore } from "../fixtures/store.ts";
import { tenantsOn } from "../fixtures/tenants.ts";
import { loginKeyOf, loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";

const DAY = 86_400_000;
const acme = new TestTenant("acme");
const [alice, bob, carol] = [memberOf("alice"), memberOf("bob"), memberOf("carol")];
const editor = { ...carol, rights: { pull: true, push: true, purge: false } };
const contacts = databaseOf("contacts");

let store: Store;
let now: number;
let run: VerifiedRun;
let timers: (() => void)[];

beforeEach(async () => {
  store = newStore();
  now = 1_000;
  timers = [];
  run = await new TestWriter(contacts, "somebody").write(3);
  await store.entries(acme.id, contacts).append([run]);
});

function relay(loginKeyBytes = 1_000_000): Tenants {
  return tenantsOn(store, {
    caps: { tenants: 10, tenantBytes: 1_000_000, loginKeyBytes },
    ...{ clock: () => now, retireAfterMs: 7 * DAY },
    scheduler: {
      after: (_, run) => {
        timers.push(run);
        return () => undefined;
      },
    },
  });
}

const idAt = (seq: number): EntryId => {
  const entry = run.entries[seq];
  if (entry === undefined) throw new RangeError(`${seq}`);
  return entry.id;
};
const part = (seq: number): RetiredPart => ({ id: idAt(seq), index: 0 });

function listBy(signer: Identity, parts: readonly RetiredPart[], { wait = 0, database = contacts } = {}): Uint8Array {
  const sorted = parts.toSorted((a, b) => Buffer.compare(a.id, b.id));
  const list = { tenant: acme.id, database, signer: signer.publicKey, wait, parts: sorted, blobs: [] };
  return encodeRetireList({ ...list, signature: signer.sign("sign-retire-list", retireListPayload(list)) });
}

async function enter(tenants: Tenants, member = alice): Promise<Admitted> {
  const documents = acme.documentsFor([alice, bob, editor]);
  const admitted = await tenants.admit({
    ...{ tenant: acme.id, key: loginKeyOf(loginOf(member)), documents, drop: () => undefined },
  });
  if (admitted === null) throw new TypeError("not admitted");
  return admitted;
}

async function holes(): Promise<readonly number[]> {
  const read = await store.entries(acme.id, contacts).read(run.writer, 0, { entries: 10, bytes: 1_000_000 });
  return (read?.entries ?? []).flatMap((entry) => (hasHoles(entry) ? [entry.header.seq] : []));
}

async function passTo(time: number, tenants: Tenants): Promise<void> {
  now = time;
  await tenants.retiring.look();
}

test("a list of one admin waits, over a restart, and what it names is refused from then on", async () => {
  const tenants = relay();
  const admitted = await enter(tenants);
  await tenants.present(admitted, [listBy(loginOf(alice), [part(1)])]);
  expect(await holes()).toEqual([]);
  await passTo(now + 7 * DAY - 1, tenants);
  expect(await holes()).toEqual([]);
  await tenants.retiring.stop();
  const again = relay();
  await passTo(now + 1, again);
  expect(await holes()).toEqual([1]);
  expect(timers.length).toBeGreaterThan(0);
  await store.entries(acme.id, contacts).append([run]);
  expect(await holes()).toEqual([1]);
});

test("a list waits as long as it says itself, and is taken once", async () => {
  const tenants = relay();
  const admitted = await enter(tenants);
  const list = listBy(loginOf(alice), [part(1)], { wait: (8 * DAY) / 1_000 });
  const start = now;
  await tenants.present(admitted, [list]);
  await passTo(start + 7 * DAY, tenants);
  await tenants.present(admitted, [list]);
  expect(await holes()).toEqual([]);
  await passTo(start + 8 * DAY, tenants);
  expect(await holes()).toEqual([1]);
});

test("D11 a list of who may not, or may not any more when its time has come, drops nothing; nor does one about the directory", async () => {
  const tenants = relay();
  const admitted = await enter(tenants);
  const stranger = loginOf(memberOf("stranger"));
  const directory = { database: acme.directory };
  await tenants.present(admitted, [
    listBy(loginOf(carol), [part(0)]),
    listBy(stranger, [part(0)]),
    listBy(acme.root, [part(0)], directory),
    listBy(loginOf(bob), [part(1)]),
  ]);
  const forged = listBy(loginOf(alice), [part(2)]);
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  await tenants.present(admitted, [forged]);
  const members = [alice, { ...bob, rights: { pull: true, push: true, purge: false } }];
  await tenants.present(admitted, [acme.list({ members, height: 2 })]);
  await passTo(now + 30 * DAY, tenants);
  expect(await holes()).toEqual([]);
});

test("what the root says, or two people with the right, is dropped at once: of two lists what both name", async () => {
  const tenants = relay();
  const admitted = await enter(tenants);
  await tenants.present(admitted, [listBy(acme.root, [part(0)])]);
  expect(await holes()).toEqual([0]);
  const second = loginOf(alice, "second");
  await tenants.present(admitted, [acme.slotLogin(alice, second), listBy(loginOf(alice), [part(1), part(2)])]);
  await tenants.present(admitted, [listBy(second, [part(1), part(2)])]);
  expect(await holes()).toEqual([0]);
  await tenants.present(admitted, [listBy(loginOf(bob), [part(1)])]);
  expect(await holes()).toEqual([0, 1]);
  await passTo(now + 7 * DAY, tenants);
  expect(await holes()).toEqual([0, 1, 2]);
});

test("F4 a list is paid for by who brings it", async () => {
  const tenants = relay(300);
  const admitted = await enter(tenants);
  await tenants.present(admitted, [listBy(loginOf(alice), [part(0)]), listBy(loginOf(alice), [part(1)])]);
  await passTo(now + 7 * DAY, tenants);
  expect(await holes()).toEqual([0]);
});
