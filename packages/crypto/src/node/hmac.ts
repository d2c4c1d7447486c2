// HMAC-SHA-256 and HKDF-Expand through node:crypto, synchronous; keys are KeyObjects (a raw key costs six times as much).
import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";
import { concatBytes } from "@selkie/entry";
import { cutSecret, expandBlocks, hashBytes } from "../framing.ts";
import { asBytes } from "./bytes.ts";

/** HMAC-SHA-256 over `prefix || message`. */
export function nodeHmac(key: KeyObject, prefix: Uint8Array, message: Uint8Array): Uint8Array {
  return asBytes(createHmac("sha256", key).update(prefix).update(message).digest());
}

/** HKDF-Expand (RFC 5869 section 2.3): T(i) = HMAC(PRK, T(i-1) || prefix || info || i). */
export function nodeExpand(key: KeyObject, prefix: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const blocks = expandBlocks(length);
  const output = new Uint8Array(blocks * hashBytes);
  for (let i = 0; i < blocks; i++) {
    const block = createHmac("sha256", key);
    if (i > 0) block.update(output.subarray((i - 1) * hashBytes, i * hashBytes));
    output.set(
      block
        .update(prefix)
        .update(info)
        .update(Uint8Array.of(i + 1))
        .digest(),
      i * hashBytes,
    );
  }
  return cutSecret(output, length);
}

/** For what is hashed at once and no secret: each `update` costs more than copying a few bytes. */
const scratch = new Uint8Array(1024);

/** The first block of HKDF-Expand as an AES key: one HMAC. */
export function nodeExpandKey(key: KeyObject, prefix: Uint8Array, info: Uint8Array): KeyObject {
  const length = prefix.length + info.length;
  const message = length < scratch.length ? scratch.subarray(0, length + 1) : new Uint8Array(length + 1);
  message.set(prefix);
  message.set(info, prefix.length);
  message[length] = 1;
  return asKey(createHmac("sha256", key).update(message).digest());
}

/** Bytes of a block of SHA-256. */
const blockBytes = 64;

/** What the two hashes of HMAC (RFC 2104 section 2) read under one key: its inner block and a message, its outer block and the inner hash. */
interface Blocks {
  readonly inner: Uint8Array;
  readonly outer: Buffer;
}

/**
 * The same for many under one label. While key and length of the info stay, each is two hashes, in one call each: that takes half as long
 * as createHmac, but preparing the key takes as long as two of those.
 *
 * SECURITY: key bytes lie in this memory until it is disposed, and no longer. Text, which nothing overwrites, is made of the inner hash
 * alone: without the key it says nothing about the outer one. Test: hmac.test.ts.
 */
export class AesKeys implements Disposable {
  /** There is always one: V8 drops the code that it compiled for a class when a full collection finds no object of it. */
  static readonly none: AesKeys = new AesKeys(new Uint8Array());

  readonly #prefix: Uint8Array;
  #key: KeyObject | null = null;
  #infoLength = 0;
  #blocks: Blocks | null = null;

  constructor(prefix: Uint8Array) {
    this.#prefix = prefix;
  }

  /** Where key bytes lie now. */
  get memory(): readonly Uint8Array[] {
    return this.#blocks === null ? [] : [this.#blocks.inner, this.#blocks.outer];
  }

  /** @param info pieces that are joined */
  derive(key: KeyObject, info: readonly Uint8Array[]): KeyObject {
    let length = 0;
    for (const piece of info) length += piece.length;
    if (this.#key !== key || this.#infoLength !== length) {
      this[Symbol.dispose]();
      this.#key = key;
      this.#infoLength = length;
      return nodeExpandKey(key, this.#prefix, concatBytes(...info));
    }
    this.#blocks ??= prepare(key, this.#prefix, length);
    const { inner, outer } = this.#blocks;
    let at = inner.length - 1 - length;
    for (const piece of info) {
      inner.set(piece, at);
      at += piece.length;
    }
    outer.write(hash("sha256", inner, "binary"), blockBytes, "latin1");
    return asKey(hash("sha256", outer, "buffer"));
  }

  [Symbol.dispose](): void {
    for (const bytes of this.memory) wipe(bytes);
    this.#blocks = null;
    this.#key = null;
  }
}

function prepare(key: KeyObject, prefix: Uint8Array, infoLength: number): Blocks {
  const inner = new Uint8Array(blockBytes + prefix.length + infoLength + 1);
  const outer = Buffer.alloc(blockBytes + hashBytes);
  const secret = key.export();
  for (let i = 0; i < blockBytes; i++) {
    const byte = secret[i] ?? 0;
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  wipe(secret);
  inner.set(prefix, blockBytes);
  inner[inner.length - 1] = 1;
  return { inner, outer };
}

function asKey(bytes: Uint8Array): KeyObject {
  const key = createSecretKey(bytes);
  wipe(bytes);
  return key;
}

/** Buffer has a fill of its own, several times slower. */
function wipe(bytes: Uint8Array): void {
  Uint8Array.prototype.fill.call(bytes, 0);
}
