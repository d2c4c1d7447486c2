// Makes docs/spec/vectors/directory from fixed seeds. Valid cases are what the code does, frozen by the commit; invalid cases and
// their codes are written down here by hand.
import type { CryptoProvider } from "@selkie/crypto";
import {
  ByteWriter,
  compareBytes,
  encodeEntryBody,
  entryType,
  parseCiphertext,
  parseEntryId,
  parseSalt,
  parseSignature,
  parseStatementId,
  parseWriterKey,
  toHex,
} from "@selkie/entry";
import type { Identity } from "@selkie/keybag";
import { encodeAccessList } from "@selkie/sync-protocol";
import { encodeCbor } from "../../src/cbor.ts";
import { DIRECTORY_NAME, databaseIdOf } from "../../src/directory/database-id.ts";
import { foundTenant } from "../../src/directory/founding.ts";
import { identityFingerprint, publicKeysOf } from "../../src/directory/identity.ts";
import { createDeviceRequest, createJoinRequest } from "../../src/directory/join-request.ts";
import { createJoinResponse } from "../../src/directory/join-response.ts";
import { requestIdOf } from "../../src/directory/requested-keys.ts";
import { type ChangeStatement, continuedAdmission, type Statement } from "../../src/directory/statement.ts";
import { encodeStatement } from "../../src/directory/statement-codec.ts";
import { keyIdOf } from "../../src/keys/key-version.ts";
import { signCertificate } from "../../src/sealing/control-part.ts";
import { pad } from "../../src/sealing/padme.ts";
import { cutsOf } from "../directory/any-statement.ts";
import { found, grantTo, type Voice, World } from "../directory/world.ts";
import { directoryDatabase, pattern, seededCrypto, testDatabase, testTenant } from "../fixture.ts";
import { type Json, toJson, type VectorCase, type VectorFile, vectorFile } from "./format.ts";
import { makeHeadsCases } from "./make-heads.ts";
import { makeQrTextCases } from "./make-qr-texts.ts";

export async function makeDirectoryVectors(crypto: CryptoProvider): Promise<Record<string, VectorFile>> {
  return {
    "database-id": vectorFile("Ids of databases (section 2)", await makeDatabaseIdCases(crypto)),
    statement: vectorFile("Plaintexts of statement parts (section 3)", await makeStatementCases(crypto)),
    certificate: vectorFile("Certificates of writers (section 4)", await makeCertificateCases(crypto)),
    view: vectorFile("Sets of statements and what they say (section 5)", await makeViewCases()),
    founding: vectorFile("The two entries a tenant begins with, and who can read them (section 6)", [
      await makeFoundingCase(),
    ]),
    join: vectorFile("Requests and responses (section 7)", await makeJoinCases()),
    "qr-texts": vectorFile("Texts for QR codes (section 7)", makeQrTextCases()),
    heads: vectorFile("What a device holds, as a text (section 8)", await makeHeadsCases(crypto)),
  };
}

const testIdentity = (name: string): Identity => ({
  id: pattern(`identity ${name}`, 16),
  name,
  userSeed: pattern(`user seed of ${name}`, 32),
  deviceSignSeed: pattern(`device seed of ${name}`, 32),
  deviceKemSeed: pattern(`device KEM seed of ${name}`, 32),
  deviceSecret: pattern(`device secret of ${name}`, 32),
  slotSeed: pattern(`slot seed of ${name}`, 32),
});

async function makeDatabaseIdCases(crypto: CryptoProvider): Promise<readonly VectorCase[]> {
  const names: readonly [string, string][] = [
    ["the directory", DIRECTORY_NAME],
    ["a database", "contacts"],
    ["a name that is not in NFC: it is put into it", "Zoe\u0308"],
    ["the same name in NFC", "Zo\u00eb"],
  ];
  const secrets = ["tenant secret", "another tenant's secret"].map((name) => pattern(name, 32));
  const cases: VectorCase[] = [];
  for (const tenantSecret of secrets) {
    for (const [comment, name] of names) {
      const id = toHex(await databaseIdOf(crypto, tenantSecret, name));
      cases.push({ comment, tenantSecret: toHex(tenantSecret), name, id });
    }
  }
  return cases;
}

