import { asPlaintext, portableCrypto } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import {
  decodeEntryBody,
  encodeFounding,
  parseDatabaseId,
  parseEntryId,
  parseSignature,
  parseStatementId,
  parseTenantId,
  parseWriterKey,
  runOf,
  toHex,
  verifyFounding,
  verifyRuns,
} from "@selkie/entry";
import type { Identity } from "@selkie/keybag";
import { describe, expect, test } from "vitest";
import type { PlacedStatement } from "../../src/directory/admission.ts";
import { buildDirectory } from "../../src/directory/build-directory.ts";
import { databaseIdOf } from "../../src/directory/database-id.ts";
import { readHeads, signHeads, verifyHeads } from "../../src/directory/heads-text.ts";
import { identityFingerprint, publicKeysOf } from "../../src/directory/identity.ts";
import { isInvited, parseJoinRequest } from "../../src/directory/join-request.ts";
import { answeredRequest, isFromInviter, parseJoinResponse } from "../../src/directory/join-response.ts";
import { decodeQrTexts, encodeQrTexts } from "../../src/directory/qr-texts.ts";
import { requestedDevice, requestedKeys, requestIdOf } from "../../src/directory/requested-keys.ts";
import { continuedAdmission } from "../../src/directory/statement.ts";
import { decodeStatement, encodeStatement } from "../../src/directory/statement-codec.ts";
import { keyIdOf } from "../../src/keys/key-version.ts";
import { openPermits } from "../../src/keys/permit.ts";
import { type CertificateClaim, type VerifiedCertificate, verifyCertificates } from "../../src/sealing/control-part.ts";
import { codeOf, codeOfAsync } from "../codes.ts";
import { pattern, seededCrypto } from "../fixture.ts";
import { bytesOf, casesOf, committedFile, fieldOf, listOf, numberOf, textOf } from "./committed.ts";
import { type Json, toJson, type VectorCase } from "./format.ts";
import { makeDirectoryVectors } from "./make-directory.ts";
import { plain } from "./make-heads.ts";

const portable = portableCrypto({ random: (length) => pattern("random", length) });

test("the committed vectors of the directory are what their generator makes", async () => {
  for (const [name, file] of Object.entries(await makeDirectoryVectors(seededCrypto("directory vectors")))) {
    expect(JSON.parse(JSON.stringify(file)), name).toEqual(committedFile("directory", name));
  }
});

test.each(casesOf("directory", "statement"))("statement: $comment", (one) => {
  const decode = () => decodeStatement(asPlaintext(bytesOf(one, "plaintext")));
  if (one.code !== undefined) return expect(codeOf(decode)).toBe(one.code);
  const statement = decode();
  expect(toJson(statement)).toEqual(one["statement"]);
  expect(toHex(encodeStatement(statement))).toBe(one["plaintext"]);
  if (statement.type === "change") {
    const id = parseStatementId(bytesOf(one, "id"));
    const admissions = statement.devices.map((device, at) =>
      at === 0 ? id : continuedAdmission(portable, id, device),
    );
    expect(admissions.map(toHex)).toEqual(one["admissions"]);
  }
  if (statement.type !== "createKey") return;
  expect(toHex(keyIdOf(portable, parseWriterKey(bytesOf(one, "writer")), statement.nonce))).toBe(one["keyId"]);
});

