// Retire lists, and what a relay makes of them.
import { parseEntryId, parseLoginKey, parseSignature, type TenantId, toHex } from "@selkie/entry";
import {
  encodeAccessList,
  encodeRetireList,
  encodeSlotChain,
  encodeSlotLogin,
  type RetireList,
  signRetireList,
} from "../../src/index.ts";
import { DIRECTORY, found, PULL_PUSH, signChain, signList, signLogin } from "../support/access.ts";
import { bytesOf, databaseOf, otherTenant, TestKey } from "../support/writer.ts";
import type { AccessCase, RulesCase } from "./format.ts";
import { toJson } from "./json.ts";
import { rulesCase } from "./rules-case.ts";

const MAY_PURGE = { pull: true, push: true, purge: true };
const [low, high] = [parseEntryId(bytesOf("low")), parseEntryId(bytesOf("high"))].sort((a, b) =>
  toHex(a) < toHex(b) ? -1 : 1,
) as [ReturnType<typeof parseEntryId>, ReturnType<typeof parseEntryId>];

async function keys() {
  const [root, alice, next, bob, laptop, phone] = await Promise.all(
    ["root", "alice", "next", "bob", "laptop", "phone"].map((name) => TestKey.of(name)),
  );
  if (!root || !alice || !next || !bob || !laptop || !phone) throw new TypeError("no keys");
  return { root, alice, next, bob, laptop, phone };
}

function retire(tenant: TenantId, signer: TestKey, database = databaseOf("contacts")): Promise<RetireList> {
  const parts = [
    { id: low, index: 0 },
    { id: low, index: 258 },
    { id: high, index: 1 },
  ];
  return signRetireList({ tenant, database, wait: 604_800, parts }, signer);
}

export async function makeRetireCases(): Promise<readonly AccessCase[]> {
  const { root, laptop } = await keys();
  const { tenant } = await found(root);
  const list = await retire(tenant, laptop);
  const signature = parseSignature(bytesOf("signature", 64));
  const bytes = toHex(encodeRetireList(list));
  // 0x15, version, tenant, database, signer, wait: then the number of parts.
  const count = 2 * (2 + 32 + 32 + 32 + 4);
  const [head, first, second, rest] = [
    bytes.slice(0, count),
    bytes.slice(count + 8, count + 76),
    bytes.slice(count + 76, count + 144),
    bytes.slice(count + 144),
  ];
  const bad = { kind: "retire", code: "BAD_DOCUMENT" };
  return [
    { comment: "a retire list", kind: "retire", bytes, document: toJson(list) },
    {
      comment: "a retire list with a signature of nobody",
      kind: "retire",
      bytes: toHex(encodeRetireList({ ...list, signature })),
      document: toJson({ ...list, signature }),
      isValid: false,
    },
    { ...bad, comment: "a retire list of no part", bytes: `${head}00000000${bytes.slice(-128)}` },
    { ...bad, comment: "a retire list of 24,577 parts", bytes: `${head}00006001${bytes.slice(count + 8)}` },
    { ...bad, comment: "a retire list that does not ascend", bytes: `${head}00000003${second}${first}${rest}` },
    { ...bad, comment: "a retire list that names a part twice", bytes: `${head}00000003${first}${first}${rest}` },
    { ...bad, comment: "a retire list of version 2", bytes: `1502${bytes.slice(4)}` },
    { ...bad, comment: "a retire list that goes on", bytes: `${bytes}00` },
    { ...bad, comment: "a retire list that stops short", bytes: bytes.slice(0, -2) },
  ];
}

export async function makeRetireRules(): Promise<readonly RulesCase[]> {
  const { root, alice, next, bob, laptop, phone } = await keys();
  const { tenant, founding } = await found(root);
  const slots = [
    { slot: alice, rights: MAY_PURGE },
    { slot: bob, rights: PULL_PUSH },
  ];
  const begin = [
    founding,
    encodeAccessList(await signList({ tenant, height: 0, signer: root, slots })),
    encodeSlotLogin(await signLogin(tenant, alice, laptop)),
    encodeSlotLogin(await signLogin(tenant, bob, phone)),
  ];
  const list = async (...args: Parameters<typeof retire>) => encodeRetireList(await retire(...args));
  const logins = [laptop, phone].map(({ publicKey }) => parseLoginKey(publicKey));
  return [
    await rulesCase(
      "a retire list counts by who signed it: a login that may purge, or the root; nobody else",
      tenant,
      [
        begin,
        [await list(tenant, laptop)],
        [await list(tenant, root)],
        [await list(tenant, phone)],
        [await list(tenant, bob)],
      ],
      logins,
    ),
    await rulesCase(
      "of the directory nothing is dropped, whoever signs it, and nothing for another tenant's list",
      tenant,
      [begin, [await list(tenant, root, DIRECTORY)], [await list(otherTenant, root)]],
      logins,
    ),
    await rulesCase(
      "a login by an earlier key of its slot has nothing dropped any more",
      tenant,
      [begin, [encodeSlotChain(await signChain(tenant, alice, [next]))], [await list(tenant, laptop)]],
      logins,
    ),
  ];
}
