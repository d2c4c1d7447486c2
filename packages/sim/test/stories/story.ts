// People who write, meet, purge, are cut off, are given other rights and restart: real devices and a real relay in virtual time.
import { CoreError, type DocId } from "@selkie/core";
import type { Data, SimDevice } from "../../src/sim-device.ts";
import { SimError } from "../../src/sim-error.ts";
import { warmUp } from "../../src/warm-up.ts";
import { World } from "../../src/world.ts";
import { Follower } from "./follower.ts";
import { NaiveModel } from "./naive-model.ts";
import type { Step } from "./step.ts";

export interface Person {
  readonly index: number;
  readonly device: SimDevice;
  /** Name of the person in the directory. */
  readonly user: string;
  /** Whether nobody ever revokes them. */
  readonly stays: boolean;
  readonly role: "admin" | "editor";
  readonly follower: Follower<Data>;
}

const DAY_MS = 86_400_000;
const ROLES = {
  alice: "admin",
  bob: "admin",
  carol: "editor",
  dave: "editor",
  erin: "admin",
  tablet: "editor",
} as const;
/** What a call may be refused with that somebody makes who stays; whoever does not stay may be refused anything. */
const REFUSALS = [
  ...["DOC_PURGED", "DOC_DELETED", "DOC_NOT_FOUND", "DIRECTORY_STALE"],
  // A share, or the loss of one, is known to who was shared with later than to the model.
  ...["KEY_UNKNOWN", "NOT_ENTITLED"],
];
/** What may be so of people when an admin knows less, or more, than others. */
const REFUSALS_TO_ADMINS = [...REFUSALS, "NOT_PERMITTED", "USER_UNKNOWN", "DEVICE_UNKNOWN"];

export class Story {
  readonly world: World;
  readonly people: readonly Person[];
  readonly model: NaiveModel = new NaiveModel();
  /** What went wrong on the way. */
  readonly wrong: string[] = [];
  readonly #revoked = new Set<Person>();
  #words = 0;

  private constructor(seed: string) {
    this.world = new World(seed, 3);
    const { random } = this.world;
    const doubtful = ["dave", "erin", "tablet"].filter((_, at) => at !== random.fork("doubtful").below(3));
    const devices = [...this.world.devices, ...doubtful.map((name) => this.world.device(name))];
    this.people = devices.map((device, index) => ({
      ...{ index, device, stays: index < 3, follower: new Follower() },
      user: `CN=${device.name === "tablet" ? "carol" : device.name}/O=acme`,
      role: ROLES[device.name as keyof typeof ROLES],
    }));
  }

  static async begin(seed: string): Promise<Story> {
    await warmUp();
    const story = new Story(seed);
    for (const { device, user } of story.people) await device.setUp(user.slice(3, -7));
    story.world.relay.start();
    await story.run(story.#gather());
    return story;
  }

  get live(): readonly Person[] {
    return this.people.filter(({ stays }) => stays);
  }

  /** Lets virtual time pass until the work is done. */
  run<Result>(work: Promise<Result>): Promise<Result> {
    return this.world.clock.until(work);
  }

  async take(step: Step): Promise<void> {
    const person = this.people[step.who];
    if (person === undefined) return;
    try {
      await this.run(person.device.start());
      await this.#happen(step, person);
    } catch (error) {
      const refusals = step.type === "revoke" || step.type === "rights" ? REFUSALS_TO_ADMINS : REFUSALS;
      const isRefused = error instanceof CoreError && refusals.includes(error.code);
      const areStaying = person.stays && (step.type !== "meet" || this.#other(person, step.dice).stays);
      const isHanging = error instanceof SimError && error.code === "HANG";
      if (isHanging || (areStaying && !isRefused))
        this.wrong.push(`${person.device.name}: ${step.type}: ${textOf(error)}`);
    }
  }

  /** Everybody who stays has everything, has said what follows, and knows of no more. */
  async heal(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      await this.#gatherAll(false);
      for (const { device } of this.live)
        for (const other of this.people) if (other.device !== device) await this.#pull(device, other);
    }
    // Who purged once takes in what has come since.
    const [first] = this.live;
    for (const id of this.model.purgedIds) if (first !== undefined) await this.#purge(first, id, null);
    await this.#gatherAll(false);
    for (const { device } of this.live) await this.run(device.disconnect());
    await this.world.clock.advance(9 * DAY_MS);
    await this.#gatherAll(true);
  }

  /** Those who stay connect to the relay and sync, twice; who has new rights there is sent away once. */
  async #gatherAll(isLast: boolean): Promise<void> {
    const { relay } = this.world;
    for (const { device } of this.live) await this.run(device.start());
    for (const isSecond of [false, true]) {
      for (const { device } of this.live) await this.run(device.disconnect());
      for (const { device } of this.live) await this.run(device.connectRelay(relay));
      for (const { device } of [...this.live, ...this.live])
        for (const line of device.life?.connections ?? []) {
          const error = await this.run(line.synced().catch((failed: unknown) => failed));
          if (isLast && isSecond && error !== undefined) throw error;
        }
    }
  }

