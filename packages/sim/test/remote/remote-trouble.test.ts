// What others do wrong to who reads a database through them: they withhold one part, or go away in the middle.
import { createView, type DocId, liveQuery, type QueryRow, query, type RemoteDatabase } from "@selkie/client";
import type { Store } from "@selkie/store";
import { expect, onTestFinished, test } from "vitest";
import { faultyStore } from "../../../client/test/support/faulty-store.ts";
import { admit, found, type Meter, metered, newPlace, rowBytes, startRelay } from "./relay-line.ts";

interface Note {
  title: string;
  text: string;
}

const COUNT = 40;
const notes = Array.from({ length: COUNT }, (_, at): Note => ({ title: `note ${at}`, text: `${at} `.repeat(100) }));

/** Frames that give parts. */
const PARTS = 21;

/** A tenant at a relay, whose founder has a database of notes, and another member who is about to open it. */
async function company(wrap?: (store: Store) => Store) {
  const relay = await startRelay();
  const alice = await found(await newPlace());
  const up = await alice.tenant.connect(relay.url);
  const database = await alice.tenant.openDB<Note>("notes");
  const ids = await database.createDocuments(notes);
  const place = await newPlace();
  const bob = await admit(alice, "bob", wrap === undefined ? place : place.again(wrap));
  await up.synced();
  const meter: Meter = { bytes: 0, sent: [] };
  onTestFinished(async () => {
    await bob[Symbol.asyncDispose]();
    await alice[Symbol.asyncDispose]();
    await relay[Symbol.asyncDispose]();
  });
  const connect = async (change?: (frame: Uint8Array) => Uint8Array | null) => {
    const line = await bob.tenant.connect(metered(relay.url, meter, change), { origin: relay.url });
    onTestFinished(() => line[Symbol.asyncDispose]());
    return line;
  };
  return { relay, alice, up, database, ids, bob, meter, connect };
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
  );

async function fed(database: Pick<RemoteDatabase<Note>, "iterateChangesSince">, cursor: string | null = null) {
  const titles = new Map<DocId, string | undefined>();
  let last = cursor;
  for await (const { doc, cursor: next } of database.iterateChangesSince(cursor)) {
    titles.set(doc.id, doc.getData().title);
    last = next;
  }
  return { titles, cursor: last };
}

/** Takes parts out of an answer, by their number in it. */
function without(frame: Uint8Array, isWithheld: (at: number) => boolean): Uint8Array {
  // type, handle, count, then each part after its length; a tag of eight bytes at the end
  const [type = 0, handle = 0, ...rest] = frame.subarray(0, -8);
  const kept: number[] = [type, handle];
  let at = 0;
  const uleb = (): number => {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = rest[at++] ?? 0;
      value |= (byte & 127) << shift;
      shift += 7;
      if (byte < 128) return value;
    }
  };
  const count = uleb();
  kept.push(...encoded(count));
  for (let part = 0; part < count; part++) {
    const length = uleb();
    const bytes = rest.slice(at, at + length);
    at += length;
    if (isWithheld(part)) kept.push(0);
    else kept.push(...encoded(length), ...bytes);
  }
  return Uint8Array.from([...kept, ...frame.subarray(-8)]);
}

const encoded = (value: number): readonly number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...encoded(value >>> 7)];

test("P-9 a part that nobody gives holds up its own document alone, which is told anew once somebody does", async () => {
  const at = await company();
  let isWithheld = true;
  const line = await at.connect((frame) =>
    isWithheld && frame[0] === PARTS ? without(frame, (part) => part === 0) : frame,
  );
  const remote = await at.bob.tenant.openDB<Note>("notes", { replica: "remote" });
  await line.synced();
  const alarms: string[] = [];
  at.bob.tenant.on("alarm", ({ code }) => alarms.push(code));
  const first = await fed(remote);
  const lacking = [...first.titles].filter(([, title]) => title === undefined).map(([id]) => id);
  expect(lacking.length).toBe(1);
  expect(first.titles.size).toBe(COUNT);
  expect(new Set(alarms)).toEqual(new Set(["PART_MISSING"]));
  expect((await remote.getAllDocumentIds()).length).toBe(COUNT);
  const [missing = expect.fail("one")] = lacking;
  expect(await codeOf(remote.getDocument(missing))).toBe("PART_MISSING");
  const { cursor } = await fed(remote, first.cursor);

  isWithheld = false;
  await line[Symbol.asyncDispose]();
  await (await at.connect()).synced();
  const again = await fed(remote, cursor);
  expect([...again.titles.keys()]).toEqual([missing]);
  expect(again.titles.get(missing)).toMatch(/^note/);
  expect((await fed(remote, again.cursor)).titles.size).toBe(0);
});

