import { type StatementId, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { isMember, type PlacedStatement } from "../../src/directory/admission.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import { Random } from "../automerge/random-history.ts";
import { type Device, Lab } from "../database/lab.ts";
import { testDatabase } from "../fixture.ts";
import { Chronicler, Follower, pass, shownBy, Watcher } from "./follower.ts";

/** Bob and Mallory write; Carol reads, hears that Mallory is out from some entry on, and of some entries that they count after all. */
class Company {
  readonly #lab: Lab;
  readonly #random: Random;
  readonly #ids: DocId[] = [];
  /** The chains that Bob writes. */
  readonly #bobs = new Set<string>();
  #cut: PlacedStatement | null = null;
  readonly bob: Device;
  readonly mallory: Device;
  readonly carol: Device;
  /** How often something was cut off or readmitted. */
  turns = 0;
  /** How often the power went off. */
  crashes = 0;

  readonly #target: StatementId;

  private constructor(lab: Lab, random: Random, [bob, mallory, carol]: readonly [Device, Device, Device]) {
    this.#lab = lab;
    this.#random = random;
    [this.bob, this.mallory, this.carol] = [bob, mallory, carol];
    const members = lab.world.view().devices().filter(isMember);
    this.#target = members.find(({ name }) => name.includes("mallory"))?.id ?? expect.fail("Mallory was let in");
  }

  static async begin(seed: number): Promise<Company> {
    const lab = await Lab.begin(`any cut ${seed}`);
    const people = [await lab.device("bob"), await lab.device("mallory"), await lab.device("carol")] as const;
    for (const device of people) await device.hear(...lab.world.placed);
    const company = new Company(lab, new Random(seed), people);
    for (const device of [company.mallory, company.bob]) await company.#create(device);
    for (const { writer } of await company.bob.runs()) company.#bobs.add(toHex(writer));
    return company;
  }

  async step(): Promise<void> {
    const { bob, mallory, carol } = this;
    const kind = this.#random.below(12);
    if (kind < 5) await this.#write(this.#random.pick([bob, mallory]));
    else if (kind < 7) await pass(this.#random.pick([bob, mallory]), carol);
    else if (kind === 7) await pass(bob, mallory);
    else if (kind === 8) await pass(mallory, bob);
    else if (kind === 9) {
      carol.crash();
      this.crashes += 1;
      await carol.open();
    } else await this.#judge();
  }

  async #write(device: Device): Promise<void> {
    const { database } = device;
    if (this.#random.below(4) === 0) return this.#create(device);
    const doc = await database.findDocument(this.#random.pick(this.#ids));
    if (doc === undefined) return;
    if (doc.isDeleted()) await database.undeleteDocument(doc.id);
    else if (this.#random.below(6) === 0) await database.deleteDocument(doc);
    else await database.changeDoc(doc, (draft) => void Object.assign(draft.getData(), { n: this.#random.below(100) }));
  }

  async #create({ database }: Device): Promise<void> {
    this.#ids.push((await database.createDocument({ n: this.#random.below(100) })).id);
  }

  async #judge(): Promise<void> {
    const { world } = this.#lab;
    const own = (await this.mallory.runs()).filter(({ writer }) => !this.#bobs.has(toHex(writer)));
    const tip = own.flatMap(({ entries }) => entries).at(-1);
    if (tip?.signature == null) throw new RangeError("Mallory has written");
    this.turns += 1;
    const { header, id, signature } = tip;
    const cuts = [{ database: testDatabase, cuts: [{ writer: header.writer, seq: header.seq, id, signature }] }];
    const statement =
      this.#cut === null
        ? world.say(world.root, {
            ...{ type: "revoke", targets: [this.#target], identityKeys: [], wipe: null },
            cuts: this.#random.below(2) === 0 ? [] : cuts,
          })
        : world.say(world.root, { type: "readmit", lifts: [this.#cut.id], cuts });
    this.#cut ??= statement;
    await this.carol.hear(statement);
  }
}

test("D9 who follows the feed has what the database shows, whatever is cut off and readmitted meanwhile", async () => {
  let turns = 0;
  for (let seed = 0; seed < 10; seed++) {
    const company = await Company.begin(seed);
    const random = new Random(seed + 1_000_000);
    const [follower, chronicler, watcher] = [new Follower(), new Chronicler(), new Watcher()];
    const isAlone = seed % 2 === 1; // where an app reads beside a watcher nothing is held
    for (let step = 0; step < 50; step++) {
      const { crashes } = company;
      await company.step();
      if (company.crashes > crashes) watcher.crash();
      if (random.below(2) === 0) await watcher.read(company.carol);
      if (random.below(8) === 0) await watcher.keep(company.carol);
      const kind = random.below(6);
      if (kind === 0 && !isAlone) await follower.read(company.carol, 1);
      if (kind === 1) await chronicler.read(company.carol, 1 + random.below(3));
      if (kind > 2 && step < 49) continue;
      await watcher.read(company.carol);
      expect([seed, step, watcher.state]).toEqual([seed, step, await shownBy(company.carol)]);
      if (isAlone && step < 49) continue;
      await follower.read(company.carol);
      expect([seed, step, follower.state]).toEqual([seed, step, await shownBy(company.carol)]);
      await chronicler.read(company.carol);
      const ids = [...(await shownBy(company.carol)).keys()];
      expect([seed, step, await chronicler.missing(company.carol, ids)]).toEqual([seed, step, []]);
    }
    turns += company.turns;
  }
  expect(turns).toBeGreaterThan(25);
}, 30_000);