async function makeStatementCases(crypto: CryptoProvider): Promise<readonly VectorCase[]> {
  const ids = ["a", "b"].map((name) => parseStatementId(pattern(name, 32)));
  const statements: readonly Statement[] = [
    found,
    await grantTo("CN=alice/O=acme", "admin"),
    await grantTo("CN=bob/O=acme", "reader", { after: ids, keys: [pattern("key id", 16)] }),
    {
      type: "addDevice",
      deviceSign: pattern("device", 32),
      deviceKem: pattern("KEM", 1_216),
      userKeys: ids.toSorted(compareBytes),
    },
    {
      type: "createKey",
      nonce: pattern("nonce", 16),
      name: "board",
      commitment: pattern("version", 32),
      history: "full",
    },
    { type: "share", keyId: pattern("key id", 16), to: ids, history: "from-now" },
    {
      type: "permit",
      history: "from-now",
      versions: [{ keyId: pattern("key id", 16), version: pattern("version", 32) }],
      to: [
        { type: "part", index: 1 },
        { type: "statement", id: ids[0] ?? parseStatementId(new Uint8Array(32)) },
      ],
    },
    { type: "accessList", list: pattern("list", 70) },
    {
      type: "settings",
      over: ids,
      values: new Map<string, string | number>([
        ["flushWindow", 250],
        ["language", "de"],
      ]),
    },
    ...membershipStatements(),
    ...keyStatements(),
    ...tenantStatements(),
    { type: "unknown", code: 200, bytes: encodeCbor([200, "of a later version"]) },
  ];
  const frame = (cbor: Uint8Array) => pad(new ByteWriter(cbor.length + 8).uleb(cbor.length).bytes(cbor).finish());
  const filled = (byte: number) => new Uint8Array(32).fill(byte);
  const invalid: readonly [string, Uint8Array, string][] = [
    ["no array", frame(encodeCbor(5)), "STATEMENT_MALFORMED"],
    ["a field too few", frame(encodeCbor([5, new Uint8Array(16), []])), "STATEMENT_MALFORMED"],
    ["a history of another kind", frame(encodeCbor([5, new Uint8Array(16), [], 2])), "STATEMENT_MALFORMED"],
    ["a field too many", frame(encodeCbor([5, new Uint8Array(16), [], 0, 0])), "STATEMENT_MALFORMED"],
    [
      "a code in two bytes where one does",
      frame(Uint8Array.of(0x83, 0x18, 5, 0x50, ...new Uint8Array(16), 0x80)),
      "STATEMENT_MALFORMED",
    ],
    [
      "an indefinite length",
      frame(Uint8Array.of(0x9f, 5, 0x50, ...new Uint8Array(16), 0x80, 0xff)),
      "STATEMENT_MALFORMED",
    ],
    [
      "a name with a line break",
      frame(encodeCbor([4, new Uint8Array(16), "a\nb", new Uint8Array(32), 0])),
      "STATEMENT_MALFORMED",
    ],
    [
      "settings out of order",
      frame(
        encodeCbor([
          8,
          [],
          [
            ["b", 1],
            ["a", 1],
          ],
        ]),
      ),
      "STATEMENT_MALFORMED",
    ],
    ["a revocation of nobody", frame(encodeCbor([9, [], [], [], []])), "STATEMENT_MALFORMED"],
    ["targets out of order", frame(encodeCbor([9, [filled(2), filled(1)], [], [], []])), "STATEMENT_MALFORMED"],
    ["half a cut", frame(encodeCbor([12, [], [[filled(1), new Uint8Array(68)]]])), "STATEMENT_MALFORMED"],
    [
      "a change that leaves no device",
      frame(encodeCbor([10, [filled(1)], [], [], [], "x", 1, [], []])),
      "STATEMENT_MALFORMED",
    ],
    [
      "a version replaced twice",
      frame(encodeCbor([11, new Uint8Array(16), [filled(1), filled(1)], filled(3), []])),
      "STATEMENT_MALFORMED",
    ],
    ["half a purged part", frame(encodeCbor([13, filled(1), [], new Uint8Array(17)])), "STATEMENT_MALFORMED"],
    ["minimum version 0", frame(encodeCbor([14, 0])), "STATEMENT_MALFORMED"],
    ["a permit to two devices at once", frame(encodeCbor([6, 0, [], [[1, 2]]])), "STATEMENT_MALFORMED"],
    ["a length beyond the end", frame(encodeCbor([5, new Uint8Array(16), [], 0])).with(0, 127), "STATEMENT_MALFORMED"],
    ["a length beyond the plaintext", frame(encodeCbor([5, new Uint8Array(16), [], 0])).with(0, 200), "PART_MALFORMED"],
  ];
  return [
    ...statements.map(
      (statement): VectorCase => ({
        comment: statement.type,
        statement: toJson(statement),
        plaintext: toHex(encodeStatement(statement)),
        ...(statement.type === "change" ? { id: toHex(changeId), admissions: admissionsOf(crypto, statement) } : {}),
        ...(statement.type === "createKey"
          ? {
              writer: toHex(pattern("writer", 32)),
              keyId: toHex(keyIdOf(crypto, parseWriterKey(pattern("writer", 32)), statement.nonce)),
            }
          : {}),
      }),
    ),
    ...invalid.map(([comment, plaintext, code]): VectorCase => ({ comment, plaintext: toHex(plaintext), code })),
  ];
}

