// People who write, meet, are cut off and readmitted, and restart, in any order: in the end what live people wrote stands there, once.
import * as Automerge from "@automerge/automerge";
import { toHex, type VerifiedRun } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { TextDraft } from "../../src/automerge/draft-text.ts";
import { partsOf } from "../../src/database/over-database.ts";
import type { PlacedStatement } from "../../src/directory/admission.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import { testDatabase } from "../fixture.ts";
import { type Cut, changed, revoked, settle, textOn, tipOf } from "./built-on.ts";
import { type Device, Lab } from "./lab.ts";

const RUNS = process.env["SELKIE_TEST_FULL"] === undefined ? 6 : 500;
/** They stay; and they are cut off sooner or later, or not at all, and read nothing of the others. */
const LIVE = ["alice", "bob", "carol"] as const;
const DOUBTFUL = ["mallory", "nick"] as const;

const person = fc.nat(LIVE.length + DOUBTFUL.length - 1);
const dice = fc.nat(0xffff);
const happening = <Type extends string>(type: Type, weight: number) => ({
  weight,
  arbitrary: fc.record({ type: fc.constant(type), person, dice }),
});
const work = fc.oneof(happening("write", 10), happening("erase", 1), happening("meet", 10), happening("seal", 2));
const trouble = fc.oneof(
  { weight: 16, arbitrary: work },
  ...[happening("restart", 2), happening("hear", 6), happening("cut", 5), happening("change", 1)],
);
type Step = typeof trouble extends fc.Arbitrary<infer T> ? T : never;

/** What happens in one tenant. */
class Story {
  readonly devices: readonly Device[];
  readonly live: readonly Device[];
  readonly ids: readonly DocId[];
  /** Words of live people, by document. */
  readonly words: { readonly id: DocId; readonly word: string }[] = [];
  /**
   * The changes that wrote words of others which somebody deleted who stays, by hash. Who was cut off, and makes a word anew without knowing
   * that it was deleted, writes another, which nobody deleted (decision 86).
   */
  readonly erased = new Set<string>();
  readonly #lab: Lab;
  readonly #statements: PlacedStatement[] = [];
  /** Of who was cut off, by index: the statement. */
  readonly #cuts = new Map<number, PlacedStatement>();
  /** By writer: whose chain it is. */
  readonly #owners = new Map<string, number>();
  /** Where chains ended when they were sealed. */
  readonly #sealed: { readonly person: number; readonly tip: Cut }[] = [];
  #count = 0;
  #isReadmitted = false;

  private constructor(lab: Lab, devices: readonly Device[], ids: readonly DocId[]) {
    this.#lab = lab;
    this.devices = devices;
    this.live = devices.slice(0, LIVE.length);
    this.ids = ids;
  }

  static async begin(seed: string): Promise<Story> {
    const lab = await Lab.begin(seed);
    const devices: Device[] = [];
    for (const name of [...LIVE, ...DOUBTFUL]) devices.push(await lab.device(name));
    const setup = [...lab.world.placed];
    for (const device of devices) await device.hear(...setup);
    const [alice] = devices;
    const ids: DocId[] = [];
    for (const text of ["one", "two"]) ids.push((await alice?.database.createDocument({ text }))?.id ?? expect.fail());
    const story = new Story(lab, devices, ids);
    const runs = await story.#runs(0);
    for (const device of devices.slice(1)) await device.receive(...runs);
    return story;
  }

