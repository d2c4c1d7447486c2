// Edits made while this device leaves its chain for another: they wait, or the chain waits for them; none is lost, or counts twice.
import { compareBytes, type StatementId, toHex, type VerifiedRun } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { copyToKey } from "../../src/database/copy-to-key.ts";
import { isMember } from "../../src/directory/admission.ts";
import type { Role } from "../../src/directory/statement.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import { testDatabase } from "../fixture.ts";
import * as builtOn from "./built-on.ts";
import { type Device, Lab } from "./lab.ts";

interface Listed {
  readonly list: number[];
}

/** Everything that is stored of what a device sealed. */
async function stored(device: Device): Promise<readonly VerifiedRun[]> {
  const runs: VerifiedRun[] = [];
  for await (const run of device.assembled.replica.scan()) runs.push(run);
  return runs;
}

/** Ends Alice's chains where they stand, or before their first entry, and lets her go on. */
async function endChains(lab: Lab, alice: Device, { role = "editor", keepsAll = true, besides = [] }: Ending = {}) {
  const device = memberOf(lab);
  const tips = new Map((keepsAll ? await stored(alice) : []).map((run) => [toHex(run.writer), run]));
  const cuts = [...tips.values()].flatMap(({ writer, entries }) => {
    const tip = entries.at(-1);
    if (tip?.signature == null) return [];
    return [{ writer, seq: tip.header.seq, id: tip.id, signature: tip.signature }];
  });
  return lab.world.say(lab.world.root, {
    ...{
      type: "change",
      targets: [device.id, ...besides].sort(compareBytes),
      identityKeys: [],
      wipe: null,
      name: device.name,
    },
    ...{ cuts: [{ database: testDatabase, cuts }], role, devices: [device.id] },
    keys: lab.keys.map(({ keyId }) => keyId),
  });
}

interface Ending {
  readonly role?: Role;
  readonly keepsAll?: boolean;
  /** What else let her in, and does so no more. */
  readonly besides?: readonly StatementId[];
}

/** What lets Alice's device in, now. */
function memberOf({ world }: Lab) {
  const member = world
    .view()
    .devices()
    .filter(isMember)
    .find(({ name }) => name === "CN=alice/O=acme");
  return member ?? expect.fail("Alice is in");
}

async function begin(seed: string, keys?: readonly string[]) {
  const lab = await Lab.begin(seed, keys);
  const alice = await lab.device("alice");
  const doc = await alice.database.createDocument({ list: [0] });
  await alice.assembled.flush();
  return { lab, alice, id: doc.id };
}

const push = (n: number) => (draft: { getData(): object }) => void (draft.getData() as Listed).list.push(n);

const listOf = async (device: Device, id: DocId): Promise<readonly number[]> => {
  const doc = await device.database.findDocument(id);
  return [...((doc?.getData() as Listed | undefined)?.list ?? [])].sort((a, b) => a - b);
};

/** What these documents hold: here, where the database is opened again, and at somebody who gets all that was sealed. */
async function everywhere(lab: Lab, alice: Device, ids: Iterable<DocId>) {
  await alice.assembled.flush();
  const bob = await lab.device("bob");
  await bob.receive(...(await stored(alice)));
  const again = await alice.reopened();
  const lists = [];
  for (const id of ids)
    lists.push({ here: await listOf(alice, id), again: await listOf(again, id), there: await listOf(bob, id) });
  return lists;
}

const alike = (...lists: readonly (readonly number[])[]) =>
  lists.map((list) => ({ here: list, again: list, there: list }));

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await null;
};