const changeId = parseStatementId(pattern("change", 32));
const id = (name: string) => parseStatementId(pattern(name, 32));
const set = <Item extends Uint8Array>(...items: readonly Item[]): readonly Item[] => items.toSorted(compareBytes);
const links = [{ version: pattern("version 1", 32), sealed: parseCiphertext(pattern("link", 80)) }];
const cuts = [cutsOf(testDatabase, 2)];

/** What each device of a change is admitted under. */
const admissionsOf = (crypto: CryptoProvider, { devices }: ChangeStatement): readonly string[] =>
  devices.map((device, at) => toHex(at === 0 ? changeId : continuedAdmission(crypto, changeId, device)));

function membershipStatements(): readonly Statement[] {
  const revocation = {
    targets: set(id("grant"), id("device")),
    identityKeys: set(pattern("identity key", 32), pattern("another", 32)),
    cuts: [cutsOf(testDatabase, 2), cutsOf(directoryDatabase, 1)].sort((a, b) => compareBytes(a.database, b.database)),
    wipe: 604_800,
  };
  return [
    { type: "revoke", ...revocation },
    { type: "revoke", targets: [], identityKeys: [pattern("identity key", 32)], cuts: [], wipe: null },
    {
      type: "change",
      ...revocation,
      name: "CN=bob/O=acme",
      role: "reader",
      keys: [pattern("key id", 16)],
      devices: [id("grant"), id("device")],
    },
    { type: "readmit", lifts: set(id("a"), id("b")), cuts },
    { type: "rename", user: id("grant"), over: [], name: "CN=bob smith/O=acme" },
  ];
}

function keyStatements(): readonly Statement[] {
  const over = set(id("a"), id("b"));
  return [
    { type: "rotate", keyId: pattern("key id", 16), over, commitment: pattern("version 2", 32), links },
    { type: "link", keyId: pattern("key id", 16), version: pattern("version 2", 32), links },
    { type: "userKey", kem: pattern("user KEM", 1_216), slot: pattern("next slot", 32), over: [id("grant")], to: over },
    {
      type: "permit",
      history: "full",
      versions: [],
      to: [
        { type: "device", of: { type: "statement", id: id("device") } },
        { type: "device", of: { type: "part", index: 1 } },
      ],
    },
  ];
}

function tenantStatements(): readonly Statement[] {
  const values = new Map([["name", "contacts"]]);
  const parts = [0, 300].map((part) => ({ entry: parseEntryId(pattern("entry", 32)), part }));
  return [
    { type: "databaseSettings", database: testDatabase, over: [], values },
    { type: "purge", database: testDatabase, documents: [pattern("document", 32)], parts },
    { type: "minVersion", version: 2 },
    { type: "replaceRoot", key: pattern("root", 32), cuts },
    { type: "database", name: "contacts" },
    forkStatement(),
  ];
}

function forkStatement(): Statement {
  const link = (name: string) => ({
    type: entryType.change,
    control: false,
    salt: parseSalt(pattern(`salt ${name}`, 24)),
    root: pattern(`root ${name}`, 32),
  });
  const branch = (...names: readonly string[]) => ({
    links: names.map(link),
    signature: parseSignature(pattern("signature", 64)),
  });
  const place = { database: testDatabase, writer: parseWriterKey(pattern("writer", 32)), seq: 7 };
  const prev = parseEntryId(pattern("entry", 32));
  const [a, b] = [branch("a", "a too"), branch("b")];
  const isFirst = toHex(a.links[0]?.salt ?? prev) < toHex(b.links[0]?.salt ?? prev);
  return { type: "fork", ...place, prev, branches: isFirst ? [a, b] : [b, a] };
}

