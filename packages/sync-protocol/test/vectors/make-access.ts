// Access documents and the rules of a relay.
import { parseSignature, toHex } from "@selkie/entry";
import { encodeAccessList, encodeAccessTicket, encodeSlotChain, encodeSlotLogin, NO_RIGHTS } from "../../src/index.ts";
import { found, PULL, PULL_PUSH, signChain, signList, signLogin, signTicket } from "../support/access.ts";
import { bytesOf, otherTenant, TestKey } from "../support/writer.ts";
import type { AccessCase, RulesCase } from "./format.ts";
import { toJson } from "./json.ts";
import { rulesCase } from "./rules-case.ts";

async function keys() {
  const [root, admin, thief, alice, next, bob, laptop, phone] = await Promise.all(
    ["root", "admin", "thief", "alice", "next", "bob", "laptop", "phone"].map((name) => TestKey.of(name)),
  );
  if (!root || !admin || !thief || !alice || !next || !bob || !laptop || !phone) throw new TypeError("no keys");
  return { root, admin, thief, alice, next, bob, laptop, phone };
}

export async function makeAccessCases(): Promise<readonly AccessCase[]> {
  const { root, admin, thief, alice, next, bob, laptop } = await keys();
  const { tenant } = await found(root);
  const slots = [
    { slot: alice, rights: PULL_PUSH },
    { slot: bob, rights: PULL },
  ];
  const list = await signList({ tenant, epoch: 1, height: 2, signer: root, signers: [admin], slots });
  const empty = await signList({ tenant, height: 0, signer: root });
  const chain = await signChain(tenant, alice, [next, thief]);
  const skipped = { ...chain, successions: chain.successions.slice(1) };
  const login = await signLogin(tenant, alice, laptop, next);
  const ended = await signList({ tenant, height: 1, signer: root, slots: [{ slot: alice, rights: NO_RIGHTS }] });
  const ticket = await signTicket({ tenant, listEpoch: 1, listHeight: 3, slot: bob, rights: PULL, signer: admin });
  const signature = parseSignature(bytesOf("signature", 64));
  const ofList = toHex(encodeAccessList(list));
  const ofChain = toHex(encodeSlotChain(chain));
  const ofLogin = toHex(encodeSlotLogin(login));
  const ofTicket = toHex(encodeAccessTicket(ticket));
  return [
    { comment: "a list", kind: "list", bytes: ofList, document: toJson(list) },
    {
      comment: "a list that lets nobody in",
      kind: "list",
      bytes: toHex(encodeAccessList(empty)),
      document: toJson(empty),
    },
    {
      comment: "a list with a signature of nobody",
      kind: "list",
      bytes: toHex(encodeAccessList({ ...list, signature })),
      document: toJson({ ...list, signature }),
      isValid: false,
    },
    {
      comment: "a list with a slot without rights",
      kind: "list",
      bytes: toHex(encodeAccessList(ended)),
      document: toJson(ended),
    },
    { comment: "a slot chain", kind: "chain", bytes: ofChain, document: toJson(chain) },
    {
      comment: "a slot chain that leaves a key out",
      kind: "chain",
      bytes: toHex(encodeSlotChain(skipped)),
      document: toJson(skipped),
      isValid: false,
    },
    { comment: "a slot login", kind: "login", bytes: ofLogin, document: toJson(login) },
    {
      comment: "a slot login with a signature of nobody",
      kind: "login",
      bytes: toHex(encodeSlotLogin({ ...login, signature })),
      document: toJson({ ...login, signature }),
      isValid: false,
    },
    { comment: "a ticket", kind: "ticket", bytes: ofTicket, document: toJson(ticket) },
    { comment: "a list of version 2", kind: "list", bytes: `1102${ofList.slice(4)}`, code: "BAD_DOCUMENT" },
    { comment: "a slot login as a list", kind: "list", bytes: ofLogin, code: "BAD_DOCUMENT" },
    { comment: "a list that goes on", kind: "list", bytes: `${ofList}00`, code: "BAD_DOCUMENT" },
    { comment: "a list that stops short", kind: "list", bytes: ofList.slice(0, -2), code: "BAD_DOCUMENT" },
    { comment: "a chain of no key", kind: "chain", bytes: `${ofChain.slice(0, 132)}00`, code: "BAD_DOCUMENT" },
    {
      comment: "a chain of 65 keys",
      kind: "chain",
      bytes: `${ofChain.slice(0, 132)}41${Array.from({ length: 65 }, (_, index) => (index + 16).toString(16).repeat(96)).join("")}`,
      code: "BAD_DOCUMENT",
    },
    {
      comment: "a chain that comes back to its first key",
      kind: "chain",
      bytes: `${ofChain.slice(0, 132)}02${ofChain.slice(134, 326)}${toHex(alice.publicKey)}${ofChain.slice(-128)}`,
      code: "BAD_DOCUMENT",
    },
    { comment: "a chain that goes on", kind: "chain", bytes: `${ofChain}00`, code: "BAD_DOCUMENT" },
    { comment: "a login that stops short", kind: "login", bytes: ofLogin.slice(0, -2), code: "BAD_DOCUMENT" },
    {
      comment: "a ticket with rights that mean nothing",
      kind: "ticket",
      bytes: `${ofTicket.slice(0, 164)}08${ofTicket.slice(166)}`,
      code: "BAD_DOCUMENT",
    },
    {
      comment: "an epoch above 2^53 - 1",
      kind: "ticket",
      bytes: `${ofTicket.slice(0, 68)}0020000000000000${ofTicket.slice(84)}`,
      code: "BAD_DOCUMENT",
    },
  ];
}