  async #gather(): Promise<void> {
    const { relay } = this.world;
    const [alice, , carol] = this.people;
    if (alice === undefined || carol === undefined) return;
    await alice.device.found();
    await alice.device.openDatabase();
    await alice.device.connectRelay(relay);
    const isAtOnce = this.world.random.fork("purge").chance(0.6);
    if (isAtOnce) await alice.device.tenant.settings.change({ purgeAfter: 0 });
    for (const { device, role } of this.people.slice(1)) {
      const isTablet = device.name === "tablet";
      const admin = isTablet ? carol : alice;
      const request = await device.ask({ device: isTablet });
      const how = isTablet ? {} : { role };
      const response = await admin.device.tenant.directory.approveJoinRequest(request, how);
      for (const { device: other } of [alice, carol])
        for (const line of other.life?.connections ?? []) await line.synced();
      await device.join(response.toString());
      const line = await device.connectRelay(relay);
      await device.openDatabase();
      await line.synced();
    }
    const everybody = this.people.map(({ index }) => index);
    this.model.share("default", everybody);
    const readers = this.people.filter(({ user }) => user !== carol.user);
    const share = [...new Set(readers.slice(1).map(({ user }) => user))];
    await alice.device.tenant.directory.createKey("board", { share });
    this.model.share(
      "board",
      readers.map(({ index }) => index),
    );
    for (const key of ["default", "default", "board"]) await this.#create(alice, key);
    const many = this.world.random.fork("many").chance(0.5) ? 520 : 0;
    await alice.device.database.createDocuments(Array.from({ length: many }, (_, row) => ({ row })));
    for (let round = 0; round < 2; round++)
      for (const { device } of this.people) for (const line of device.life?.connections ?? []) await line.synced();
    for (const { device } of this.people) await device.disconnect();
  }

  async #happen({ type, dice }: Step, person: Person): Promise<void> {
    const { device } = person;
    const other = this.#other(person, dice);
    switch (type) {
      case "write":
        return this.run(this.#write(person, dice));
      case "transact":
        return this.run(this.#transact(person, dice));
      case "create":
        return this.run(
          this.#create(
            person,
            dice % 3 > 0 || this.model.mayRead(person.index, this.#board) !== "yes" ? "default" : "board",
          ),
        );
      case "delete":
        return this.run(this.#delete(person, dice));
      case "meet":
        return this.#meet(person, other);
      case "relay":
        return this.#relay(person);
      case "pull":
        return this.#pull(device, other);
      case "close":
        await this.run(device.close());
        return this.#start(person, dice);
      case "crash":
        device.crash();
        return this.#start(person, dice);
      case "purge":
        return this.#purge(person, this.#pick(dice), null);
      case "keep":
        return this.#purge(person, this.#pick(dice), "newest");
      case "follow":
        return this.run(person.follower.follow(device.database, textOfData));
      case "wait":
        return this.world.clock.advance((dice % 10) * DAY_MS);
      default:
        return this.#administer(type, person, dice);
    }
  }

  /** What only admins do: by the two who stay, mostly. */
  async #administer(type: "revoke" | "rights" | "share" | "rotate", person: Person, dice: number): Promise<void> {
    if (person.role !== "admin") return;
    const { directory } = person.device.tenant;
    const [, , carol] = this.people;
    if (carol === undefined) return;
    if (type === "rotate") return this.run(directory.rotateKey(dice % 2 === 0 ? "default" : "board"));
    if (type === "share" && person.stays) {
      await this.run(directory.shareKey("board", [carol.user]));
      this.model.share(
        "board",
        this.people.map(({ index }) => index),
      );
    }
    if (type === "rights") {
      const role = dice % 3 === 0 ? "admin" : "editor";
      // An admin reads everything; who is made an editor again by somebody who does not know of the share loses it.
      this.model.changeRights(this.#indexesOf(carol.user));
      await this.run(directory.changeUser(carol.user, { role }));
    }
    if (type === "revoke") await this.#revoke(person, dice);
  }

  async #revoke(person: Person, dice: number): Promise<void> {
    const { directory } = person.device.tenant;
    const doubtful = this.people.filter(({ stays }) => !stays);
    const target = doubtful[dice % doubtful.length];
    if (target === undefined || target === person) return;
    this.#revoked.add(target);
    if (target.device.name !== "tablet") return void (await this.run(directory.revokeUser(target.user)));
    const own = target.device.life === null ? [] : await target.device.tenant.directory.devices(target.user);
    const tablet = own.find(({ isThis }) => isThis);
    if (tablet !== undefined) await this.run(directory.revokeDevice(tablet.id));
  }

  async #create(person: Person, key: string): Promise<void> {
    const word = this.#newWord();
    const data = { text: word, [word]: person.device.name };
    const doc = await person.device.database.createDocument(data, key === "default" ? {} : { key });
    if (this.#firstOnBoard === null && key === "board") this.#firstOnBoard = doc.id;
    this.model.create(doc.id, { isCertain: person.stays, by: person.index, key, words: [word] });
  }

  #firstOnBoard: DocId | null = null;

  get #board(): DocId {
    if (this.#firstOnBoard === null) throw new RangeError("nothing is on the board");
    return this.#firstOnBoard;
  }

  async #write(person: Person, dice: number): Promise<void> {
    const { database } = person.device;
    const id = this.#pick(dice);
    const word = this.#newWord();
    const doc = await database.getDocument(id);
    await database.changeDoc(doc, (draft) => add(draft, word, { who: person.device.name, dice }));
    this.model.write(id, word, { isCertain: person.stays, by: person.index });
  }

  /** One word in two documents, or in none. */
  async #transact(person: Person, dice: number): Promise<void> {
    const { database } = person.device;
    const ids = [...new Set([this.#pick(dice), this.#pick(dice >>> 8)])];
    const word = this.#newWord();
    await database.transact(async (tx) => {
      for (const id of ids) {
        const doc = await database.getDocument(id);
        await tx.changeDoc(doc, (draft) => add(draft, word, { who: person.device.name, dice }));
      }
    });
    for (const id of ids) this.model.write(id, word, { isCertain: person.stays, by: person.index });
  }

  async #delete(person: Person, dice: number): Promise<void> {
    const id = this.#pick(dice);
    await person.device.database.deleteDocument(id);
    this.model.delete(id, person.stays);
  }

  async #purge(person: Person, id: DocId, keep: "newest" | null): Promise<void> {
    if (person.role !== "admin") return;
    const { database } = person.device;
    const before = await this.run(database.findDocument(id));
    const text = before === undefined ? null : textOfData(before.getData());
    const { kept } = await this.run(database.purgeDocHistory(id, keep === null ? {} : { keep }));
    this.model.purge(id, person.stays);
    if (kept === null) return;
    const doc = await this.run(database.getDocument(kept));
    if (textOfData(doc.getData()) !== text) this.wrong.push(`${kept} kept ${textOfData(doc.getData())}, not ${text}`);
    const words = wordsIn(doc.getData());
    this.model.create(kept, { isCertain: person.stays, by: person.index, key: this.model.keyOf(id), words });
  }

  async #pull(device: SimDevice, other: Person): Promise<void> {
    try {
      await this.run(other.device.start());
      await this.run(device.database.pullChangesFrom(other.device.database.getStore()));
    } catch (error) {
      if (other.stays) throw error;
    }
  }

  /** Two devices, without a relay. */
  async #meet(person: Person, other: Person): Promise<void> {
    await this.run(other.device.start());
    await this.run(person.device.meet(other.device));
    await this.#sync([person, other]);
  }

  async #relay(person: Person): Promise<void> {
    await this.run(person.device.connectRelay(this.world.relay));
    await this.#sync([person]);
  }

  /** All of them sync over what they are connected to, and hang up. */
  async #sync(people: readonly Person[]): Promise<void> {
    const lines = people.flatMap(({ device }) => [...(device.life?.connections ?? [])]);
    const synced = lines.map((line) => line.synced().catch((error: unknown) => error));
    const failed = (await this.run(Promise.all(synced))).filter((error) => error instanceof Error);
    for (const { device } of people) if (device.life !== null) await this.run(device.disconnect());
    const bad = failed.filter((error) => !(error instanceof CoreError && error.code === "DIRECTORY_STALE"));
    if (bad.length > 0 && people.every(({ stays }) => stays)) throw bad[0];
  }

  /** Half of the time it is read before its entries are. */
  async #start({ device }: Person, dice: number): Promise<void> {
    await this.run(device.start());
    if (dice % 2 === 0) await this.run(device.database.findDocument(this.#pick(dice >>> 1)));
  }

  #indexesOf(user: string): readonly number[] {
    return this.people.filter((person) => person.user === user).map(({ index }) => index);
  }

  #other(person: Person, dice: number): Person {
    const others = this.people.filter((one) => one !== person);
    return others[dice % others.length] ?? person;
  }

  #pick(dice: number): DocId {
    const { ids } = this.model;
    return ids[dice % ids.length] ?? this.#board;
  }

  #newWord(): string {
    return `[${this.#words++}]`;
  }
}

type Draft = Parameters<Parameters<SimDevice["database"]["changeDoc"]>[1]>[0];

function add(draft: Draft, word: string, { who, dice }: { readonly who: string; readonly dice: number }): void {
  const text = draft.text(["text"]);
  const ends = [...String(text).matchAll(/\]|$/g)].map(({ index, 0: end }) => index + end.length);
  text.splice(ends[dice % ends.length] ?? 0, 0, word);
  draft.getData()[word] = who;
}

/** The words of a document, as often as they stand there. */
export const wordsIn = (data: Data): readonly string[] => String(data["text"]).match(/\[\d+\]/g) ?? [];

/** Automerge gives the fields of a map in the order in which they arrived. */
export function textOfData(data: Data): string {
  return JSON.stringify(data, (_, value: unknown) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

export const textOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
