// Makes docs/spec/vectors/part from fixed seeds. Valid cases are what the code does, frozen by the commit; invalid cases and their
// codes are written down here by hand.
import type { CryptoProvider, Plaintext } from "@selkie/crypto";
import {
  compareBytes,
  concatBytes,
  entryType,
  parseEntryId,
  parseSignature,
  parseStatementId,
  parseWriterKey,
  toHex,
  type WriterKey,
} from "@selkie/entry";
import { actorOf } from "../../src/automerge/actor.ts";
import { historyHash, placeKeysOf } from "../../src/keys/key-version.ts";
import { mergeVersions } from "../../src/keys/merged-version.ts";
import { draftPermits } from "../../src/keys/permit.ts";
import { encodePermitBundle, encodeUserKeys } from "../../src/keys/permit-bundle.ts";
import { sealLink } from "../../src/keys/version-link.ts";
import { type ChangePart, encodeChangePart, latestTime } from "../../src/sealing/change-part.ts";
import { type Certificate, type ControlPart, encodeControlPart } from "../../src/sealing/control-part.ts";
import { countedStem, documentIdOf, namedStem } from "../../src/sealing/document-id.ts";
import { padmeLength } from "../../src/sealing/padme.ts";
import { type PartDraft, sealEntry } from "../../src/sealing/seal-entry.ts";
import { otherDatabase, pattern, say, testDatabase, testKey, testPlace } from "../fixture.ts";
import { toJson, type VectorCase, type VectorFile, vectorFile } from "./format.ts";

export async function makePartVectors(crypto: CryptoProvider): Promise<Record<string, VectorFile>> {
  return {
    padme: vectorFile("Padded lengths (section 1)", makePadmeCases()),
    "document-id": vectorFile(
      "Ids of documents, and the actor of a writer in them (section 2)",
      makeDocumentIdCases(crypto),
    ),
    change: vectorFile("Plaintexts of change parts (section 3)", makeChangeCases()),
    control: vectorFile("Plaintexts of control parts (section 4)", makeControlCases()),
    key: vectorFile(
      "Key versions: commitment, tag and salt key in two databases (section 5)",
      await makeKeyCases(crypto),
    ),
    merged: vectorFile("Several versions of a key as one (section 5)", await makeMergedCases(crypto)),
    link: vectorFile("Links: what the history secret of a version opens (section 8)", await makeLinkCases(crypto)),
    bundle: vectorFile("Plaintexts of permit bundles (section 7)", await makeBundleCases(crypto)),
    sealing: vectorFile(
      "Whole entries: keys, place and plaintexts in, salt, ciphertexts and id out (section 6)",
      await makeSealingCases(crypto),
    ),
    permit: vectorFile(
      "Permits: what the holder of a KEM seed finds in an entry (section 7)",
      await makePermitCases(crypto),
    ),
  };
}

function makePadmeCases(): readonly VectorCase[] {
  const lengths = [
    0, 1, 127, 128, 129, 144, 145, 255, 256, 257, 1_000, 1_024, 1_025, 65_536, 65_537, 1_000_000, 1_048_576,
  ];
  return [128, 256].flatMap((floor) =>
    lengths.map((length) => ({
      comment: `${length} bytes, floor ${floor}`,
      length,
      floor,
      padded: padmeLength(length, floor),
    })),
  );
}

function makeDocumentIdCases(crypto: CryptoProvider): readonly VectorCase[] {
  const [writer, key] = [parseWriterKey(pattern("writer", 32)), pattern("key id", 16)];
  const idsOf = (stem: Uint8Array) => {
    const id = documentIdOf({ stem, keyId: key });
    return { writer: toHex(writer), key: toHex(key), id: toHex(id), actor: toHex(actorOf(crypto, writer, id, null)) };
  };
  const counters = [0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER].map((counter) => ({
    comment: `document ${counter} of a writer`,
    counter,
    ...idsOf(countedStem(crypto, writer, counter)),
  }));
  const names = ["", "settings", "Zoë"].map((name) => ({
    comment: `a document named "${name}"`,
    database: toHex(testDatabase),
    name,
    ...idsOf(namedStem(crypto, testDatabase, name)),
  }));
  return [...counters, ...names];
}

const plainChange: ChangePart = {
  kind: "change",
  codec: 0,
  document: { type: "stem", stem: pattern("document", 16) },
  branch: null,
  time: 1_763_760_000_000,
  metadata: null,
  payload: pattern("payload", 40),
};

