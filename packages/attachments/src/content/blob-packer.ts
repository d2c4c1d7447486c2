// Sealed chunks on their way into blobs: while one blob is made durable the next is being filled.
import type { BlobHash, Ciphertext } from "@selkie/entry";
import { free } from "./free.ts";
import { BLOB_SLOTS, SLOT_BYTES } from "./layout.ts";

/** Blobs that are being stored at a time. */
const AT_ONCE = 2;

/** Stores blobs; durable when it resolves. */
export type AddBlob = (chunks: AsyncIterable<Uint8Array>) => Promise<BlobHash>;

/** A blob whose name is known once it is stored. */
export interface PackedBlob {
  /** Null until then. */
  hash: BlobHash | null;
}

/** Where a chunk was put. */
export interface PackedChunk {
  readonly blob: PackedBlob;
  readonly slot: number;
}

/** Fills blobs with chunks in the order they come; holds at most two blobs. */
export class BlobPacker {
  readonly #add: AddBlob;
  readonly #storing = new Set<Promise<void>>();
  #filling: { readonly blob: PackedBlob; readonly chunks: ChunkQueue; slots: number } | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(add: AddBlob) {
    this.#add = add;
  }

  /** Puts a chunk into the next slot. @throws what storing an earlier blob threw */
  async put(sealed: Ciphertext): Promise<PackedChunk> {
    while (this.#filling === null && this.#storing.size >= AT_ONCE) await Promise.race(this.#storing);
    this.#check();
    this.#filling ??= this.#begin();
    const { blob, chunks, slots } = this.#filling;
    this.#filling.slots += 1;
    chunks.push(sealed);
    // A short chunk is the last of its content.
    if (slots + 1 === BLOB_SLOTS || sealed.length < SLOT_BYTES) this.#end();
    return { blob, slot: slots };
  }

  /** Resolves when every blob is durable. @throws what storing one of them threw */
  async finish(): Promise<void> {
    this.#end();
    await Promise.all(this.#storing);
    this.#check();
  }

  /** Gives up what is not stored yet; resolves when nothing is being stored any more. */
  async abandon(reason: unknown): Promise<void> {
    this.#filling?.chunks.fail(reason);
    this.#filling = null;
    await Promise.all(this.#storing);
  }

  #begin(): { readonly blob: PackedBlob; readonly chunks: ChunkQueue; slots: number } {
    const [blob, chunks]: [PackedBlob, ChunkQueue] = [{ hash: null }, new ChunkQueue()];
    const storing = this.#store(blob, chunks).finally(() => this.#storing.delete(storing));
    this.#storing.add(storing);
    return { blob, chunks, slots: 0 };
  }

  async #store(blob: PackedBlob, chunks: ChunkQueue): Promise<void> {
    try {
      blob.hash = await this.#add(chunks);
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #end(): void {
    this.#filling?.chunks.end();
    this.#filling = null;
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}

/** The chunks of one blob, from who seals them to who stores them. */
class ChunkQueue implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  #end: { readonly error: unknown } | "whole" | null = null;
  #wake: () => void = () => undefined;

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#wake();
  }

  end(): void {
    this.#end ??= "whole";
    this.#wake();
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      for (let chunk = this.#chunks.shift(); chunk !== undefined; chunk = this.#chunks.shift()) {
        yield chunk;
        free(chunk);
      }
      if (this.#end === "whole") return;
      if (this.#end !== null) throw this.#end.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
