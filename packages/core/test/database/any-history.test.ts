// Any history of a document, against what its authors saw as they made it.
import { toHex } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import { counter } from "../../src/automerge/counter.ts";
import type { Path, TextDraft } from "../../src/automerge/draft-text.ts";
import type { Patch } from "../../src/automerge/patch.ts";
import { isCounter } from "../../src/automerge/values.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import { Random } from "../automerge/random-history.ts";
import { pass } from "../feed/follower.ts";
import { type Device, Lab } from "./lab.ts";

const NAMES = ["anna", "ben", "cleo"] as const;
const RUNS = process.env["SELKIE_TEST_FULL"] === undefined ? 20 : 500;

type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

/** What somebody saw: what is not JSON as an object that says so; null of a deleted document. */
interface State {
  readonly heads: readonly string[];
  readonly data: Plain;
}

/** A change, by its hash: its author, and what they knew then. */
interface Made {
  readonly who: number;
  readonly kind: "change" | "delete" | "undelete";
  readonly knew: ReadonlySet<string>;
}

interface Person {
  readonly device: Device;
  /** Hashes of the changes that they have. */
  readonly known: Set<string>;
  readonly saw: State[];
}

class Story {
  readonly people: readonly Person[];
  readonly made = new Map<string, Made>();
  readonly id: DocId;

  private constructor(people: readonly Person[], id: DocId) {
    this.people = people;
    this.id = id;
  }

  static async begin(): Promise<Story> {
    const lab = await Lab.begin("any history");
    const devices = await Promise.all(NAMES.map((name) => lab.device(name)));
    const people = devices.map((device) => ({ device, known: new Set<string>(), saw: [] }));
    const [anna] = devices;
    if (anna === undefined) return expect.fail();
    const doc = await anna.database.createDocument({
      text: "so it began",
      list: [1, "two"],
      map: {},
      count: counter(),
    });
    const story = new Story(people, doc.id);
    await story.look(0, "change");
    for (const to of [1, 2]) await story.pass(0, to);
    return story;
  }

  person(who: number): Person {
    return this.people[who] ?? expect.fail();
  }

  /** Somebody did something, perhaps, and looks at it. */
  async look(who: number, kind: Made["kind"]): Promise<void> {
    const { device, known, saw } = this.person(who);
    const doc = await device.database.getDocument(this.id);
    const heads = doc.getHeads();
    const [head, ...others] = heads;
    if (head === undefined || (others.length === 0 && known.has(head))) return;
    if (others.length === 0) {
      this.made.set(head, { who, kind, knew: new Set(known) });
      known.add(head);
    }
    saw.push({ heads, data: doc.isDeleted() ? null : plain(doc.getData()) });
  }

  async pass(from: number, to: number): Promise<void> {
    const [one, other] = [this.person(from), this.person(to)];
    await pass(one.device, other.device);
    for (const hash of one.known) other.known.add(hash);
    const doc = await other.device.database.getDocument(this.id);
    other.saw.push({ heads: doc.getHeads(), data: doc.isDeleted() ? null : plain(doc.getData()) });
  }

  async do(who: number, kind: Made["kind"], random: Random): Promise<void> {
    const { database } = this.person(who).device;
    const doc = await database.getDocument(this.id);
    if (doc.isDeleted() === (kind !== "undelete")) return; // nothing to do
    if (kind === "delete") await database.deleteDocument(this.id);
    else if (kind === "undelete") await database.undeleteDocument(this.id);
    else
      await database.changeDoc(doc, (draft) => {
        for (let left = 1 + random.below(3); left > 0; left--)
          editAt(draft.getData(), [], { random, text: (path) => draft.text(path) });
      });
    await this.look(who, kind);
  }
}

interface Editing {
  readonly random: Random;
  text(path: Path): TextDraft;
}

const KEYS = ["text", "list", "map", "count", "other"] as const;