function makeChangeCases(): readonly VectorCase[] {
  const valid: readonly [string, Partial<ChangePart>][] = [
    ["a change of the main branch", {}],
    [
      "the first change of a document, by counter",
      { kind: "create", codec: 1, document: { type: "counter", counter: 300 } },
    ],
    ["a carried history", { kind: "carry", document: { type: "counter", counter: 3 } }],
    ["a branch, metadata", { branch: pattern("branch", 16), metadata: pattern("metadata", 9) }],
    ["a bundle: the floor is 256", { codec: 2 }],
    ["a deletion at time 0 without a payload", { kind: "delete", time: 0, payload: new Uint8Array() }],
    ["an undeletion at the last time there is", { kind: "undelete", time: latestTime }],
    ["an attachment manifest of 300 bytes", { kind: "manifest", payload: pattern("manifest", 300) }],
  ];
  const honest = encodeChangePart(plainChange);
  const invalid: readonly [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(), "PART_MALFORMED"],
    ["no padding", honest.slice(0, 67), "PART_MALFORMED"],
    ["padding of a longer content", concatBytes(honest, new Uint8Array(16)), "PART_MALFORMED"],
    ["a padding byte that is not zero", honest.with(127, 1), "PART_MALFORMED"],
    ["an unknown flag", honest.with(2, 8), "PART_MALFORMED"],
    ["a bundle with the floor of a change", honest.with(1, 2), "PART_MALFORMED"],
    ["a payload beyond the end", honest.with(25, 120), "PART_MALFORMED"],
    [
      "a time in more bytes than it needs",
      concatBytes(honest.subarray(0, 19), Uint8Array.of(0x80, 0), honest.subarray(21)),
      "PART_MALFORMED",
    ],
    ["a carried history, by stem", honest.with(0, 6), "PART_MALFORMED"],
    ["a kind of a later version", honest.with(0, 7), "UPDATE_NEEDED"],
    ["a codec of a later version", honest.with(1, 3), "UPDATE_NEEDED"],
  ];
  return [
    ...valid.map(([comment, change]): VectorCase => {
      const part = { ...plainChange, ...change };
      return { comment, part: toJson(part), plaintext: toHex(encodeChangePart(part)) };
    }),
    ...invalid.map(([comment, plaintext, code]): VectorCase => ({ comment, plaintext: toHex(plaintext), code })),
  ];
}

function makeControlCases(): readonly VectorCase[] {
  const heads = [1, 2, 3].map((byte) => parseEntryId(new Uint8Array(32).fill(byte)));
  const writer = (byte: number): WriterKey => parseWriterKey(new Uint8Array(32).fill(byte));
  const certificate: Certificate = {
    device: pattern("device", 32),
    admission: parseStatementId(pattern("grant", 32)),
    incarnation: pattern("incarnation", 16),
    previous: null,
    signature: parseSignature(pattern("signature", 64)),
  };
  const previous = { writer: writer(9), seq: 41, id: parseEntryId(pattern("tip", 32)) };
  const none: ControlPart = { certificate: null, frontier: null, vector: null };
  const vector = [1, 2].map((byte) => ({ writer: writer(byte), seq: 2 ** 40 + byte, id: heads[byte] ?? previous.id }));
  const valid: readonly [string, ControlPart][] = [
    ["of a founding entry: an empty frontier", { ...none, frontier: [] }],
    ["of a chain's first entry", { certificate, frontier: heads, vector: null }],
    ["of a chain that follows another", { ...none, certificate: { ...certificate, previous }, frontier: [] }],
    ["a new frontier", { ...none, frontier: heads.slice(0, 1) }],
    ["what the writer has newly seen", { ...none, vector }],
    ["nothing", none],
  ];
  const frontier = encodeControlPart({ ...none, frontier: heads });
  const invalid: readonly [string, Uint8Array][] = [
    ["an unknown flag", frontier.with(0, 8)],
    ["65 heads", encodeControlPart({ ...none, frontier: [] }).with(1, 65)],
    ["heads out of order", frontier.with(2, 4)],
    ["a head twice", frontier.slice().fill(1, 34, 66)],
    ["a chain that follows two", encodeControlPart({ ...none, certificate: { ...certificate, previous } }).with(81, 2)],
    ["writers out of order", encodeControlPart({ ...none, vector }).with(3, 3)],
    ["a padding byte that is not zero", frontier.with(127, 1)],
  ];
  return [
    ...valid.map(
      ([comment, part]): VectorCase => ({ comment, part: toJson(part), plaintext: toHex(encodeControlPart(part)) }),
    ),
    ...invalid.map(
      ([comment, plaintext]): VectorCase => ({ comment, plaintext: toHex(plaintext), code: "PART_MALFORMED" }),
    ),
  ];
}

