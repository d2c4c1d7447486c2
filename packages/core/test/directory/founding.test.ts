import { nativeCrypto } from "@selkie/crypto/native";
import { encodeFounding, equalBytes, runOf, tableIndex, toHex, verifyFounding, verifyRuns } from "@selkie/entry";
import { verifyAccessList } from "@selkie/sync-protocol";
import { describe, expect, test } from "vitest";
import type { PlacedStatement } from "../../src/directory/admission.ts";
import { buildDirectory } from "../../src/directory/build-directory.ts";
import { DIRECTORY_NAME, databaseIdOf } from "../../src/directory/database-id.ts";
import { type FoundedTenant, foundTenant } from "../../src/directory/founding.ts";
import { newIdentity, slotKeyFor, userKemOf } from "../../src/directory/identity.ts";
import { statementId } from "../../src/directory/statement.ts";
import { decodeStatement } from "../../src/directory/statement-codec.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { openKeyVersion } from "../../src/keys/key-version.ts";
import { openPermits } from "../../src/keys/permit.ts";
import { decodeControlPart } from "../../src/sealing/control-part.ts";
import { openEntries } from "../../src/sealing/open-entry.ts";
import { codeOfAsync } from "../codes.ts";
import { repeatableCrypto } from "../fixture.ts";

const crypto = nativeCrypto;
const alice = newIdentity(repeatableCrypto("alice"), "CN=alice/O=acme");
const founded = await foundTenant(crypto, { name: "acme-corp", identity: alice, history: "full" });
const entries = founded.runs.flatMap((run) => run.entries);

/** The directory, read by who holds these secrets and nothing else: as a device does that just joined. */
async function read({ tenant, directory, runs }: FoundedTenant) {
  const ring = new KeyRing(crypto, directory);
  const kem = await userKemOf(crypto, alice);
  const all = runs.flatMap((run) => run.entries);
  for (const entry of all) {
    for (const secrets of (await openPermits(crypto, entry, kem)) ?? []) {
      ring.add(await openKeyVersion(crypto, secrets), "unconfirmed");
    }
  }
  const opened = await openEntries(crypto, ring, all);
  const placed = all.flatMap((entry, at) =>
    (opened[at] ?? []).flatMap((part): PlacedStatement[] => {
      if (part.type !== "opened" || part.kind !== "statement") return [];
      const { writer, seq } = entry.header;
      const id = statementId(crypto, entry.id, part.index);
      const statement = decodeStatement(part.plaintext);
      return [{ id, entry: entry.id, part: part.index, writer, seq, certificate: null, statement }];
    }),
  );
  const root = all[0]?.header.writer ?? null;
  return { ring, opened, view: buildDirectory(crypto, { tenant, root, directory }, placed) };
}

describe("a founded tenant", () => {
  test("begins with an entry whose hash is the tenant id, signed by the root", async () => {
    const [founding] = entries;
    if (founding === undefined) return expect.fail("a founding entry");
    const verified = await verifyFounding(crypto, encodeFounding(founding));
    const root = await crypto.importSigningKey(founded.rootSeed);
    expect(verified).toEqual({ tenant: founded.tenant, root: root.publicKey, database: founded.directory });
    expect(founding.header.seq).toBe(0);
    const verdicts = await verifyRuns(
      crypto,
      founded.runs.map((run) => runOf(run.entries)),
    );
    expect(verdicts.map(({ type }) => type)).toEqual(["verified", "verified"]);
  });

  test("names its directory with its own secret", async () => {
    expect(await databaseIdOf(crypto, founded.found.tenantSecret, DIRECTORY_NAME)).toEqual(founded.directory);
  });

  test("is readable by the founder from the user key alone", async () => {
    const { view, ring } = await read(founded);
    expect(view.found).toEqual(founded.found);
    expect(view.users().map(({ name, role }) => [name, role])).toEqual([["CN=alice/O=acme", "admin"]]);
    expect(view.users()[0]?.id).toEqual(founded.admission);
    expect(view.rejected).toEqual([]);
    // What the permit gave is what the directory names: it may be confirmed.
    expect(
      ring
        .unconfirmed()
        .map(({ version }) => toHex(version))
        .sort(),
    ).toEqual(founded.keys.map(({ version }) => toHex(version)).sort());
    for (const { keyId, version } of ring.unconfirmed()) expect(view.commits(keyId, version)).toBe(true);
  });

  test("has an empty frontier and no certificate in its founding entry", async () => {
    const { opened } = await read(founded);
    const [control] = opened[0] ?? [];
    if (control?.type !== "opened") return expect.fail("a control part");
    expect(decodeControlPart(control.plaintext)).toEqual({ certificate: null, frontier: [], vector: null });
  });

  test("has one permit for its founder, however many keys it gives", () => {
    expect(entries[1]?.parts.filter(({ table }) => table === tableIndex.hpke)).toHaveLength(1);
  });

  test("gives its founder a slot whose key the founder can make, and every right", async () => {
    const { publicKey } = await slotKeyFor(crypto, alice, founded.slotSalt);
    const { slots, signers, signer } = founded.accessList;
    expect(slots).toEqual([{ slot: publicKey, rights: { pull: true, push: true, purge: true } }]);
    expect(signers).toEqual([publicKey]);
    expect(equalBytes(signer, entries[0]?.header.writer ?? new Uint8Array())).toBe(true);
    expect(await verifyAccessList(crypto, founded.accessList)).not.toBeNull();
    const { view } = await read(founded);
    expect(view.accessLists).toHaveLength(1);
    expect(view.users()[0]?.slot).toEqual(publicKey);
  });

  test("E4 G1 a founded tenant shows a relay no name and no secret", () => {
    const clear = entries
      .map((entry) =>
        toHex(Uint8Array.from(entry.parts.flatMap((part) => (part.type === "sealed" ? [...part.ciphertext] : [])))),
      )
      .join();
    const secrets = [
      founded.rootSeed,
      founded.found.tenantSecret,
      ...founded.keys.map(({ contentBytes }) => contentBytes),
    ];
    const names = ["acme-corp", "CN=alice/O=acme"].map((name) => new TextEncoder().encode(name));
    const publics = [alice.deviceSignSeed, founded.slotSalt, founded.keys[0]?.version ?? new Uint8Array(32)];
    for (const bytes of [...secrets, ...names, ...publics]) expect(clear).not.toContain(toHex(bytes));
  });

  test("is another tenant each time, though name and founder are the same", async () => {
    const again = await foundTenant(crypto, { name: "acme-corp", identity: alice, history: "full" });
    expect(toHex(again.tenant)).not.toBe(toHex(founded.tenant));
    expect(toHex(again.directory)).not.toBe(toHex(founded.directory));
    expect(toHex(again.accessList.slots[0]?.slot ?? new Uint8Array())).not.toBe(
      toHex(founded.accessList.slots[0]?.slot ?? new Uint8Array()),
    );
  });

  test("A3 a tenant is not opened as another: its statements count for its own id only", async () => {
    const other = await foundTenant(crypto, { name: "acme-corp", identity: alice, history: "full" });
    const { view } = await read({ ...founded, tenant: other.tenant });
    expect(view.found).toBeNull();
    expect(view.keys()).toEqual([]);
  });
});

test("a tenant without a name is refused", async () => {
  const founding = () => foundTenant(crypto, { name: "", identity: alice, history: "full" });
  expect(await codeOfAsync(founding)).toBe("NAME_INVALID");
});