test("a part that could not be kept, as the disk is full, is read all the same, and what is kept is no more than the budget", async () => {
  const faults = { writes: 0, isFull: false, of: () => (faults.isFull ? ("not written" as const) : null) };
  const at = await company((store) => faultyStore(store, faults));
  const line = await at.connect();
  const remote = await at.bob.tenant.openDB<Note>("notes", { replica: "remote", cacheBytes: 3_000 });
  await line.synced();
  for (const [n, id] of at.ids.entries()) {
    faults.isFull = n % 3 === 1;
    expect((await remote.getDocument(id)).getData()).toEqual(notes[n]);
  }
  faults.isFull = false;
  const [first = expect.fail("one")] = at.ids;
  await remote.getDocument(first);
  await at.bob[Symbol.asyncDispose]();
  const kept = await rowBytes(at.bob.place);
  expect(kept).toBeGreaterThan(500);
  expect(kept).toBeLessThan(4_500); // sealed once more, 40 bytes each
});

test("a view and a live query follow a database again whose relay was away for a while", async () => {
  const at = await company();
  const before = await at.connect();
  const remote = await at.bob.tenant.openDB<Note>("notes", { replica: "remote", cacheBytes: 0 });
  await before.synced();
  await using view = await createView(remote, {
    name: "titles",
    columns: [{ name: "title", value: "title", sort: "asc" }],
  });
  await view.caughtUp();
  const heard = hearing();
  view.subscribe(() => heard.tell());
  const shown = hearing();
  let rows: readonly QueryRow<Note>[] = [];
  const stop = liveQuery(remote, { where: { title: { startsWith: "new" } } }, (now) => {
    rows = now;
    shown.tell();
  });
  onTestFinished(stop);
  await shown.once();
  expect(rows).toEqual([]);

  // It is told of a large document, and loses whom it reads it through before it has.
  let isCut = true;
  await before[Symbol.asyncDispose]();
  const cut = await at.connect((frame) => (isCut && frame[0] === PARTS ? null : frame));
  const toldOf = heard.once();
  await at.database.createDocument({ title: "new", text: "x".repeat(10_000) });
  await at.up.synced();
  await cut.synced();
  await cut[Symbol.asyncDispose]();
  isCut = false;
  await at.connect();
  await toldOf;
  while (rows.length === 0) await shown.once();
  expect(rows.map(({ data }) => data.title)).toEqual(["new"]);
  expect((await Array.fromAsync(view.rows())).some(({ values }) => values["title"] === "new")).toBe(true);
});

test("a live query that was begun while nobody was connected tells its rows once somebody is", async () => {
  const at = await company();
  const before = await at.connect();
  const remote = await at.bob.tenant.openDB<Note>("notes", { replica: "remote" });
  await before.synced();
  await remote.getDocument(at.ids[0] ?? expect.fail("one"));
  await before[Symbol.asyncDispose]();
  const errors: unknown[] = [];
  const shown = hearing();
  let rows: readonly QueryRow<Note>[] = [];
  const onError = (error: unknown) => {
    errors.push(error);
    shown.tell();
  };
  onTestFinished(
    liveQuery(
      remote,
      { orderBy: "title" },
      (now) => {
        rows = now;
        shown.tell();
      },
      { onError },
    ),
  );
  await shown.once();
  expect(errors).toMatchObject([{ code: "REPLICA_OFFLINE" }]);
  await at.connect();
  while (rows.length < COUNT) await shown.once();
  expect(errors.length).toBe(1);
  expect(await query(remote, { orderBy: "title" })).toEqual(rows);
});

/** Something that happens again and again. */
function hearing() {
  let { promise, resolve } = Promise.withResolvers<void>();
  return {
    tell: () => {
      resolve();
      ({ promise, resolve } = Promise.withResolvers<void>());
    },
    once: (): Promise<void> => promise,
  };
}