export async function makeRulesCases(): Promise<readonly RulesCase[]> {
  const { root, admin, thief, alice, next, bob, laptop, phone } = await keys();
  const { tenant, founding } = await found(root);
  const stranger = await found(thief);
  const slots = [{ slot: alice, rights: PULL_PUSH }];
  const list = async (fields: Omit<Parameters<typeof signList>[0], "tenant">) =>
    encodeAccessList(await signList({ tenant, ...fields }));
  const enter = async (...args: [TestKey, TestKey, TestKey?]) => encodeSlotLogin(await signLogin(tenant, ...args));
  const chain = async (...keys: readonly TestKey[]) => encodeSlotChain(await signChain(tenant, alice, keys));
  const first = await list({ height: 0, signer: root, signers: [admin], slots });
  const logins = [laptop, phone].map(({ publicKey }) => publicKey);
  const play = (comment: string, ...claims: readonly (readonly Uint8Array[])[]) =>
    rulesCase(comment, tenant, claims, logins);
  const stolen = await list({ height: 1_000_000, signer: admin, signers: [admin, thief], slots });
  const rooted = await list({ epoch: 1, height: 0, signer: root, signers: [admin], slots });
  const ticket = encodeAccessTicket(
    await signTicket({ tenant, listHeight: 1, slot: bob, rights: PULL_PUSH, signer: admin }),
  );
  return [
    await play(
      "a tenant is registered, and a device of Alice's logs in",
      [founding, first, await enter(alice, laptop)],
      [founding, first],
    ),
    await play(
      "nobody registers another's tenant",
      [stranger.founding, first],
      [founding, await list({ height: 0, signer: thief, slots })],
    ),
    await play("a document of another tenant never counts", [
      founding,
      encodeAccessList(await signList({ tenant: otherTenant, height: 0, signer: root, slots })),
    ]),
    await play(
      "a signer's list follows; older and equal heights do not count, nor a stranger's list",
      [founding, first, await enter(alice, laptop)],
      [await list({ height: 1, signer: admin, signers: [admin], slots: [{ slot: alice, rights: PULL }] })],
      [first, await list({ height: 1, signer: admin, slots }), await list({ height: 2, signer: thief, slots })],
    ),
    await play(
      "the root takes a tenant back from a stolen signer, and nothing from before returns",
      [founding, first, await enter(alice, laptop)],
      [stolen],
      [rooted],
      [
        stolen,
        await list({ height: 2_000_000, signer: thief, slots }),
        await list({ epoch: 2, height: 0, signer: admin, slots }),
      ],
      [await list({ epoch: 1, height: 1, signer: admin, slots })],
    ),
    await play(
      "a slot without rights is known, and leaves with its rights; its logins return with them",
      [founding, first, await enter(alice, laptop)],
      [await list({ height: 1, signer: admin, signers: [admin], slots: [{ slot: alice, rights: NO_RIGHTS }] })],
      [await enter(alice, phone)],
      [await list({ height: 2, signer: admin, signers: [admin] })],
      [await list({ height: 3, signer: admin, signers: [admin], slots })],
    ),
    await play(
      "a user shuts one of its devices out: the slot has another key",
      [founding, first, await enter(alice, laptop), await enter(alice, phone)],
      [await chain(next), await enter(alice, laptop, next)],
      [await enter(alice, phone), await chain(thief), await enter(alice, phone, thief)],
      [await chain(next, bob), await chain(next), await enter(alice, phone, next)],
      [await enter(alice, phone, bob), await enter(alice, laptop, bob)],
    ),
    await play(
      "what a key of a slot let in may come before or after the chain",
      [founding, first, await chain(next), await enter(alice, phone), await enter(alice, laptop, next)],
      [await enter(alice, laptop), await enter(bob, laptop), await enter(alice, phone, bob)],
    ),
    await play(
      "a ticket admits until the list it stands for is there",
      [founding, first],
      [await enter(bob, phone)],
      [ticket, await enter(bob, phone)],
      [await list({ height: 1, signer: admin, signers: [admin], slots }), ticket],
    ),
    await play("a ticket of a stranger admits nobody", [
      founding,
      first,
      encodeAccessTicket(await signTicket({ tenant, listHeight: 1, slot: bob, rights: PULL_PUSH, signer: thief })),
      await enter(bob, phone),
    ]),
    await play("what is not a document stops none after it", [
      bytesOf("junk", 40),
      founding,
      new Uint8Array(),
      first,
      await enter(alice, phone),
    ]),
  ];
}
