import { parseLoginKey } from "@selkie/entry";
import { beforeAll, describe, expect, test } from "vitest";
import {
  encodeAccessList,
  encodeAccessTicket,
  encodeSlotLogin,
  MAX_DOCUMENTS,
  presentDocuments,
  rightsOf,
} from "../../src/index.ts";
import { type Founded, found, PULL_PUSH, signList, signLogin, signTicket } from "../support/access.ts";
import { bytesOf, TestKey, verifier } from "../support/writer.ts";

let root: TestKey;
let thief: TestKey;
let alice: TestKey;
let laptop: TestKey;
let acme: Founded;
beforeAll(async () => {
  root = await TestKey.of("root");
  thief = await TestKey.of("thief");
  alice = await TestKey.of("alice");
  laptop = await TestKey.of("laptop");
  acme = await found(root);
});

async function firstList(signer: TestKey = root, tenant = acme.tenant): Promise<Uint8Array> {
  const slots = [{ slot: alice, rights: PULL_PUSH }];
  return encodeAccessList(await signList({ tenant, height: 0, signer, signers: [signer], slots }));
}

describe("registering a tenant", () => {
  test("takes its founding entry and the root's first list", async () => {
    const slotLogin = encodeSlotLogin(await signLogin(acme.tenant, alice, laptop));
    const documents = [acme.founding, await firstList(), slotLogin];
    const presented = await presentDocuments(verifier, acme.tenant, null, documents);
    expect(presented).toMatchObject({ applied: [0, 1, 2], refused: [], tickets: [] });
    if (presented.state === null) throw new TypeError("no state");
    expect(rightsOf(presented.state, parseLoginKey(laptop.publicKey))).toEqual(PULL_PUSH);
    const again = await presentDocuments(verifier, acme.tenant, presented.state, documents);
    expect(again).toMatchObject({ applied: [], refused: [], state: presented.state });
  });

  test("F6 is refused to anybody else: another founding entry has another id", async () => {
    const own = await found(thief);
    const squat = await presentDocuments(verifier, acme.tenant, null, [own.founding, await firstList(thief)]);
    expect(squat).toMatchObject({ state: null, refused: [{ code: "WRONG_TENANT" }, { code: "NOT_FOUNDED" }] });
  });

  test("F6 with the genuine founding entry and a list by somebody else gives nobody access", async () => {
    const squat = await presentDocuments(verifier, acme.tenant, null, [acme.founding, await firstList(thief)]);
    expect(squat).toMatchObject({
      state: { list: null },
      applied: [0],
      refused: [{ index: 1, code: "SIGNER_NOT_TRUSTED" }],
    });
  });

  test("F6 with the genuine founding entry and a list that names the root as signer, badly signed, is refused", async () => {
    const forged = await firstList(thief);
    const genuine = await firstList();
    forged.set(genuine.subarray(0, -64));
    const squat = await presentDocuments(verifier, acme.tenant, null, [acme.founding, forged]);
    expect(squat.refused).toEqual([{ index: 1, code: "SIGNATURE_INVALID" }]);
  });
});

describe("presented documents", () => {
  test("count one by one: what does not count never stops those after it", async () => {
    const slotLogin = encodeSlotLogin(await signLogin(acme.tenant, alice, laptop));
    const documents = [
      bytesOf("junk", 50),
      acme.founding,
      new Uint8Array(),
      Uint8Array.of(0x11, 1),
      await firstList(),
      slotLogin,
    ];
    const presented = await presentDocuments(verifier, acme.tenant, null, documents);
    expect(presented.applied).toEqual([1, 4, 5]);
    expect(presented.refused.map(({ index }) => index)).toEqual([0, 2, 3]);
  });

  test("leaves out documents of all kinds that are not known: a later version's", async () => {
    const kinds = Array.from({ length: 256 }, (_, kind) => kind).filter(
      (kind) => kind !== 1 && (kind < 0x11 || kind > 0x15),
    );
    for (let at = 0; at < kinds.length; at += 14) {
      const unknown = kinds.slice(at, at + 14).map((kind) => Uint8Array.of(kind, 1));
      const documents = [acme.founding, ...unknown, await firstList()];
      const { applied, refused } = await presentDocuments(verifier, acme.tenant, null, documents);
      expect(applied).toEqual([0, documents.length - 1]);
      expect(refused.map(({ code }) => code)).toEqual(unknown.map(() => "MALFORMED"));
    }
  });

  test("may hold a ticket, which admits with a slot login after it", async () => {
    const bob = await TestKey.of("bob");
    const ticket = await signTicket({ tenant: acme.tenant, listHeight: 1, slot: bob, rights: PULL_PUSH, signer: root });
    const slotLogin = await signLogin(acme.tenant, bob, laptop);
    const documents = [acme.founding, await firstList(), encodeAccessTicket(ticket), encodeSlotLogin(slotLogin)];
    const { state, tickets } = await presentDocuments(verifier, acme.tenant, null, documents);
    if (state === null) throw new TypeError("no state");
    expect(rightsOf(state, parseLoginKey(laptop.publicKey), tickets)).toEqual(PULL_PUSH);
    expect(rightsOf(state, parseLoginKey(laptop.publicKey))).toBeNull();
  });

  test("drop a ticket that a list of the same claim makes void", async () => {
    const bob = await TestKey.of("bob");
    const ticket = await signTicket({ tenant: acme.tenant, listHeight: 1, slot: bob, rights: PULL_PUSH, signer: root });
    const second = await signList({ tenant: acme.tenant, height: 1, signer: root });
    const documents = [acme.founding, await firstList(), encodeAccessTicket(ticket), encodeAccessList(second)];
    expect((await presentDocuments(verifier, acme.tenant, null, documents)).tickets).toEqual([]);
  });

  test("beyond 16 are not looked at", async () => {
    const documents = Array.from({ length: MAX_DOCUMENTS + 2 }, () => acme.founding);
    const { refused } = await presentDocuments(verifier, acme.tenant, null, documents);
    expect(refused.filter(({ code }) => code === "TOO_MANY")).toHaveLength(2);
  });
});