async function makeKeyCases(crypto: CryptoProvider): Promise<readonly VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const name of ["directory", "default"]) {
    const key = await testKey(crypto, name);
    const tags = await Promise.all(
      [testDatabase, otherDatabase].map(async (database) => ({
        database: toHex(database),
        tag: toHex((await placeKeysOf(crypto, key, database)).tag),
        saltKey: toHex(await crypto.derive(key.content, "derive-salt-key", database, 32)),
      })),
    );
    cases.push({
      comment: `a version of the key "${name}"`,
      keyId: toHex(key.keyId),
      content: toHex(key.contentBytes),
      history: toHex(key.historyBytes ?? new Uint8Array()),
      historyHash: toHex(historyHash(crypto, key.historyBytes ?? new Uint8Array())),
      version: toHex(key.version),
      tags,
    });
  }
  return cases;
}

async function makeMergedCases(crypto: CryptoProvider): Promise<readonly VectorCase[]> {
  const versions = [
    await testKey(crypto, "board"),
    await testKey(crypto, "board", 2),
    await testKey(crypto, "board", 3),
  ];
  const cases: VectorCase[] = [];
  for (const count of [2, 3]) {
    const merged = await mergeVersions(crypto, versions.slice(0, count));
    cases.push({
      comment: `${count} versions`,
      keyId: toHex(merged.keyId),
      versions: merged.parts.map(({ version, contentBytes }) => ({
        version: toHex(version),
        content: toHex(contentBytes),
      })),
      version: toHex(merged.version),
      content: toHex(merged.contentBytes),
      database: toHex(testDatabase),
      tag: toHex((await placeKeysOf(crypto, merged, testDatabase)).tag),
    });
  }
  return cases;
}

async function makeLinkCases(crypto: CryptoProvider): Promise<readonly VectorCase[]> {
  const [first, second] = [await testKey(crypto, "board"), await testKey(crypto, "board", 2)];
  const { version, sealed } = await sealLink(crypto, second, first);
  const forged = await sealLink(crypto, second, { ...first, contentBytes: pattern("chosen by the maker", 32) });
  const given = {
    keyId: toHex(second.keyId),
    from: toHex(second.version),
    history: toJson(second.historyBytes),
    version: toHex(version),
  };
  const opened = { content: toHex(first.contentBytes), predecessorHistory: toJson(first.historyBytes) };
  const flipped = sealed.with(0, (sealed[0] ?? 0) ^ 1);
  return [
    { comment: "version 2 opens version 1", ...given, sealed: toHex(sealed), opened },
    { comment: "one bit of it is another", ...given, sealed: toHex(flipped), opened: null },
    { comment: "it holds other secrets than it names", ...given, sealed: toHex(forged.sealed), opened: null },
    { comment: "of another version", ...given, from: toHex(version), sealed: toHex(sealed), opened: null },
  ];
}

async function makeBundleCases(crypto: CryptoProvider): Promise<readonly VectorCase[]> {
  const keys = await Promise.all(["directory", "default", "board"].map((name) => testKey(crypto, name)));
  const [first] = keys;
  if (first === undefined) return [];
  const one = encodePermitBundle(crypto, [first], "full");
  const userKeys = ["a", "b", "slot"]
    .map((name) => ({
      kind: name === "slot" ? ("slot" as const) : ("user" as const),
      name: pattern(`user key ${name}`, 32),
      seed: pattern(`user seed ${name}`, 32),
    }))
    .sort((a, b) => compareBytes(a.name, b.name));
  const valid = (comment: string, plaintext: Plaintext, given: typeof keys, full: boolean): VectorCase => ({
    comment,
    plaintext: toHex(plaintext),
    versions: given
      .map(({ keyId, version, contentBytes, historyBytes }) => ({
        keyId: toHex(keyId),
        version: toHex(version),
        content: toHex(contentBytes),
        history: full ? toHex(historyBytes ?? new Uint8Array()) : null,
      }))
      .sort((a, b) => (a.version < b.version ? -1 : 1)),
  });
  const invalid: readonly [string, Uint8Array, string][] = [
    ["a content secret that is not the version's", one.with(60, (one[60] ?? 0) ^ 1), "KEY_UNAUTHENTIC"],
    ["a history secret that is not the version's", one.with(90, (one[90] ?? 0) ^ 1), "KEY_UNAUTHENTIC"],
    ["another key id", one.with(5, (one[5] ?? 0) ^ 1), "KEY_UNAUTHENTIC"],
    ["an unknown mode", one.with(2, 2), "PART_MALFORMED"],
    ["a version that is not counted", one.with(1, 0), "PART_MALFORMED"],
    ["a count above the versions there are", one.with(1, 2), "KEY_UNAUTHENTIC"],
    ["the floor of a change", one.slice(0, 128), "PART_MALFORMED"],
  ];
  return [
    valid("one version, full", one, [first], true),
    valid("three versions, full", encodePermitBundle(crypto, keys, "full"), keys, true),
    { ...valid("two user keys and a slot key", encodeUserKeys(userKeys), [], true), userKeys: toJson(userKeys) },
    valid("one version, from now on", encodePermitBundle(crypto, [first], "from-now"), [first], false),
    ...invalid.map(([comment, plaintext, code]): VectorCase => ({ comment, plaintext: toHex(plaintext), code })),
  ];
}

