// Whole clients and a real relay: a database that is read through it, without a replica.
import { type ClientStore, createView, type Database, type DocId, type RemoteDatabase } from "@selkie/client";
import { describe, expect, test } from "vitest";
import { filesIn, newDirectory } from "../../../client/test/support/places.ts";
import { admit, again, damageRows, found, type Meter, metered, newPlace, rowBytes, startRelay } from "./relay-line.ts";

interface Note {
  title: string;
  text: string;
}

const notes = (count: number, words = 100): readonly Note[] =>
  Array.from({ length: count }, (_, at) => ({ title: `note ${at}`, text: `${at} `.repeat(words) }));

/** A tenant at a relay, whose founder has a database of notes, and another member who is about to open it. */
async function company(count: number, { words = 100 } = {}) {
  return companyAt(count, { words, place: await newPlace() });
}

async function companyAt<Place extends ClientStore | string>(
  count: number,
  { words = 100, place }: { readonly words?: number; readonly place: Place },
) {
  const relay = await startRelay();
  const alice = await found(await newPlace());
  const up = await alice.tenant.connect(relay.url);
  const database = await alice.tenant.openDB<Note>("notes");
  const ids = await database.createDocuments(notes(count, words));
  const bob = await admit(alice, "bob", place);
  await up.synced();
  const meter: Meter = { bytes: 0, sent: [] };
  return {
    ...{ relay, alice, up, database, ids, bob, meter },
    first: ids[0] as DocId,
    async [Symbol.asyncDispose]() {
      await bob[Symbol.asyncDispose]();
      await alice[Symbol.asyncDispose]();
      await relay[Symbol.asyncDispose]();
    },
  };
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
  );

/** All documents, as the change feed gives them. */
async function fed(database: Pick<RemoteDatabase<Note>, "iterateChangesSince">, cursor: string | null = null) {
  const items = new Map<DocId, { readonly type: string; readonly data: Note }>();
  let last = cursor;
  for await (const { type, doc, cursor: next } of database.iterateChangesSince(cursor)) {
    items.set(doc.id, { type, data: doc.getData() });
    last = next;
  }
  return { items, cursor: last };
}

const sorted = <Item>(items: Iterable<readonly [string, Item]>) => [...items].toSorted(([a], [b]) => (a < b ? -1 : 1));

