import { concatBytes, fromHex, parseLoginKey } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AccessList,
  accessListPayload,
  decodeAccessList,
  decodeAccessTicket,
  decodeSlotKeys,
  encodeAccessList,
  encodeAccessTicket,
  encodeSlotKeys,
  SyncError,
  slotKeysPayload,
  verifyAccessList,
  verifyAccessTicket,
  verifySlotKeys,
} from "../../src/index.ts";
import { PULL, PULL_PUSH, signList, signSlot, signTicket } from "../support/access.ts";
import { bytesOf, TestKey, tenant, verifier } from "../support/writer.ts";

async function documents() {
  const [root, admin, alice, laptop, phone] = await Promise.all(
    ["root", "admin", "alice", "laptop", "phone"].map((name) => TestKey.of(name)),
  );
  if (!root || !admin || !alice || !laptop || !phone) throw new TypeError("no keys");
  const slots = [
    { slot: alice, rights: PULL_PUSH },
    { slot: admin, rights: PULL },
  ];
  return {
    list: await signList({ tenant, epoch: 1, height: 2, signer: root, signers: [admin, root], slots }),
    keys: await signSlot(tenant, alice, 3, [laptop, phone]),
    ticket: await signTicket({ tenant, listEpoch: 1, listHeight: 3, slot: alice, rights: PULL, signer: root }),
  };
}

describe("access documents", () => {
  test("decode to what was encoded", async () => {
    const { list, keys, ticket } = await documents();
    expect(decodeAccessList(encodeAccessList(list))).toEqual(list);
    expect(decodeSlotKeys(encodeSlotKeys(keys))).toEqual(keys);
    expect(decodeAccessTicket(encodeAccessTicket(ticket))).toEqual(ticket);
  });

  test("B1 verify, and no longer with any single bit flipped", async () => {
    const { list, keys, ticket } = await documents();
    expect(await verifyAccessList(verifier, list)).toEqual(list);
    expect(await verifySlotKeys(verifier, keys)).toEqual(keys);
    expect(await verifyAccessTicket(verifier, ticket)).toEqual(ticket);
    let refused = 0;
    for (const [bytes, verify] of [
      [encodeAccessList(list), async (b: Uint8Array) => verifyAccessList(verifier, decodeAccessList(b))],
      [encodeSlotKeys(keys), async (b: Uint8Array) => verifySlotKeys(verifier, decodeSlotKeys(b))],
      [encodeAccessTicket(ticket), async (b: Uint8Array) => verifyAccessTicket(verifier, decodeAccessTicket(b))],
    ] as const) {
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        const flipped = bytes.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(await verify(flipped).catch(codeOf), `bit ${bit}`).toBeOneOf([null, "BAD_DOCUMENT"]);
        refused += 1;
      }
    }
    expect(refused).toBe(
      8 * (encodeAccessList(list).length + encodeSlotKeys(keys).length + encodeAccessTicket(ticket).length),
    );
  });

  test("of one kind never decode as another", async () => {
    const { list, keys, ticket } = await documents();
    const all = [encodeAccessList(list), encodeSlotKeys(keys), encodeAccessTicket(ticket)];
    for (const [kind, decode] of [decodeAccessList, decodeSlotKeys, decodeAccessTicket].entries()) {
      for (const [other, bytes] of all.entries()) {
        if (other !== kind) expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: "BAD_DOCUMENT" }));
      }
    }
  });

  test("never throw untyped, whatever the bytes, and have one encoding", () => {
    const decoders = [
      [0x11, (bytes: Uint8Array) => encodeAccessList(decodeAccessList(bytes))],
      [0x12, (bytes: Uint8Array) => encodeSlotKeys(decodeSlotKeys(bytes))],
      [0x13, (bytes: Uint8Array) => encodeAccessTicket(decodeAccessTicket(bytes))],
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

  test("keep their bounds: 16 login keys, ascending keys, known rights", async () => {
    const { list, keys } = await documents();
    const many = Array.from({ length: 17 }, (_, index) => parseLoginKey(fromHex(`${index + 10}`.repeat(32))));
    expect(() => slotKeysPayload({ ...keys, loginKeys: many })).toThrow(
      expect.objectContaining({ code: "BAD_DOCUMENT" }),
    );
    expect(slotKeysPayload({ ...keys, loginKeys: many.slice(0, 16) }).length).toBeGreaterThan(512);
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

function codeOf(error: unknown): string {
  if (!(error instanceof SyncError)) throw error;
  return error.code;
}
