// B11 with what people do to directories: copied while closed, copied while written to, both copies used; a backup restored twice.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newDirectory } from "../support/places.ts";
import { Children } from "./child-process.ts";
import { Dice } from "./dice.ts";
import { follow } from "./follow.ts";
import { Ledger } from "./ledger.ts";
import { type Opened, openIn } from "./opened.ts";
import { UsedPlaces } from "./used-places.ts";
import { expectEqual, joinAsWitness, meet, type Witness } from "./witness.ts";

const ROUNDS = process.env["SELKIE_TEST_FULL"] === undefined ? 2 : 25;
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const dice = new Dice(SEED);
const TIMEOUT = { timeout: ROUNDS * 120_000 };
let children: Children;

beforeAll(async () => {
  console.log(`seed ${SEED}`);
  children = await Children.begin();
});

afterAll(() => children[Symbol.asyncDispose]());

/** A tenant in a directory, with a witness that has its directory. */
async function found(directory: string): Promise<Witness> {
  await using opened = await openIn(directory);
  return await joinAsWitness(opened);
}

/** One run in a directory, of about so many bytes of acknowledgements. */
async function write(
  directory: string,
  to: { used: UsedPlaces; ledger: Ledger },
  end: "killed" | "closed" = dice.percent(50) ? "killed" : "closed",
): Promise<void> {
  const child = await children.start({ directory, seed: dice.below(2 ** 32) });
  await follow(child, { bytes: 300 + dice.below(1_200), end, ...to });
}

/** Everybody gets everything, and nobody finds two entries at one place. */
async function converge(parties: readonly Opened[], witness: Witness, used: UsedPlaces): Promise<void> {
  for (const party of parties) await party.record(used);
  for (let round = 0; round < 2; round++) {
    for (const party of parties) await meet(party.tenant, witness.tenant);
  }
  for (const party of parties) await witness.compare(party, used);
}

describe("a copy of a store's directory", () => {
  it(
    "B11 made while it is closed: both write, both sync, nothing is lost, nothing is signed twice",
    TIMEOUT,
    async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await using original = await newDirectory();
        await using copy = await newDirectory();
        const used = new UsedPlaces();
        await using witness = await found(original.path);
        const before = new Ledger();
        await write(original.path, { used, ledger: before }, round === 0 ? "closed" : undefined);
        cpSync(original.path, copy.path, { recursive: true });

        const [first, second] = [Ledger.of(before), Ledger.of(before)];
        for (let turn = 0; turn < 2; turn++)
          await Promise.all([
            write(original.path, { used, ledger: first }),
            write(copy.path, { used, ledger: second }),
          ]);

        await using alice = await openIn(original.path);
        await using twin = await openIn(copy.path);
        await first.check(alice.notes);
        await second.check(twin.notes);
        for (const party of [alice, twin]) await party.record(used);
        // The two meet directly, with one device key, then each meets the third.
        await meet(alice.tenant, twin.tenant);
        await expectEqual(alice.notes, twin.notes);
        await converge([alice, twin], witness, used);
        const all = Ledger.of(first, second);
        for (const { notes } of [alice, twin, witness]) await all.check(notes, "by copies");
        expect(new Set((await alice.tenant.directory.users()).map(({ name }) => name))).toEqual(
          new Set(["CN=alice/O=acme", "CN=bob/O=acme", ...all.users]),
        );
      }
    },
  );

  it(
    "B11 made while it is written to: the original loses nothing, nothing is signed twice, all converge",
    TIMEOUT,
    async () => {
      let opened = 0;
      for (let round = 0; round < ROUNDS; round++) {
        await using original = await newDirectory();
        await using copy = await newDirectory();
        const [used, ledger, ofCopy] = [new UsedPlaces(), new Ledger(), new Ledger()];
        await using witness = await found(original.path);
        const child = await children.start({ directory: original.path, seed: dice.below(2 ** 32) });
        await child.hearBytes(200 + dice.below(800));
        cpSync(original.path, copy.path, { recursive: true }); // file by file, while the child goes on
        await follow(child, { bytes: child.bytes + 400, end: dice.percent(50) ? "killed" : "closed", used, ledger });

        const taken = await openIn(copy.path).catch((error: unknown) => error);
        const isWhole = !(taken instanceof Error);
        // What files of different moments make together may be damaged: then a client says so.
        if (isWhole) await (taken as Opened)[Symbol.asyncDispose]();
        else expect(taken).toMatchObject({ code: expect.stringMatching(/^(STORE|STATE|LOCAL_STATE)_/) });
        if (isWhole) await write(copy.path, { used, ledger: ofCopy });

        await using alice = await openIn(original.path);
        await ledger.check(alice.notes);
        if (isWhole) {
          opened += 1;
          await using twin = await openIn(copy.path);
          await ofCopy.check(twin.notes);
          await converge([alice, twin], witness, used);
          await Ledger.of(ledger, ofCopy).check(twin.notes, "by copies");
        }
        await converge([alice], witness, used);
        await Ledger.of(ledger, ofCopy).check(witness.notes, "by copies");
      }
      expect(opened).toBeGreaterThan(0);
    },
  );
});

/** The ways to bring a backup back. */
const restore = {
  "deleted, then copied back": (backup: string, directory: string) => {
    rmSync(directory, { recursive: true });
    cpSync(backup, directory, { recursive: true });
  },
  "written over in place, inodes kept, other files removed": (backup: string, directory: string) => {
    for (const name of readdirSync(directory))
      if (name !== "blobs" && !readdirSync(backup).includes(name)) rmSync(join(directory, name));
    overwrite(backup, directory);
  },
  "written over in place, newer logs left beside it": (backup: string, directory: string) =>
    overwrite(backup, directory),
} as const;

function overwrite(backup: string, directory: string): void {
  for (const file of readdirSync(backup, { withFileTypes: true }))
    if (file.isFile()) writeFileSync(join(directory, file.name), readFileSync(join(backup, file.name)));
}

describe("a backup that is restored twice", () => {
  const ways = Object.keys(restore) as (keyof typeof restore)[];
  for (const [at, way] of ways.entries()) {
    const next = ways[(at + 1) % ways.length] ?? way;
    it(`B11 ${way}; then ${next}: never signs one (writer, seq) twice, and gets everything back`, TIMEOUT, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await using directory = await newDirectory();
        const backup = mkdtempSync(join(tmpdir(), "selkie-backup-"));
        const to = { used: new UsedPlaces(), ledger: new Ledger() };
        await using witness = await found(directory.path);
        await write(directory.path, to, round === 0 ? "closed" : undefined);
        cpSync(directory.path, backup, { recursive: true });
        for (const how of [way, next]) {
          await write(directory.path, to);
          await sync(directory.path, witness, to.used);
          if (dice.percent(50)) await kill(directory.path);
          restore[how](backup, directory.path);
          await write(directory.path, to);
          await sync(directory.path, witness, to.used);
        }
        await using alice = await openIn(directory.path);
        await to.ledger.check(alice.notes, "by copies");
        await to.ledger.check(witness.notes, "by copies");
        rmSync(backup, { recursive: true });
      }
    });
  }
});

/** The device meets the witness before anything else happens to it. */
async function sync(directory: string, witness: Witness, used: UsedPlaces): Promise<void> {
  await using alice = await openIn(directory);
  await converge([alice], witness, used);
}

/** Leaves the directory as a killed process does, its log full, with nothing that anybody acknowledged. */
async function kill(directory: string): Promise<void> {
  const child = await children.start({ directory, seed: 0 });
  await child.hear("at database");
  await child.kill();
}