describe("a database that is read through a relay", () => {
  test("brings headers of 2,000 documents and not what they say, and of one that is read its own", async () => {
    await using at = await company(2_000);
    await using carol = await admit(at.alice, "carol", await newPlace());
    await at.up.synced();
    const whole: Meter = { bytes: 0, sent: [] };
    await using full = await carol.tenant.connect(metered(at.relay.url, whole), { origin: at.relay.url });
    await carol.tenant.openDB<Note>("notes");
    await full.synced();

    await using line = await at.bob.tenant.connect(metered(at.relay.url, at.meter), { origin: at.relay.url });
    const remote = await at.bob.tenant.openDB<Note>("notes", { replica: "remote" });
    await line.synced();
    const opened = at.meter.bytes;
    expect(opened).toBeLessThan(whole.bytes / 8);
    expect((await remote.getAllDocumentIds()).toSorted()).toEqual(at.ids.toSorted());
    expect(at.meter.bytes).toBe(opened);
    expect((await remote.getDocument(at.first)).getData()).toEqual(notes(1)[0]);
    expect(at.meter.bytes - opened).toBeLessThan(1_000);
    const read = at.meter.bytes;
    await remote.getDocument(at.first);
    expect(at.meter.bytes).toBe(read);
    expect(await remote.findDocument("0".repeat(64) as DocId)).toBeUndefined();
    expect(await codeOf(remote.getDocument("0".repeat(64) as DocId))).toBe("DOC_NOT_FOUND");
  });

  test("shows what others change, delete and bring back, and equals a whole replica; so does its feed", async () => {
    await using at = await company(120);
    await using line = await at.bob.tenant.connect(at.relay.url);
    const remote = await at.bob.tenant.openDB<Note>("notes", { replica: "remote" });
    await line.synced();
    const before = await fed(remote);
    expect(before.items.size).toBe(120);
    const changed = new Set<DocId>();
    remote.on("change", ({ id }) => changed.add(id));

    await using carol = await admit(at.alice, "carol", await newPlace());
    await at.up.synced();
    await using hers = await carol.tenant.connect(at.relay.url);
    const carols = await carol.tenant.openDB<Note>("notes");
    await hers.synced();
    const [one, two, three, four] = at.ids as [DocId, DocId, DocId, DocId];
    await carols.changeDoc(one, (draft) => {
      draft.getData().title = "by carol";
    });
    await at.database.changeDoc(one, (draft) => {
      draft.getData().text = "by alice, at the same time";
    });
    await carols.deleteDocument(two);
    await carols.deleteDocument(three);
    await hers.synced();
    await at.up.synced();
    await at.database.undeleteDocument(three);
    const { id: five } = await carols.createDocument({ title: "large", text: "x".repeat(10_000) });
    await hers.synced();
    await at.up.synced();
    await line.synced();

    expect([...changed].toSorted()).toEqual([one, two, three, five].toSorted());
    const after = await fed(remote, before.cursor);
    expect(sorted(after.items)).toEqual(
      sorted([
        [one, { type: "changed", data: (await at.database.getDocument(one)).getData() }],
        [two, { type: "deleted", data: {} }],
        [three, { type: "changed", data: (await at.database.getDocument(three)).getData() }],
        [five, { type: "changed", data: { title: "large", text: "x".repeat(10_000) } }],
      ]),
    );
    await at.up.synced();
    expect((await remote.getAllDocumentIds()).toSorted()).toEqual((await at.database.getAllDocumentIds()).toSorted());
    expect(sorted((await fed(remote)).items)).toEqual(sorted((await fed(at.database)).items));

    // What somebody made beyond a cut counts on neither.
    await hers[Symbol.asyncDispose]();
    await carols.changeDoc(four, (draft) => {
      draft.getData().title = "after the end";
    });
    await at.alice.tenant.directory.revokeUser("CN=carol/O=acme");
    await at.up.synced();
    await line.synced();
    expect(sorted((await fed(remote)).items)).toEqual(sorted((await fed(at.database)).items));
  });

  test("is one source of a view beside a whole one: the rows are those of two whole ones", async () => {
    await using at = await company(60, { words: 20 });
    await using line = await at.bob.tenant.connect(at.relay.url);
    const others = await at.bob.tenant.openDB<Note>("others");
    await others.createDocuments(notes(20, 5));
    const remote = await at.bob.tenant.openDB<Note>("notes", { replica: "remote" });
    await line.synced();
    const alices = await at.alice.tenant.openDB<Note>("others");
    await at.up.synced();
    const rowsOf = async (sources: Parameters<typeof createView<Note>>[0]) => {
      await using view = await createView<Note>(sources, {
        name: "titles",
        columns: [{ name: "title", value: "title", sort: "asc" }],
      });
      const rows: unknown[] = [];
      for await (const { values } of view.rows()) rows.push(values);
      return rows;
    };
    const rows = await rowsOf([others, remote]);
    expect(rows.length).toBeGreaterThanOrEqual(80);
    expect(rows).toEqual(await rowsOf([alices, at.database as Database<Note>]));
  });
});

