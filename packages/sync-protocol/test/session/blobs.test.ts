// Pieces of blobs, and tickets, that a side asks for. docs/spec/sync.md sections 6.6 and 6.7.
import { type BlobHash, concatBytes, limits, parseBlobHash, type TenantId } from "@selkie/entry";
import type { BlobStore } from "@selkie/store";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BlobPiece,
  type BlobSource,
  DIRECTORY_ONLY,
  dialWebSocket,
  type Gatekeeper,
  type Grant,
  pipe,
  type Session,
  type SessionOptions,
  SyncError,
  type Transport,
  webSocketTransport,
} from "../../src/index.ts";
import { decodeMessage } from "../../src/message/codec.ts";
import type { Message } from "../../src/message/message.ts";
import { device } from "../support/credentials.ts";
import { connect, Peer } from "../support/peers.ts";
import { face, faceOpenDialler, faceOpenListener, settled } from "../support/raw-peer.ts";
import { platformScheduler, socketPair } from "../support/socket-pair.ts";
import { startServer } from "../support/sockets.ts";
import { recordedPipe } from "../support/transports.ts";
import { bytesOf, TestKey, tenant, verifier } from "../support/writer.ts";

const PIECE = 524_320;
const blob = bytesOf("blob", 1_300_000);
const hash = hashOf(blob);
const other = hashOf(bytesOf("other"));

function hashOf(bytes: Uint8Array): BlobHash {
  return parseBlobHash(verifier.sha256(bytes));
}

/** What the peer may ask for, out of one blob; remembers what was read. */
class OneBlob implements BlobSource {
  readonly reads: { readonly tenant: TenantId; readonly range: readonly [number, number] }[] = [];
  readonly #bytes: Uint8Array;

  constructor(bytes = blob) {
    this.#bytes = bytes;
  }

