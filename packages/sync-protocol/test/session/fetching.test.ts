// Parts that a side asks for one by one. docs/spec/sync.md section 6.5.
import {
  adoptOwnRun,
  entryType,
  identifyEntry,
  type KeyTag,
  type Part,
  parseCiphertext,
  parseKeyTag,
  parseSalt,
  parseWriterKey,
  partKind,
  type VerifiedRun,
  type Wanted,
  wantedParts,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { Gatekeeper } from "../../src/index.ts";
import { device } from "../support/credentials.ts";
import { connect, holding, Peer } from "../support/peers.ts";
import { faceOpenDialler, faceOpenListener, settled } from "../support/raw-peer.ts";
import { bytesOf, databaseOf, TestKey, tenant, verifier } from "../support/writer.ts";

const database = databaseOf("fetching");
const tag: KeyTag = parseKeyTag(bytesOf("tag", 16));
const lean: Wanted = { recipients: [], tags: [tag], contentsOnly: true };
const PARTS = 4;

/** One entry of so many changes, and contents. */
async function writeEntry(length = 300): Promise<VerifiedRun> {
  const key = await TestKey.of("alice");
  const sealed = (kind: Part["kind"], at: number): Part => ({
    ...{ type: "sealed", kind, table: 0 },
    ciphertext: parseCiphertext(new Uint8Array(length).fill(at)),
  });
  const parts = [0, 1, 2, 3].map((at) => sealed(partKind.change, at));
  const place = { database, writer: parseWriterKey(key.publicKey), seq: 0, prev: ZERO_ENTRY_ID };
  const header = { type: entryType.change, control: false, ...place, salt: parseSalt(bytesOf("salt", 24)) };
  const all = [...parts, sealed(partKind.contents, PARTS)];
  const entry = identifyEntry(verifier, { header, table: [tag], parts: all, signature: null });
  return adoptOwnRun([entry], await key.sign("sign-entry", entry.id));
}

const placesIn = ({ writer }: VerifiedRun, ...indexes: readonly number[]) =>
  indexes.map((index) => ({ writer, seq: 0, index }));

/** One who holds the entry without its changes, beside one who has all of it. */
async function facing(run: VerifiedRun) {
  const [one, other] = [new Peer(), await holding(database, run)];
  const connection = connect(one, other);
  await connection.a.openDatabases([{ replica: one.replica(database), wanted: lean }]);
  await connection.a.synced([database]);
  return { one, other, connection };
}

/** A side that asked for the first part of an entry, and waits for what the test answers. */
async function asking() {
  const run = await writeEntry();
  const peer = await holding(database, lacking(run));
  const { session, raw } = await faceOpenDialler(peer);
  const opening = session.openDatabases([{ replica: peer.replica(database), wanted: lean }]);
  await raw.take("open");
  await raw.send({ type: "opened", first: 0, answers: [{ type: "same", position: 1 }] });
  await opening;
  const fetching = session.fetch(database, placesIn(run, 0)).catch((error: unknown) => error);
  await raw.take("fetch");
  return { run, peer, session, raw, fetching };
}

describe("a side that wants contents in the place of changes", () => {
  test("holds these alone, and the parts that it asks for are those that the entry names", async () => {
    const run = await writeEntry();
    const { one, connection } = await facing(run);
    const held = await one.replica(database).read(run.writer, 0, { entries: 1, bytes: 1 });
    expect(held?.entries[0]?.parts.map(({ type }) => type)).toEqual(["hole", "hole", "hole", "hole", "sealed"]);
    const places = placesIn(run, 2, 0);
    const fetched = await connection.a.fetch(database, places);
    expect(fetched.map(({ ciphertext }) => ciphertext?.[0])).toEqual([2, 0]);
    await connection[Symbol.asyncDispose]();
  });

  test("asks again for what one answer did not hold", async () => {
    const run = await writeEntry(200_000);
    const { connection } = await facing(run);
    const places = placesIn(run, ...Array.from({ length: 300 }, (_, at) => at % PARTS));
    const fetched = await connection.a.fetch(database, places);
    expect(fetched.map(({ ciphertext }) => ciphertext?.[0])).toEqual(places.map(({ index }) => index));
    await connection[Symbol.asyncDispose]();
  });

  test("hears which parts are not there", async () => {
    const run = await writeEntry();
    const { other, connection } = await facing(run);
    const id = run.entries[0]?.id;
    if (id === undefined) throw new RangeError("no entry");
    await other.store.entries(tenant, database).retire([{ id, index: 1 }]);
    const fetched = await connection.a.fetch(database, placesIn(run, 1, 3));
    expect(fetched.map(({ ciphertext }) => ciphertext?.[0] ?? null)).toEqual([null, 3]);
    await connection[Symbol.asyncDispose]();
  });

  test.each([
    ["another part of the entry", (run: VerifiedRun) => ciphertextsOf(run).slice(1, 2)],
    [
      "a longer one",
      (run: VerifiedRun) =>
        ciphertextsOf(run)
          .slice(0, 1)
          .map((bytes) => new Uint8Array([...bytes, 0])),
    ],
    ["bytes of its own", () => [new Uint8Array(300).fill(9)]],
  ] as const)("B2 ends the session with a peer that gives %s", async (_, given) => {
    const { run, session, raw, fetching } = await asking();
    await raw.send({ type: "parts", handle: 0, parts: given(run) });
    expect(await fetching).toMatchObject({ code: "PART_OTHER" });
    expect(await session.closed).toMatchObject({ code: "PART_OTHER" });
  });

  test("A11 gives up a peer that sends this and that, and no answer", async () => {
    const { peer, session, raw, fetching } = await asking();
    for (let silence = 0; silence < 5; silence++) {
      await raw.send({ type: "ping", token: silence });
      peer.scheduler.advance(30_000);
      await settled();
    }
    expect(await fetching).toMatchObject({ code: "PEER_SILENT" });
    expect(await session.closed).toMatchObject({ code: "PEER_SILENT" });
  });

  test("waits no more when the database is closed, and takes no answer that nobody waits for", async () => {
    const { run, session, raw, fetching } = await asking();
    const closing = session.closeDatabases([database]);
    expect(await fetching).toMatchObject({ code: "DATABASE_CLOSED" });
    await raw.take("close");
    await raw.send({ type: "parts", handle: 0, parts: [null] });
    await raw.send({ type: "close", handles: [0] });
    await closing;
    await expect(session.fetch(database, placesIn(run, 0))).rejects.toMatchObject({ code: "UNKNOWN_DATABASE" });
    await raw.send({ type: "parts", handle: 0, parts: [null] });
    expect(await session.closed).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
  });
});

describe("who is asked for parts", () => {
  test("F4 answers one question at a time", async () => {
    const run = await writeEntry();
    const { session, raw } = await faceOpenListener(await holding(database, run));
    const digest = bytesOf("digest", 16);
    await raw.send({ type: "open", items: [{ id: database, digest, position: null }] });
    await raw.take("opened");
    const fetch = { type: "fetch", handle: 0, places: placesIn(run, 0) } as const;
    await raw.send(fetch);
    await raw.send(fetch);
    await raw.send(fetch);
    expect(await session.closed).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
  });

  test("gives nothing to a side that may not have entries", async () => {
    const run = await writeEntry();
    const gatekeeper: Gatekeeper = {
      admit: async () => ({ type: "admitted", rights: { pull: false, push: true, purge: false } }),
    };
    const { one, other } = { one: await holding(database, lacking(run)), other: await holding(database, run) };
    const credentials = device(await TestKey.of("device"));
    await using connection = connect(one, other, {
      a: { credentials },
      b: { gatekeeper, credentials: device(await TestKey.of("other device")) },
    });
    await connection.a.openDatabases([{ replica: one.replica(database), wanted: lean }]);
    expect(await connection.a.fetch(database, placesIn(run, 0, 1))).toMatchObject([
      { ciphertext: null },
      { ciphertext: null },
    ]);
  });
});

const ciphertextsOf = (run: VerifiedRun): readonly Uint8Array[] =>
  run.entries.flatMap(({ parts }) => parts.flatMap((part) => (part.type === "sealed" ? [part.ciphertext] : [])));

const lacking = (run: VerifiedRun): VerifiedRun => wantedParts(verifier, lean)(run);
