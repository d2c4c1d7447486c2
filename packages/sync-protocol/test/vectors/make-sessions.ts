// Whole conversations.
import { toHex, type VerifiedRun } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import type { SessionOptions } from "../../src/index.ts";
import { collect, connect, Peer } from "../support/peers.ts";
import { recordedPipe } from "../support/transports.ts";
import { bytesOf, databaseOf, TestWriter, verifier } from "../support/writer.ts";
import type { SessionCase } from "./format.ts";

const database = databaseOf("a");

export async function makeSessionCases(): Promise<readonly SessionCase[]> {
  const [alice, bob] = [await TestWriter.of("alice", database), await TestWriter.of("bob", database)];
  const ofAlice = [await alice.write(2), await alice.write(1)];
  const ofBob = await bob.write(2);
  return [
    await sessionCase("nothing is new: one round trip", [ofAlice, ofAlice], 3),
    await sessionCase("each side has written: vectors, entries both ways, in sync", [ofAlice, [ofBob]]),
    await sessionCase(
      "a position is known: what came after it is streamed, and the digests are equal",
      [ofAlice, [...ofAlice, ofBob]],
      3,
    ),
    await sessionCase("the dialler closes the database, and the listener answers", [ofAlice, [ofBob]], undefined, true),
  ];
}

async function sessionCase(
  comment: string,
  [here, there]: readonly [readonly VerifiedRun[], readonly VerifiedRun[]],
  position?: number,
  closes = false,
): Promise<SessionCase> {
  const [dialler, listener] = [peer("dialler"), peer("listener")];
  await dialler.replica(database).append(here);
  await listener.replica(database).append(there);
  const { ends, there: sent, back } = recordedPipe();
  const connection = connect(dialler, listener, { transports: ends, a: fixed("dialler"), b: fixed("listener") });
  const caughtUp = collect(connection.a, "caughtUp");
  const replica = dialler.replica(database);
  await connection.a.openDatabases([position === undefined ? { replica } : { replica, position }]);
  await connection.a.synced([database]);
  if (closes) await connection.a.closeDatabases([database]);
  await connection[Symbol.asyncDispose]();
  return {
    comment,
    diallerNonce: toHex(bytesOf("nonce of the dialler")),
    listenerNonce: toHex(bytesOf("nonce of the listener")),
    database: toHex(database),
    dialler: sent.frames.map(toHex),
    listener: back.frames.map(toHex),
    position: caughtUp.at(-1)?.position ?? null,
  };
}

function peer(name: string): Peer {
  return new Peer(memoryStore({ verifier, random: (length) => bytesOf(`store of the ${name}`, length) }));
}

function fixed(role: string): Partial<SessionOptions> {
  return { random: (length) => bytesOf(`nonce of the ${role}`, length) };
}
