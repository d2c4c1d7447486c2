// Runs the committed vectors, in Node and in browsers alike.
import {
  fromHex,
  labelled,
  parseDatabaseId,
  parseEntryId,
  parseLoginKey,
  parseSignature,
  parseTenantId,
  toHex,
  type Vector,
} from "@selkie/entry";
import { describe, expect, test } from "vitest";
import access from "../../../../docs/spec/vectors/sync/access.json" with { type: "json" };
import digest from "../../../../docs/spec/vectors/sync/digest.json" with { type: "json" };
import messages from "../../../../docs/spec/vectors/sync/messages.json" with { type: "json" };
import proof from "../../../../docs/spec/vectors/sync/proof.json" with { type: "json" };
import rules from "../../../../docs/spec/vectors/sync/rules.json" with { type: "json" };
import sessions from "../../../../docs/spec/vectors/sync/sessions.json" with { type: "json" };
import {
  type AccessState,
  decodeAccessList,
  decodeAccessTicket,
  decodeRetireList,
  decodeSlotChain,
  decodeSlotLogin,
  encodeAccessList,
  encodeAccessTicket,
  encodeRetireList,
  encodeSlotChain,
  encodeSlotLogin,
  presentDocuments,
  rightsOf,
  SyncError,
  verifyAccessList,
  verifyAccessTicket,
  verifyRetireList,
  verifySlotChain,
  verifySlotLogin,
} from "../../src/index.ts";
import { decodeMessage, encodeMessage } from "../../src/message/codec.ts";
import type { Hello } from "../../src/message/message.ts";
import { FrameTags } from "../../src/session/frame-tags.ts";
import { openDigest } from "../../src/session/open-digest.ts";
import { checkProof, proofLabel, proofPayload } from "../../src/session/proof.ts";
import { verifier } from "../support/writer.ts";
import type { VectorFiles } from "./format.ts";
import { toJson } from "./json.ts";

/** The committed files. */
export const committed = { messages, proof, digest, access, rules, sessions } as VectorFiles;

