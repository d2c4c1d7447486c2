// Succession of a slot's key: by it a user shuts out one of its own devices, which knows all that came before.
import { parseLoginKey, parseWriterKey } from "@selkie/entry";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type AccessState,
  applyAccessList,
  emptyAccessState,
  encodeSlotChain,
  encodeSlotLogin,
  MAX_SLOT_LOGINS,
  NO_RIGHTS,
  presentDocuments,
  rightsOf,
  verifyAccessList,
} from "../../src/index.ts";
import { DIRECTORY, PULL_PUSH, signChain, signList, signLogin } from "../support/access.ts";
import { TestKey, tenant, verifier } from "../support/writer.ts";

const names = ["root", "alice", "second", "third", "thief", "laptop", "phone", "lost", "planted"] as const;
let keys: Record<(typeof names)[number], TestKey>;
let founded: AccessState;
beforeAll(async () => {
  const made = await Promise.all(names.map(async (name) => [name, await TestKey.of(name)]));
  keys = Object.fromEntries(made) as typeof keys;
  const slots = [{ slot: keys.alice, rights: PULL_PUSH }];
  const first = await verifyAccessList(verifier, await signList({ tenant, height: 0, signer: keys.root, slots }));
  if (first === null) throw new TypeError("the list does not verify");
  const root = parseWriterKey(keys.root.publicKey);
  const change = applyAccessList(emptyAccessState({ tenant, root, database: DIRECTORY }), first);
  if (change.type !== "applied") throw new TypeError("the list does not count");
  founded = change.state;
});

const chain = async (...next: readonly TestKey[]) => encodeSlotChain(await signChain(tenant, keys.alice, next));
const login = async (device: TestKey, signer: TestKey = keys.alice) =>
  encodeSlotLogin(await signLogin(tenant, keys.alice, device, signer));

/** Presents documents one after the other, from what Alice's slot was. */
async function present(...documents: readonly Uint8Array[]) {
  let state = founded;
  const outcomes: string[] = [];
  for (const document of documents) {
    const presented = await presentDocuments(verifier, tenant, state, [document]);
    outcomes.push(presented.refused[0]?.code ?? (presented.applied.length > 0 ? "applied" : "known"));
    state = presented.state ?? state;
  }
  return { outcomes, rights: (device: TestKey) => rightsOf(state, parseLoginKey(device.publicKey)), state };
}

describe("the key of a slot", () => {
  test("is followed by another, and what the old one let in has no right any more", async () => {
    const { rights, outcomes } = await present(
      await login(keys.lost),
      await login(keys.laptop),
      await chain(keys.second),
      await login(keys.laptop, keys.second),
    );
    expect(outcomes).toEqual(["applied", "applied", "applied", "applied"]);
    expect(rights(keys.laptop)).toEqual(PULL_PUSH);
    expect(rights(keys.lost)).toEqual(NO_RIGHTS);
  });

  test("that was followed lets nobody in: a lost device does not sign itself in again", async () => {
    const { rights } = await present(
      await chain(keys.second),
      await login(keys.planted),
      await login(keys.lost),
      await login(keys.laptop, keys.second),
    );
    expect([keys.planted, keys.lost, keys.laptop].map(rights)).toEqual([NO_RIGHTS, NO_RIGHTS, PULL_PUSH]);
  });

  test("has one follower: the first succession seen wins", async () => {
    const { outcomes, rights } = await present(
      await chain(keys.second),
      await chain(keys.thief),
      await chain(keys.thief, keys.third),
      await login(keys.lost, keys.thief),
      await chain(keys.second, keys.third),
      await chain(keys.second, keys.thief),
      await chain(keys.second),
    );
    expect(outcomes).toEqual([
      "applied",
      "SLOT_SUCCEEDED",
      "SLOT_SUCCEEDED",
      "SLOT_KEY_UNKNOWN",
      "applied",
      "SLOT_SUCCEEDED",
      "known",
    ]);
    expect(rights(keys.lost)).toBeNull();
  });

  test("is named by the one before and by nobody else", async () => {
    const honest = await signChain(tenant, keys.alice, [keys.second]);
    const skipped = await signChain(tenant, keys.alice, [keys.second, keys.third]);
    const elsewhere = await signChain(tenant, keys.thief, [keys.second]);
    const { outcomes } = await present(
      encodeSlotChain({ ...skipped, successions: skipped.successions.slice(1) }),
      encodeSlotChain({ ...elsewhere, slot: keys.alice.publicKey }),
      encodeSlotChain(elsewhere),
      encodeSlotChain(honest),
    );
    expect(outcomes).toEqual(["SIGNATURE_INVALID", "SIGNATURE_INVALID", "SLOT_UNKNOWN", "applied"]);
  });

  test("may skip states that a relay never saw: the whole chain comes along", async () => {
    const { rights } = await present(await chain(keys.second, keys.third), await login(keys.laptop, keys.third));
    expect(rights(keys.laptop)).toEqual(PULL_PUSH);
  });
});

describe("login keys", () => {
  test("are 16 a slot; those that an earlier key let in make room", async () => {
    const devices = await Promise.all(
      Array.from({ length: MAX_SLOT_LOGINS + 1 }, (_, at) => TestKey.of(`device ${at}`)),
    );
    const [extra, ...full] = devices;
    if (extra === undefined) throw new TypeError("no keys");
    const before = await Promise.all(full.map((device) => login(device)));
    const { outcomes, rights, state } = await present(
      ...before,
      await login(extra),
      await chain(keys.second),
      await login(extra, keys.second),
      ...before,
    );
    expect(outcomes.filter((outcome) => outcome === "SLOT_FULL")).toHaveLength(2);
    expect(outcomes[MAX_SLOT_LOGINS]).toBe("SLOT_FULL");
    expect(rights(extra)).toEqual(PULL_PUSH);
    expect([...state.slots.values()][0]?.logins).toHaveLength(MAX_SLOT_LOGINS);
  });

  test("count the same whatever the order in which documents come, and however often", async () => {
    const documents = [
      await login(keys.lost),
      await login(keys.laptop),
      await login(keys.phone, keys.second),
      await login(keys.laptop, keys.third),
      await chain(keys.second),
      await chain(keys.second, keys.third),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(documents, { minLength: documents.length }),
        fc.array(fc.constantFrom(...documents), { maxLength: 8 }),
        async (order, more) => {
          // What came too early is brought again, as every login brings all documents.
          const { rights } = await present(...order, ...more, ...order, ...order);
          const all = [keys.laptop, keys.phone, keys.lost].map(rights);
          expect(all).toEqual([PULL_PUSH, NO_RIGHTS, NO_RIGHTS]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
