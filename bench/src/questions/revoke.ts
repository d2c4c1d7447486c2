import { setImmediate as idle } from "node:timers/promises";
import type { Tenant } from "@selkie/core";
import { asPlaintext } from "@selkie/crypto";
import { nativeCrypto as crypto } from "@selkie/crypto/native";
import { entrySize, tableIndex, type VerifiedEntry } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { cleanCpuMicroseconds, figure } from "../measure.ts";
import type { Figure, Question } from "../question.ts";
import { manyPeople, openWorld, type TenantWorld } from "../tenant-world.ts";

interface Case {
  readonly name: string;
  readonly users: number;
  readonly keys: number;
}

const cases: readonly Case[] = [
  { name: "100 users, 1 key", users: 100, keys: 1 },
  { name: "100 users, 10 keys", users: 100, keys: 10 },
  { name: "1,000 users, 10 keys", users: 1_000, keys: 10 },
];
const ROUNDS = 21;
/**
 * Revocations in another tenant before each case. A bare encapsulation is compiled after a few hundred, which one of its samples makes; of
 * a revocation, most runs once: after ten, V8 was still compiling it on other threads for a tenth to a fifth of its CPU time, and after
 * sixty a function or two with every sample. They follow on letting everybody in, which collects the whole heap: V8 drops much then of what
 * it compiled for revocations, and nothing that a loop of wraps needs.
 */
const WARM_UPS = 120;
const EVERYTHING = { entries: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
/** Of a permit: the secret of its bundle, and where that is. */
const PERMIT_BYTES = 34;

/** A user is revoked, and every key it could open turns: one wrapping for each person left, however many keys. */
export const revoke: Question = {
  name: "revoke",
  asks: "revoking one user, with new versions of every key for all others / as many bare X-Wing encapsulations (CPU, store in memory)",
  run: async (progress) => {
    const ratios: Record<string, Figure> = {};
    const figures: Record<string, Figure> = {};
    for (const one of cases) {
      const warming = { name: `${one.name}, warm-up`, users: WARM_UPS + 10, keys: one.keys };
      progress(`${one.name}: letting people in`);
      await using full = await letIn(one);
      await using other = await letIn(warming);
      const [cold = Number.NaN] = (await measure(other, WARM_UPS, progress)).ours;
      if (one === cases[0]) figures[`the first of a process, ${warming.users} users, 1 key`] = figure("ms", [cold]);
      const found = await measure(full, ROUNDS, progress);
      figures[`a revocation, ${one.name}`] = figure("ms", found.ours);
      figures[`bare, ${one.name}`] = figure("ms", found.bare);
      figures[`written, ${one.name}`] = figure("bytes", found.bytes);
      ratios[one.name] = figure(
        "ratio",
        found.ours.map((ms, at) => ms / (found.bare[at] ?? Number.NaN)),
      );
      ratios[`wraps a person left, ${one.name}`] = figure("count", found.wraps);
    }
    return { ratios, figures };
  },
};

interface Found {
  readonly ours: number[];
  readonly bare: number[];
  /** Sizes of the entries. */
  readonly bytes: number[];
  /** Encapsulations for each person who is left. */
  readonly wraps: number[];
}

/** A tenant that everybody was let into, with its keys. */
interface Full extends AsyncDisposable {
  readonly of: Case;
  readonly world: TenantWorld;
  readonly tenant: Tenant;
  readonly names: readonly string[];
}

async function letIn(of: Case): Promise<Full> {
  const world = await manyPeople(of.users, 1);
  const tenant = await openWorld(world);
  const names = world.people.map(({ identity }) => identity.name);
  for (let key = 0; key < of.keys; key++) await tenant.directory.createKey(`key ${key}`, { share: names });
  return { of, world, tenant, names, [Symbol.asyncDispose]: () => tenant[Symbol.asyncDispose]() };
}

async function measure(
  { of, world, tenant, names }: Full,
  rounds: number,
  progress: (text: string) => void,
): Promise<Found> {
  const found: Found = { ours: [], bare: [], bytes: [], wraps: [] };
  const directory = world.host.store.entries(world.record.tenant, world.record.directory);
  let position = await directory.position();
  for (const [round, out] of names.slice(0, rounds).entries()) {
    progress(`${of.name}: round ${round + 1} of ${rounds}`);
    const ours = await cleanCpuMicroseconds(async () => {
      await tenant.directory.revokeUser(out);
      await idle(); // the tenant looks after its keys once the revocation is through
    });
    const written = await entriesAfter(directory, position);
    position = await directory.position();
    const wraps = written.flatMap(({ parts }) => parts).filter(({ table }) => table === tableIndex.hpke).length;
    const bare = await cleanCpuMicroseconds(() => encapsulate(world, wraps));
    // The founder, and everybody not revoked yet.
    const left = of.users - round;
    found.ours.push(ours / 1_000);
    found.bare.push(bare / 1_000);
    found.bytes.push(written.reduce((sum, entry) => sum + entrySize(entry), 0));
    found.wraps.push(wraps / left);
  }
  return found;
}

async function encapsulate({ people }: TenantWorld, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const recipient = people[n % people.length]?.keys.userKem ?? new Uint8Array();
    await crypto.wrap(recipient, new Uint8Array(64), new Uint8Array(2), asPlaintext(crypto.randomBytes(PERMIT_BYTES)));
  }
}

/** What was written behind a position. All that was there before would be read into memory, and a later sample pay for collecting it. */
async function entriesAfter(directory: EntryStore, position: number): Promise<readonly VerifiedEntry[]> {
  const { runs } = await directory.readAfter(position, EVERYTHING);
  return runs.flatMap(({ entries }) => entries);
}
