// Long histories of signed entries, by somebody who stole an admin's device and knows every statement there is.
import type { SigningKey } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { compareBytes, type StatementId, toHex, type VerifiedRun } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { foundTenant } from "../../src/directory/founding.ts";
import { newIdentity } from "../../src/directory/identity.ts";
import { type Statement, statementId } from "../../src/directory/statement.ts";
import { identityKeyName } from "../../src/keys/identity-key.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { LocalState } from "../../src/local/local-state.ts";
import { importDeviceKeys } from "../../src/tenant/device-keys.ts";
import { DirectoryLog } from "../../src/tenant/directory-log.ts";
import type { TenantContext } from "../../src/tenant/tenant-context.ts";
import { newTenantData } from "../../src/tenant/tenant-data.ts";
import { deviceNamed, grantTo, keysOf } from "../directory/world.ts";
import { pattern, repeatableCrypto } from "../fixture.ts";
import { DirectoryAuthor } from "./directory-author.ts";

const crypto = nativeCrypto;
const alice = newIdentity(repeatableCrypto("alice"), "CN=alice/O=acme");
const founded = await foundTenant(crypto, { name: "acme-corp", identity: alice, history: "full" });
const founder = await crypto.importSigningKey(alice.deviceSignSeed);
const STATEMENTS = 200;

/** A chain of somebody's; it says one statement in an entry. */
class Voice {
  readonly #author: DirectoryAuthor;
  readonly #runs: VerifiedRun[];

  private constructor(author: DirectoryAuthor, runs: VerifiedRun[]) {
    this.#author = author;
    this.#runs = runs;
  }

  static async of(device: SigningKey, admission: StatementId, runs: VerifiedRun[]): Promise<Voice> {
    return new Voice(await DirectoryAuthor.of({ tenant: founded, device, admission }), runs);
  }

  async say(statement: Statement): Promise<StatementId> {
    const run = await this.#author.write([this.#author.statement(statement)]);
    this.#runs.push(run);
    const [entry] = run.entries;
    if (entry === undefined) throw new RangeError("one entry");
    return statementId(crypto, entry.id, 1);
  }
}

const deviceOf = (name: string): Promise<SigningKey> => crypto.importSigningKey(pattern(`device of ${name}`, 32));

async function directoryOf(runs: readonly VerifiedRun[]) {
  const { tenant, directory, admission, slotSalt } = founded;
  const store = memoryStore({ verifier: crypto, random: crypto.randomBytes });
  const context = {
    platform: { crypto, report: () => undefined },
    tenant,
    admittedBy: admission,
    store,
    ring: new KeyRing(crypto, directory),
    local: new LocalState(crypto, store.state, await crypto.importSecret(pattern("local", 32)), tenant),
    keys: await importDeviceKeys(crypto, alice, tenant, newTenantData("user", slotSalt, null)),
  } as unknown as TenantContext;
  const entries = store.entries(tenant, directory);
  await entries.append([...founded.runs, ...runs]);
  const log = new DirectoryLog(context, directory, entries);
  await log.all();
  return log.view;
}

const liveNames = (view: Awaited<ReturnType<typeof directoryOf>>): readonly string[] =>
  [...new Set(view.devices().map(({ name }) => name))].sort();

/** What a thief may say: `who` and `at` choose among what there is. */
const act = fc.record({
  what: fc.constantFrom(
    "grant",
    "regrant",
    "device",
    "revoke",
    "change",
    "readmit",
    "root",
    "version",
    "rename",
    "voice",
  ),
  who: fc.nat(1_000),
  at: fc.nat(1_000),
});
type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never;

/** The thief: one stolen admission, and whom it lets in. */
class Thief {
  readonly #runs: VerifiedRun[];
  readonly #targets: readonly StatementId[];
  readonly #voices: Voice[];
  readonly #admissions: { readonly id: StatementId; readonly name: string }[];
  readonly #said: StatementId[] = [];
  #made = 0;

  constructor(
    runs: VerifiedRun[],
    first: { readonly voice: Voice; readonly id: StatementId },
    targets: readonly StatementId[],
  ) {
    this.#runs = runs;
    this.#voices = [first.voice];
    this.#admissions = [{ id: first.id, name: "eve" }];
    this.#targets = targets;
  }

