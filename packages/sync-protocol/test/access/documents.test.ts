import { concatBytes, parseSignature } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AccessList,
  accessListPayload,
  decodeAccessList,
  decodeAccessTicket,
  decodeSlotChain,
  decodeSlotLogin,
  encodeAccessList,
  encodeAccessTicket,
  encodeSlotChain,
  encodeSlotLogin,
  MAX_SUCCESSIONS,
  type SlotSuccession,
  SyncError,
  verifyAccessList,
  verifyAccessTicket,
  verifySlotChain,
  verifySlotLogin,
} from "../../src/index.ts";
import { PULL, PULL_PUSH, signChain, signList, signLogin, signTicket } from "../support/access.ts";
import { bytesOf, TestKey, tenant, verifier } from "../support/writer.ts";

async function documents() {
  const [root, admin, alice, next, last, laptop] = await Promise.all(
    ["root", "admin", "alice", "next", "last", "laptop"].map((name) => TestKey.of(name)),
  );
  if (!root || !admin || !alice || !next || !last || !laptop) throw new TypeError("no keys");
  const slots = [
    { slot: alice, rights: PULL_PUSH },
    { slot: admin, rights: PULL },
  ];
  return {
    list: await signList({ tenant, epoch: 1, height: 2, signer: root, signers: [admin, root], slots }),
    chain: await signChain(tenant, alice, [next, last]),
    login: await signLogin(tenant, alice, laptop, last),
    ticket: await signTicket({ tenant, listEpoch: 1, listHeight: 3, slot: alice, rights: PULL, signer: root }),
  };
}