describe("what is kept of it on the device", () => {
  const BUDGET = 6_000;

  test("is no more than its budget, is there after a restart, and is asked for again where it is damaged", async () => {
    await using at = await company(100);
    const { place } = at.bob;
    const open = { replica: "remote", cacheBytes: BUDGET } as const;
    {
      await using line = await at.bob.tenant.connect(at.relay.url);
      const remote = await at.bob.tenant.openDB<Note>("notes", open);
      await line.synced();
      expect((await fed(remote)).items.size).toBe(100);
      await remote.getDocument(at.first);
    }
    await at.bob[Symbol.asyncDispose]();
    expect(await rowBytes(place)).toBeGreaterThan(BUDGET / 2);
    expect(await rowBytes(place)).toBeLessThan(BUDGET * 1.5); // sealed once more, 40 bytes each
    {
      await using bob = await again(place);
      const remote = await bob.tenant.openDB<Note>("notes", open);
      expect((await remote.getAllDocumentIds()).length).toBe(100);
      expect((await remote.getDocument(at.first)).getData()).toEqual(notes(1)[0]);
      const other = at.ids[1] as DocId;
      expect(await codeOf(remote.getDocument(other))).toBe("REPLICA_OFFLINE");
      expect(await codeOf(fed(remote))).toBe("REPLICA_OFFLINE");
    }
    await damageRows(place);
    await using bob = await again(place);
    const remote = await bob.tenant.openDB<Note>("notes", open);
    expect(await codeOf(remote.getDocument(at.first))).toBe("REPLICA_OFFLINE");
    await using line = await bob.tenant.connect(at.relay.url);
    await line.synced();
    expect((await remote.getDocument(at.first)).getData()).toEqual(notes(1)[0]);
  });

  test("P-9 P-10 says nothing to who reads the disk, and goes when it is purged", async () => {
    await using directory = await newDirectory();
    await using at = await companyAt(40, { place: directory.path });
    await using line = await at.bob.tenant.connect(at.relay.url);
    const remote = await at.bob.tenant.openDB<Note>("notes", { replica: "remote" });
    await at.database.changeDoc(at.first, (draft) => {
      draft.getData().title = "canary in a coal mine";
    });
    await at.up.synced();
    await line.synced();
    expect((await remote.getDocument(at.first)).getData().title).toBe("canary in a coal mine");
    await fed(remote);
    const canaries = ["canary in a coal mine", "39 39 39 39", "note 39"].map((text) =>
      Buffer.from(text).toString("hex"),
    );
    for (const [, content] of filesIn(directory.path))
      for (const canary of canaries) expect(content.includes(canary)).toBe(false);

    await at.alice.tenant.settings.change({ purgeAfter: 0 });
    await at.database.purgeDocHistory(at.first);
    await at.up.synced();
    await line.synced();
    expect(await codeOf(remote.getDocument(at.first))).toBe("DOC_PURGED");
    expect(await remote.getAllDocumentIds()).not.toContain(at.first);
    expect((await fed(remote)).items.get(at.first)?.type).toBe("purged");
  });

  test("P-10 drops what was purged while it was closed", async () => {
    await using at = await company(40);
    const { place } = at.bob;
    const open = { replica: "remote" } as const;
    {
      await using line = await at.bob.tenant.connect(at.relay.url);
      const remote = await at.bob.tenant.openDB<Note>("notes", open);
      await line.synced();
      await remote.getDocument(at.first);
    }
    await at.bob[Symbol.asyncDispose]();
    expect(await rowBytes(place)).toBeGreaterThan(0);
    await at.alice.tenant.settings.change({ purgeAfter: 0 });
    await at.database.purgeDocHistory(at.first);
    await at.up.synced();
    {
      await using bob = await again(place);
      await using line = await bob.tenant.connect(at.relay.url);
      await line.synced();
    }
    expect(await rowBytes(place)).toBe(0);
  });
});