test.each(casesOf("directory", "view"))("view: $comment", (one) => {
  const of = fieldOf(one, "identity");
  const identity = {
    tenant: parseTenantId(bytesOf(of, "tenant")),
    root: parseWriterKey(bytesOf(of, "root")),
    directory: parseDatabaseId(bytesOf(of, "directory")),
  };
  const placed = listOf(one, "statements").map((each): PlacedStatement => {
    const writer = parseWriterKey(bytesOf(each, "writer"));
    const says = fieldOf(each, "certificate");
    const claim = {
      tenant: identity.tenant,
      database: identity.directory,
      writer,
      certificate:
        says === null
          ? null
          : { device: bytesOf(says, "device"), admission: parseStatementId(bytesOf(says, "admission")) },
    };
    return {
      id: parseStatementId(bytesOf(each, "id")),
      entry: parseEntryId(bytesOf(each, "entry")),
      part: numberOf(each, "part"),
      writer,
      seq: numberOf(each, "seq"),
      // The vectors begin where certificates are verified; certificate.json has the step before.
      certificate: says === null ? null : (claim as unknown as VerifiedCertificate),
      statement: decodeStatement(asPlaintext(bytesOf(each, "plaintext"))),
    };
  });
  for (const order of [placed, placed.toReversed()]) {
    const view = buildDirectory(portable, identity, order);
    expect(view.users().map(({ id, name, role }) => ({ id: toHex(id), name, role }))).toEqual(one["users"]);
    expect(view.devices().map(({ id, user }) => ({ id: toHex(id), user: toHex(user) }))).toEqual(one["devices"]);
    const keys = view.keys().map(({ keyId, name, kind, current }) => ({
      keyId: toHex(keyId),
      name,
      kind,
      current: current.map(toHex),
      entitled: view
        .users()
        .filter((user) => view.isEntitled(user, keyId))
        .map((user) => ({ id: toHex(user.id), history: view.dueHistory(user, keyId) })),
    }));
    expect(keys).toEqual(one["keys"]);
    expect(toJson(view.rejected)).toEqual(one["rejected"]);
    expect(view.unknown).toBe(one["unknown"]);
  }
});

const identityOf = (one: VectorCase): Identity => {
  const fields = fieldOf(one, "identity");
  return {
    id: bytesOf(fields, "id"),
    name: textOf(fields, "name"),
    userSeed: bytesOf(fields, "userSeed"),
    deviceSignSeed: bytesOf(fields, "deviceSignSeed"),
    deviceKemSeed: bytesOf(fields, "deviceKemSeed"),
    deviceSecret: bytesOf(fields, "deviceSecret"),
    slotSeed: bytesOf(fields, "slotSeed"),
  };
};

const headOf = (head: Json | undefined) =>
  head === null
    ? null
    : {
        writer: parseWriterKey(bytesOf(head, "writer")),
        seq: numberOf(head, "seq"),
        id: parseEntryId(bytesOf(head, "id")),
      };

