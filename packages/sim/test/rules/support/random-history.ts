// Histories drawn at random, in which everybody may be a thief: devices go on after they were revoked, fork their chains, cut and
// readmit what they like, vote for branches and hand out keys. Nothing here follows the rules; that is the point.

import type { Admission } from "../../../src/rules/admission.ts";
import { chainOf, directory, type Entry } from "../../../src/rules/facts.ts";
import { commonKeys, foundingVersion } from "../../../src/rules/keys.ts";
import { Known } from "../../../src/rules/known.ts";
import type { SeededRandom } from "../../../src/seeded-random.ts";
import { History, type Put } from "./history.ts";

/** What is drawn. */
export interface Draw {
  readonly length: number;
  /** Also what the model lacks: several statements an entry, replaced roots, named keys with a maker, rival certificates. */
  readonly beyondModel: boolean;
  /**
   * As the directory can hold it: changes name the devices that go on, cuts name entries of their chain, nobody names the root, and first
   * entries of one writer are of one admission.
   */
  readonly isTold?: boolean;
}

export function randomHistory(random: SeededRandom, { length, beyondModel, isTold = false }: Draw): readonly Entry[] {
  const history = new History();
  history.say("root", { type: "createKey", key: "k", version: "e0" });
  for (let admins = 0; admins < 2; admins += 1) history.grant("root", { role: "admin", person: [`p${admins}`] });
  const author = new RandomAuthor(random, history, { beyondModel, isTold });
  while (history.entries.length < length) author.act();
  return history.entries;
}

/**
 * In which an admin is changed by two at once, one of whom leaves it an admin, and goes on letting people in under that: drawn at random this
 * never happens.
 */
export function demotingHistory(random: SeededRandom, length: number): readonly Entry[] {
  const history = new History();
  history.say("root", { type: "createKey", key: "k", version: "e0" });
  const alice = history.grant("root", { role: "admin", person: ["p0"] }).id;
  const bob = history.grant(alice, { role: "admin", person: ["p1"] }).id;
  const carol = history.grant(bob, { role: "admin", person: ["p2"], device: ["carol"] }).id;
  const change = (by: string, role: Admission["role"]) => {
    const grant = { role, person: ["p2"], device: ["carol"] };
    return history.change(by, { targets: [carol] }, grant, { continues: [carol] }).id;
  };
  const author = new RandomAuthor(random, history, { beyondModel: true, isTold: true });
  const kept = change(bob, "admin");
  const isLess = [
    random.pick(["root", alice, bob]) ?? bob,
    random.pick(["editor", "reader"] as const) ?? "reader",
  ] as const;
  const demotesAt = random.between(history.entries.length, length);
  while (history.entries.length < length) {
    if (history.entries.length === demotesAt) change(...isLess);
    else if (random.chance(0.15)) history.grant(kept, { person: [`p${random.below(6)}`] });
    else author.act();
  }
  return history.entries;
}

/** The chain of the founding entry, which the tenant's id names. */
const founding = chainOf({ database: directory, writer: "root.0" });

/** Whoever writes at random. */
export class RandomAuthor {
  readonly history: History;
  readonly #random: SeededRandom;
  readonly #beyondModel: boolean;
  readonly #isTold: boolean;
  readonly #controlled: Set<string> | null;

  /** `controlled`: the admissions whose keys it has; what they let in is added. Without it: everybody's. */
  constructor(
    random: SeededRandom,
    history: History,
    {
      beyondModel,
      isTold = false,
      controlled = null,
    }: Omit<Draw, "length"> & { readonly controlled?: Set<string> | null },
  ) {
    this.#random = random;
    this.history = history;
    this.#beyondModel = beyondModel;
    this.#isTold = isTold;
    this.#controlled = controlled;
  }