describe("who is asked", () => {
  /** Frames of parts, as the relay gives them: type, handle and count, then what it gives, then a tag of eight bytes. */
  const PARTS = 21;
  const withheld = (frame: Uint8Array): Uint8Array =>
    new Uint8Array([...frame.subarray(0, 3), ...new Uint8Array(frame[2] ?? 0), ...frame.subarray(-8)]);
  const other = (frame: Uint8Array): Uint8Array => frame.with(-9, (frame.at(-9) ?? 0) ^ 1);

  test("A11 who withholds a part is reported, and so is the document that can't be read", async () => {
    await using at = await company(40);
    const dial = metered(at.relay.url, at.meter, (frame) => (frame[0] === PARTS ? withheld(frame) : frame));
    await using line = await at.bob.tenant.connect(dial, { origin: at.relay.url });
    const remote = await at.bob.tenant.openDB<Note>("notes", { replica: "remote" });
    await line.synced();
    const alarms: string[] = [];
    at.bob.tenant.on("alarm", ({ code }) => alarms.push(code));
    expect(await codeOf(remote.getDocument(at.first))).toBe("PART_MISSING");
    expect(alarms).toEqual(["PART_MISSING"]);
  });

  test("B2 who gives another part is refused, and what it gave shows nowhere", async () => {
    await using at = await company(40);
    let lies = true;
    const dial = metered(at.relay.url, at.meter, (frame) => (lies && frame[0] === PARTS ? other(frame) : frame));
    await using line = await at.bob.tenant.connect(dial, { origin: at.relay.url });
    const remote = await at.bob.tenant.openDB<Note>("notes", { replica: "remote" });
    await line.synced();
    const refused = await remote.getDocument(at.first).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "REPLICA_OFFLINE", cause: { code: "PART_OTHER" } });
    lies = false;
    await line.synced();
    expect((await remote.getDocument(at.first)).getData()).toEqual(notes(1)[0]);
  });

  test("R3 sees which parts of large entries a device asks for, when and together, and nothing of what they say", async () => {
    await using at = await company(40);
    await using line = await at.bob.tenant.connect(metered(at.relay.url, at.meter), { origin: at.relay.url });
    const remote = await at.bob.tenant.openDB<Note>("notes", { replica: "remote" });
    await line.synced();
    const FETCH = 20;
    const asked = () => at.meter.sent.filter(([type]) => type === FETCH).map(([, , count]) => count);
    expect(asked()).toEqual([]);
    await remote.getDocument(at.first);
    expect(asked()).toEqual([1]);
    await fed(remote);
    expect(asked()).toEqual([1, 39]);
  });

  test("A3 gives nothing to a device that was revoked", async () => {
    await using at = await company(40);
    await using line = await at.bob.tenant.connect(at.relay.url);
    const remote = await at.bob.tenant.openDB<Note>("notes", { replica: "remote" });
    await line.synced();
    const revoked = new Promise((resolve) => at.bob.tenant.on("revoked", resolve));
    await at.alice.tenant.directory.revokeUser("CN=bob/O=acme");
    await at.up.synced();
    await revoked;
    expect(await codeOf(remote.getDocument(at.first))).toBe("REPLICA_OFFLINE");
  });

  test("is asked for one kind of replica at a time, and for all that is missing once all is to be here", async () => {
    await using at = await company(40);
    await using line = await at.bob.tenant.connect(at.relay.url);
    const remote = await at.bob.tenant.openDB<Note>("notes", { replica: "remote" });
    await line.synced();
    expect(await codeOf(at.bob.tenant.openDB<Note>("notes"))).toBe("REPLICA_OTHER");
    expect(await codeOf(at.bob.tenant.openDB<Note>("notes", { at: new Date() }))).toBe("REPLICA_OTHER");
    await remote[Symbol.asyncDispose]();
    const whole = await at.bob.tenant.openDB<Note>("notes");
    await line.synced();
    expect((await whole.getAllDocumentIds()).toSorted()).toEqual(at.ids.toSorted());
    expect((await whole.getDocument(at.first)).getData()).toEqual(notes(1)[0]);
    expect(await codeOf(at.bob.tenant.openDB<Note>("notes", { replica: "remote" }))).toBe("REPLICA_OTHER");
  });
});