describe.each([nativeCrypto, portable])("on the $name provider", (crypto) => {
  test.each(casesOf("directory", "database-id"))("E3 database id: $comment", async (one) => {
    expect(toHex(await databaseIdOf(crypto, bytesOf(one, "tenantSecret"), textOf(one, "name")))).toBe(one["id"]);
  });

  test.each(casesOf("directory", "certificate"))("certificate: $comment", async (one) => {
    const says = fieldOf(one, "certificate");
    const claim: CertificateClaim = {
      tenant: parseTenantId(bytesOf(one, "tenant")),
      database: parseDatabaseId(bytesOf(one, "database")),
      writer: parseWriterKey(bytesOf(one, "writer")),
      certificate: {
        device: bytesOf(says, "device"),
        admission: parseStatementId(bytesOf(says, "admission")),
        incarnation: bytesOf(says, "incarnation"),
        previous: headOf(fieldOf(says, "previous")),
        signature: parseSignature(bytesOf(says, "signature")),
      },
    };
    const [verdict] = await verifyCertificates(crypto, [claim]);
    expect(verdict !== null).toBe(one["isValid"]);
  });

  test.each(casesOf("directory", "founding"))("founding: $comment", async (one) => {
    const database = parseDatabaseId(bytesOf(one, "directory"));
    const runs = listOf(one, "entries").map((each) => {
      const at = {
        database,
        writer: parseWriterKey(bytesOf(each, "writer")),
        seq: numberOf(each, "seq"),
        prev: parseEntryId(bytesOf(each, "prev")),
      };
      return runOf([
        { ...decodeEntryBody(bytesOf(each, "body"), at), signature: parseSignature(bytesOf(each, "signature")) },
      ]);
    });
    const verdicts = await verifyRuns(crypto, runs);
    const entries = verdicts.flatMap((verdict) => (verdict.type === "verified" ? verdict.run.entries : []));
    expect(entries.map(({ id }) => toHex(id))).toEqual(listOf(one, "entries").map((each) => fieldOf(each, "id")));
    const [founding, grant] = entries;
    if (founding === undefined || grant === undefined) return expect.fail("two entries");
    const { tenant, root } = await verifyFounding(crypto, encodeFounding(founding));
    expect(toHex(tenant)).toBe(one["tenant"]);
    expect(root).toEqual((await crypto.importSigningKey(bytesOf(one, "rootSeed"))).publicKey);
    const kem = await crypto.importKemKey(identityOf(one).userSeed);
    const permitted = (await openPermits(crypto, grant, kem)) ?? [];
    expect(permitted.map(({ version }) => toHex(version)).sort()).toEqual(
      listOf(one, "keys")
        .map((key) => textOf(key, "version"))
        .sort(),
    );
  });

  test.each(casesOf("directory", "join"))("joining: $comment", async (one) => {
    const parse = () => parseJoinRequest(crypto, textOf(one, "uri"));
    if (one.code !== undefined) return expect(await codeOfAsync(parse)).toBe(one.code);
    const request = await parse();
    expect(toJson(request.keys)).toEqual(one["keys"]);
    expect(toHex(request.proof)).toBe(one["proof"]);
    expect(toJson(request.mac)).toBe(one["mac"]);
    expect(request.fingerprint).toBe(one["fingerprint"]);
    expect(request.toString()).toBe(one["uri"]);
    const identity = identityOf(one);
    expect(identityFingerprint(crypto, await publicKeysOf(crypto, identity))).toBe(one["identityFingerprint"]);
    const again =
      request.kind === "user"
        ? await requestedKeys(crypto, identity, request.keys.slotSalt)
        : await requestedDevice(crypto, identity, request.keys.loginSalt);
    expect(again).toEqual(request.keys);
    const response = parseJoinResponse(crypto, textOf(one, "answerUri"));
    const { mac, toString: _, toQrTexts: __, ...answer } = response;
    expect(toJson(answer)).toEqual(one["answer"]);
    expect(toJson(mac)).toBe(one["answerMac"]);
    expect(response.request).toEqual(requestIdOf(crypto, request.keys));
    expect(await answeredRequest(crypto, response, identity)).toBe(one["kind"]);
    if (one["invite"] === null) return;
    expect(await isInvited(crypto, request, bytesOf(one, "invite"))).toBe(true);
    expect(await isFromInviter(crypto, response, bytesOf(one, "invite"))).toBe(true);
  });

  test.each(casesOf("directory", "qr-texts"))("QR texts: $comment", (one) => {
    const kind = textOf(one, "kind");
    if (one.code !== undefined)
      return expect(codeOf(() => decodeQrTexts(crypto, [kind], textOf(one, "text")))).toBe(one.code);
    const texts = listOf(one, "texts").map(String);
    expect(encodeQrTexts(crypto, kind, bytesOf(one, "bytes"))).toEqual(texts);
    expect(decodeQrTexts(crypto, [kind], texts.toReversed().join(" "))).toEqual({ kind, bytes: bytesOf(one, "bytes") });
  });

  test.each(casesOf("directory", "heads"))("heads: $comment", async (one) => {
    const text = textOf(one, "text");
    if (one.code !== undefined) return expect(codeOf(() => readHeads(text))).toBe(one.code);
    const said = readHeads(text);
    expect(plain(said)).toEqual(one["heads"]);
    expect(toHex(said.payload)).toBe(one["payload"]);
    const key = await crypto.importSigningKey(bytesOf(one, "seed"));
    expect(await verifyHeads(crypto, key.publicKey, said)).toBe(true);
    expect(await signHeads(crypto, key, said)).toBe(text);
  });
});
