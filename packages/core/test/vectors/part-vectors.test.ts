import { asPlaintext, type CryptoProvider, type Plaintext, portableCrypto } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import {
  type EntryType,
  fromHex,
  identifyEntry,
  type Part,
  type PartKind,
  parseCiphertext,
  parseDatabaseId,
  parseEntryId,
  parseKeyTag,
  parseSalt,
  parseWriterKey,
  toHex,
  type VerifiedEntry,
} from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { actorOf } from "../../src/automerge/actor.ts";
import { commitmentOf, historyHash, type KeyVersion, placeKeysOf } from "../../src/keys/key-version.ts";
import { mergeVersions } from "../../src/keys/merged-version.ts";
import { openPermits } from "../../src/keys/permit.ts";
import { decodePermitBundle } from "../../src/keys/permit-bundle.ts";
import { openLink } from "../../src/keys/version-link.ts";
import { decodeChangePart, encodeChangePart } from "../../src/sealing/change-part.ts";
import { decodeControlPart, encodeControlPart } from "../../src/sealing/control-part.ts";
import { countedStem, documentIdOf, namedStem } from "../../src/sealing/document-id.ts";
import { openEntries } from "../../src/sealing/open-entry.ts";
import { padmeLength } from "../../src/sealing/padme.ts";
import { type PartDraft, sealEntry } from "../../src/sealing/seal-entry.ts";
import { codeOf } from "../codes.ts";
import { pattern, seededCrypto, testRing, trusted } from "../fixture.ts";
import { bytesOf, casesOf, committedFile, fieldOf, listOf, numberOf, textOf } from "./committed.ts";
import { type Json, toJson, type VectorCase } from "./format.ts";
import { makePartVectors } from "./make-parts.ts";

const portable = portableCrypto({ random: (length) => pattern("random", length) });
const plaintextOf = (one: Json | VectorCase): Plaintext => asPlaintext(bytesOf(one, "plaintext"));

test("the committed vectors of parts are what their generator makes", async () => {
  for (const [name, file] of Object.entries(await makePartVectors(seededCrypto("part vectors")))) {
    expect(JSON.parse(JSON.stringify(file)), name).toEqual(committedFile("part", name));
  }
});

test.each(casesOf("part", "padme"))("Padmé: $comment", (one) => {
  expect(padmeLength(numberOf(one, "length"), numberOf(one, "floor"))).toBe(one["padded"]);
});

test.each(casesOf("part", "change"))("change: $comment", (one) => {
  const decode = () => decodeChangePart(plaintextOf(one));
  if (one.code !== undefined) return expect(codeOf(decode)).toBe(one.code);
  expect(toJson(decode())).toEqual(one["part"]);
  expect(toHex(encodeChangePart(decode()))).toBe(one["plaintext"]);
});

test.each(casesOf("part", "control"))("control: $comment", (one) => {
  const decode = () => decodeControlPart(plaintextOf(one));
  if (one.code !== undefined) return expect(codeOf(decode)).toBe(one.code);
  expect(toJson(decode())).toEqual(one["part"]);
  expect(toHex(encodeControlPart(decode()))).toBe(one["plaintext"]);
});

const entryOf = (one: Json | VectorCase): VerifiedEntry => {
  const header = fieldOf(one, "header");
  return trusted(
    identifyEntry(portable, {
      header: {
        type: numberOf(header, "type") as EntryType,
        control: fieldOf(header, "control") === true,
        database: parseDatabaseId(bytesOf(header, "database")),
        writer: parseWriterKey(bytesOf(header, "writer")),
        seq: numberOf(header, "seq"),
        prev: parseEntryId(bytesOf(header, "prev")),
        salt: parseSalt(bytesOf(header, "salt")),
      },
      table: listOf(one, "table").map((tag) => parseKeyTag(fromHex(String(tag)))),
      parts: listOf(one, "parts").map((part): Part => {
        const [kind, table] = [numberOf(part, "kind") as PartKind, numberOf(part, "table")];
        return { type: "sealed", kind, table, ciphertext: parseCiphertext(bytesOf(part, "ciphertext")) };
      }),
      signature: null,
    }),
  );
};

async function keysOf(crypto: CryptoProvider): Promise<Map<string, KeyVersion>> {
  const names = ["directory", "default"];
  const keys = await Promise.all(
    casesOf("part", "key").map(async (one, at): Promise<KeyVersion> => {
      const content = bytesOf(one, "content");
      return {
        keyId: bytesOf(one, "keyId"),
        name: names[at] ?? "",
        version: bytesOf(one, "version"),
        content: await crypto.importSecret(content),
        contentBytes: content,
        historyBytes: bytesOf(one, "history"),
      };
    }),
  );
  return new Map(keys.map((key) => [key.name, key]));
}

function draftsOf(one: VectorCase, keys: ReadonlyMap<string, KeyVersion>): readonly PartDraft[] {
  return listOf(one, "drafts").map((draft): PartDraft => {
    const kind = textOf(draft, "kind");
    const plaintext = plaintextOf(draft);
    if (kind === "bundle") return { kind, secret: bytesOf(draft, "secret"), plaintext };
    const key = keys.get(textOf(draft, "key"));
    if (key === undefined || (kind !== "change" && kind !== "control" && kind !== "statement"))
      throw new TypeError(kind);
    return { kind, key, plaintext };
  });
}

