import type { Store } from "@selkie/store";
import { ALL_RIGHTS, type Grant } from "@selkie/sync-protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Tenants } from "../../src/tenants/tenants.ts";
import { type Identity, identityOf } from "../fixtures/identity.ts";
import { newStore } from "../fixtures/store.ts";
import { tenantsOn } from "../fixtures/tenants.ts";
import { loginKeyOf, loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";

const ACTS = 100;
const HIGHEST = Number.MAX_SAFE_INTEGER;
const acme = new TestTenant("acme");
const people = ["alice", "bob", "eve", "mallory", "trudy"].map(memberOf);
const [alice, bob, eve] = [memberOf("alice"), memberOf("bob"), memberOf("eve")];
/** The admin whose device was stolen, and whom the thief would like to bring in. */
const gang = people.slice(2);
const nextKey = identityOf("the slot key after this one");
/** What it signs with; the last is the root's name over a signature that is not. */
const pens: readonly Identity[] = [
  ...gang.map(({ slot }) => slot),
  nextKey,
  { ...identityOf("forger"), publicKey: acme.root.publicKey },
];
const stranger = identityOf("stranger");
const READER = { pull: true, push: false, purge: false };
/** Alice signs the lists after the root's, until somebody takes that from her. */
const HONEST = { members: [alice, { ...bob, rights: READER }], signers: [alice.slot] };

/** A relay over a store of its own. */
class Place {
  readonly #store: Store = newStore();
  #tenants: Tenants = tenantsOn(this.#store);
  /** Sessions of the gang that do more than read the directory. */
  readonly inside = new Set<Identity>();

  restart(): void {
    this.#tenants = tenantsOn(this.#store);
    this.inside.clear();
  }

  /** What a login may do once these documents came along with it. */
  async login(login: Identity, documents: readonly Uint8Array[] = []): Promise<Grant | null> {
    const admitted = await this.#tenants.admit({
      tenant: acme.id,
      key: loginKeyOf(login),
      documents,
      drop: () => this.inside.delete(login),
    });
    if (admitted === null) return null;
    const { grant } = admitted.login;
    if (grant?.directoryOnly !== true && gang.some((member) => equal(loginOf(member), login))) this.inside.add(login);
    else await this.#tenants.leave(admitted);
    return grant;
  }
}

const equal = (a: Identity, b: Identity): boolean => Buffer.compare(a.publicKey, b.publicKey) === 0;

/** What somebody does at a relay; the numbers choose among what there is. */
const act = fc.record({
  what: fc.constantFrom("list", "list", "ticket", "login", "chain", "replay", "replay", "restart"),
  pen: fc.nat(pens.length - 1),
  epoch: fc.nat(3),
  height: fc.oneof(fc.nat(6), fc.integer({ min: HIGHEST - 3, max: HIGHEST }), fc.nat(HIGHEST)),
  whom: fc.subarray([...people.keys()]),
  signers: fc.subarray([...people.keys()]),
  at: fc.nat(1_000_000),
});
const acts = fc.noShrink(fc.array(act, { minLength: ACTS, maxLength: ACTS }));
type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never;

/** A document that a thief can make. */
function drawn({ what, pen, epoch, height, whom, signers, at }: Act): Uint8Array {
  const signer = pens[pen] ?? eve.slot;
  const [members, named] = [whom, signers].map((those) => those.flatMap((index) => people[index] ?? []));
  const member = gang[at % gang.length] ?? eve;
  if (what === "ticket") return acme.ticket(member, height, signer, ALL_RIGHTS, epoch);
  if (what === "login") return acme.slotLogin(at % 2 === 0 ? member : alice, loginOf(member), signer);
  if (what === "chain") return acme.slotChain(member, nextKey);
  return acme.list({ members: members ?? [], height, epoch, signer, signers: (named ?? []).map(({ slot }) => slot) });
}

/** Everything that was ever sent, and the relays it went to. */
class Fight {
  readonly relays = [new Place(), new Place()] as const;
  readonly said: Uint8Array[] = [];