async function makeCertificateCases(crypto: CryptoProvider): Promise<readonly VectorCase[]> {
  const device = await crypto.importSigningKey(pattern("device", 32));
  const place = { tenant: testTenant, database: testDatabase, writer: parseWriterKey(pattern("writer", 32)) };
  const says = { admission: parseStatementId(pattern("grant", 32)), incarnation: pattern("incarnation", 16) };
  const previous = { writer: parseWriterKey(pattern("old writer", 32)), seq: 41, id: parseEntryId(pattern("tip", 32)) };
  const first = await signCertificate(crypto, device, { ...place, ...says, previous: null });
  const next = await signCertificate(crypto, device, { ...place, ...says, previous });
  const one = (comment: string, claim: object, isValid: boolean): VectorCase => ({
    comment,
    deviceSeed: toHex(pattern("device", 32)),
    ...(toJson(claim) as { readonly [field: string]: Json }),
    isValid,
  });
  return [
    one("of a device's first chain in a database", { ...place, certificate: first }, true),
    one("of the chain after it", { ...place, certificate: next }, true),
    one("in another database", { ...place, database: directoryDatabase, certificate: first }, false),
    one("of another writer", { ...place, writer: previous.writer, certificate: first }, false),
    one("without the chain before it", { ...place, certificate: { ...next, previous: null } }, false),
    one(
      "by a device key of small order",
      { ...place, certificate: { ...first, device: new Uint8Array(32).with(0, 1) } },
      false,
    ),
  ];
}

async function makeViewCases(): Promise<readonly VectorCase[]> {
  const cases: VectorCase[] = [];
  const tell = async (comment: string, story: (world: World) => Promise<void>): Promise<void> => {
    const world = new World();
    await story(world);
    const view = world.view();
    cases.push({
      comment,
      identity: toJson(view.identity),
      statements: world.placed.map(({ certificate, statement, ...placed }) => ({
        ...(toJson(placed) as { readonly [field: string]: Json }),
        certificate:
          certificate === null
            ? null
            : toJson({ device: certificate.certificate.device, admission: certificate.certificate.admission }),
        plaintext: toHex(encodeStatement(statement)),
      })),
      users: view.users().map(({ id, name, role }) => ({ id: toHex(id), name, role })),
      devices: view.devices().map(({ id, user }) => ({ id: toHex(id), user: toHex(user) })),
      keys: view.keys().map(({ keyId, name, kind, current }) => ({
        keyId: toHex(keyId),
        name,
        kind,
        current: current.map(toHex),
        entitled: view
          .users()
          .filter((user) => view.isEntitled(user, keyId))
          .map((user) => ({ id: toHex(user.id), history: view.dueHistory(user, keyId) })),
      })),
      rejected: toJson(view.rejected),
      unknown: view.unknown,
    });
  };
  await tell("the root lets an admin in, who lets an editor in, who tries the same", async (world) => {
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    const mallory = await world.grant(bob, "mallory", "admin");
    world.say(mallory, await grantTo("eve", "admin"));
  });
  await tell("a named key is shared by who holds it, and not by who does not", async (world) => {
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    const carol = await world.grant(alice, "carol", "reader");
    const nonce = pattern("nonce", 16);
    world.say(bob, { type: "createKey", nonce, name: "board", commitment: pattern("version", 32), history: "full" });
    const keyId = keyIdOf(seededCrypto("none"), bob.writer, nonce);
    const to = world
      .view()
      .findUser("carol")
      .map(({ id }) => id);
    world.say(carol, { type: "share", keyId, to, history: "full" });
  });
  await tell("who reads under a key from now on shares it from now on, whatever they say", async (world) => {
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    await world.grant(alice, "carol", "reader");
    await world.grant(alice, "dave", "reader");
    const nonce = pattern("nonce", 16);
    const commitment = pattern("version", 32);
    world.say(alice, { type: "createKey", nonce, name: "board", commitment, history: "from-now" });
    const keyId = keyIdOf(seededCrypto("none"), alice.writer, nonce);
    const share = (by: Voice, name: string, history: "full" | "from-now") => {
      const to = world.view().findUser(name);
      world.say(by, { type: "share", keyId, to: to.map(({ id }) => id), history });
    };
    share(alice, "bob", "from-now");
    share(bob, "carol", "full");
    share(alice, "dave", "full");
  });
  await tell("a device key of mixed order is not admitted, nor is who claims another's admission", async (world) => {
    const deviceSign = Uint8Array.from(
      Buffer.from("1f4f580e73ac208f06760190e9edc6f5916775dabd9c1cdca393175c2d6d1083", "hex"),
    );
    world.say(world.root, await grantTo("mixed", "admin", { deviceSign }));
    const alice = world.say(world.root, await grantTo("alice", "admin"));
    const thief = await world.voice("mallory", alice.id);
    world.say(thief, await grantTo("ghost", "admin"));
    world.say(thief, { type: "unknown", code: 200, bytes: encodeCbor([200]) });
  });
  return cases;
}