  async act({ what, who, at }: Act): Promise<void> {
    const voice = this.#voices[who % this.#voices.length];
    const admission = this.#admissions[at % this.#admissions.length];
    if (voice === undefined || admission === undefined) throw new RangeError("a thief has a voice");
    if (what === "voice") {
      this.#voices.push(await Voice.of(await deviceOf(admission.name), admission.id, this.#runs));
      return;
    }
    const statement = await this.#statement(what, at, admission);
    const id = await voice.say(statement);
    this.#said.push(id);
    if (statement.type === "grant") this.#admissions.push({ id, name: statement.name });
    if (statement.type === "addDevice") this.#admissions.push({ id, name: `device ${this.#made}` });
  }

  async #statement(what: Act["what"], at: number, own: { readonly id: StatementId }): Promise<Statement> {
    this.#made += 1;
    const all = [...this.#targets, ...this.#admissions.map(({ id }) => id), ...this.#said];
    const target = all[at % all.length] ?? own.id;
    const revocation = { targets: [target], identityKeys: [], cuts: [], wipe: at % 3 === 0 ? 0 : null };
    switch (what) {
      case "grant":
        return await grantTo(`mallory ${this.#made}`, at % 2 === 0 ? "admin" : "editor");
      case "regrant":
        return await grantTo("eve", "admin", { after: this.#said.slice(-1) });
      case "device":
        return await deviceNamed(`device ${this.#made}`);
      case "change":
        return { type: "change", ...revocation, name: "eve", role: "admin", keys: [], devices: [own.id] };
      case "readmit":
        return { type: "readmit", lifts: [target], cuts: [] };
      case "root":
        return { type: "replaceRoot", key: (await keysOf("eve")).sign, cuts: [] };
      case "version":
        return { type: "minVersion", version: 9 };
      case "rename":
        return { type: "rename", user: target, over: [], name: "CN=root/O=acme" };
      default:
        return { type: "revoke", ...revocation };
    }
  }
}

test("D10 a stolen admin device takes nothing from those above it nor from the root in 200 signed statements, and once it is revoked nothing it said or says gives anybody a right", async () => {
  let letIn = 0;
  await fc.assert(
    fc.asyncProperty(fc.noShrink(fc.array(act, { minLength: STATEMENTS, maxLength: STATEMENTS })), async (acts) => {
      const runs: VerifiedRun[] = [];
      const above = await Voice.of(founder, founded.admission, runs);
      const bob = await above.say(await grantTo("bob", "admin"));
      const eve = await above.say(await grantTo("eve", "admin"));
      const voice = await Voice.of(await deviceOf("eve"), eve, runs);
      const thief = new Thief(runs, { voice, id: eve }, [founded.admission, bob]);
      for (const each of acts.slice(0, STATEMENTS / 2)) await thief.act(each);
      const stolen = await directoryOf(runs);
      expect(liveNames(stolen)).toEqual(expect.arrayContaining(["CN=alice/O=acme", "bob"]));
      expect(stolen.roots().filter((root) => stolen.isLive(root))).toHaveLength(1);
      expect(stolen.minVersion).toBe(1);
      letIn += stolen.everybody().filter(({ name }) => name.startsWith("mallory")).length;

      const { sign, kem, user } = await keysOf("eve");
      const identityKeys = [sign, kem, user].map((key) => identityKeyName(crypto, key)).sort(compareBytes);
      await above.say({ type: "revoke", targets: [eve], identityKeys, cuts: [], wipe: null });
      for (const each of acts.slice(STATEMENTS / 2)) await thief.act(each);
      const view = await directoryOf(runs);
      expect(liveNames(view)).toEqual(["CN=alice/O=acme", "bob"]);
      expect(view.roots().filter((root) => view.isLive(root))).toHaveLength(1);
      // In the reverse order of arrival, too.
      const turned = await directoryOf(byWriter(runs).toReversed().flat());
      expect(liveNames(turned)).toEqual(liveNames(view));
    }),
    { numRuns: 4 },
  );
  expect(letIn).toBeGreaterThan(0); // it was an admin's device, and was used as one
});

/** The runs of each chain, in its order. */
const byWriter = (runs: readonly VerifiedRun[]): readonly (readonly VerifiedRun[])[] => [
  ...Map.groupBy(runs, ({ writer }) => toHex(writer)).values(),
];