describe.each([nativeCrypto, portable])("on the $name provider", (crypto) => {
  test.each(casesOf("part", "document-id"))("document id: $comment", (one) => {
    const writer = parseWriterKey(bytesOf(one, "writer"));
    const stem =
      one["counter"] === undefined
        ? namedStem(crypto, parseDatabaseId(bytesOf(one, "database")), textOf(one, "name"))
        : countedStem(crypto, writer, numberOf(one, "counter"));
    const id = documentIdOf({ stem, keyId: bytesOf(one, "key") });
    expect([toHex(id), toHex(actorOf(crypto, writer, id, null))]).toEqual([one["id"], one["actor"]]);
  });

  test.each(casesOf("part", "merged"))("merged: $comment", async (one) => {
    const keyId = bytesOf(one, "keyId");
    const versions = await Promise.all(
      listOf(one, "versions").map(async (part) => {
        const contentBytes = bytesOf(part, "content");
        const content = await crypto.importSecret(contentBytes);
        return { keyId, name: "", version: bytesOf(part, "version"), content, contentBytes, historyBytes: null };
      }),
    );
    const merged = await mergeVersions(crypto, versions.toReversed());
    expect(toHex(merged.version)).toBe(one["version"]);
    expect(toHex(merged.contentBytes)).toBe(one["content"]);
    const { tag } = await placeKeysOf(crypto, merged, parseDatabaseId(bytesOf(one, "database")));
    expect(toHex(tag)).toBe(one["tag"]);
  });

  test.each(casesOf("part", "link"))("link: $comment", async (one) => {
    const sealed = parseCiphertext(bytesOf(one, "sealed"));
    const ends = { keyId: bytesOf(one, "keyId"), from: bytesOf(one, "from"), version: bytesOf(one, "version") };
    const opened = await openLink(crypto, { ...ends, sealed }, bytesOf(one, "history"));
    const expected = fieldOf(one, "opened");
    if (expected === null) return expect(opened).toBeNull();
    expect(opened?.content).toEqual(bytesOf(expected, "content"));
    expect(opened?.history).toEqual(bytesOf(expected, "predecessorHistory"));
  });

  test.each(casesOf("part", "key"))("key: $comment", async (one) => {
    const hashed = historyHash(crypto, bytesOf(one, "history"));
    expect(toHex(hashed)).toBe(one["historyHash"]);
    const [keyId, content] = [bytesOf(one, "keyId"), bytesOf(one, "content")];
    expect(toHex(commitmentOf(crypto, keyId, content, hashed))).toBe(one["version"]);
    const secret = await crypto.importSecret(content);
    const key: KeyVersion = {
      keyId,
      name: "",
      version: bytesOf(one, "version"),
      content: secret,
      contentBytes: content,
      historyBytes: null,
    };
    for (const place of listOf(one, "tags")) {
      const database = parseDatabaseId(bytesOf(place, "database"));
      expect(toHex((await placeKeysOf(crypto, key, database)).tag)).toBe(fieldOf(place, "tag"));
      expect(toHex(await crypto.derive(secret, "derive-salt-key", database, 32))).toBe(fieldOf(place, "saltKey"));
    }
  });

  test.each(casesOf("part", "bundle"))("permit bundle: $comment", (one) => {
    const decode = () => decodePermitBundle(crypto, plaintextOf(one));
    if (one.code !== undefined) return expect(codeOf(decode)).toBe(one.code);
    const { versions, userKeys } = decode();
    expect(toJson(versions.map(({ name, ...secrets }) => secrets))).toEqual(one["versions"]);
    expect(toJson(userKeys)).toEqual(one["userKeys"] ?? []);
  });

  test.each(casesOf("part", "sealing"))("sealing: $comment", async (one) => {
    const keys = await keysOf(crypto);
    const entry = entryOf(one);
    const { type, database, writer, seq, prev } = entry.header;
    const writerSecret = await crypto.importSecret(bytesOf(one, "writerSecret"));
    const drafts = draftsOf(one, keys);
    const sealed = await sealEntry(crypto, { type, database, writer, writerSecret, seq, prev }, drafts);
    expect(toJson(sealed.header)).toEqual(one["header"]);
    expect(toJson(sealed.table)).toEqual(one["table"]);
    expect(toJson(sealed.parts)).toEqual(one["parts"]);
    expect(toHex(sealed.prefixHash)).toBe(one["prefixHash"]);
    expect(toHex(sealed.id)).toBe(one["id"]);
    const [opened] = await openEntries(crypto, testRing(crypto, ...keys.values()), [entry]);
    for (const part of opened ?? []) {
      if (part.type !== "permit") expect(part.type).toBe("opened");
      const draft = drafts[part.index];
      if (part.type === "opened" && draft?.kind !== "permit") expect(part.plaintext).toEqual(draft?.plaintext);
    }
  });

  test.each(casesOf("part", "permit"))("permit: $comment", async (one) => {
    const kem = await crypto.importKemKey(bytesOf(one, "kemSeed"));
    const opened = await openPermits(crypto, entryOf(one), kem);
    expect(toJson(opened?.map(({ name, ...secrets }) => secrets) ?? null)).toEqual(one["versions"]);
  });
});