  async happen({ type, person, dice }: Step): Promise<void> {
    const device = this.devices[person];
    if (device === undefined || this.#cuts.has(person)) return;
    if (type === "write") await this.#write(device, dice);
    if (type === "erase") await this.#erase(device, dice);
    if (type === "meet") await this.#meet(device, dice);
    if (type === "seal") await this.#seal(person);
    if (type === "restart") await this.restart(device, dice);
    if (type === "hear") await this.#hear(device, dice);
    if (type === "cut" && person >= LIVE.length) await this.#cut(person, dice);
    if (type === "change" && person < LIVE.length) await this.#change(person, dice);
  }

  async restart(device: Device, dice: number): Promise<void> {
    if (dice % 2 === 0) await device.close();
    else device.crash();
    await device.open();
  }

  /** Everybody who stays has all of it, and has said what follows. */
  async heal(): Promise<void> {
    // Once: here nothing stops who was cut off from writing on, so the end would never come.
    const theirs: VerifiedRun[] = [];
    for (const person of this.devices.keys()) if (person >= LIVE.length) theirs.push(...(await this.#runs(person)));
    for (let round = 0; round < 4; round++)
      for (const [person, device] of this.live.entries()) {
        await this.#runs(person);
        const left = this.#unknownTo(device);
        if (left.length > 0) await device.hear(...left);
        for (const other of this.live.keys()) if (other !== person) await device.receive(...(await this.#runs(other)));
        await device.receive(...theirs);
        await settle(device);
      }
  }

  /**
   * Nobody takes back what others went on from: where somebody who was cut off did, and counts again, that stands beside what its author
   * made anew. Those who stay make anew what they went on with.
   */
  mayRepeat(word: string): boolean {
    return this.#isReadmitted && !this.words.some((live) => live.word === word);
  }

  /** All that was cut off counts again; it is heard in some order, with restarts between. */
  async readmit(order: readonly number[]): Promise<void> {
    const { world } = this.#lab;
    this.#isReadmitted = true;
    for (const [person, { id }] of this.#cuts) {
      const cuts = await this.#tips(person);
      if (cuts.length === 0) continue;
      const database = { database: testDatabase, cuts };
      this.#statements.push(world.say(world.root, { type: "readmit", lifts: [id], cuts: [database] }));
    }
    for (const dice of order) {
      const device = this.live[dice % this.live.length] ?? expect.fail();
      await this.#hear(device, dice);
      if (dice % 5 === 0) await this.restart(device, dice);
    }
    // Who heard of the cut alone would make anew what others build on by now: then it stands there twice, since nobody takes that back.
    for (const device of this.devices) await device.hear(...this.#unknownTo(device));
  }

  #unknownTo({ known }: Device): readonly PlacedStatement[] {
    return this.#statements.filter((one) => known?.includes(one) !== true);
  }

  /** What somebody holds; whatever nobody else had is theirs. */
  async #runs(person: number): Promise<readonly VerifiedRun[]> {
    const runs = (await this.devices[person]?.runs()) ?? [];
    for (const { writer } of runs) if (!this.#owners.has(toHex(writer))) this.#owners.set(toHex(writer), person);
    return runs;
  }

  /** Where the chains of somebody end, as another has them. */
  async #tips(person: number, witness: number = person): Promise<Cut[]> {
    await this.#runs(person);
    const own = (await this.#runs(witness)).filter(({ writer }) => this.#owners.get(toHex(writer)) === person);
    const chains = [...Map.groupBy(own, ({ writer }) => toHex(writer))].sort(([a], [b]) => (a < b ? -1 : 1));
    return chains.map(([, runs]) => tipOf(runs));
  }

  async #write(device: Device, dice: number): Promise<void> {
    const word = `[${this.#count++}]`;
    const id = await this.#edit(device, dice, (text) => {
      const ends = [...String(text).matchAll(/\]|$/g)].map(({ index, 0: end }) => index + end.length);
      text.splice(ends[dice % ends.length] ?? 0, 0, word);
    });
    if (this.live.includes(device)) this.words.push({ id, word });
  }

  /** A word of somebody's who may be cut off. */
  async #erase(device: Device, dice: number): Promise<void> {
    const deleted: string[] = [];
    const id = await this.#edit(device, dice, (text) => {
      const words = [...String(text).matchAll(/\[\d+\]/g)];
      const erasable = words.filter(([word]) => !this.words.some((live) => live.word === word));
      const found = erasable[dice % Math.max(1, erasable.length)];
      if (found === undefined) return;
      text.splice(found.index, found[0].length);
      // Of one that was readmitted beside what was made anew of it, the other stays.
      const isAlone = words.filter(([word]) => word === found[0]).length === 1;
      if (this.live.includes(device) && isAlone) deleted.push(found[0]);
    });
    for (const word of deleted) for (const hash of writingsOf(device, id, word)) this.erased.add(hash);
  }

  /** Where something is follows from the text that is edited: it may have moved since somebody looked. */
  async #edit(device: Device, dice: number, edit: (text: TextDraft) => void): Promise<DocId> {
    const id = this.ids[dice % 3 === 0 ? 1 : 0] ?? expect.fail();
    await device.database.changeDoc(await device.database.getDocument(id), (draft) => edit(draft.text(["text"])));
    return id;
  }

  /** Whoever may be cut off reads nothing of those who stay: so nobody who is gone builds on what these make anew. */
  async #meet(device: Device, dice: number): Promise<void> {
    const from = this.live.includes(device) ? 0 : LIVE.length;
    const other = from + (dice % (this.devices.length - from));
    await this.#runs(this.devices.indexOf(device));
    if (this.devices[other] !== device) await device.receive(...(await this.#runs(other)));
  }

  async #hear(device: Device, dice: number): Promise<void> {
    const left = this.#unknownTo(device);
    const next = left[dice % Math.max(1, left.length)];
    if (next === undefined) return;
    if (dice % 3 > 0) await device.hear(next);
    else {
      await device.close();
      device.known = [...(device.known ?? []), next];
      await device.open();
    }
  }

  /** Nothing counts of what they wrote, or what they had sealed some time ago. */
  async #cut(person: number, dice: number): Promise<void> {
    const kept = this.#sealed.filter((one) => one.person === person);
    const tip = kept[dice % Math.max(1, 2 * kept.length)];
    const cut = revoked(this.#lab, DOUBTFUL[person - LIVE.length] ?? expect.fail(), tip === undefined ? [] : [tip.tip]);
    this.#statements.push(cut);
    this.#cuts.set(person, cut);
  }

  /** Somebody who stays gets other rights, by who may not have seen all that they wrote. */
  async #change(person: number, dice: number): Promise<void> {
    const admin = dice % LIVE.length;
    const cuts = await this.#tips(person, admin);
    this.#statements.push(changed(this.#lab, LIVE[person] ?? expect.fail(), "editor", ...cuts));
  }

  async #seal(person: number): Promise<void> {
    await settle(this.devices[person] ?? expect.fail());
    for (const tip of await this.#tips(person)) this.#sealed.push({ person, tip });
  }
}

