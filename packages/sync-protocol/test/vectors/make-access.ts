// Access documents and the rules of a relay.
import { parseLoginKey, parseSignature, toHex } from "@selkie/entry";
import {
  type AccessState,
  encodeAccessList,
  encodeAccessTicket,
  encodeSlotKeys,
  presentDocuments,
  rightsOf,
} from "../../src/index.ts";
import { found, PULL, PULL_PUSH, signList, signSlot, signTicket } from "../support/access.ts";
import { bytesOf, otherTenant, TestKey, verifier } from "../support/writer.ts";
import type { AccessCase, RulesCase } from "./format.ts";
import { toJson } from "./json.ts";

async function keys() {
  const [root, admin, thief, alice, bob, laptop, phone] = await Promise.all(
    ["root", "admin", "thief", "alice", "bob", "laptop", "phone"].map((name) => TestKey.of(name)),
  );
  if (!root || !admin || !thief || !alice || !bob || !laptop || !phone) throw new TypeError("no keys");
  return { root, admin, thief, alice, bob, laptop, phone };
}

export async function makeAccessCases(): Promise<readonly AccessCase[]> {
  const { root, admin, alice, bob, laptop, phone } = await keys();
  const { tenant } = await found(root);
  const slots = [
    { slot: alice, rights: PULL_PUSH },
    { slot: bob, rights: PULL },
  ];
  const list = await signList({ tenant, epoch: 1, height: 2, signer: root, signers: [admin], slots });
  const empty = await signList({ tenant, height: 0, signer: root });
  const slotKeys = await signSlot(tenant, alice, 7, [laptop, phone]);
  const locked = await signSlot(tenant, alice, 8, []);
  const ticket = await signTicket({ tenant, listEpoch: 1, listHeight: 3, slot: bob, rights: PULL, signer: admin });
  const signature = parseSignature(bytesOf("signature", 64));
  const ofList = toHex(encodeAccessList(list));
  const ofKeys = toHex(encodeSlotKeys(slotKeys));
  const ofTicket = toHex(encodeAccessTicket(ticket));
  const loginKeys = ofKeys.slice(150, 278);
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
    { comment: "slot keys", kind: "slotKeys", bytes: ofKeys, document: toJson(slotKeys) },
    { comment: "a locked slot", kind: "slotKeys", bytes: toHex(encodeSlotKeys(locked)), document: toJson(locked) },
    { comment: "a ticket", kind: "ticket", bytes: ofTicket, document: toJson(ticket) },
    { comment: "a list of version 2", kind: "list", bytes: `1102${ofList.slice(4)}`, code: "BAD_DOCUMENT" },
    { comment: "slot keys as a list", kind: "list", bytes: ofKeys, code: "BAD_DOCUMENT" },
    { comment: "a list that goes on", kind: "list", bytes: `${ofList}00`, code: "BAD_DOCUMENT" },
    { comment: "a list that stops short", kind: "list", bytes: ofList.slice(0, -2), code: "BAD_DOCUMENT" },
    {
      comment: "login keys that descend",
      kind: "slotKeys",
      bytes: ofKeys.replace(loginKeys, loginKeys.slice(64) + loginKeys.slice(0, 64)),
      code: "BAD_DOCUMENT",
    },
    {
      comment: "a login key twice",
      kind: "slotKeys",
      bytes: ofKeys.replace(loginKeys, loginKeys.slice(64) + loginKeys.slice(64)),
      code: "BAD_DOCUMENT",
    },
    {
      comment: "seventeen login keys",
      kind: "slotKeys",
      bytes: `${ofKeys.slice(0, 148)}11${Array.from({ length: 17 }, (_, index) => (index + 16).toString(16).repeat(32)).join("")}${ofKeys.slice(-128)}`,
      code: "BAD_DOCUMENT",
    },
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
  const { root, admin, thief, alice, bob, laptop, phone } = await keys();
  const { tenant, founding } = await found(root);
  const stranger = await found(thief);
  const slots = [{ slot: alice, rights: PULL_PUSH }];
  const list = async (fields: Omit<Parameters<typeof signList>[0], "tenant">) =>
    encodeAccessList(await signList({ tenant, ...fields }));
  const slot = async (...args: [TestKey, number, readonly TestKey[]]) =>
    encodeSlotKeys(await signSlot(tenant, ...args));
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
      [founding, first, await slot(alice, 0, [laptop])],
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
      [founding, first, await slot(alice, 0, [laptop])],
      [await list({ height: 1, signer: admin, signers: [admin], slots: [{ slot: alice, rights: PULL }] })],
      [first, await list({ height: 1, signer: admin, slots }), await list({ height: 2, signer: thief, slots })],
    ),
    await play(
      "the root takes a tenant back from a stolen signer, and nothing from before returns",
      [founding, first, await slot(alice, 0, [laptop])],
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
      "a user changes its own login keys; older ones do not return, not even with their slot",
      [founding, first, await slot(alice, 0, [laptop])],
      [await slot(alice, 1, [phone]), await slot(alice, 0, [laptop])],
      [await list({ height: 1, signer: admin, signers: [admin] })],
      [await list({ height: 2, signer: admin, signers: [admin], slots }), await slot(alice, 0, [laptop])],
    ),
    await play(
      "a ticket admits until the list it stands for is there",
      [founding, first],
      [await slot(bob, 0, [phone])],
      [ticket, await slot(bob, 0, [phone])],
      [await list({ height: 1, signer: admin, signers: [admin], slots }), ticket],
    ),
    await play("a ticket of a stranger admits nobody", [
      founding,
      first,
      encodeAccessTicket(await signTicket({ tenant, listHeight: 1, slot: bob, rights: PULL_PUSH, signer: thief })),
      await slot(bob, 0, [phone]),
    ]),
    await play("what is not a document stops none after it", [
      bytesOf("junk", 40),
      founding,
      new Uint8Array(),
      first,
      await slot(alice, 0, [phone]),
    ]),
  ];
}

async function rulesCase(
  comment: string,
  tenant: Awaited<ReturnType<typeof found>>["tenant"],
  claims: readonly (readonly Uint8Array[])[],
  logins: readonly Uint8Array[],
): Promise<RulesCase> {
  let held: AccessState | null = null;
  const played: RulesCase["claims"][number][] = [];
  for (const documents of claims) {
    const { state, tickets, applied, refused } = await presentDocuments(verifier, tenant, held, documents);
    held = state;
    const outcomes = documents.map((_, index) =>
      applied.includes(index) ? "applied" : (refused.find((item) => item.index === index)?.code ?? "known"),
    );
    const rights = logins.map((key) => ({
      key: toHex(key),
      rights: state === null ? null : toJson(rightsOf(state, parseLoginKey(key), tickets)),
    }));
    played.push({ documents: documents.map(toHex), outcomes, rights });
  }
  return { comment, tenant: toHex(tenant), claims: played };
}