export function vectorSuite(): void {
  describe("vectors", () => {
    test.each(committed.messages.cases)("message: $comment", ({ frame, message, code }) => {
      const read = () => decodeMessage(fromHex(frame));
      if (code !== undefined) return expect(codeOf(read)).toBe(code);
      expect(toJson(read())).toEqual(message);
      expect(toHex(encodeMessage(read()))).toBe(frame);
    });

    test.each(committed.proof.cases)("proof: $comment", async (item) => {
      const kind = item.kind === "login" ? "login" : "device";
      const role = item.role === "dialler" ? "dialler" : "listener";
      const greetings = { dialler: helloOf(item.dialler), listener: helloOf(item.listener) };
      const key = fromHex(item.key);
      const tenant = parseTenantId(fromHex(item.tenant));
      const payload = proofPayload({ kind, role, greetings, tenant, key, origin: item.origin });
      expect(toHex(payload)).toBe(item.payload);
      const signature = parseSignature(fromHex(item.signature));
      const claim = { type: "claim", kind, tenant, key, origin: item.origin, documents: [], signature } as const;
      expect(await checkProof(verifier, claim, role, greetings)).toBe(item.isValid);
      const message = labelled(proofLabel(kind), payload);
      expect(await verifier.verifyMany([{ publicKey: key, message, signature }])).toEqual([item.isValid]);
    });

    test.each(committed.digest.cases)("digest: $comment", (item) => {
      const hello = { windowBytes: 0, databases: 0, type: "hello" } as const;
      const greetings = {
        dialler: { ...hello, role: "dialler", nonce: fromHex(item.diallerNonce) },
        listener: { ...hello, role: "listener", nonce: fromHex(item.listenerNonce) },
      } as const;
      const vector = vectorOf(item.heads);
      const database = parseDatabaseId(fromHex(item.database));
      expect(toHex(openDigest(verifier, greetings, database, vector))).toBe(item.digest);
    });

    test.each(committed.access.cases)("access document: $comment", async ({ kind, bytes, document, code, isValid }) => {
      const { read, write, verify } = codecOf(kind);
      if (code !== undefined) return expect(codeOf(() => read(fromHex(bytes)))).toBe(code);
      expect(toJson(read(fromHex(bytes)))).toEqual(document);
      expect(toHex(write(fromHex(bytes)))).toBe(bytes);
      expect((await verify(fromHex(bytes))) !== null).toBe(isValid ?? true);
    });

    test.each(committed.rules.cases)("rules: $comment", async ({ tenant, claims }) => {
      let held: AccessState | null = null;
      for (const { documents, outcomes, rights } of claims) {
        const presented = await presentDocuments(
          verifier,
          parseTenantId(fromHex(tenant)),
          held,
          documents.map(fromHex),
        );
        held = presented.state;
        const came = documents.map((_, index) =>
          presented.applied.includes(index)
            ? "applied"
            : (presented.refused.find((item) => item.index === index)?.code ?? "known"),
        );
        expect(came).toEqual(outcomes);
        for (const { key, rights: due } of rights) {
          const found = held === null ? null : rightsOf(held, parseLoginKey(fromHex(key)), presented.tickets);
          expect(toJson(found)).toEqual(due);
        }
      }
    });

    test.each(committed.sessions.cases)("session: $comment", ({ dialler, listener, diallerNonce, listenerNonce }) => {
      const greetings = [helloOf(dialler[0] ?? ""), helloOf(listener[0] ?? "")];
      const [said, answered] = [dialler, listener].map((frames, side) => {
        const [near, far] = [new FrameTags(verifier), new FrameTags(verifier)];
        const [own, other] = side === 0 ? greetings : greetings.toReversed();
        if (own === undefined || other === undefined) throw new TypeError("two greetings");
        near.begin(other, own);
        far.begin(own, other);
        const messages = frames.map((frame) => decodeMessage(near.open(fromHex(frame))));
        expect(messages.map((message) => toHex(far.seal(encodeMessage(message))))).toEqual(frames);
        return messages;
      });
      expect(said?.[0]).toMatchObject({ type: "hello", role: "dialler", nonce: fromHex(diallerNonce) });
      expect(answered?.[0]).toMatchObject({ type: "hello", role: "listener", nonce: fromHex(listenerNonce) });
    });
  });
}

function codecOf(kind: string) {
  switch (kind) {
    case "list":
      return {
        read: decodeAccessList,
        write: (bytes: Uint8Array) => encodeAccessList(decodeAccessList(bytes)),
        verify: (bytes: Uint8Array) => verifyAccessList(verifier, decodeAccessList(bytes)),
      };
    case "chain":
      return {
        read: decodeSlotChain,
        write: (bytes: Uint8Array) => encodeSlotChain(decodeSlotChain(bytes)),
        verify: (bytes: Uint8Array) => verifySlotChain(verifier, decodeSlotChain(bytes)),
      };
    case "login":
      return {
        read: decodeSlotLogin,
        write: (bytes: Uint8Array) => encodeSlotLogin(decodeSlotLogin(bytes)),
        verify: (bytes: Uint8Array) => verifySlotLogin(verifier, decodeSlotLogin(bytes)),
      };
    case "retire":
      return {
        read: decodeRetireList,
        write: (bytes: Uint8Array) => encodeRetireList(decodeRetireList(bytes)),
        verify: (bytes: Uint8Array) => verifyRetireList(verifier, decodeRetireList(bytes)),
      };
    default:
      return {
        read: decodeAccessTicket,
        write: (bytes: Uint8Array) => encodeAccessTicket(decodeAccessTicket(bytes)),
        verify: (bytes: Uint8Array) => verifyAccessTicket(verifier, decodeAccessTicket(bytes)),
      };
  }
}

function helloOf(frame: string): Hello {
  const message = decodeMessage(fromHex(frame));
  if (message.type !== "hello") throw new TypeError("not a hello");
  return message;
}

function vectorOf(heads: unknown): Vector {
  const list = heads as readonly { readonly writer: string; readonly seq: number; readonly id: string }[];
  return new Map(list.map(({ writer, seq, id }) => [writer, { seq, id: parseEntryId(fromHex(id)) }]));
}

function codeOf(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return error.code;
  }
}
