// A database received in any order of runs, keys, holes, damage and restarts.
import { toHex, type VerifiedRun } from "@selkie/entry";
import { expect } from "vitest";
import { type DocId, docIdOf } from "../../src/document/doc-id.ts";
import { CoreError } from "../../src/errors.ts";
import { Random } from "../automerge/random-history.ts";
import { type Device, Lab, withHoles } from "./lab.ts";
import { type Chains, randomChains } from "./random-chains.ts";

/** A device receives chains as bad luck and a bad relay have it, until everything is there. */
export class Story {
  readonly #lab: Lab;
  readonly #random: Random;
  readonly #chains: Chains;
  readonly device: Device;
  readonly #next: number[];
  readonly #keys: Lab["keys"][number][];
  /** What this device's own person wrote. */
  readonly wrote: { readonly id: DocId; readonly what: string }[] = [];
  /** Documents that somebody looks at all the time. */
  readonly #watched = new Set<object>();

  constructor(lab: Lab, device: Device, chains: Chains, random: Random) {
    this.#lab = lab;
    this.device = device;
    this.#chains = chains;
    this.#random = random;
    this.#next = chains.runs.map(() => 0);
    this.#keys = lab.versions.slice(1);
  }

  async step(writes: boolean): Promise<void> {
    const random = this.#random;
    const kind = random.below(10);
    if (kind < 5) await this.#receiveNext();
    else if (kind === 5) await this.#receiveAgain();
    else if (kind === 6) await this.#giveKey();
    else if (kind === 7) this.#damage();
    else if (kind === 8) await this.#restart();
    else if (writes) await this.#write();
  }

  async end(): Promise<void> {
    while (this.#keys.length > 0) await this.#giveKey();
    // A store repairs what it has found to be damaged; it finds one place after the other.
    for (let round = 0; round < 20 && !(await this.#holdsEverything()); round++)
      for (const run of this.#chains.runs.flat()) await this.device.receive(run);
    expect(await this.#holdsEverything()).toBe(true);
    // What the journal set aside, for want of entries that the disk had lost, goes on when the database is opened again.
    if (this.device.reports.some((error) => error instanceof CoreError && error.code === "JOURNAL_WAITING"))
      await this.#restart();
  }

  async #holdsEverything(): Promise<boolean> {
    const whole = (await this.device.runs())
      .flatMap(({ entries }) => entries)
      .filter(({ parts }) => parts.every(({ type }) => type === "sealed"));
    const held = new Set(whole.map(({ id }) => toHex(id)));
    return this.#chains.runs.flat().every(({ entries }) => entries.every(({ id }) => held.has(toHex(id))));
  }

  async #receiveNext(): Promise<void> {
    const who = this.#random.below(this.#next.length);
    const at = this.#next[who] ?? 0;
    const run = this.#chains.runs[who]?.[at];
    if (run === undefined) return;
    this.#next[who] = at + 1;
    await this.device.receive(await this.#perhapsWithHoles(run));
    const doc = await this.device.database.findDocument(docIdOf(this.#random.pick(this.#chains.documents)));
    if (doc !== undefined) this.#watched.add(doc);
  }

  /** Chains as they stand, in one batch, whole or with holes. */
  async #receiveAgain(): Promise<void> {
    const runs = this.#chains.runs.flatMap((chain, who) => chain.slice(0, this.#next[who] ?? 0));
    const some = runs.filter(() => this.#random.below(2) === 0);
    await this.device.receive(...(await Promise.all(some.map((run) => this.#perhapsWithHoles(run)))));
  }

  async #perhapsWithHoles(run: VerifiedRun): Promise<VerifiedRun> {
    if (this.#random.below(2) === 0) return run;
    const holes = new Set<string>();
    for (const { header, parts } of run.entries)
      for (const index of parts.keys()) if (this.#random.below(3) === 0) holes.add(`${header.seq} ${index}`);
    return withHoles(this.#lab.crypto, run, (seq, index) => holes.has(`${seq} ${index}`));
  }

  async #giveKey(): Promise<void> {
    const key = this.#keys.splice(this.#random.below(this.#keys.length), 1);
    await this.device.give(...key);
  }

  #damage(): void {
    const run = this.#chains.runs[this.#random.below(this.#next.length)]?.[0];
    if (run !== undefined) this.device.damage(run.writer, this.#random.below(6));
  }

  async #restart(): Promise<void> {
    if (this.#random.below(2) === 0) await this.device.close();
    else this.device.crash();
    this.#watched.clear();
    await this.device.open();
  }

  async #write(): Promise<void> {
    const { database } = this.device;
    const id = docIdOf(this.#random.pick(this.#chains.documents));
    const doc = await database.findDocument(id);
    if (doc === undefined || doc.isDeleted()) return;
    const what = `written ${this.#random.below(1_000_000)}`;
    try {
      await database.changeDoc(doc, (draft) => {
        Object.assign(draft.getData(), { [what]: true });
      });
      this.wrote.push({ id, what });
    } catch (error) {
      if (!(error instanceof CoreError) || error.code !== "CHANGE_REFUSED") throw error;
    }
    if (this.#random.below(2) === 0) await this.device.assembled.replica.flush();
  }
}

/**
 * Three devices live through a random story, until all have everything and show the same.
 *
 * @param look called after each step with the story that it was of
 */
export async function tell(
  seed: number,
  options: { equivocate: boolean; writes: boolean },
  look: (story: Story) => Promise<void> = async () => undefined,
): Promise<readonly Story[]> {
  const random = new Random(seed);
  const lab = await Lab.begin(`story ${seed}`, ["default", "second"]);
  const chains = await randomChains(lab, random, { people: 3, documents: 3, steps: 30, ...options });
  const stories: Story[] = [];
  for (const name of ["anna", "ben", "cleo"])
    stories.push(new Story(lab, await lab.device(name, lab.keys.slice(0, 1)), chains, random));
  for (let step = 0; step < 60; step++) {
    const story = random.pick(stories);
    await story.step(options.writes);
    await look(story);
  }
  for (const story of stories) await story.end();
  const own = await Promise.all(stories.map(({ device }) => device.runs()));
  for (const { device } of stories) await device.receive(...own.flat());
  const ids = chains.documents.map(docIdOf);
  const [first, ...others] = await Promise.all(stories.map(({ device }) => device.show(ids)));
  for (const [at, other] of others.entries()) expect([seed, at, other]).toEqual([seed, at, first]);
  for (const { device } of stories) {
    const again = await device.reopened();
    expect([seed, await again.show(ids)]).toEqual([seed, first]);
  }
  return stories;
}
