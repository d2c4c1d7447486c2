import { nativeCrypto } from "@selkie/crypto/native";
import { parseDatabaseId, parseEntryId, parseKeyTag, parseWriterKey, toHex, type VerifiedEntry } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import { expect, test } from "vitest";
import type { Admission } from "../../src/directory/admission.ts";
import { LocalState } from "../../src/local/local-state.ts";
import { ClaimTimes } from "../../src/tenant/claim-times.ts";
import { DirectoryClaims, type Withheld } from "../../src/tenant/directory-claims.ts";
import { Lab } from "../database/lab.ts";
import { identity } from "../directory/world.ts";
import { pattern, testDatabase, testTenant } from "../fixture.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const otherDatabase = parseDatabaseId(pattern("other", 32));

interface Somebody {
  readonly entry: VerifiedEntry;
  readonly admission: Admission;
}

/** A device's claims, its clock, and what it holds of the directory. */
async function begin() {
  const lab = await Lab.begin("claims");
  const somebody = async (name: string): Promise<Somebody> => {
    const author = await lab.author(name);
    const [entry] = (await author.write([])).entries;
    const admission = lab.world.view().admission(author.admission);
    if (entry === undefined || admission === undefined) throw new RangeError("an author");
    return { entry, admission };
  };
  const [bob, carol] = [await somebody("bob"), await somebody("carol")];
  const admins = new Set<Admission["id"]>();
  const out = new Set<Admission["id"]>();
  /** What is here of the directory, with its author. */
  const held = new Map<string, Somebody>();
  const store = memoryStore({ verifier: nativeCrypto, random: (length) => nativeCrypto.randomBytes(length) });
  const local = new LocalState(
    nativeCrypto,
    store.state,
    await nativeCrypto.importSecret(pattern("local", 32)),
    testTenant,
  );
  const at = {
    ...{
      now: 0,
      isReached: true,
      /** What is known to lie behind a fork. */
      elsewhere: new Set<string>(),
      settled: 0,
      alarms: [] as Withheld[],
      asked: 0,
      hasKey: false,
    },
    tick: (): void => expect.unreachable("nothing waits"),
    /** Something was asked of the others, or announced. */
    done: (): void => undefined,
  };
  const open = async (): Promise<DirectoryClaims> => {
    const times = new ClaimTimes({ store, local, directory: identity.directory });
    await times.load();
    at.alarms.length = 0;
    return new DirectoryClaims({
      platform: {
        now: () => at.now,
        scheduler: {
          after: (_ms, run) => {
            at.tick = run;
            return () => undefined;
          },
        },
        report: (error) => expect.unreachable(String(error)),
      },
      directory: identity.directory,
      entries: { find: async (id) => held.get(toHex(id))?.entry },
      author: (writer) => [bob, carol].find(({ entry }) => entry.header.writer === writer)?.admission ?? null,
      ring: { find: async () => (at.hasKey ? lab.directoryKey : undefined), current: () => lab.directoryKey },
      times,
      view: () => {
        const view = lab.world.view();
        return {
          ...view,
          isLive: (admission) => !out.has(admission.id) && view.isLive(admission),
          admission: (id) => {
            const known = view.admission(id);
            return known !== undefined && admins.has(id) ? { ...known, role: "admin" } : known;
          },
        };
      },
      isElsewhere: (id) => at.elsewhere.has(toHex(id)),
      limit: () => (7 * DAY_MS) / 1_000,
      catchUp: async () => {
        at.asked += 1;
        if (!at.isReached) at.done();
        return at.isReached;
      },
      onWithheld: (withheld) => {
        at.alarms.push(withheld);
        at.done();
      },
      onSettled: () => {
        at.settled += 1;
      },
    });
  };
  /** Time passes, and the timer runs until something is done. */
  const pass = async (ms: number): Promise<void> => {
    at.now += ms;
    const { promise, resolve } = Promise.withResolvers<void>();
    at.done = resolve;
    at.tick();
    await promise;
  };
  return { lab, bob, carol, admins, out, held, at, open, pass };
}

const head = (name: string) => parseEntryId(pattern(name, 32));
const naming = ({ entry, admission }: Somebody, ...names: readonly string[]) => ({
  ...{ entry, admission, tag: null },
  heads: names.map(head),
});

/** The same author in another chain, or another database. */
function elsewhere({ entry, admission }: Somebody, writer: string, database = entry.header.database): Somebody {
  const header = { ...entry.header, writer: parseWriterKey(pattern(writer, 32)), database };
  return { entry: { ...entry, header }, admission };
}

const holds = (claims: DirectoryClaims) =>
  [testDatabase, otherDatabase, identity.directory].map((id) => claims.holds(id));