describe("access documents", () => {
  test("decode to what was encoded", async () => {
    const { list, chain, login, ticket } = await documents();
    expect(decodeAccessList(encodeAccessList(list))).toEqual(list);
    expect(decodeSlotChain(encodeSlotChain(chain))).toEqual(chain);
    expect(decodeSlotLogin(encodeSlotLogin(login))).toEqual(login);
    expect(decodeAccessTicket(encodeAccessTicket(ticket))).toEqual(ticket);
  });

  test("B1 verify, and no longer with any single bit flipped", async () => {
    const { list, chain, login, ticket } = await documents();
    expect(await verifyAccessList(verifier, list)).toEqual(list);
    expect(await verifySlotChain(verifier, chain)).toEqual(chain);
    expect(await verifySlotLogin(verifier, login)).toEqual(login);
    expect(await verifyAccessTicket(verifier, ticket)).toEqual(ticket);
    let refused = 0;
    const all = [
      [encodeAccessList(list), async (b: Uint8Array) => verifyAccessList(verifier, decodeAccessList(b))],
      [encodeSlotChain(chain), async (b: Uint8Array) => verifySlotChain(verifier, decodeSlotChain(b))],
      [encodeSlotLogin(login), async (b: Uint8Array) => verifySlotLogin(verifier, decodeSlotLogin(b))],
      [encodeAccessTicket(ticket), async (b: Uint8Array) => verifyAccessTicket(verifier, decodeAccessTicket(b))],
    ] as const;
    for (const [bytes, verify] of all) {
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        const flipped = bytes.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(await verify(flipped).catch(codeOf), `bit ${bit}`).toBeOneOf([null, "BAD_DOCUMENT"]);
        refused += 1;
      }
    }
    expect(refused).toBe(8 * all.reduce((sum, [bytes]) => sum + bytes.length, 0));
  });

  test("of one kind never decode as another", async () => {
    const { list, chain, ticket, login } = await documents();
    const all = [encodeAccessList(list), encodeSlotChain(chain), encodeAccessTicket(ticket), encodeSlotLogin(login)];
    const decoders = [decodeAccessList, decodeSlotChain, decodeAccessTicket, decodeSlotLogin];
    for (const [kind, decode] of decoders.entries()) {
      for (const [other, bytes] of all.entries()) {
        if (other !== kind) expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: "BAD_DOCUMENT" }));
      }
    }
  });

  test("never throw untyped, whatever the bytes, and have one encoding", () => {
    const decoders = [
      [0x11, (bytes: Uint8Array) => encodeAccessList(decodeAccessList(bytes))],
      [0x12, (bytes: Uint8Array) => encodeSlotChain(decodeSlotChain(bytes))],
      [0x13, (bytes: Uint8Array) => encodeAccessTicket(decodeAccessTicket(bytes))],
      [0x14, (bytes: Uint8Array) => encodeSlotLogin(decodeSlotLogin(bytes))],
    ] as const;
    fc.assert(
      fc.property(fc.constantFrom(...decoders), fc.uint8Array({ maxLength: 300 }), ([kind, again], body) => {
        const bytes = concatBytes(Uint8Array.of(kind, 1), body);
        try {
          expect(again(bytes)).toEqual(bytes);
        } catch (error) {
          if (!(error instanceof SyncError)) throw error;
          expect(error.code).toBe("BAD_DOCUMENT");
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test("keep their bounds: 64 successions of distinct keys, ascending keys, known rights", async () => {
    const { list, chain } = await documents();
    const signature = chain.successions[0]?.signature ?? parseSignature(new Uint8Array(64));
    const many = Array.from({ length: MAX_SUCCESSIONS + 1 }, (_, index) => ({
      key: bytesOf(`key ${index}`),
      signature,
    }));
    const encode = (successions: readonly SlotSuccession[]) => () => encodeSlotChain({ ...chain, successions });
    expect(encode(many.slice(0, -1))().length).toBe(2 + 32 + 32 + 1 + 96 * MAX_SUCCESSIONS);
    const [first, second] = many;
    if (first === undefined || second === undefined) throw new TypeError("no keys");
    const outOfBounds = [
      [],
      many,
      [first, second, first],
      [{ key: chain.slot, signature }],
      [{ ...first, key: bytesOf("short", 31) }],
    ];
    for (const successions of outOfBounds) {
      expect(encode(successions)).toThrow(expect.objectContaining({ code: "BAD_DOCUMENT" }));
    }
    const wrong: Partial<AccessList>[] = [
      { signers: [...list.signers].reverse() },
      { slots: [...list.slots, ...list.slots] },
      { signers: [bytesOf("short", 31)] },
      {
        signers: Array.from({ length: 257 }, (_, index) =>
          Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? index >> 8 : at === 1 ? index & 255 : 0)),
        ),
      },
    ];
    for (const change of wrong) {
      expect(() => accessListPayload({ ...list, ...change })).toThrow(
        expect.objectContaining({ code: "BAD_DOCUMENT" }),
      );
    }
  });
});

test("B1 random bytes, and a document cut short, lengthened or with a byte changed, are refused with a typed error, or are exactly what encode writes", async () => {
  const { list, chain, login, ticket } = await documents();
  const codecs: readonly [Uint8Array, (bytes: Uint8Array) => Uint8Array][] = [
    [encodeAccessList(list), (bytes) => encodeAccessList(decodeAccessList(bytes))],
    [encodeSlotChain(chain), (bytes) => encodeSlotChain(decodeSlotChain(bytes))],
    [encodeSlotLogin(login), (bytes) => encodeSlotLogin(decodeSlotLogin(bytes))],
    [encodeAccessTicket(ticket), (bytes) => encodeAccessTicket(decodeAccessTicket(bytes))],
  ];
  const check = (bytes: Uint8Array, again: (bytes: Uint8Array) => Uint8Array): void => {
    let written: Uint8Array;
    try {
      written = again(bytes);
    } catch (error) {
      expect(codeOf(error)).toMatch(/^[A-Z_]+$/);
      return;
    }
    expect(written).toEqual(bytes);
  };
  for (const [genuine, again] of codecs)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(), fc.nat(255), (random, at, value) => {
        check(random, again);
        check(Uint8Array.of(...genuine.subarray(0, 2), ...random), again);
        check(genuine.slice(0, at % genuine.length), again);
        check(concatBytes(genuine, Uint8Array.of(value)), again);
        const changed = genuine.slice();
        changed[at % changed.length] = value;
        check(changed, again);
      }),
      { numRuns: 300 },
    );
});

function codeOf(error: unknown): string {
  if (!(error instanceof SyncError)) throw error;
  return error.code;
}