async function makeSealingCases(crypto: CryptoProvider): Promise<readonly VectorCase[]> {
  const directory = await testKey(crypto, "directory");
  const key = await testKey(crypto, "default");
  const shapes: readonly { comment: string; seq: number; type: 1 | 2; drafts: readonly PartDraft[] }[] = [
    { comment: "one change", seq: 7, type: entryType.change, drafts: [{ kind: "change", key, plaintext: say("one") }] },
    {
      comment: "the first entry of a chain: a control part under the directory key, two changes under another",
      seq: 0,
      type: entryType.change,
      drafts: [
        {
          kind: "control",
          key: directory,
          plaintext: encodeControlPart({ certificate: null, frontier: [], vector: null }),
        },
        { kind: "change", key, plaintext: encodeChangePart(plainChange) },
        { kind: "change", key, plaintext: encodeChangePart({ ...plainChange, codec: 2 }) },
      ],
    },
    {
      comment: "statements, and a permit's bundle; no permit, whose wrapping is random",
      seq: 8,
      type: entryType.statement,
      drafts: [
        { kind: "statement", key: directory, plaintext: say("statement") },
        { kind: "bundle", secret: pattern("permit secret", 32), plaintext: encodePermitBundle(crypto, [key], "full") },
      ],
    },
    {
      comment: "no key at all: the salt is the writer's",
      seq: 9,
      type: entryType.statement,
      drafts: [
        { kind: "bundle", secret: pattern("permit secret", 32), plaintext: encodePermitBundle(crypto, [key], "full") },
      ],
    },
  ];
  return Promise.all(
    shapes.map(async ({ comment, seq, type, drafts }): Promise<VectorCase> => {
      const place = await testPlace(crypto, { seq, type });
      const entry = await sealEntry(crypto, place, drafts);
      return {
        comment,
        writerSecret: toHex(pattern("writer secret", 32)),
        drafts: drafts.map((draft) =>
          draft.kind === "bundle"
            ? { kind: draft.kind, secret: toHex(draft.secret), plaintext: toHex(draft.plaintext) }
            : {
                kind: draft.kind,
                key: "key" in draft ? draft.key.name : "",
                plaintext: "plaintext" in draft ? toHex(draft.plaintext) : "",
              },
        ),
        header: toJson(entry.header),
        table: toJson(entry.table),
        parts: toJson(entry.parts),
        prefixHash: toHex(entry.prefixHash),
        id: toHex(entry.id),
      };
    }),
  );
}

async function makePermitCases(crypto: CryptoProvider): Promise<readonly VectorCase[]> {
  const seeds = ["alice", "bob", "carol"].map((name) => pattern(`KEM seed of ${name}`, 32));
  const [alice, bob, carol] = await Promise.all(seeds.map((seed) => crypto.importKemKey(seed)));
  if (!alice || !bob || !carol) return [];
  const keys = await Promise.all(["directory", "default"].map((name) => testKey(crypto, name)));
  const drafts = draftPermits(
    crypto,
    [alice, bob].map(({ publicKey }) => ({ kem: publicKey })),
    keys,
    "full",
  );
  const entry = await sealEntry(crypto, await testPlace(crypto, { type: entryType.statement }), drafts);
  const clear = { header: toJson(entry.header), table: toJson(entry.table), parts: toJson(entry.parts) };
  const versions = keys
    .map(({ keyId, version, contentBytes, historyBytes }) => ({
      keyId: toHex(keyId),
      version: toHex(version),
      content: toHex(contentBytes),
      history: toHex(historyBytes ?? new Uint8Array()),
    }))
    .sort((a, b) => (a.version < b.version ? -1 : 1));
  const [aliceSeed, bobSeed, carolSeed] = seeds.map(toHex);
  const damaged = entry.parts.map((part) =>
    part.type === "sealed" && part.table === 255
      ? { ...part, ciphertext: part.ciphertext.with(20, (part.ciphertext[20] ?? 0) ^ 1) }
      : part,
  );
  return [
    { comment: "the first recipient", kemSeed: aliceSeed, ...clear, versions },
    { comment: "the second recipient", kemSeed: bobSeed, ...clear, versions },
    { comment: "somebody else", kemSeed: carolSeed, ...clear, versions: [] },
    {
      comment: "the first recipient, one bit of each encapsulation flipped",
      kemSeed: aliceSeed,
      ...clear,
      parts: toJson(damaged),
      versions: null,
    },
  ];
}