  /** All that is shown, at both relays, in whatever order each hears of it. */
  async do(each: Act): Promise<void> {
    const [here, there] = each.at % 2 === 0 ? this.relays : this.relays.toReversed();
    if (each.what === "restart") here?.restart();
    if (each.what === "restart") return;
    if (each.what !== "replay") this.said.push(drawn(each));
    const replayed = this.said.filter((_, index) => (each.at >> (index % 20)) % 2 === 1);
    const documents = each.what === "replay" ? replayed.toReversed() : this.said.slice(-2);
    const member = gang[each.pen % gang.length] ?? eve;
    await here?.login(loginOf(member), documents.slice(0, 12));
    await there?.login(stranger, documents.slice(-12).toReversed());
  }

  async tell(document: Uint8Array, by: Identity): Promise<void> {
    this.said.push(document);
    for (const relay of this.relays) await relay.login(by, [document]);
  }

  async expectHonest(): Promise<void> {
    for (const relay of this.relays) {
      for (const member of gang)
        expect([null, { ...READER, directoryOnly: true }]).toContainEqual(await relay.login(loginOf(member)));
      expect([...relay.inside]).toEqual([]);
      expect(await relay.login(loginOf(alice))).toEqual(ALL_RIGHTS);
      expect(await relay.login(loginOf(bob))).toEqual(READER);
    }
  }
}

/** A tenant that trusts Eve like Alice; both, and Bob, have been at both relays. */
async function begun(): Promise<Fight> {
  const fight = new Fight();
  const logins = [alice, bob, eve].map((member) => acme.slotLogin(member, loginOf(member)));
  const members = [...HONEST.members, eve];
  const first = acme.list({ members, height: 0, signers: [alice.slot, eve.slot] });
  for (const relay of fight.relays)
    expect(await relay.login(loginOf(alice), [acme.founding, first, ...logins])).toEqual(ALL_RIGHTS);
  fight.said.push(first, ...logins);
  return fight;
}

test("D10 R17 a stolen admin takes a relay until the root speaks: from then on it has nothing there, whatever it signs and whatever is shown again, and the root may speak once more", async () => {
  await fc.assert(
    fc.asyncProperty(acts, acts, async (before, after) => {
      const fight = await begun();
      // It was an admin's key, and is used as one.
      await fight.tell(acme.list({ members: gang, height: 1, signer: eve.slot, signers: [eve.slot] }), loginOf(eve));
      for (const relay of fight.relays) expect(await relay.login(loginOf(alice))).toBeNull();
      for (const each of before) await fight.do(each);
      // A stranger brings it: nobody of the tenant needs to be let in for that.
      await fight.tell(acme.list({ ...HONEST, epoch: 1, height: 0 }), stranger);
      await fight.expectHonest();
      for (const [index, each] of after.entries()) {
        await fight.do(each);
        if (index % 10 === 0) await fight.expectHonest();
        // Those whom the root named go on.
        if (index % 30 === 0)
          await fight.tell(acme.list({ ...HONEST, epoch: 1, height: 1 + index, signer: alice.slot }), stranger);
      }
      await fight.expectHonest();
      await fight.tell(acme.list({ members: [bob], epoch: 2, height: 0 }), loginOf(bob));
      for (const relay of fight.relays) {
        expect(await relay.login(loginOf(alice))).toBeNull();
        expect(await relay.login(loginOf(bob))).toEqual(ALL_RIGHTS);
      }
    }),
    { numRuns: 3 },
  );
});

test("D10 once a relay heard of a list by which an admin signs no more, nothing that one signed, before or afterwards, counts there", async () => {
  await fc.assert(
    fc.asyncProperty(acts, acts, async (before, after) => {
      const fight = await begun();
      // Signed while it was an admin, and kept for later.
      fight.said.push(...before.map(drawn));
      await fight.tell(acme.list({ ...HONEST, height: 1, signer: alice.slot }), loginOf(alice));
      await fight.expectHonest();
      for (const [index, each] of after.entries()) {
        await fight.do(each);
        if (index % 10 === 0) await fight.expectHonest();
      }
      await fight.expectHonest();
    }),
    { numRuns: 3 },
  );
});
