// Retire lists, and what a relay makes of them.
import {
  type BlobHash,
  parseBlobHash,
  parseEntryId,
  parseLoginKey,
  parseSignature,
  type TenantId,
  toHex,
} from "@selkie/entry";
import {
  encodeAccessList,
  encodeRetireList,
  encodeSlotChain,
  encodeSlotLogin,
  type RetiredPart,
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

const FIRST: RetiredPart = { id: low, index: 0 };
const PARTS: readonly RetiredPart[] = [FIRST, { id: low, index: 258 }, { id: high, index: 1 }];
const BLOBS: readonly BlobHash[] = [low, high].map((id) => parseBlobHash(id));

function retire(
  tenant: TenantId,
  signer: TestKey,
  { database = databaseOf("contacts"), parts = PARTS, blobs = BLOBS } = {},
): Promise<RetireList> {
  return signRetireList({ tenant, database, wait: 604_800, parts, blobs }, signer);
}

export async function makeRetireCases(): Promise<readonly AccessCase[]> {
  const { root, laptop } = await keys();
  const { tenant } = await found(root);
  const list = await retire(tenant, laptop);
  const signature = parseSignature(bytesOf("signature", 64));
  const bytes = toHex(encodeRetireList(list));
  // 0x15, version, tenant, database, signer, wait.
  const head = bytes.slice(0, 2 * (2 + 32 + 32 + 32 + 4));
  const made = (parts: string, blobs: string): string => `${head}${parts}${blobs}${bytes.slice(-128)}`;
  const row = ({ id, index }: RetiredPart): string => `${toHex(id)}${u32(index).slice(4)}`;
  const partRows = PARTS.map(row).join("");
  const [parts, blobs] = [`${u32(3)}${partRows}`, `${u32(2)}${BLOBS.map(toHex).join("")}`];
  const bad = { kind: "retire", code: "BAD_DOCUMENT" };
  const good = async (comment: string, fields: Parameters<typeof retire>[2]): Promise<AccessCase> => {
    const made = await retire(tenant, laptop, fields);
    return { comment, kind: "retire", bytes: toHex(encodeRetireList(made)), document: toJson(made) };
  };
  return [
    await good("a retire list of parts and blobs", {}),
    await good("a retire list of parts alone", { blobs: [] }),
    await good("a retire list of blobs alone", { parts: [] }),
    {
      comment: "a retire list with a signature of nobody",
      kind: "retire",
      bytes: toHex(encodeRetireList({ ...list, signature })),
      document: toJson({ ...list, signature }),
      isValid: false,
    },
    { ...bad, comment: "a retire list of nothing", bytes: made(u32(0), u32(0)) },
    { ...bad, comment: "a retire list of 24,577 parts", bytes: made(`${u32(24_577)}${partRows}`, blobs) },
    { ...bad, comment: "a retire list of 26,113 blobs", bytes: made(u32(0), `${u32(26_113)}${blobs.slice(8)}`) },
    {
      ...bad,
      comment: "a retire list of three parts, and blobs of more bytes than they leave",
      bytes: made(parts, `${u32(26_109)}${blobs.slice(8)}`),
    },
    {
      ...bad,
      comment: "a retire list that does not ascend",
      bytes: made(`${u32(3)}${PARTS.toReversed().map(row).join("")}`, blobs),
    },
    {
      ...bad,
      comment: "a retire list that names a part twice",
      bytes: made(`${u32(2)}${row(FIRST)}${row(FIRST)}`, blobs),
    },
    {
      ...bad,
      comment: "a retire list whose blobs do not ascend",
      bytes: made(parts, `${u32(2)}${BLOBS.toReversed().map(toHex).join("")}`),
    },
    {
      ...bad,
      comment: "a retire list that names a blob twice",
      bytes: made(parts, `${u32(2)}${toHex(low)}${toHex(low)}`),
    },
    { ...bad, comment: "a retire list that says nothing of blobs", bytes: made(parts, "") },
    { ...bad, comment: "a retire list of version 2", bytes: `1502${bytes.slice(4)}` },
    { ...bad, comment: "a retire list that goes on", bytes: `${bytes}00` },
    { ...bad, comment: "a retire list that stops short", bytes: bytes.slice(0, -2) },
  ];
}

const u32 = (value: number): string => value.toString(16).padStart(8, "0");

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
      "of the directory no part is dropped, whoever signs it, and nothing for another tenant's list",
      tenant,
      [
        begin,
        [await list(tenant, root, { database: DIRECTORY })],
        [await list(tenant, root, { database: DIRECTORY, blobs: [] })],
        [await list(tenant, laptop, { database: DIRECTORY, parts: [] })],
        [await list(otherTenant, root)],
      ],
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