test("A4 R11 a head that is not here holds up its database and no other, until it is here", async () => {
  const { bob, carol, held, at, open } = await begin();
  const claims = await open();
  await claims.take(naming(bob, "head"));
  expect(holds(claims)).toEqual([true, false, false]);
  held.set(toHex(head("head")), carol);
  await claims.look();
  expect([...holds(claims), at.settled]).toEqual([false, false, false, 1]);
});

test("A4 R11 a head that an entry of the directory names holds up every database, as long as its author has rights", async () => {
  const { bob, out, open } = await begin();
  const claims = await open();
  await claims.take(naming(elsewhere(bob, "chain", identity.directory), "head"));
  expect(holds(claims)).toEqual([true, true, true]);
  out.add(bob.admission.id);
  await claims.look();
  expect(holds(claims)).toEqual([false, false, false]);
});

test("A4 a control part under a directory key that nobody told this device of holds up its database", async () => {
  const { bob, open } = await begin();
  const claims = await open();
  await claims.take({ ...bob, heads: [], tag: parseKeyTag(pattern("tag", 16)) });
  expect(claims.holds(testDatabase)).toBe(true);
});

test("A4 R11 after five minutes and an exchange that did not bring it the alarm says whose word it is, and again each day", async () => {
  const { lab, bob, at, open, pass } = await begin();
  const claims = await open();
  await claims.take(naming(bob, "head"));
  at.now += 4 * MINUTE_MS;
  at.tick();
  at.isReached = false;
  await pass(2 * MINUTE_MS);
  expect([at.asked, at.alarms]).toEqual([1, []]); // too early at first, and then nobody was there
  at.isReached = true;
  await claims.exchanged();
  const { id, header } = bob.entry;
  const user = toHex(
    lab.world
      .view()
      .users()
      .find(({ device }) => device === bob.admission.device)?.id ?? new Uint8Array(),
  );
  const alarm = { database: toHex(testDatabase), writer: toHex(header.writer), seq: 0, entryId: toHex(id), user };
  expect(at.alarms).toEqual([alarm]);
  await claims.exchanged();
  expect(at.alarms).toHaveLength(1);
  await pass(DAY_MS);
  expect(at.alarms).toHaveLength(2);
});

test("A4 R11 one member's word lapses after a week, over restarts, whatever else the member names; the alarm goes on", async () => {
  const { bob, at, open } = await begin();
  let claims = await open();
  await claims.take(naming(bob, "head"));
  for (let day = 0; day < 7; day += 1) {
    at.now += DAY_MS - MINUTE_MS;
    claims = await open();
    await claims.take(naming(bob, "head"));
    if (day === 0) at.now += 6 * MINUTE_MS; // the first day it was not written down yet
    await claims.exchanged();
    expect([day, claims.holds(testDatabase)]).toEqual([day, true]);
  }
  at.now += DAY_MS;
  expect(claims.holds(testDatabase)).toBe(true); // nobody was asked since
  const settled = at.settled;
  await claims.exchanged();
  expect([claims.holds(testDatabase), at.settled]).toEqual([false, settled + 1]);
  await claims.take(naming(elsewhere(bob, "another chain"), "another head"));
  expect(claims.holds(testDatabase)).toBe(false);
  claims = await open();
  await claims.take(naming(bob, "head"));
  expect(claims.holds(testDatabase)).toBe(false);
  await claims.exchanged();
  expect(at.alarms).toHaveLength(1);
});

test("A4 who was right has a say again", async () => {
  const { bob, carol, held, at, open } = await begin();
  const claims = await open();
  await claims.take(naming(bob, "head"));
  at.now += 7 * DAY_MS;
  await claims.exchanged();
  expect(claims.holds(testDatabase)).toBe(false);
  held.set(toHex(head("head")), carol);
  await claims.look();
  await claims.take(naming(elsewhere(bob, "another chain"), "another head"));
  expect(claims.holds(testDatabase)).toBe(true);
});

test("A4 R11 who takes back what it named, or shows it itself, an entry or a key, gains no time", async () => {
  const { bob, held, at, open } = await begin();
  const claims = await open();
  const name = async (seq: number, ...names: readonly string[]) => {
    const header = { ...bob.entry.header, seq };
    await claims.take(naming({ ...bob, entry: { ...bob.entry, header } }, ...names));
    await claims.exchanged();
  };
  await name(1, "head");
  at.now += 3 * DAY_MS;
  await claims.exchanged();
  await name(2);
  expect(claims.holds(testDatabase)).toBe(false);
  await name(3, "his own head");
  expect(claims.holds(testDatabase)).toBe(true);
  held.set(toHex(head("his own head")), bob);
  await claims.look();
  expect(claims.holds(testDatabase)).toBe(false);
  const header = { ...bob.entry.header, seq: 4 };
  await claims.take({ ...bob, entry: { ...bob.entry, header }, heads: [], tag: parseKeyTag(pattern("tag", 16)) });
  expect(claims.holds(testDatabase)).toBe(true);
  at.hasKey = true;
  await claims.look();
  expect(claims.holds(testDatabase)).toBe(false);
  await name(5, "another head");
  expect(claims.holds(testDatabase)).toBe(true);
  at.now += 4 * DAY_MS;
  await claims.exchanged();
  expect(claims.holds(testDatabase)).toBe(false);
});