/** The changes that insert a word and count, by hash. */
function writingsOf(device: Device, id: DocId, word: string): readonly string[] {
  const { changes } = partsOf(device.database).documents.require(id);
  return changes
    .map((change) => Automerge.decodeChange(change))
    .filter(({ ops }) =>
      ops
        .map((op) => ("insert" in op && op.insert === true ? op.value : ""))
        .join("")
        .includes(word),
    )
    .map(({ hash }) => hash ?? "");
}

/** After healing: what is not as it must be. */
async function wrongIn(story: Story): Promise<readonly string[]> {
  const wrong: string[] = [];
  const [first] = story.live;
  const expected = (await first?.show(story.ids)) ?? [];
  for (const [at, device] of story.live.entries())
    for (const [how, one] of [
      ["", device],
      [", opened again", await device.reopened()],
    ] as const) {
      const shown = await one.show(story.ids);
      if (shown.join("\n") !== expected.join("\n"))
        wrong.push(`${LIVE[at]}${how}: ${shown.join("\n")}\nnot ${expected.join("\n")}`);
      const words = await Promise.all(story.ids.map(async (id) => (await textOn(one, id))?.match(/\[\d+\]/g) ?? []));
      for (const [index, some] of words.entries()) {
        for (const word of new Set(some))
          if (some.filter((other) => other === word).length > 1 && !story.mayRepeat(word))
            wrong.push(`${LIVE[at]}${how}: ${word} twice`);
          else if (writingsOf(one, story.ids[index] ?? expect.fail(), word).every((hash) => story.erased.has(hash)))
            wrong.push(`${LIVE[at]}${how}: ${word} is back`);
        for (const { id, word } of story.words)
          if (id === story.ids[index] && !some.some((other) => other === word))
            wrong.push(`${LIVE[at]}${how}: ${word} is lost`);
      }
    }
  return wrong;
}

const many = { minLength: 15, maxLength: 30, size: "max" } as const;
const before = fc.tuple(fc.array(work, many), fc.array(trouble, many)).map((parts) => parts.flat());

async function tell(steps: readonly Step[]): Promise<Story> {
  const story = await Story.begin("stories");
  for (const one of steps) await story.happen(one);
  await story.heal();
  expect(await wrongIn(story)).toEqual([]);
  return story;
}

test("D9 in the end all show the same, what people who stay wrote stands there, and nothing twice: whoever is cut off on the way", {
  timeout: RUNS * 10_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(before, async (before) => void (await tell(before))),
    { numRuns: RUNS, endOnFailure: true },
  );
});

test("D9 the same, when who was cut off is readmitted, and cut off again", {
  timeout: RUNS * 10_000,
}, async () => {
  const after = fc.array(trouble, many);
  const order = fc.array(dice, { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(before, order, after, async (before, order, after) => {
      const story = await tell(before);
      await story.readmit(order);
      await story.heal();
      expect(await wrongIn(story)).toEqual([]);
      for (const one of after) await story.happen(one);
      await story.heal();
      expect(await wrongIn(story)).toEqual([]);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});
