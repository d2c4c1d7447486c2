import {
  DerivedStores,
  DirectoryLog,
  decodeControlPart,
  decodeStatement,
  decodeTenantData,
  importDeviceKeys,
  KeyRing,
  LocalState,
  openEntries,
  openKeyVersion,
  type TenantContext,
  verifyCertificates,
} from "@selkie/core/internal";
import { nativeCrypto as crypto } from "@selkie/crypto/native";
import {
  RunEncoder,
  recipientName,
  tableIndex,
  type VerifiedEntry,
  type VerifiedRun,
  verifyRuns,
  wantedParts,
} from "@selkie/entry";
import { cpuMicroseconds, figure } from "../measure.ts";
import type { Question } from "../question.ts";
import { manyPeople, openWorld, type TenantWorld } from "../tenant-world.ts";

const USERS = 1_000;
const DEVICES = 2;
const ROTATIONS = 20;
const ROUNDS = 5;
const WARM_UPS = 2;

/** The directory of many people with many rotations behind it, read from the store until it answers; against its bare cryptography. */
export const directory: Question = {
  name: "directory",
  asks: `replaying a directory of ${USERS.toLocaleString("en")} users with ${DEVICES} devices each and ${ROTATIONS} rotations / verifying, opening and decoding its entries (CPU)`,
  run: async (progress) => {
    progress("letting people in");
    const world = await manyPeople(USERS, DEVICES);
    await using tenant = await openWorld(world);
    for (let n = 0; n < ROTATIONS; n++) {
      progress(`rotation ${n + 1} of ${ROTATIONS}`);
      await tenant.directory.rotateKey(n % 2 === 0 ? "default" : "directory");
    }
    const runs = await runsOf(world);
    const [ours, bare]: [number[], number[]] = [[], []];
    let statements = 0;
    for (let round = -WARM_UPS; round < ROUNDS; round++) {
      progress(`round ${round + 1} of ${ROUNDS}`);
      const context = await contextOf(world);
      const bareMs = await cpuMicroseconds(async () => {
        statements = await bareReplay(context, world, runs);
      });
      const log = new DirectoryLog(
        context,
        world.record.directory,
        context.store.entries(context.tenant, world.record.directory),
      );
      const oursMs = await cpuMicroseconds(() => log.all());
      if (log.view.devices().length !== USERS * DEVICES + 1) throw new RangeError("somebody is missing");
      if (round < 0) continue;
      ours.push(oursMs / 1_000);
      bare.push(bareMs / 1_000);
    }
    const entries = runs.flatMap((run) => run.entries);
    return {
      figures: {
        "a replay": figure("ms", ours),
        bare: figure("ms", bare),
        "statements replayed": figure("count", [statements]),
        "permits in the directory": figure("count", [permitsOf(entries)]),
        "on the wire, with all permits": figure("bytes", [wireBytes(runs)]),
        "on the wire, with one person's": figure("bytes", [wireBytes(await ownOf(world, runs))]),
      },
      ratios: {
        "against the bare cryptography": figure(
          "ratio",
          ours.map((ms, at) => ms / (bare[at] ?? Number.NaN)),
        ),
      },
    };
  },
};

/** Runs as a relay sends them. */
function wireBytes(runs: readonly VerifiedRun[]): number {
  const encoder = new RunEncoder();
  return runs.reduce((sum, run) => sum + encoder.encode([run]).length, 0);
}

/** With the permits for the device that asks and its person, and holes for the others. */
async function ownOf(world: TenantWorld, runs: readonly VerifiedRun[]): Promise<readonly VerifiedRun[]> {
  const { keys } = await contextOf(world);
  const kems = [keys.deviceKem, ...keys.person.userKeys.map(({ kem }) => kem)];
  const recipients = kems.map(({ publicKey }) => recipientName(crypto, publicKey));
  return runs.map(wantedParts(crypto, { recipients, tags: [], contentsOnly: false }));
}

const permitsOf = (entries: readonly VerifiedEntry[]): number =>
  entries.flatMap(({ parts }) => parts).filter(({ table }) => table === tableIndex.hpke).length;

/** As an opened tenant has it, with every key that the KeyBag holds by now. */
async function contextOf({ host, record }: TenantWorld): Promise<TenantContext> {
  const { platform, store, bag } = host;
  const { tenant } = record;
  const [identity] = bag.keyBag.identities();
  if (identity === undefined) throw new RangeError("no identity");
  const ring = new KeyRing(crypto, record.directory);
  for (const secrets of bag.keyBag.keyVersions(tenant)) ring.add(await openKeyVersion(crypto, secrets));
  const keys = await importDeviceKeys(crypto, identity, tenant, decodeTenantData(record.data));
  const local = new LocalState(crypto, store.state, await bag.keyBag.localKey("local-state"), tenant);
  const derived = new DerivedStores({ store, local, random: (length) => crypto.randomBytes(length) });
  const rest = { parts: "own-permits", documentMemory: 2 ** 26 } as const;
  return { platform, tenant, admittedBy: record.admittedBy, store, bag, ring, local, derived, keys, ...rest };
}

/** What cannot be left out: each run's signature and each certificate's, and every part opened and decoded. */
async function bareReplay(
  { ring, tenant }: TenantContext,
  { record }: TenantWorld,
  runs: readonly VerifiedRun[],
): Promise<number> {
  const verdicts = await verifyRuns(crypto, runs);
  const entries = verdicts.flatMap((verdict) => (verdict.type === "verified" ? verdict.run.entries : []));
  const opened = await openEntries(crypto, ring, entries, ["control", "statement"]);
  let statements = 0;
  for (const [at, { header }] of entries.entries()) {
    for (const part of opened[at] ?? []) {
      if (part.type !== "opened") continue;
      if (part.kind === "statement") {
        decodeStatement(part.plaintext);
        statements += 1;
        continue;
      }
      const { certificate } = decodeControlPart(part.plaintext);
      if (certificate === null) continue;
      const claim = { tenant, database: record.directory, writer: header.writer, certificate };
      const [verified] = await verifyCertificates(crypto, [claim]);
      if (verified === null) throw new RangeError("a certificate is not genuine");
    }
  }
  return statements;
}

async function runsOf({ host, record }: TenantWorld): Promise<readonly VerifiedRun[]> {
  const runs: VerifiedRun[] = [];
  for await (const run of host.store.entries(record.tenant, record.directory).scan()) runs.push(run);
  return runs;
}