/** One edit, of something in this map or list. */
function editAt(node: object, path: Path, at: Editing): void {
  const { random } = at;
  const key = Array.isArray(node) ? random.below(node.length + 1) : random.pick(KEYS);
  const value: unknown = Reflect.get(node, key);
  if (typeof value === "string" && random.below(5) > 0) editText(at.text([...path, key]), random);
  else if (typeof value === "object" && value !== null && isCounter(value) && random.below(4) > 0)
    (value as unknown as { increment(by: number): void }).increment(random.below(9) - 4);
  else if (isNode(value) && random.below(5) > 0) editAt(value, [...path, key], at);
  else if (Array.isArray(node)) editList(node, Number(key), random);
  else if (value !== undefined && random.below(4) === 0) Reflect.deleteProperty(node, key);
  else Reflect.set(node, key, anyValue(random, path.length));
}

function isNode(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return !(value instanceof Date || value instanceof Uint8Array || isCounter(value));
}

function editList(list: unknown[], index: number, random: Random): void {
  if (index < list.length && random.below(3) === 0) list[index] = anyValue(random, 2);
  else {
    const added = Array.from({ length: random.below(3) }, () => anyValue(random, 2));
    list.splice(index, random.below(1 + Math.min(2, list.length - index)), ...added);
  }
}

function editText(text: TextDraft, random: Random): void {
  const now = text.toString();
  const index = random.below(now.length + 1);
  const length = random.below(1 + Math.min(4, now.length - index));
  if (length > 0 && random.below(3) === 0) text.mark({ start: index, end: index + length }, "bold", true);
  else text.splice(index, length, random.pick(["", "a", "word ", "zu viel"]));
}

function anyValue(random: Random, depth: number): unknown {
  const leaves = [null, true, -0.5, 7, "", "text", new Date(random.below(99)), Uint8Array.of(1, random.below(256))];
  const nodes = [
    counter(random.below(9)),
    {},
    [],
    { text: "in a map", list: [3] },
    ["in a list", { other: counter(1) }, counter()],
  ];
  return random.pick<unknown>(depth > 3 ? leaves : [...leaves, ...nodes]);
}