test("A4 R11 who takes back what it named before each alarm, and names more, puts off neither the alarm nor the end", async () => {
  const { bob, at, open } = await begin();
  const claims = await open();
  const name = async (seq: number, ...names: readonly string[]) => {
    const header = { ...bob.entry.header, seq };
    await claims.take(naming({ ...bob, entry: { ...bob.entry, header } }, ...names));
    await claims.exchanged();
  };
  for (let seq = 0; seq < 3; seq += 1) {
    await name(2 * seq, `head ${seq}`);
    expect(claims.holds(testDatabase)).toBe(true);
    at.now += 4 * MINUTE_MS;
    await claims.exchanged();
    await name(2 * seq + 1);
  }
  expect(at.alarms).toHaveLength(1);
  at.now += 7 * DAY_MS;
  await name(6, "another head");
  expect(claims.holds(testDatabase)).toBe(false);
});

test("A4 what is on its way now and then, and comes, is nobody's word for long", async () => {
  const { bob, held, at, open } = await begin();
  const claims = await open();
  for (let seq = 0; seq < 10; seq += 1) {
    const header = { ...bob.entry.header, seq };
    await claims.take(naming({ ...bob, entry: { ...bob.entry, header } }, `head ${seq}`));
    at.now += MINUTE_MS;
    held.set(toHex(head(`head ${seq}`)), bob);
    await claims.exchanged();
    at.now += 6 * MINUTE_MS;
  }
  expect(at.alarms).toEqual([]);
});

test("A4 R11 the word of an admin, and that of two people, does not lapse", async () => {
  const { bob, carol, admins, at, open } = await begin();
  const claims = await open();
  await claims.take(naming(bob, "head"));
  at.now += 8 * DAY_MS;
  await claims.exchanged();
  expect(claims.holds(testDatabase)).toBe(false);
  admins.add(bob.admission.id);
  await claims.look();
  expect(claims.holds(testDatabase)).toBe(true);
  admins.clear();
  await claims.look();
  expect(claims.holds(testDatabase)).toBe(false);
  await claims.take(naming(carol, "head"));
  at.now += 8 * DAY_MS;
  await claims.exchanged();
  expect(claims.holds(testDatabase)).toBe(true);
});

test("A4 R11 a fork excuses the heads that are known to lie behind it, and no other: not even one, of whomever", async () => {
  const { bob, carol, at, open } = await begin();
  const claims = await open();
  at.elsewhere.add(toHex(head("behind a fork")));
  await claims.take(naming(bob, "behind a fork"));
  await claims.take(naming(carol, "behind a fork", "revocation"));
  expect(claims.holds(testDatabase)).toBe(true);
  at.now += 10 * MINUTE_MS;
  await claims.exchanged();
  expect(at.alarms.map(({ writer }) => writer)).toEqual([toHex(carol.entry.header.writer)]);
});

test("A4 a head that is known to lie behind a fork later on holds nothing up any more, until that branch counts", async () => {
  const { bob, at, open } = await begin();
  const claims = await open();
  await claims.take(naming(bob, "head"));
  expect(claims.holds(testDatabase)).toBe(true);
  at.elsewhere.add(toHex(head("head")));
  await claims.look();
  expect(claims.holds(testDatabase)).toBe(false);
  expect(at.settled).toBe(1);
  at.elsewhere.clear();
  await claims.take(naming(bob, "head"));
  expect(claims.holds(testDatabase)).toBe(true);
});

test("A4 of one person's claims in a database some are remembered, and one that came true ends none of the others", async () => {
  const { bob, carol, held, at, open } = await begin();
  const claims = await open();
  for (let chain = 0; chain < 20; chain += 1)
    await claims.take(naming(elsewhere(bob, `chain ${chain}`), `head ${chain}`));
  for (let chain = 0; chain < 7; chain += 1) held.set(toHex(head(`head ${chain}`)), carol);
  await claims.look();
  expect(claims.holds(testDatabase)).toBe(true);
  held.set(toHex(head("head 7")), carol);
  await claims.look();
  expect(claims.holds(testDatabase)).toBe(false); // the ninth and later were not taken
  expect(at.settled).toBe(1);
});