describe("an edit", () => {
  test("under way while its chain ends is made to its end, and counts once", async () => {
    const { lab, alice, id } = await begin("under way");
    const doc = await alice.database.getDocument(id);
    await alice.database.changeDoc(doc, push(1));
    let goOn = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const editing = alice.database.changeDoc(doc, (draft) => {
      push(2)(draft);
      return waiting;
    });
    await endChains(lab, alice);
    await alice.assembled.reconsider();
    await alice.assembled.flush(); // who is in an edit may flush, and is not kept waiting for its end
    const other = await alice.database.createDocument({ list: [7] });
    goOn();
    await editing;
    await alice.database.changeDoc(doc, push(3));
    expect(await everywhere(lab, alice, [id, other.id])).toEqual(alike([0, 1, 2, 3], [7]));
  });

  test("begun while this device is about to leave its chain, and another is under way, finds what it made in earlier chains", async () => {
    const { lab, alice, id } = await begin("behind another");
    const { database } = alice;
    const [doc, other] = [await database.getDocument(id), await database.createDocument({ list: [0] })];
    await alice.assembled.flush();
    const first = memberOf(lab);
    await endChains(lab, alice);
    await alice.assembled.reconsider();
    await alice.assembled.flush();
    for (const one of [doc, other]) await database.changeDoc(one, push(1));
    await alice.assembled.flush();
    let goOn = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const editing = database.changeDoc(doc, (draft) => {
      push(2)(draft);
      return waiting;
    });
    await endChains(lab, alice, { keepsAll: false, besides: [first.id] });
    await alice.assembled.reconsider();
    expect(await listOf(alice, other.id)).toEqual([0, 1]);
    await database.changeDoc(other, push(2));
    goOn();
    await editing;
    await database.changeDoc(other, push(3));
    expect(await everywhere(lab, alice, [id, other.id])).toEqual(alike([0, 1, 2], [0, 1, 2, 3]));
  });

  test.each(["sent", "not sent"])(
    "begun while work on top of what somebody else's cut ended waits for another edit finds that work (%s)",
    async (how) => {
      const { id, alice, others, ofBob, ofMallory, cut } = await builtOn.begin(
        `on top, behind another ${how}`,
        "carol",
      );
      const [carol] = others;
      if (carol === undefined) return expect.fail("Carol");
      const other = await alice.database.createDocument({ list: [0] });
      if (how === "sent") await builtOn.settle(alice);
      let goOn = (): void => undefined;
      const waiting = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      const editing = alice.database.changeDoc(other, (draft) => {
        push(1)(draft);
        return waiting;
      });
      await alice.hear(cut);
      expect(await builtOn.textOn(alice, id)).toBe("note bad good");
      await builtOn.insert(alice, id, 13, " better");
      goOn();
      await editing;
      await builtOn.settle(alice);
      expect(await builtOn.textOn(alice, id)).toBe("note good better");
      await builtOn.insert(alice, id, 16, "!");
      await carol.hear(cut);
      await carol.receive(...ofBob, ...(await builtOn.writtenBy(alice, [...ofBob, ...ofMallory])));
      for (const one of [alice, carol, await alice.reopened()])
        expect(await builtOn.textOn(one, id)).toBe("note good better!");
      expect(alice.reports).toEqual([]);
    },
  );

  test("after the other, in several documents without a pause, keeps no device from its next chain", async () => {
    const { lab, alice, id } = await begin("without a pause");
    const { database } = alice;
    const docs = [await database.getDocument(id)];
    for (let n = 1; n < 6; n += 1) docs.push(await database.createDocument({ list: [0] }));
    await alice.assembled.flush();
    const writers = async () => new Set((await stored(alice)).map(({ writer }) => toHex(writer))).size;
    let [isOver, isNext] = [false, false];
    const made = docs.map(() => 0);
    const working = docs.map(async (doc, at) => {
      for (let n = 1; !isOver && n < 2_000; n += 1) {
        await database.changeDoc(doc, push(n));
        made[at] = n;
      }
    });
    await endChains(lab, alice);
    await alice.assembled.reconsider();
    const before = made.reduce((sum, n) => sum + n, 0);
    const flushes: Promise<void>[] = [];
    while (!isNext && Math.max(...made) < 1_000) {
      flushes.push(alice.assembled.flush());
      await turns(100);
      isNext = (await writers()) === 2;
    }
    expect(made.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(before); // they went on meanwhile
    isOver = true;
    await Promise.all([...working, ...flushes]);
    expect(isNext).toBe(true);
    const all = made.map((n) => Array.from({ length: n + 1 }, (_, at) => at));
    expect(
      await everywhere(
        lab,
        alice,
        docs.map(({ id }) => id),
      ),
    ).toEqual(alike(...all));
  });

  test("under way while its maker becomes a reader is let go with the others, and said", async () => {
    const { lab, alice, id } = await begin("reader");
    const doc = await alice.database.getDocument(id);
    const editing = alice.database.changeDoc(doc, async (draft) => {
      push(1)(draft);
      await endChains(lab, alice, { role: "reader" });
      await alice.assembled.reconsider();
    });
    const following = alice.database.changeDoc(doc, push(2));
    await editing;
    await expect(following).rejects.toMatchObject({ code: "WRITE_NOT_ALLOWED" });
    await alice.assembled.flush();
    alice.tick();
    expect(alice.unsent).toEqual([`${id} 1`]);
    expect(doc.getData()).toEqual({ list: [0] });
    expect(await listOf(await alice.reopened(), id)).toEqual([0]);
  });
});

describe("a copy under another key", () => {
  test("that lies beyond the end of its maker's chain is gone, is said, and can be made again; the edits in it stay here", async () => {
    const { lab, alice, id } = await begin("copy", ["default", "board"]);
    const bob = await lab.device("bob", lab.keys);
    await bob.receive(...(await alice.runs()));
    await endChains(lab, alice);
    const copy = await copyToKey(alice.database, id, { key: "board" });
    await alice.database.changeDoc(await alice.database.getDocument(copy.id), push(9));
    await alice.assembled.reconsider();
    await alice.assembled.flush();
    alice.tick();
    expect(alice.copiesLost).toEqual([copy.id]);
    expect(await alice.database.findDocument(copy.id)).toBeUndefined();
    const again = await copyToKey(alice.database, id, { key: "board" });
    const other = await alice.database.createDocument({ list: [7] });
    expect(await everywhere(lab, alice, [id, again.id, other.id])).toEqual(alike([0], [0], [7]));
    await alice.close();
    await alice.open();
    alice.tick();
    expect(alice.copiesLost).toEqual([copy.id]);
    expect(await everywhere(lab, alice, [id, again.id, other.id])).toEqual(alike([0], [0], [7]));
  });

  test("that its maker learns of when it opens the database again is said then, also to who became a reader", async () => {
    const { lab, alice, id } = await begin("copy, reader", ["default", "board"]);
    const copy = await copyToKey(alice.database, id, { key: "board" });
    await alice.close();
    await endChains(lab, alice, { role: "reader", keepsAll: false });
    await alice.open();
    alice.tick();
    expect(alice.copiesLost).toEqual([copy.id]);
    expect(await alice.database.getAllDocumentIds()).toEqual([]);
  });
});

type Step = readonly [what: "push" | "slow" | "create" | "many" | "flush" | "end" | "lose", wait: number];

/** What went wrong once, where a chain was sealed into after its end had been looked at. */
const once: Step[][] = [
  [
    ...([
      ["flush", 10],
      ["lose", 30],
      ["end", 10],
      ["create", 32],
      ["end", 28],
      ["push", 25],
    ] satisfies Step[]),
    ...([
      ["flush", 6],
      ["end", 37],
      ["end", 3],
    ] satisfies Step[]),
  ],
  [
    ...([
      ["push", 0],
      ["lose", 14],
      ["end", 1],
      ["end", 32],
      ["many", 15],
      ["create", 28],
      ["flush", 6],
    ] satisfies Step[]),
    ...([
      ["create", 16],
      ["lose", 5],
      ["end", 12],
      ["create", 21],
      ["lose", 18],
      ["push", 3],
      ["end", 14],
    ] satisfies Step[]),
  ],
];

describe("whatever is written while chains end", () => {
  const step: fc.Arbitrary<Step> = fc.tuple(
    fc.constantFrom<Step[0]>("push", "push", "slow", "create", "many", "flush", "end", "end", "lose"),
    fc.nat(40),
  );

  test("everything that was acknowledged counts once: here, when it is opened again, and elsewhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        const { lab, alice, id } = await begin(JSON.stringify(steps));
        const doc = await alice.database.getDocument(id);
        const made = new Map<DocId, number[]>([[id, [0]]]);
        const running: Promise<unknown>[] = [];
        doc.on("change", () => {
          const { list } = doc.getData() as Listed;
          expect(new Set(list).size).toBe(list.length);
          expect(list).toContain(0);
        });
        const count = (list: readonly number[]) => (into: DocId) =>
          made.set(into, [...(made.get(into) ?? []), ...list]);
        for (const [at, [what, wait]] of steps.entries()) {
          const n = at + 1;
          if (what === "push") running.push(alice.database.changeDoc(doc, push(n)).then(() => count([n])(id)));
          else if (what === "slow") {
            const slowly = async (draft: { getData(): object }): Promise<void> => {
              push(n)(draft);
              await turns(wait * 3);
            };
            running.push(alice.database.changeDoc(doc, slowly).then(() => count([n])(id)));
          } else if (what === "create")
            running.push(alice.database.createDocument({ list: [n] }).then((one) => count([n])(one.id)));
          else if (what === "many") {
            const rows = [{ list: [n] }, { list: [n] }];
            running.push(alice.database.createDocuments(rows).then((ids) => ids.map(count([n]))));
          } else if (what === "flush") running.push(alice.assembled.flush());
          else {
            await endChains(lab, alice, { keepsAll: what === "end" });
            running.push(alice.assembled.reconsider());
          }
          await turns(wait);
        }
        await Promise.all(running);
        const lists = [...made.values()].map((list) => list.toSorted((a, b) => a - b));
        expect(await everywhere(lab, alice, made.keys())).toEqual(alike(...lists));
        expect(alice.setAside).toEqual([]);
      }),
      { numRuns: 25, examples: once.map((steps) => [steps]) },
    );
  });
});