  async read(of: TenantId, name: BlobHash, range: readonly [number, number]) {
    this.reads.push({ tenant: of, range });
    if (Buffer.compare(name, hashOf(this.#bytes)) !== 0) return null;
    return { size: this.#bytes.length, bytes: this.#bytes.subarray(...range) };
  }
}

/** All of a blob, piece by piece. */
async function wholeOf(session: Session, name: BlobHash): Promise<Uint8Array | null> {
  const pieces: Uint8Array[] = [];
  for (let from = 0, size = 1; from < size; ) {
    const piece = await session.fetchBlob(name, [from, limits.blobBytes]);
    if (piece === null) return null;
    pieces.push(piece.bytes);
    from += piece.bytes.length;
    size = piece.size;
  }
  return concatBytes(...pieces);
}

const inProcess = async () => pipe();
const overSockets = async (): Promise<readonly [Transport, Transport]> => {
  const [left, right] = socketPair();
  const over = (socket: typeof left): Transport => webSocketTransport(socket, { scheduler: platformScheduler });
  return [over(left), over(right)];
};

describe("blobs of a peer", () => {
  test.each([
    ["a pipe", inProcess],
    ["sockets", overSockets],
  ])("come piece by piece over %s, two sealed chunks each", async (_, transports) => {
    const blobs = new OneBlob();
    await using connection = connect(new Peer(), new Peer(), { transports: await transports(), b: { blobs } });
    expect(await wholeOf(connection.a, hash)).toEqual(blob);
    expect(blobs.reads).toMatchObject([0, PIECE, 2 * PIECE].map((from) => ({ tenant, range: [from, from + PIECE] })));
    expect(await connection.a.fetchBlob(hash, [7, 9])).toEqual({ size: blob.length, bytes: blob.slice(7, 9) });
    expect(await connection.a.fetchBlob(hash, [blob.length, blob.length + 1])).toEqual({
      ...{ size: blob.length, bytes: new Uint8Array() },
    });
  });

  test("come over a real WebSocket, with what opens the HTTP door beside it", async () => {
    const server = await startServer();
    const ticket = bytesOf("ticket");
    const dialled = await dialWebSocket(server.url, { scheduler: platformScheduler })(new AbortController().signal);
    const accepted = webSocketTransport(await server.accept(), { scheduler: platformScheduler });
    const connection = connect(new Peer(), new Peer(), {
      ...{ transports: [dialled, accepted], b: { blobs: new OneBlob(), ticket: () => ticket } },
    });
    expect(await wholeOf(connection.a, hash)).toEqual(blob);
    expect(await connection.a.ticket()).toEqual(ticket);
    await connection[Symbol.asyncDispose]();
    await server.close();
  });

  test("go both ways at once", async () => {
    const mine = bytesOf("mine", 600_000);
    const a = { blobs: new OneBlob(mine) };
    await using connection = connect(new Peer(), new Peer(), { a, b: { blobs: new OneBlob() } });
    const both = await Promise.all([wholeOf(connection.a, hash), wholeOf(connection.b, hashOf(mine))]);
    expect(both).toEqual([blob, mine]);
  });

  test("are given out of a store", async () => {
    const peer = new Peer();
    const store = peer.store.blobs(tenant);
    await store.put(hash, chunked(blob));
    await using connection = connect(new Peer(), peer, { b: { blobs: sourceOf(store) } });
    expect(await wholeOf(connection.a, hash)).toEqual(blob);
    expect(await connection.a.fetchBlob(other, [0, 1])).toBeNull();
  });

  test.each<readonly [what: string, options: Partial<SessionOptions>]>([
    ["that holds another one", { blobs: new OneBlob(bytesOf("other")) }],
    ["that has none to give", {}],
    ["that grants push alone", granting({ pull: false, push: true, purge: false })],
    ["that lets this side read the directory alone", granting(DIRECTORY_ONLY)],
  ])("are not held by a side %s", async (_, b) => {
    const a = { credentials: device(await TestKey.of("device")) };
    const credentials = device(await TestKey.of("other device"));
    await using connection = connect(new Peer(), new Peer(), { a, b: { ...b, credentials } });
    expect(await connection.a.fetchBlob(hash, [0, 10])).toBeNull();
  });

  test.each([
    [-1, 4],
    [4, 4],
    [5, 4],
    [0.5, 4],
    [0, Number.NaN],
    [limits.blobBytes + 1, limits.blobBytes + 2],
  ])("are not asked for from %d to %d", async (from, to) => {
    await using connection = connect(new Peer(), new Peer(), { b: { blobs: new OneBlob() } });
    await expect(connection.a.fetchBlob(hash, [from, to])).rejects.toMatchObject({ code: "BAD_OPTIONS" });
  });
});

describe("a side that asks", () => {
  test("asks one question at a time, in order, and forgets none", async () => {
    const { session, raw } = await faceOpenDialler(new Peer());
    const answers = [session.fetchBlob(hash, [0, 5]), session.ticket(), session.fetchBlob(other, [5, 9_000_000])];
    expect(await raw.take("fetchBlob")).toEqual({ type: "fetchBlob", hash, from: 0, length: 5 });
    await raw.send({ type: "ping", token: 1 });
    expect(await raw.next()).toEqual({ type: "pong", token: 1 });
    await raw.send({ type: "blob", piece: { size: 2, bytes: blob.slice(0, 2) } });
    await raw.take("askTicket");
    await raw.send({ type: "ticket", ticket: null });
    expect(await raw.take("fetchBlob")).toEqual({ type: "fetchBlob", hash: other, from: 5, length: PIECE });
    await raw.send({ type: "blob", piece: null });
    expect(await Promise.all(answers)).toEqual([{ size: 2, bytes: blob.slice(0, 2) }, null, null]);
    await session.close();
  });

  const given = (size: number, length: number): Message => ({
    ...{ type: "blob", piece: { size, bytes: bytesOf("given", length) } },
  });
  test.each<readonly [what: string, answer: Message]>([
    ["more than was asked for", given(500, 11)],
    ["more than the blob has from there", given(14, 5)],
    ["nothing of what is there", given(11, 0)],
    ["less than is there", given(500, 9)],
    ["something behind the end", given(10, 1)],
    ["a ticket", { type: "ticket", ticket: bytesOf("ticket") }],
    ["parts", { type: "parts", handle: 0, parts: [null] }],
  ])("F4 ends the session with a peer that answers with %s", async (_, answer) => {
    const { session, raw } = await faceOpenDialler(new Peer());
    const asking = session.fetchBlob(hash, [10, 20]).catch((error: unknown) => error);
    await raw.take("fetchBlob");
    await raw.send(answer);
    expect(await asking).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
    expect(await session.closed).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
  });

  test.each<readonly [what: string, answer: Message]>([
    ["a piece", given(500, 1)],
    ["that nothing is held", { type: "blob", piece: null }],
    ["a ticket", { type: "ticket", ticket: bytesOf("ticket") }],
  ])("F4 ends the session with a peer that answers, unasked, with %s", async (_, answer) => {
    const { session, raw } = await faceOpenDialler(new Peer());
    await raw.send(answer);
    expect(await session.closed).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
  });

  test("F4 ends the session with a peer that answers twice", async () => {
    const { session, raw } = await faceOpenDialler(new Peer());
    const asking = session.fetchBlob(hash, [0, 10]);
    await raw.take("fetchBlob");
    await raw.send(given(500, 10));
    expect((await asking)?.bytes).toEqual(bytesOf("given", 10));
    await raw.send(given(500, 10));
    expect(await session.closed).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
  });

  test.each<readonly [what: string, ask: (session: Session) => Promise<unknown>]>([
    ["a blob", (session) => session.fetchBlob(hash, [0, 10])],
    ["a ticket", (session) => session.ticket()],
  ])("A11 gives up a peer that sends this and that, and never %s", async (_, ask) => {
    const peer = new Peer();
    const { session, raw } = await faceOpenDialler(peer);
    const asking = ask(session).catch((error: unknown) => error);
    for (let silence = 0; silence < 5; silence++) {
      await raw.send({ type: "ping", token: silence });
      peer.scheduler.advance(30_000);
      await settled();
    }
    expect(await asking).toMatchObject({ code: "PEER_SILENT" });
    expect(await session.closed).toMatchObject({ code: "PEER_SILENT" });
    await expect(ask(session)).rejects.toMatchObject({ code: "PEER_SILENT" });
  });

  test("waits no longer than its signal, and asks the next question once that one was answered", async () => {
    const { session, raw } = await faceOpenDialler(new Peer());
    const abort = new AbortController();
    const asking = session.fetchBlob(hash, [0, 10], { signal: abort.signal }).catch((error: unknown) => error);
    await raw.take("fetchBlob");
    abort.abort(new RangeError("enough"));
    expect(await asking).toMatchObject({ message: "enough" });
    const next = session.ticket();
    await raw.send({ type: "blob", piece: null });
    await raw.take("askTicket");
    await raw.send({ type: "ticket", ticket: bytesOf("ticket") });
    expect(await next).toEqual(bytesOf("ticket"));
    await session.close();
  });

  test("hears what ended the session", async () => {
    const { session, raw } = await faceOpenDialler(new Peer());
    const asking = [session.fetchBlob(hash, [0, 1]), session.ticket()].map((each) =>
      each.catch((error: unknown) => error),
    );
    await raw.take("fetchBlob");
    await raw.send({ type: "error", code: "REPLICA_FAILED" });
    const failed = { code: "PEER_FAILED", reason: "REPLICA_FAILED" };
    expect(await Promise.all(asking)).toMatchObject([failed, failed]);
  });
});

describe("answers of an older connection, played again on a new one", () => {
  test.each<readonly [what: Message["type"], ask: (session: Session) => Promise<unknown>]>([
    ["blob", (session) => session.fetchBlob(hash, [0, 10])],
    ["ticket", (session) => session.ticket()],
  ])("B6 are believed by nobody: %s", async (type, ask) => {
    const { ends, back } = recordedPipe();
    const b = { blobs: new OneBlob(), ticket: () => bytesOf("ticket") };
    const older = connect(new Peer(), new Peer(), { transports: ends, b });
    expect(await ask(older.a)).not.toBeNull();
    await older[Symbol.asyncDispose]();
    const frame = back.frames.at(-1)?.slice() ?? new Uint8Array();
    expect(decodeMessage(frame.subarray(0, -8)).type).toBe(type);
    const { session, raw } = await faceOpenDialler(new Peer());
    const asking = ask(session).catch((error: unknown) => error);
    await raw.next();
    await raw.sendFrame(frame);
    expect(await asking).toMatchObject({ code: "FRAME_MISPLACED" });
  });
});

describe("a side that is asked", () => {
  const fetchBlob: Message = { type: "fetchBlob", hash, from: 0, length: 1 };

  test.each<readonly [what: string, second: Message]>([
    ["the same", fetchBlob],
    ["a ticket", { type: "askTicket" }],
  ])("F4 answers one question at a time: who asks for %s before the answer is out", async (_, second) => {
    const { session, raw } = await faceOpenListener(new Peer(), { blobs: new OneBlob() });
    await raw.send(fetchBlob);
    await raw.send(second);
    await raw.send(second);
    expect(await session.closed).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
  });

  test("F4 reads for small pieces of a large blob no faster than the blob itself", async () => {
    const peer = new Peer();
    const blobs = new OneBlob();
    const { session, raw } = await faceOpenListener(peer, { blobs, limits: { leftOutBytes: 2_000_000 } });
    await raw.send(fetchBlob);
    await raw.take("blob");
    await raw.send(fetchBlob);
    const answer = raw.take("blob");
    expect(await Promise.race([answer, settled()])).toBeUndefined();
    expect(blobs.reads).toHaveLength(2);
    peer.scheduler.advance(2_600);
    await answer;
    await raw.send({ ...fetchBlob, length: 262_145 });
    await raw.take("blob");
    await session.close();
  });

  test.each<readonly [what: string, read: BlobSource["read"]]>([
    [
      "throws",
      async () => {
        throw new TypeError("disk");
      },
    ],
    ["gives more than was asked for", async () => ({ size: 9, bytes: new Uint8Array(2) })],
    ["gives less", async () => ({ size: 9, bytes: new Uint8Array() })],
    ["gives a blob that is too large", async () => ({ size: limits.blobBytes + 1, bytes: new Uint8Array(1) })],
  ])("ends the session when its own store %s", async (_, read) => {
    const { session, raw } = await faceOpenListener(new Peer(), { blobs: { read } });
    await raw.send(fetchBlob);
    expect(await session.closed).toMatchObject({ code: "REPLICA_FAILED" });
    expect(await raw.rest()).toEqual([{ type: "error", code: "REPLICA_FAILED" }]);
  });

  test("ends the session when its own ticket is none", async () => {
    const { session, raw } = await faceOpenListener(new Peer(), { ticket: () => new Uint8Array(31) });
    await raw.send({ type: "askTicket" });
    expect(await session.closed).toMatchObject({ code: "REPLICA_FAILED" });
  });

  test("has no HTTP door unless it says so", async () => {
    await using connection = connect(new Peer(), new Peer(), { b: { ticket: () => null } });
    expect(await connection.a.ticket()).toBeNull();
    expect(await connection.b.ticket()).toBeNull();
  });

  test.each<Message>([fetchBlob, { type: "askTicket" }])("answers nobody before the handshake: %o", async (message) => {
    const blobs = new OneBlob();
    const { session, raw } = await face(new Peer(), "listener", { blobs, ticket: () => bytesOf("ticket") });
    await raw.send(message);
    expect(await session.closed).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
    expect(blobs.reads).toEqual([]);
    expect((await raw.rest()).map(({ type }) => type)).toEqual(["error"]);
  });
});

describe("whatever a peer says of blobs and tickets", () => {
  const piece = fc.record({ size: fc.nat(20), bytes: fc.uint8Array({ maxLength: 6 }) });
  const said: fc.Arbitrary<Message | Uint8Array> = fc.oneof(
    fc.record({
      type: fc.constant("fetchBlob" as const),
      hash: fc.constantFrom(hash, other),
      from: fc.constantFrom(0, 9, blob.length - 1, blob.length, limits.blobBytes),
      length: fc.constantFrom(1, 5, PIECE),
    }),
    fc.constant({ type: "askTicket" as const }),
    fc.record({ type: fc.constant("blob" as const), piece: fc.option(piece, { nil: null }) }),
    fc.record({
      type: fc.constant("ticket" as const),
      ticket: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: null }),
    }),
    fc.record({ type: fc.constant("parts" as const), handle: fc.nat(2), parts: fc.constant([null]) }),
    fc.tuple(fc.integer({ min: 20, max: 27 }), fc.uint8Array({ maxLength: 60 })).map(([type, body]) => {
      return Uint8Array.of(type, ...body);
    }),
  );
  const ask = fc.constantFrom("blob" as const, "ticket" as const);
  const isQuestion = (each: Message | Uint8Array | string): boolean =>
    each instanceof Uint8Array || (typeof each === "object" && ["fetchBlob", "askTicket"].includes(each.type));
  const turn = fc.oneof({ weight: 3, arbitrary: said }, ask, fc.constant("look" as const));

  test("F4 every question has one end, the session lives on or ends with a code, and nobody is answered more than asked", async () => {
    const property = fc.asyncProperty(fc.array(turn, { maxLength: 12 }), async (turns) => {
      const blobs = new OneBlob();
      const { session, raw } = await faceOpenListener(new Peer(), { blobs, ticket: () => bytesOf("ticket") });
      const asked: Promise<unknown>[] = [];
      const failed = (error: unknown): unknown => error;
      for (const each of turns) {
        if (each === "look") await settled();
        else if (each === "blob") asked.push(session.fetchBlob(hash, [0, 4]).catch(failed));
        else if (each === "ticket") asked.push(session.ticket().catch(failed));
        else if (each instanceof Uint8Array) await raw.sendFrame(each).catch(failed);
        else await raw.send(each).catch(failed);
      }
      await settled();
      await session.close();
      for (const end of await Promise.all(asked))
        if (end !== null && !(end instanceof Uint8Array) && !(end instanceof SyncError))
          expect((end as BlobPiece).bytes.length).toBeLessThanOrEqual(4);
      const heard = await raw.rest();
      const answers = heard.filter(({ type }) => type === "blob" || type === "ticket");
      expect(answers.length).toBeLessThanOrEqual(turns.filter(isQuestion).length);
      const error = await session.closed;
      expect(error === null || error instanceof SyncError).toBe(true);
    });
    await fc.assert(property, { numRuns: 300 });
  });
});

function granting(rights: Grant): Partial<SessionOptions> {
  const gatekeeper: Gatekeeper = { admit: async () => ({ type: "admitted", rights }) };
  return { gatekeeper, blobs: new OneBlob() };
}

function sourceOf(store: BlobStore): BlobSource {
  return {
    async read(_tenant, name, range) {
      const read = await store.get(name, range);
      if (read === undefined) return null;
      const chunks: Uint8Array[] = [];
      for await (const chunk of read) chunks.push(chunk);
      return { size: blob.length, bytes: concatBytes(...chunks) };
    },
  };
}

async function* chunked(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}
