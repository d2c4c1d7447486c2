import * as Automerge from "@automerge/automerge";
import { describe, expect, test } from "vitest";
import type { DocId } from "../../src/document/doc-id.ts";
import type { FeedItem, FeedOptions } from "../../src/feed/feed-item.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { type Device, Lab, placeOf, withHoles } from "../database/lab.ts";
import { cutOff } from "./cut-off.ts";
import { drain, Follower, pass, shownBy } from "./follower.ts";
import { unshare } from "./unshare.ts";

const shown = ({ type, doc }: FeedItem<object>): string => `${type} ${JSON.stringify(doc.getData())}`;

async function changes(device: Device, cursor: string | null | undefined = null) {
  const items = await drain(device, cursor);
  return { shown: items.map(shown), cursor: items.at(-1)?.cursor ?? cursor };
}

async function set(device: Device, id: DocId | undefined, data: object): Promise<void> {
  if (id === undefined) throw new RangeError("a document");
  const doc = await device.database.getDocument(id);
  await device.database.changeDoc(doc, (draft) => void Object.assign(draft.getData(), data));
}

const numbered = (count: number): readonly object[] => Array.from({ length: count }, (_, n) => ({ n }));

describe("the change feed", () => {
  test("delivers each changed document once, in its newest state, in the order of the changes", async () => {
    const lab = await Lab.begin("feed");
    const anna = await lab.device("anna");
    const first = await anna.database.createDocument({ n: 1 });
    const second = await anna.database.createDocument({ n: 2 });
    await anna.database.createDocuments([{ n: 3 }, { n: 4 }]);
    const begun = await changes(anna);
    expect(begun.shown).toEqual(['changed {"n":1}', 'changed {"n":2}', 'changed {"n":3}', 'changed {"n":4}']);
    expect((await changes(anna, begun.cursor)).shown).toEqual([]);
    for (const n of [5, 6]) await set(anna, first.id, { n });
    await anna.database.deleteDocument(second);
    await anna.database.createDocument({ n: 7 });
    const more = await changes(anna, begun.cursor);
    expect(more.shown).toEqual(['changed {"n":6}', "deleted {}", 'changed {"n":7}']);
    await anna.database.undeleteDocument(second.id);
    expect((await changes(anna, more.cursor)).shown).toEqual(['changed {"n":2}']);
    const all = [3, 4, 6, 7, 2].map((n) => `changed {"n":${n}}`);
    expect((await changes(anna)).shown).toEqual(all);
  });

  test("goes on from any cursor after a crash, with what changed while nobody read it", async () => {
    const lab = await Lab.begin("feed and crash");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    const ids = await anna.database.createDocuments(numbered(250));
    const items = await drain(anna, null);
    expect(items.map(({ doc }) => doc.id)).toEqual(ids);
    anna.crash();
    await anna.open();
    expect((await changes(anna, items[248]?.cursor)).shown).toEqual(['changed {"n":249}']);
    await pass(anna, ben);
    await set(ben, ids[7], { n: -7 });
    anna.crash();
    await anna.open();
    await pass(ben, anna);
    expect((await changes(anna, items[249]?.cursor)).shown).toEqual(['changed {"n":-7}']);
  });

  test("delivers in the same call what changed before its turn, and with the next one what changed after", async () => {
    const lab = await Lab.begin("feed meanwhile");
    const anna = await lab.device("anna");
    const ids = await anna.database.createDocuments(numbered(4));
    const seen: string[] = [];
    let cursor: string | null = null;
    for await (const item of anna.database.iterateChangesSince(null)) {
      seen.push(shown(item));
      ({ cursor } = item);
      if (seen.length > 1) continue;
      await set(anna, ids[0], { n: 10 });
      await set(anna, ids[2], { n: 12 });
      await drain(anna, null); // another reader
      await set(anna, ids[1], { n: 11 });
    }
    expect(seen).toEqual([0, 3, 10, 12, 11].map((n) => `changed {"n":${n}}`));
    expect(await drain(anna, cursor)).toEqual([]);
  });

  test("ends for a reader who edits whatever it is given", async () => {
    const lab = await Lab.begin("feed edited");
    const anna = await lab.device("anna");
    await anna.database.createDocuments(numbered(3));
    let count = 0;
    for await (const { doc } of anna.database.iterateChangesSince(null)) {
      count += 1;
      await set(anna, doc.id, { seen: count });
    }
    expect(count).toBe(3);
  });

  test("ends for a reader who edits every document each time, and goes on with the next call", async () => {
    const lab = await Lab.begin("feed edited all over");
    const anna = await lab.device("anna");
    const ids = await anna.database.createDocuments(numbered(2));
    const follower = new Follower();
    let count = 0;
    for await (const item of anna.database.iterateChangesSince(null)) {
      follower.take(item);
      if (++count === 10) expect.fail("it goes on and on");
      for (const id of ids) await set(anna, id, { seen: count });
    }
    await follower.read(anna);
    expect(follower.state).toEqual(await shownBy(anna));
  });

  test("delivers a document that is there again though its heads are the same", async () => {
    const lab = await Lab.begin("feed signed twice");
    const [anna, author] = [await lab.device("anna"), await lab.author("author")];
    const place = placeOf("signed twice");
    const actor = author.actor(place);
    const made = handMade({ actor, ops: [{ key: { text: "title" }, value: "x" }] });
    const again = handMade({ actor, seq: 2, startOp: 2, deps: [made.hash], ops: [] });
    const begun = await author.write([author.part(place, made.bytes, { kind: "create" })]);
    const changed = await author.write([author.part(place, again.bytes)]);
    const deleted = await author.write([author.part(place, again.bytes, { kind: "delete" })]);
    await anna.receive(begun, await withHoles(lab.crypto, changed, () => true), deleted);
    const before = await changes(anna);
    expect(before.shown).toEqual(["deleted {}"]);
    anna.crash();
    await anna.open();
    await anna.receive(changed);
    expect((await changes(anna, before.cursor)).shown).toEqual(['changed {"title":"x"}']);
  });

  test("delivers again what a document went back to, when another state was seen in a reader's hands", async () => {
    const { carol, cut, readmit, ofMallory } = await cutOff("feed back");
    const follower = new Follower();
    for await (const item of carol.database.iterateChangesSince(null)) {
      await carol.receive(...ofMallory);
      follower.take(item);
      await carol.hear(cut);
    }
    expect([...follower.state.values()].join()).toContain("bad");
    const { shown: again, cursor } = await changes(carol, follower.cursor);
    expect(again).toEqual(['changed {"text":"note"}']);
    await carol.hear(readmit);
    expect((await changes(carol, cursor)).shown).toEqual(['changed {"text":"bad"}']);
  });

  test("delivers a document of which nothing counts any more as deleted, also after a restart", async () => {
    const { carol, mallory, cut, readmit } = await cutOff("feed gone");
    const own = await mallory.database.createDocument({ text: "all mine" });
    await pass(mallory, carol);
    const follower = new Follower();
    await follower.read(carol);
    expect(follower.state.has(own.id)).toBe(true);
    const before = await carol.reopened();
    await carol.hear(cut);
    before.known = carol.known;
    before.crash();
    await before.open();
    for (const device of [carol, before]) {
      const [item] = (await drain(device, follower.cursor)).filter(({ doc }) => doc.id === own.id);
      expect([item?.type, item?.doc.isDeleted(), item?.doc.getData()]).toEqual(["deleted", true, {}]);
      const { cursor } = await changes(device, follower.cursor);
      await device.hear(readmit);
      expect((await changes(device, cursor)).shown).toContain('changed {"text":"bad"}');
    }
  });

  test("D8 goes past a damaged entry, one that cannot be read, and one that is refused", async () => {
    const lab = await Lab.begin("feed unreadable", ["default", "board"]);
    const [ben, author] = [await lab.device("ben"), await lab.author("author")];
    const anna = await lab.device("anna", lab.keys.slice(0, 1));
    const part = (title: string, key: string) => {
      const place = placeOf(title, key);
      const actor = author.actor(title === "refused" ? placeOf("another", key) : place);
      const { bytes } = handMade({ actor, ops: [{ key: { text: "title" }, value: title }] });
      return author.part(place, bytes, { kind: "create" });
    };
    const runs = [
      await author.write([part("first", "default"), part("secret", "board")]),
      await author.write([part("refused", "default"), part("hole", "default")]),
      await author.write([part("last", "default")]),
    ];
    const holed = runs.map((run) => withHoles(lab.crypto, run, (seq, index) => seq === 1 && index === 1));
    await anna.receive(...(await Promise.all(holed)));
    expect((await changes(anna)).shown).toEqual(['changed {"title":"first"}', 'changed {"title":"last"}']);
    await ben.receive(...runs);
    await changes(ben);
    ben.damage(author.writer, 1);
    ben.crash();
    await ben.open();
    await ben.database.createDocument({ title: "own" });
    const titles = (await changes(ben)).shown.map((line) => /"title":"(.*)"/.exec(line)?.[1]);
    expect(titles).toEqual(expect.arrayContaining(["first", "secret", "own"]));
  });

  test("D8 delivers values that JSON has no words for, and goes past those that no document may hold", async () => {
    const lab = await Lab.begin("feed values");
    const [anna, author] = [await lab.device("anna"), await lab.author("author")];
    for (const [title, value] of Object.entries({ odd: 1.5, none: Number.NaN })) {
      const place = placeOf(title);
      const doc = Automerge.change(Automerge.init<Record<string, unknown>>({ actor: author.actor(place) }), (draft) => {
        Object.assign(draft, { value, bytes: Uint8Array.of(1, 2), when: new Date(5) });
      });
      const change = Automerge.getLastLocalChange(doc) ?? expect.fail("a change");
      await anna.receive(await author.write([author.part(place, change, { kind: "create" })]));
    }
    expect(anna.quarantined().map((item) => item.split(" ")[1])).toEqual(["CHANGE_BAD_VALUE"]);
    await anna.database.createDocument({ n: 1 });
    const [odd, last] = await drain(anna, null);
    expect(odd?.doc.getData()).toEqual({ value: 1.5, bytes: Uint8Array.of(1, 2), when: new Date(5) });
    expect(last?.doc.getData()).toEqual({ n: 1 });
  });

  test("refuses what is no cursor, and one of another database", async () => {
    const lab = await Lab.begin("feed cursors");
    const anna = await lab.device("anna");
    await anna.database.createDocument({ n: 1 });
    const { cursor } = await changes(anna);
    if (typeof cursor !== "string") return expect.fail("a cursor");
    const other = `${cursor.slice(0, 2)}00${cursor.slice(4)}`;
    for (const bad of ["", "x", "01", cursor.slice(2), `${cursor}00`, other, `02${cursor.slice(2)}`])
      await expect(drain(anna, bad)).rejects.toMatchObject({ code: "CURSOR_INVALID" });
  });
});

