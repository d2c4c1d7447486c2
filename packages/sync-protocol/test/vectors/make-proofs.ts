// Proofs and digests.
import { parseEntryId, type Signature, toHex, type Vector } from "@selkie/entry";
import type { Greetings } from "../../src/machine/effect.ts";
import { encodeMessage } from "../../src/message/codec.ts";
import type { Hello, Role } from "../../src/message/message.ts";
import { openDigest } from "../../src/session/open-digest.ts";
import { type ProofSubject, proofLabel, proofPayload } from "../../src/session/proof.ts";
import { bytesOf, databaseOf, otherTenant, TestKey, tenant, verifier } from "../support/writer.ts";
import type { DigestCase, ProofCase } from "./format.ts";
import { toJson } from "./json.ts";

const origin = "wss://relay.example";
const hello = (role: Role, nonce: string, change: Partial<Hello> = {}): Hello => ({
  type: "hello",
  role,
  nonce: bytesOf(nonce),
  windowBytes: 4_194_304,
  databases: 1_024,
  ...change,
});
const greetings = { dialler: hello("dialler", "dialler"), listener: hello("listener", "listener") };

export async function makeProofCases(): Promise<readonly ProofCase[]> {
  const alice = await TestKey.of("alice");
  const bob = await TestKey.of("bob");
  const login: ProofSubject = { kind: "login", role: "dialler", greetings, tenant, key: alice.publicKey, origin };
  const device: ProofSubject = { ...login, kind: "device", role: "listener", key: bob.publicKey };
  const sign = (key: TestKey, subject: ProofSubject) => key.sign(proofLabel(subject.kind), proofPayload(subject));
  const [ofLogin, ofDevice] = [await sign(alice, login), await sign(bob, device)];
  const changes: readonly (readonly [string, Partial<ProofSubject>])[] = [
    ["the same in the other role: a reflection", { role: "listener" }],
    ["as the proof of a device", { kind: "device" }],
    [
      "with another listener's greeting: a replay",
      { greetings: { ...greetings, listener: hello("listener", "another") } },
    ],
    ["with another dialler's greeting", { greetings: { ...greetings, dialler: hello("dialler", "another") } }],
    [
      "with a limit lowered on the way",
      { greetings: { ...greetings, listener: hello("listener", "listener", { windowBytes: 1 }) } },
    ],
    ["for another tenant", { tenant: otherTenant }],
    ["at another origin: forwarded", { origin: "wss://other.example" }],
    ["by another key", { key: bob.publicKey }],
  ];
  return [
    { ...caseOf("a login", login, ofLogin, true), seed: toHex(bytesOf("seed alice")) },
    { ...caseOf("the proof of a listening device", device, ofDevice, true), seed: toHex(bytesOf("seed bob")) },
    ...changes.map(([comment, change]) => caseOf(`the login ${comment}`, { ...login, ...change }, ofLogin, false)),
  ];
}

export function makeDigestCases(): readonly DigestCase[] {
  const database = databaseOf("a");
  const nothing: Vector = new Map();
  const one: Vector = new Map([[toHex(bytesOf("writer")), { seq: 3, id: parseEntryId(bytesOf("entry")) }]]);
  const make = (comment: string, between: Greetings, vector: Vector): DigestCase => ({
    comment,
    diallerNonce: toHex(between.dialler.nonce),
    listenerNonce: toHex(between.listener.nonce),
    database: toHex(database),
    heads: toJson(vector),
    digest: toHex(openDigest(verifier, between, database, vector)),
  });
  return [
    make("nobody has written", greetings, nothing),
    make("one writer", greetings, one),
    make("the same in another session", { ...greetings, listener: hello("listener", "another") }, one),
  ];
}

function caseOf(comment: string, subject: ProofSubject, signature: Signature, isValid: boolean): ProofCase {
  return {
    comment,
    kind: subject.kind,
    role: subject.role,
    dialler: toHex(encodeMessage(subject.greetings.dialler)),
    listener: toHex(encodeMessage(subject.greetings.listener)),
    tenant: toHex(subject.tenant),
    key: toHex(subject.key),
    origin: subject.origin,
    payload: toHex(proofPayload(subject)),
    signature: toHex(signature),
    isValid,
  };
}
