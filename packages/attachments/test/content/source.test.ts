import { nativeCrypto } from "@selkie/crypto/native";
import { expect, test } from "vitest";
import { CHUNK_BYTES } from "../../src/content/layout.ts";
import type { Source } from "../../src/content/source.ts";
import { codeOf } from "../support/codes.ts";
import { noise } from "../support/noise.ts";
import { join, TestRoom } from "../support/room.ts";

const content = noise(2 * CHUNK_BYTES + 77);

async function* pieces(): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < content.length; at += 100_000) yield content.subarray(at, at + 100_000);
}

test.each<[string, () => Source]>([
  ["bytes", () => content],
  ["a Node buffer", () => Buffer.from(content)],
  ["a blob", () => new Blob([content.slice()])],
  ["a file", () => new File([content.slice()], "plan.pdf")],
  ["a stream", () => new Blob([content.slice()]).stream()],
  ["an iterable", pieces],
])("%s is attached as it is", async (_, source) => {
  const room = await TestRoom.create(nativeCrypto);
  const seen: number[] = [];
  const { manifest } = await room.write(source(), { onProgress: (bytes) => seen.push(bytes) });
  expect(Buffer.compare(await join(room.reader(manifest).read(0, manifest.length)), content)).toBe(0);
  expect(seen).toEqual([CHUNK_BYTES, 2 * CHUNK_BYTES, content.length]);
});

/** A file whose bytes are not as many as it says. */
class OtherFile extends Blob {
  readonly #size: number;
  constructor(size: number) {
    super([content.slice()]);
    this.#size = size;
  }
  override get size(): number {
    return this.#size;
  }
}

test.each([content.length - 1, content.length + 1, 0])(
  "a file that says %i bytes and gives others is refused",
  async (size) => {
    const room = await TestRoom.create(nativeCrypto);
    expect(await codeOf(() => room.write(new OtherFile(size)))).toBe("SOURCE_CHANGED");
  },
);

test("a source that breaks off is said to, with the reason", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const reason = new Error("the disk was pulled out");
  async function* broken(): AsyncGenerator<Uint8Array, void> {
    yield content;
    throw reason;
  }
  await expect(room.write(broken())).rejects.toMatchObject({ code: "SOURCE_FAILED", cause: reason });
});

test("a source that gives something else than bytes is refused", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const texts = async function* (): AsyncGenerator<string, void> {
    yield "text";
  };
  expect(await codeOf(() => room.write(texts() as unknown as Source))).toBe("SOURCE_FAILED");
});

test("what is no source, or is read by somebody else, is refused", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const taken = new Blob(["text"]).stream();
  taken.getReader();
  for (const source of [null, "text", new ArrayBuffer(3), new Uint16Array(3), taken])
    expect(await codeOf(() => room.write(source as unknown as Source))).toBe("SOURCE_FAILED");
});

test("a source that changes while it is read is one content or the other in each chunk, never an unreadable one", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const bytes = noise(20 * CHUNK_BYTES);
  const writing = room.write(bytes);
  for (let turn = 1; turn < 60; turn++) {
    bytes.fill(turn);
    await Promise.resolve();
  }
  const { manifest } = await writing;
  expect(await join(room.reader(manifest).read(0, manifest.length))).toHaveLength(bytes.length);
});

test("an abort ends the waiting for a source that gives nothing, and the source is told", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const stop = new AbortController();
  const cancelled = Promise.withResolvers<unknown>();
  const stream = new ReadableStream<Uint8Array>({ cancel: cancelled.resolve });
  const writing = room.write(stream, { signal: stop.signal });
  const reason = new Error("the user changed her mind");
  stop.abort(reason);
  await expect(writing).rejects.toBe(reason);
  await cancelled.promise;
});

test("an abort in between ends it with its reason", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const stop = new AbortController();
  const reason = new Error("enough");
  const writing = room.write(content, { signal: stop.signal, onProgress: () => stop.abort(reason) });
  await expect(writing).rejects.toBe(reason);
});

test("what the store refuses ends it, whatever was already under way", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const full = new Error("the disk is full");
  let added = 0;
  const sink = {
    ...room.sink,
    add: (chunks: AsyncIterable<Uint8Array>) => (++added === 3 ? Promise.reject(full) : room.sink.add(chunks)),
  };
  const { writeContent } = await import("../../src/content/write-content.ts");
  await expect(writeContent(room.chunks, sink, noise(100 * CHUNK_BYTES), { salt: null })).rejects.toBe(full);
});

test("of a source no more is read than is being stored: at most three blobs", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const gate = Promise.withResolvers<void>();
  let read = 0;
  async function* endless(): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; at < 200; at++) {
      read += 1;
      yield noise(CHUNK_BYTES, at + 1);
      if (at === 100) gate.resolve();
    }
  }
  const sink = {
    ...room.sink,
    add: async (chunks: AsyncIterable<Uint8Array>) => {
      await gate.promise;
      return room.sink.add(chunks);
    },
  };
  const { writeContent } = await import("../../src/content/write-content.ts");
  const writing = writeContent(room.chunks, sink, endless(), { salt: null });
  for (let turn = 0; turn < 20_000; turn++) await Promise.resolve();
  expect(read).toBe(2 * 16 + 1);
  gate.resolve();
  expect((await writing).manifest.length).toBe(200 * CHUNK_BYTES);
});
