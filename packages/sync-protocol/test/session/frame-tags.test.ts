import { toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { encodeMessage } from "../../src/message/codec.ts";
import type { Hello } from "../../src/message/message.ts";
import { FrameTags } from "../../src/session/frame-tags.ts";
import { collect, connect, Peer } from "../support/peers.ts";
import { face, generation, helloOf, settled } from "../support/raw-peer.ts";
import { recordedPipe } from "../support/transports.ts";
import { databaseOf, TestWriter, verifier } from "../support/writer.ts";

const database = databaseOf("replayed");
const ack = encodeMessage({ type: "ack", frames: 1, credit: 9, exceptions: [], reached: [] });
const ping = encodeMessage({ type: "ping", token: 1 });

function pair(dialler: Hello = helloOf("dialler"), listener: Hello = helloOf("listener")) {
  const [near, far] = [new FrameTags(verifier), new FrameTags(verifier)];
  near.begin(dialler, listener);
  far.begin(listener, dialler);
  return { near, far };
}
const misplaced = expect.objectContaining({ code: "FRAME_MISPLACED" });

describe("a frame that says what a side allows or holds", () => {
  test("counts once, in its order, in its direction and on its connection", () => {
    const { near, far } = pair();
    const [first, second] = [near.seal(ack), near.seal(ack)];
    expect(far.open(first)).toEqual(ack);
    expect(() => far.open(first)).toThrow(misplaced);
    expect(() => pair().far.open(first)).toThrow(misplaced);
    expect(() => near.open(first)).toThrow(misplaced);
    expect(() => pair().far.open(ack)).toThrow(misplaced);
    expect(far.open(near.seal(ping))).toEqual(ping);
    expect(toHex(first)).not.toBe(toHex(second));
  });

  test("is refused before both greetings are known", () => {
    expect(() => new FrameTags(verifier).open(pair().near.seal(ack))).toThrow(
      expect.objectContaining({ code: "UNEXPECTED_MESSAGE" }),
    );
  });
});

describe("frames of an older connection, played again on a new one", () => {
  test("B6 raise no rollback and acknowledge nothing, whichever it is", async () => {
    const [client, relay] = [new Peer(), new Peer()];
    await client.replica(database).append([await (await TestWriter.of("alice", database)).write(3)]);
    const { ends, back } = recordedPipe();
    const older = connect(client, relay, { transports: ends });
    // The relay holds nothing yet: its vector says so. Then it acknowledges.
    await older.a.openDatabases([{ replica: client.replica(database) }]);
    await older.a.synced([database]);
    await older[Symbol.asyncDispose]();
    const old = back.frames.map((frame) => frame.slice());
    const types: string[] = [];
    for (const frame of old) {
      const { session, raw } = await face(client, "dialler");
      const claim = await raw.take("claim");
      await raw.send({ ...claim, kind: "none", key: null, signature: null, documents: [] });
      await raw.send({ type: "admitted", rights: { pull: true, push: true, purge: true }, generation });
      await raw.take("admitted");
      const [rollbacks, acknowledged] = [collect(session, "rollback"), collect(session, "acknowledged")];
      const expected = await client.vector(database);
      const opening = session.openDatabases([{ replica: client.replica(database), expected }]).catch(() => undefined);
      await raw.take("open");
      await raw.sendFrame(frame);
      await settled();
      expect([...rollbacks, ...acknowledged]).toEqual([]);
      const name = ["opened", "vector", "ack", "fenced"].find((_, at) => frame[0] === [6, 7, 9, 12][at]);
      if (name !== undefined) {
        types.push(name);
        expect(await session.closed).toMatchObject({ code: "FRAME_MISPLACED" });
      }
      await session.close();
      await opening;
    }
    expect([...new Set(types)].sort()).toEqual(["ack", "fenced", "opened", "vector"]);
  });

  test("the same frames are believed where they belong: the relay's vector does raise a rollback", async () => {
    const [client, relay] = [new Peer(), new Peer()];
    await client.replica(database).append([await (await TestWriter.of("alice", database)).write(3)]);
    await using connection = connect(client, relay);
    const rollbacks = collect(connection.a, "rollback");
    const expected = await client.vector(database);
    await connection.a.openDatabases([{ replica: client.replica(database), expected }]);
    await connection.a.synced([database]);
    expect(rollbacks).toHaveLength(1);
  });
});
