// Any past, against a model that remembers who knew what of whom.
import fc from "fast-check";
import { expect, test } from "vitest";
import { openPast } from "../../src/database/past-database.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import { pass } from "../feed/follower.ts";
import { type Device, Lab } from "./lab.ts";

const NAMES = ["anna", "ben", "cleo"] as const;
/** Further apart than the changes that one part claims a time for. */
const STEP = 10 * 60_000;

/** What somebody did to a document: set the field that nobody else sets, delete it or bring it back. */
interface Done {
  readonly who: number;
  readonly kind: "set" | "delete" | "undelete";
  readonly value: number;
  /** When it counts as made, in steps. */
  readonly time: number;
  /** What its author knew of the document. */
  readonly knew: ReadonlySet<Done>;
}

/** By document, what each person knows of it. */
class Model {
  readonly #known = new Map<DocId, readonly Set<Done>[]>();

  knownBy(who: number, id: DocId): Set<Done> {
    const all = this.#known.get(id) ?? NAMES.map(() => new Set<Done>());
    this.#known.set(id, all);
    return all[who] ?? new Set();
  }

  do(who: number, id: DocId, { clock, ...done }: Pick<Done, "kind" | "value"> & { readonly clock: number }): void {
    const known = this.knownBy(who, id);
    const time = Math.max(clock, ...[...known].map((each) => each.time));
    known.add({ who, ...done, time, knew: new Set(known) });
  }

  pass(from: number, to: number): void {
    for (const id of this.#known.keys()) for (const each of this.knownBy(from, id)) this.knownBy(to, id).add(each);
  }

  /** The documents that were there, with what they showed; null of a deleted one. */
  at(who: number, time: number): ReadonlyMap<DocId, object | null> {
    const shown = new Map<DocId, object | null>();
    for (const id of this.#known.keys()) {
      const made = [...this.knownBy(who, id)].filter((each) => each.time <= time);
      if (made.length > 0) shown.set(id, isDeleted(made) ? null : dataOf(made));
    }
    return shown;
  }

  isDeleted(who: number, id: DocId): boolean {
    return isDeleted([...this.knownBy(who, id)]);
  }
}

function isDeleted(made: readonly Done[]): boolean {
  const marks = made.filter(({ kind }) => kind !== "set");
  return marks.some((mark) => mark.kind === "delete" && !marks.some(({ knew }) => knew.has(mark)));
}

function dataOf(made: readonly Done[]): object {
  const sets = made.filter(({ kind }) => kind === "set");
  const inOrder = sets.toSorted((a, b) => a.knew.size - b.knew.size); // whoever sets a field again knows of the time before
  return Object.fromEntries(inOrder.map(({ who, value }) => [`by${who}`, value]));
}

const who = fc.nat(NAMES.length - 1);
const what = fc.nat(2);
const step = fc.oneof(
  fc.record({ type: fc.constant("create" as const), who }),
  { weight: 5, arbitrary: fc.record({ type: fc.constant("set" as const), who, what, value: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("delete" as const), who, what }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("undelete" as const), who, what }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("clock" as const), who, to: fc.integer({ min: 0, max: 12 }) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("pass" as const), who, to: who }) },
  fc.record({ type: fc.constantFrom("restart" as const, "crash" as const), who }),
);

async function shownAt({ database }: Device, time: number): Promise<ReadonlyMap<DocId, object | null>> {
  const lent = { database, letGo: async () => undefined };
  const past = await openPast<object, null>(lent, { at: new Date(time * STEP), tenant: null });
  const shown = new Map<DocId, object | null>();
  for await (const { type, doc } of past.iterateChangesSince(null))
    shown.set(doc.id, type === "deleted" ? null : doc.getData());
  const there = [...shown].flatMap(([id, data]) => (data === null ? [] : [id]));
  expect((await past.getAllDocumentIds()).toSorted()).toEqual(there.toSorted());
  expect((await database.history.getAllDocumentIdsAt(past.at)).toSorted()).toEqual(there.toSorted());
  for (const [id, data] of shown) {
    const then = await database.history.getDocumentAt(id, past.at);
    expect(then?.isDeleted() === true ? null : then?.getData()).toEqual(data);
  }
  return shown;
}

test("a database was at every time what had been made by then, on every device, over restarts and crashes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const lab = await Lab.begin("any past");
      const devices = await Promise.all(NAMES.map((name) => lab.device(name)));
      const model = new Model();
      const clocks = NAMES.map(() => 0);
      const ids: DocId[] = [];
      for (const each of steps) {
        const device = devices[each.who];
        if (device === undefined) return expect.fail("somebody");
        const { database } = device;
        const clock = clocks[each.who] ?? 0;
        const id = "what" in each ? ids[each.what % ids.length] : undefined;
        if (each.type === "create") {
          const made = await database.createDocument({ [`by${each.who}`]: 0 });
          ids.push(made.id);
          model.do(each.who, made.id, { kind: "set", value: 0, clock });
        } else if (each.type === "clock") {
          clocks[each.who] = each.to;
          device.now = each.to * STEP;
        } else if (each.type === "pass") {
          const to = devices[each.to];
          if (to === undefined || to === device) continue;
          await pass(device, to);
          model.pass(each.who, each.to);
        } else if (each.type === "restart" || each.type === "crash") {
          if (each.type === "crash") device.crash();
          else await device.close();
          await device.open();
        } else if (id !== undefined && model.knownBy(each.who, id).size > 0) {
          const isDeleted = model.isDeleted(each.who, id);
          if (isDeleted === (each.type !== "undelete")) continue; // nothing to do
          if (each.type === "set") await setField(device, id, each);
          if (each.type === "delete") await database.deleteDocument(id);
          if (each.type === "undelete") await database.undeleteDocument(id);
          model.do(each.who, id, { kind: each.type, value: each.type === "set" ? each.value : 0, clock });
        }
      }
      for (const [at, device] of devices.entries())
        for (let time = 0; time <= 12; time++) expect(await shownAt(device, time)).toEqual(model.at(at, time));
    }),
    { numRuns: 40 },
  );
});

async function setField(
  { database }: Device,
  id: DocId,
  { who, value }: { readonly who: number; readonly value: number },
): Promise<void> {
  await database.changeDoc(await database.getDocument(id), (draft) => {
    Object.assign(draft.getData(), { [`by${who}`]: value });
  });
}