describe("the change feed and keys", () => {
  test("hides the documents of a key that is taken away, and reveals them when it is shared again", async () => {
    const lab = await Lab.begin("feed keys", ["default", "board"]);
    const bob = await lab.device("bob");
    const setup = [...lab.world.placed];
    await bob.hear(...setup);
    const secret = await bob.database.createDocument({ text: "for the board" }, { key: "board" });
    await bob.database.createDocument({ text: "for all" });
    const before = await changes(bob);
    expect(before.shown).toEqual(['changed {"text":"for the board"}', 'changed {"text":"for all"}']);
    const { unshared, share } = await unshare(lab, bob);
    await bob.hear(unshared);
    const after = await changes(bob, before.cursor);
    expect(after.shown.map((line) => line.split(" ")[0])).toEqual(["hidden"]);
    bob.crash();
    await bob.open();
    expect((await changes(bob, before.cursor)).shown).toEqual(after.shown);
    await bob.hear(share());
    expect((await drain(bob, after.cursor)).map(({ type, doc }) => [type, doc.id])).toEqual([["revealed", secret.id]]);
  });

  test("reveals what was there before its key came, and calls what comes later changed", async () => {
    const lab = await Lab.begin("feed revealed", ["default", "board"]);
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben", lab.keys.slice(0, 1))];
    await anna.database.createDocument({ n: 1 }, { key: "board" });
    await anna.database.createDocument({ n: 2 });
    await pass(anna, ben);
    const begun = await changes(ben);
    expect(begun.shown).toEqual(['changed {"n":2}']);
    await ben.give(...lab.keys);
    const more = await changes(ben, begun.cursor);
    expect(more.shown).toEqual(['revealed {"n":1}']);
    await anna.database.createDocument({ n: 3 }, { key: "board" });
    await pass(anna, ben);
    expect((await changes(ben, more.cursor)).shown).toEqual(['changed {"n":3}']);
  });
});