  act(): void {
    const random = this.#random;
    const kind = random.below(20);
    const by = this.#admission();
    if (kind < 3) this.history.grant(by, this.#grant(), this.#put(by));
    else if (kind < 5) this.history.say(by, { type: "addDevice", device: this.#device() }, this.#put(by));
    else if (kind < 8) this.history.revoke(by, this.#revocation(by), this.#put(by));
    else if (kind < 9) this.#isTold ? this.#changeOf(by) : this.#change(by);
    else if (kind < 11) this.#readmit(by);
    else if (kind < 13) this.#rotate(by);
    else if (kind < 14) this.#giveKeys(by);
    else if (kind < 16) this.history.put(by, { ...this.#put(by, this.#database()), vector: this.#vector() });
    else if (kind === 16 && this.#beyondModel) this.#beyond(by);
    else this.#write(by);
  }

  /** Of anybody ever let in, or of nobody. */
  #admission(): string {
    const admitting = this.#entriesThat("grant", "change", "addDevice", "replaceRoot");
    if (this.#controlled !== null) {
      for (const { id, admission } of admitting) if (this.#controlled.has(admission)) this.#controlled.add(id);
      return this.#random.pick([...this.#controlled]) ?? "nobody";
    }
    return this.#random.chance(0.02)
      ? "nobody"
      : (this.#random.pick(["root", ...admitting.map(({ id }) => id)]) ?? "root");
  }

  #entriesThat(...types: readonly string[]): readonly Entry[] {
    return this.history.entries.filter(({ statements }) => statements.some(({ type }) => types.includes(type)));
  }

  /** Now and then another incarnation, a fork, or an id that sorts before all. */
  #put(by: string, database: string = directory): Put {
    const random = this.#random;
    const incarnation = random.chance(0.2) ? "1" : "0";
    const id = random.chance(0.2) ? { id: `a${this.history.entries.length}` } : {};
    const put = { database, incarnation, ...id };
    if (!random.chance(0.12)) return put;
    const chain = chainOf({ database, writer: `${by}.${incarnation}` });
    const entry = random.pick(this.history.entries.filter((each) => chainOf(each) === chain));
    const isAnew = random.chance(0.2) && !(this.#isTold && chain === founding);
    return entry === undefined ? put : { ...put, after: isAnew ? null : entry };
  }

  #database(): string {
    return this.#random.chance(0.5) ? directory : "notes";
  }

  #grant() {
    const random = this.#random;
    return {
      role: random.pick(["admin", "editor", "editor", "reader"] as const) ?? "reader",
      person: [`p${random.below(4)}`],
      after: this.#some(this.#entriesThat("revoke", "change"), 0.4),
      keys: random.chance(0.3) ? ["k"] : [],
      device: this.#device(),
    };
  }

  /** Mostly keys of its own; now and then those of another device. */
  #device(): readonly string[] {
    const random = this.#random;
    return this.#isTold && this.#beyondModel && random.chance(0.3) ? [`d${random.below(4)}`] : [];
  }

  #some(entries: readonly Entry[], chance: number): readonly string[] {
    return entries.filter(() => this.#random.chance(chance)).map(({ id }) => id);
  }

  #revocation(by: string) {
    const random = this.#random;
    const admitting = this.#entriesThat("grant", "change", "addDevice");
    // The model can't tell a device that demotes itself from a thief that does: a device ends itself by `revoke` only.
    const target = random.pick(admitting.filter(({ id }) => id !== by));
    const targets = target === undefined || random.chance(0.1) ? [] : [target.id];
    const name = this.#isTold && this.#beyondModel && random.chance(0.3) ? "d" : "p";
    const keys = random.chance(0.15) ? [`${name}${random.below(4)}`] : [];
    const cuts = new Map<string, { seq: number; id: string }>();
    for (const chain of new Set(this.history.entries.map(chainOf))) {
      if (random.chance(0.3)) continue;
      // Now and then an entry of another chain: such a cut names no branch.
      const isElsewhere = !this.#isTold && random.chance(0.05);
      const entry = random.pick(this.history.entries.filter((each) => isElsewhere || chainOf(each) === chain));
      if (entry !== undefined)
        cuts.set(chain, !this.#isTold && random.chance(0.1) ? { seq: random.below(5), id: "unseen" } : entry);
    }
    const endsItself = random.chance(0.1) && !(this.#isTold && by === "root");
    return { targets: endsItself ? [...targets, by] : targets, keys, cuts };
  }

  /** Somebody's devices go on with other rights; whose they are is looked up, so that few of these are refused. */
  #changeOf(by: string): void {
    const random = this.#random;
    const known = [...new Known(this.history.entries).admissions.values()].filter(({ isRoot }) => !isRoot);
    const first = random.pick(known);
    if (first === undefined) return;
    const second = random.pick(
      known.filter(({ user, id }) => (user === first.user || random.chance(0.1)) && id !== first.id),
    );
    const others = second === undefined || random.chance(0.5) ? [] : [second];
    const revoke = this.#revocation(by);
    const targets = random.chance(0.05) ? revoke.targets : [...new Set([...revoke.targets, first.user])];
    const id = `e${this.history.entries.length}`;
    const { role, keys } = this.#grant();
    this.history.say(
      by,
      {
        type: "change",
        revoke: { ...revoke, targets: targets.filter((target) => target !== "root") },
        grant: { role, keys, after: [], person: first.person, device: deviceOf(first) },
        others: others.map((other) => ({ id: `${id}+1`, device: deviceOf(other) })),
        continues: [first, ...others].map((each) => each.id),
      },
      { ...this.#put(by), id },
    );
  }

  #change(by: string): void {
    const grant = this.#grant();
    this.history.change(by, { ...this.#revocation(by), keys: grant.person }, { ...grant, after: [] }, this.#put(by));
  }

  #readmit(by: string): void {
    const lifts = this.#some(this.#entriesThat("revoke", "change"), 0.6);
    const entry = this.#random.pick(this.history.entries);
    if (entry !== undefined) this.history.readmit(by, lifts, entry, this.#put(by));
  }

  #rotate(by: string): void {
    const random = this.#random;
    const made = this.#entriesThat("createKey").flatMap(({ statements }) =>
      statements.flatMap((statement) => (statement.type === "createKey" ? [statement.key] : [])),
    );
    const key = random.pick(["directory", "default", ...made]) ?? "k";
    const isOf = ({ statements }: Entry): boolean =>
      statements.some((statement) => "key" in statement && statement.key === key);
    // Beyond the model, whose rotations supersede whatever they name: versions of other keys, too.
    const isAnother = this.#isTold && this.#beyondModel && random.chance(0.1);
    const versions = this.#entriesThat("rotate", "createKey").filter((entry) => isAnother || isOf(entry));
    const id = `e${this.history.entries.length}`;
    // Whoever reads the directory can repeat what a version is named by.
    const isCopy = this.#isTold && this.#beyondModel && random.chance(0.25);
    const first = commonKeys.has(key) ? [foundingVersion(key)] : [];
    const version = (isCopy ? random.pick([...first, ...versionsIn(versions.filter(isOf))]) : undefined) ?? id;
    const over = [...this.#some(versions, 0.7), ...(random.chance(0.7) ? ["founding"] : [])];
    const links = this.#some(versions, 0.5);
    this.history.say(by, { type: "rotate", key, version, over, links, to: this.#recipients() }, { id });
  }

  #recipients(): readonly string[] {
    return this.#some(this.#entriesThat("grant", "change", "addDevice"), 0.6);
  }

  #giveKeys(by: string): void {
    const [to] = this.#recipients();
    if (to !== undefined && this.#random.chance(0.5))
      this.history.say(by, { type: "share", key: "k", to: [to] }, this.#put(by));
    else {
      const versions = this.#some(this.#entriesThat("rotate"), 0.5);
      const isBeyond = this.#isTold && this.#beyondModel;
      const people = isBeyond ? { people: this.#some(this.#entriesThat("grant"), 0.3) } : {};
      const isFromNow = isBeyond && this.#random.chance(0.4);
      this.history.say(by, { type: "permit", versions, to: this.#recipients(), ...people, isFromNow }, this.#put(by));
    }
  }

  #vector(): Readonly<Record<string, string>> {
    const named = this.history.entries.filter(() => this.#random.chance(0.3));
    return Object.fromEntries(named.map((entry) => [chainOf(entry), entry.id]));
  }

  #write(by: string): void {
    const random = this.#random;
    const dependencies = this.history.entries.filter(({ change }) => change !== undefined && random.chance(0.2));
    const change = { dependencies: dependencies.map(({ id }) => id), ...(random.chance(0.3) ? { key: "k" } : {}) };
    this.history.write(by, change, this.#put(by, "notes"));
  }

  #beyond(by: string): void {
    const random = this.#random;
    const id = `e${this.history.entries.length}`;
    const kind = random.below(6);
    const root = this.#controlled === null && random.chance(0.7) ? "root" : by;
    if (kind === 0) this.history.say(root, { type: "replaceRoot", cuts: new Map() }, this.#put(root));
    else if (kind === 1 && !this.#isTold) this.#changeSeveral(by, id);
    else if (kind === 2) this.#readmitSeveral(by);
    else if (kind === 3) this.history.say(by, { type: "createKey", key: `k${id}`, version: id }, { id });
    else if (kind === 4) {
      const revoke = { type: "revoke" as const, revoke: this.#revocation("nobody") };
      const grant = { type: "grant" as const, grant: this.#grant() };
      this.history.put(by, { ...this.#put(by), says: random.chance(0.5) ? [revoke, grant] : [grant, revoke] });
    } else {
      const first = random.pick(
        this.history.entries.filter(
          ({ prev, admission }) => prev === null && (this.#controlled?.has(admission) ?? true),
        ),
      );
      if (first !== undefined && !this.#isTold)
        this.history.write(by, {}, { writer: first.writer, database: first.database, after: null });
    }
  }

  /** A change of a user with several devices. */
  #changeSeveral(by: string, id: string): void {
    const others = [1, 2].map((device) => ({ id: `${id}+${device}`, device: [`p${this.#random.below(4)}`] }));
    this.history.say(by, { type: "change", revoke: this.#revocation(by), grant: this.#grant(), others }, { id });
    const [first] = others;
    if (first !== undefined && this.#random.chance(0.5)) this.history.addDevice(first.id);
    if (this.#random.chance(0.5)) this.history.revoke(id, { targets: others.map((other) => other.id) });
    if (first !== undefined && this.#random.chance(0.5)) this.history.revoke(first.id, { targets: [id] });
  }

  #readmitSeveral(by: string): void {
    const lifts = this.#some(this.#entriesThat("revoke", "change"), 0.6);
    const chosen = this.history.entries.filter(() => this.#random.chance(0.2));
    const cuts = new Map(chosen.map((entry) => [chainOf(entry), { seq: entry.seq, id: entry.id }]));
    this.history.say(by, { type: "readmit", lifts, cuts }, this.#put(by));
  }
}

const versionsIn = (entries: readonly Entry[]): readonly string[] =>
  entries.flatMap(({ statements }) => statements.flatMap((each) => ("version" in each ? [each.version] : [])));

const deviceOf = ({ device, id }: Admission): readonly string[] => (device.length > 0 ? device : [id]);
