// What an app hands over, in chunks.

import { unlessAborted } from "@selkie/core";
import { asPlaintext, type Plaintext } from "@selkie/crypto";
import { AttachmentError } from "../errors.ts";
import { CHUNK_BYTES, MAX_CONTENT_BYTES, paddedLength } from "./layout.ts";

/** Bytes to be attached, in pieces of any size. A `Blob` or `File` has to give as many as its `size` says. */
export type Source = Uint8Array | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** One chunk of a source. */
export interface SourceChunk {
  /** With its padding; overwritten when the next chunk is asked for. */
  readonly padded: Plaintext;
  /** True bytes. */
  readonly length: number;
}

/**
 * A source in chunks.
 * SECURITY: what is named is what is sealed. An app may change its bytes meanwhile, so they are copied first: a chunk's key derives from its
 * name, and two plaintexts under one key would be told apart. Test: "a source that changes while it is read ...".
 * @throws AttachmentError SOURCE_FAILED | SOURCE_CHANGED | ATTACHMENT_TOO_LARGE; the signal's reason
 */
export async function* chunksOf(source: Source, signal?: AbortSignal): AsyncGenerator<SourceChunk, void> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  let [filled, total] = [0, 0];
  for await (const piece of piecesOf(source, signal)) {
    total += piece.length;
    if (total > MAX_CONTENT_BYTES) throw new AttachmentError("ATTACHMENT_TOO_LARGE", "longer than 2^48 bytes");
    for (let at = 0; at < piece.length; ) {
      const taken = piece.subarray(at, at + CHUNK_BYTES - filled);
      buffer.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled < CHUNK_BYTES) continue;
      yield { padded: asPlaintext(buffer), length: CHUNK_BYTES };
      filled = 0;
    }
  }
  if (isBlob(source) && source.size !== total)
    throw new AttachmentError("SOURCE_CHANGED", `${source.size} bytes were announced, and ${total} came`);
  if (filled === 0) return;
  const padded = buffer.subarray(0, paddedLength(filled));
  padded.fill(0, filled);
  yield { padded: asPlaintext(padded), length: filled };
}

async function* piecesOf(source: Source, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  signal?.throwIfAborted();
  if (source instanceof Uint8Array) return yield source;
  const pieces = opened(source);
  try {
    for (;;) {
      const next = await unlessAborted(nextOf(pieces), signal);
      if (next.done === true) return;
      if (!(next.value instanceof Uint8Array))
        throw new AttachmentError("SOURCE_FAILED", "a source gave something else than bytes");
      yield next.value;
    }
  } finally {
    // Whether the source can be told that nobody reads on changes nothing here.
    pieces.return?.().catch(() => undefined);
  }
}

function opened(source: Exclude<Source, Uint8Array>): AsyncIterator<Uint8Array> {
  try {
    return iteratorOf(source);
  } catch (cause) {
    const message = "a source is bytes, a Blob, a stream that nobody else reads, or an async iterable of bytes";
    throw new AttachmentError("SOURCE_FAILED", message, { cause });
  }
}

function iteratorOf(source: Exclude<Source, Uint8Array>): AsyncIterator<Uint8Array> {
  if (isBlob(source)) return readerOf(source.stream());
  return source instanceof ReadableStream ? readerOf(source) : source[Symbol.asyncIterator]();
}

function readerOf(stream: ReadableStream<Uint8Array>): AsyncIterator<Uint8Array> {
  const reader = stream.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done, value: undefined } : { done, value };
    },
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

async function nextOf(pieces: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await pieces.next();
  } catch (cause) {
    throw new AttachmentError("SOURCE_FAILED", "the source could not be read to its end", { cause });
  }
}

const isBlob = (source: Source): source is Blob => source instanceof Blob;