describe("a live feed", () => {
  /** Reads on its own until it ends. */
  function read(device: Device, options: FeedOptions = {}, cursor: string | null = null) {
    const seen: string[] = [];
    const waiting: { count: number; resolve: () => void }[] = [];
    const ended = (async () => {
      for await (const item of device.database.iterateChangesSince(cursor, { live: true, ...options })) {
        seen.push(shown(item));
        for (const { count, resolve } of waiting) if (seen.length >= count) resolve();
      }
    })();
    ended.catch(() => undefined);
    const until = (count: number) =>
      new Promise<void>((resolve) => {
        waiting.push({ count, resolve });
        if (seen.length >= count) resolve();
      });
    return { seen, ended, until };
  }

  test("waits for the next change, made here or received, and ends when the database is closed", async () => {
    const lab = await Lab.begin("live");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    const live = read(anna);
    const doc = await anna.database.createDocument({ n: 1 });
    await live.until(1);
    await pass(anna, ben);
    await set(ben, doc.id, { n: 2 });
    await pass(ben, anna);
    await live.until(2);
    await set(anna, doc.id, { n: 3 });
    await live.until(3);
    expect(live.seen).toEqual(['changed {"n":1}', 'changed {"n":2}', 'changed {"n":3}']);
    await anna.close();
    await live.ended;
  });

  test("is woken by what another reader notes while it does something else", async () => {
    const lab = await Lab.begin("live beside another");
    const anna = await lab.device("anna");
    await anna.database.createDocument({ n: 1 });
    const items = anna.database.iterateChangesSince(null, { live: true })[Symbol.asyncIterator]();
    await items.next();
    await anna.database.createDocument({ n: 2 });
    const other = drain(anna, null);
    const next = items.next(); // while the other one's rows are written
    expect(await other).toHaveLength(2);
    expect(shown((await next).value)).toBe('changed {"n":2}');
    await items.return?.();
  });

  test("ends at once when it is left while it waits", async () => {
    const lab = await Lab.begin("live left");
    const anna = await lab.device("anna");
    await anna.database.createDocument({ n: 1 });
    for (const options of [{ live: true }, { live: true, revisions: true }] as const) {
      const items = anna.database.iterateChangesSince(null, options as FeedOptions)[Symbol.asyncIterator]();
      await items.next();
      const waiting = items.next();
      await items.return?.();
      expect(await waiting).toEqual({ done: true, value: undefined });
    }
  });

  test("says at once that a key was taken away", async () => {
    const lab = await Lab.begin("live keys", ["default", "board"]);
    const bob = await lab.device("bob");
    await bob.hear(...lab.world.placed);
    await bob.database.createDocument({ text: "for the board" }, { key: "board" });
    const live = read(bob);
    await live.until(1);
    await bob.hear((await unshare(lab, bob)).unshared);
    await live.until(2);
    expect(live.seen.map((line) => line.split(" ")[0])).toEqual(["changed", "hidden"]);
    await bob.close();
    await live.ended;
  });

  test("ends with the reason of its signal, before it begins and while it waits", async () => {
    const lab = await Lab.begin("live aborted");
    const anna = await lab.device("anna");
    await anna.database.createDocument({ n: 1 });
    const stop = new AbortController();
    const live = read(anna, { signal: stop.signal });
    await live.until(1);
    stop.abort(new RangeError("enough"));
    await expect(live.ended).rejects.toThrow("enough");
    await expect(read(anna, { signal: stop.signal }).ended).rejects.toThrow("enough");
  });

  test("lets a slow reader have each document once, whatever happened to it meanwhile", async () => {
    const lab = await Lab.begin("live slowly");
    const anna = await lab.device("anna");
    const ids = await anna.database.createDocuments(numbered(3));
    const follower = new Follower();
    let read = 0;
    for await (const item of anna.database.iterateChangesSince(null, { live: true })) {
      follower.take(item);
      if (++read === 1) for (let n = 0; n < 20; n++) await set(anna, ids[2], { n });
      if (read === 3) break;
    }
    expect(follower.state).toEqual(await shownBy(anna));
    expect(await drain(anna, follower.cursor)).toEqual([]);
  });
});