function plain(value: unknown): Plain {
  if (value instanceof Date) return { "#date": value.getTime() };
  if (value instanceof Uint8Array) return { "#bytes": toHex(value) };
  if (typeof value !== "object" || value === null) return value as Plain;
  if (isCounter(value)) return { "#count": Number(value) };
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** The data with patches applied, one after the other, as an app would that shows it. */
function patched(from: Plain, patches: readonly Patch[]): Plain {
  const root = { data: structuredClone(from) };
  for (const patch of patches) {
    const path: Path = ["data", ...patch.path];
    const [parentPath, key] = [path.slice(0, -1), path.at(-1) ?? ""];
    const parent = valueAt(root, parentPath);
    if (typeof parent === "string") {
      const index = Number(key);
      const [cut, put] = [
        patch.action === "del" ? (patch.length ?? 1) : 0,
        patch.action === "splice" ? patch.value : "",
      ];
      const text = parent.slice(0, index) + put + parent.slice(index + cut);
      Reflect.set(valueAt(root, parentPath.slice(0, -1)) as object, parentPath.at(-1) ?? "", text);
    } else if (patch.action === "put") Reflect.set(parent as object, key, plain(patch.value));
    else if (patch.action === "insert") (parent as Plain[]).splice(Number(key), 0, ...patch.values.map(plain));
    else if (patch.action === "inc") {
      const before = (Reflect.get(parent as object, key) as { "#count": number })["#count"];
      Reflect.set(parent as object, key, { "#count": before + patch.value });
    } else if (patch.action === "del") {
      if (Array.isArray(parent)) parent.splice(Number(key), patch.length ?? 1);
      else Reflect.deleteProperty(parent as object, key);
    }
  }
  return root.data;
}

const valueAt = (root: Plain, path: Path): Plain =>
  path.reduce<Plain>((node, key) => Reflect.get(node as object, key) as Plain, root);

/** The history lists each change once, after what it builds on, with its author and kind. */
async function checkHistory({ made, id }: Story, { device, known }: Person): Promise<void> {
  const items = await Array.fromAsync(device.database.history.changes(id));
  const listed = new Set<string>();
  for (const { heads, author, kind } of items) {
    const [hash = "", ...others] = heads;
    expect([others, listed.has(hash)]).toEqual([[], false]);
    const change = made.get(hash) ?? expect.fail(`${hash} was never made`);
    expect([author, kind]).toEqual([`CN=${NAMES[change.who]}/O=acme`, change.kind]);
    expect([...change.knew].filter((before) => !listed.has(before))).toEqual([]);
    listed.add(hash);
  }
  expect(listed).toEqual(known);
}

async function checkStates({ people, id }: Story, { device, known }: Person, random: Random): Promise<void> {
  const { history } = device.database;
  const states = people.flatMap(({ saw }) => saw).filter(({ heads }) => heads.every((head) => known.has(head)));
  for (const { heads, data } of states) {
    const then = (await history.getDocumentAt(id, heads)) ?? expect.fail("it was there");
    expect(then.isDeleted() ? null : plain(then.getData())).toEqual(data);
  }
  for (let left = 8; left > 0; left--) {
    const [a, b] = [random.pick(states), random.pick(states)];
    const patches = await history.diff(id, a.heads, b.heads);
    expect(patched(a.data ?? {}, patches)).toEqual(b.data ?? {});
  }
}

/** Two restored states, one after the other; others are told of the second, and what there was is there still. */
async function checkRestored(story: Story, random: Random): Promise<void> {
  const { people, id } = story;
  const who = random.below(people.length);
  const { device, known } = story.person(who);
  const before = (await Array.fromAsync(device.database.history.changes(id))).map(({ heads }) => heads);
  const states = people.flatMap(({ saw }) => saw).filter(({ heads }) => heads.every((head) => known.has(head)));
  const there = states.filter(({ data }) => data !== null);
  for (let left = 2; left > 0; left--) {
    const { heads, data } = random.pick(there);
    const doc = await device.database.history.restore(id, heads);
    expect([doc.isDeleted(), plain(doc.getData())]).toEqual([false, data]);
    const to = story.person((who + left) % people.length).device;
    for (const from of people) if (from.device !== device) await pass(from.device, device);
    const merged = await device.database.getDocument(id);
    await pass(device, to);
    expect(plain((await to.database.getDocument(id)).getData())).toEqual(plain(merged.getData()));
  }
  const after = (await Array.fromAsync(device.database.history.changes(id))).map(({ heads }) => heads);
  expect(after.filter((heads) => before.some(([hash]) => hash === heads[0]))).toEqual(before);
}

const step = fc.record({
  type: fc.constantFrom(
    ...(["change", "change", "change", "change", "pass", "pass", "delete", "undelete", "restart"] as const),
  ),
  who: fc.nat(NAMES.length - 1),
  dice: fc.nat(),
});

test("any history lists each change once and in order; every state in it is what was seen then, follows from any other by patches, and can be restored", {
  timeout: RUNS * 6_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 40 }), fc.nat(), async (steps, dice) => {
      const story = await Story.begin();
      for (const { type, who, dice } of steps) {
        const random = new Random(dice);
        if (type === "pass") await story.pass(who, (who + 1 + random.below(2)) % NAMES.length);
        else if (type === "restart") await story.person(who).device.reopened();
        else await story.do(who, type, random);
      }
      for (const person of story.people) {
        await checkHistory(story, person);
        await checkStates(story, person, new Random(dice));
      }
      await checkRestored(story, new Random(dice));
      for (const { device } of story.people) expect([device.reports, device.announced]).toEqual([[], []]);
    }),
    { numRuns: RUNS },
  );
});
