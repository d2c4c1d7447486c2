// What version 1 of the protocol leaves free for later ones, such as packs (docs/adr/0063), ends a session and undoes nothing.

import { RunEncoder } from "@selkie/entry";
import { expect, test } from "vitest";
import { SyncError } from "../../src/index.ts";
import { decodeMessage, encodeMessage } from "../../src/message/codec.ts";
import { Peer } from "../support/peers.ts";
import { faceOpenListener, helloOf, settled } from "../support/raw-peer.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

const from = (first: number): number[] => Array.from({ length: 256 - first }, (_, at) => first + at);

function codeOf(frame: Uint8Array): string {
  try {
    return decodeMessage(frame).type;
  } catch (error) {
    return error instanceof SyncError ? error.code : String(error);
  }
}

test("all other types of messages are refused, whatever they hold", () => {
  for (const type of [0, ...from(26)])
    for (const rest of [[], [0], [...new Uint8Array(64)]])
      expect([type, codeOf(Uint8Array.of(type, ...rest))]).toEqual([type, "BAD_MESSAGE"]);
});

test("all other versions of hello are refused as such, whatever follows", () => {
  const hello = encodeMessage(helloOf("dialler"));
  for (const version of [0, ...from(2)])
    for (const frame of [hello.with(1, version), Uint8Array.of(1, version), Uint8Array.of(1, version, 7, 7)])
      expect([version, codeOf(frame)]).toEqual([version, "VERSION_UNSUPPORTED"]);
});

test("a message of a later version ends the session with a code for both sides; what was appended stays", async () => {
  const database = databaseOf("contacts");
  const target = new Peer();
  const { session, raw } = await faceOpenListener(target);
  await raw.send({ type: "open", items: [{ id: database, digest: new Uint8Array(16), position: null }] });
  const runs = new RunEncoder().encode([await (await TestWriter.of("alice", database)).write(2)]);
  await raw.send({ type: "entries", handle: 0, position: null, runs });
  await settled();
  await raw.sendFrame(Uint8Array.of(26, ...new Uint8Array(32)));
  expect(await session.closed).toMatchObject({ code: "BAD_MESSAGE" });
  expect((await raw.rest()).at(-1)).toEqual({ type: "error", code: "BAD_MESSAGE" });
  expect((await target.vector(database)).size).toBe(1);
});