async function makeFoundingCase(): Promise<VectorCase> {
  const identity = testIdentity("CN=alice/O=acme");
  const founded = await foundTenant(seededCrypto("founding"), { name: "acme-corp", identity, history: "full" });
  const entries = founded.runs.flatMap((run) => run.entries);
  return {
    comment: "acme-corp",
    identity: toJson(identity),
    rootSeed: toHex(founded.rootSeed),
    tenant: toHex(founded.tenant),
    directory: toHex(founded.directory),
    entries: entries.map((entry) => ({
      writer: toHex(entry.header.writer),
      seq: entry.header.seq,
      prev: toHex(entry.header.prev),
      body: toHex(encodeEntryBody(entry)),
      signature: toJson(entry.signature),
      id: toHex(entry.id),
    })),
    keys: founded.keys.map(({ keyId, version, contentBytes, historyBytes }) =>
      toJson({ keyId, version, content: contentBytes, history: historyBytes }),
    ),
    found: toJson(founded.found),
    admission: toHex(founded.admission),
    slotSalt: toHex(founded.slotSalt),
    accessList: toHex(encodeAccessList(founded.accessList)),
  };
}

async function makeJoinCases(): Promise<readonly VectorCase[]> {
  const crypto = seededCrypto("joining");
  const identity = testIdentity("CN=bob/O=acme");
  const invite = pattern("invite secret", 32);
  const cases: VectorCase[] = [];
  const kinds = [createJoinRequest, createDeviceRequest].flatMap((create) =>
    [null, invite].map((secret) => ({ create, secret })),
  );
  for (const { create, secret } of kinds) {
    const request = await create(crypto, identity, secret);
    const who = request.kind === "user" ? "a new user" : "a further device";
    const answer = {
      request: requestIdOf(crypto, request.keys),
      salt: request.kind === "user" ? request.keys.slotSalt : request.keys.loginSalt,
      tenant: testTenant,
      tenantName: "acme-corp",
      directory: directoryDatabase,
      admission: parseStatementId(pattern("grant", 32)),
      ticket: secret === null ? null : pattern("ticket", 100),
    };
    const response = await createJoinResponse(crypto, answer, secret);
    cases.push({
      comment: `${who}, ${secret === null ? "compared by fingerprint" : "invited: both carry a MAC under the invite secret"}`,
      kind: request.kind,
      identity: toJson(identity),
      identityFingerprint: identityFingerprint(crypto, await publicKeysOf(crypto, identity)),
      invite: toJson(secret),
      keys: toJson(request.keys),
      proof: toHex(request.proof),
      mac: toJson(request.mac),
      uri: request.toString(),
      fingerprint: request.fingerprint,
      answer: toJson(answer),
      answerMac: toJson(response.mac),
      answerUri: response.toString(),
    });
  }
  const honest = (await createJoinRequest(crypto, identity)).toString();
  return [
    ...cases,
    { comment: "half of a request", uri: honest.slice(0, honest.length / 2), code: "JOIN_MALFORMED" },
    { comment: "a request of a later version", uri: honest.replace(":1:", ":2:"), code: "JOIN_MALFORMED" },
    { comment: "a request with padding of base64", uri: `${honest}=`, code: "JOIN_MALFORMED" },
  ];
}
