// Series boxes: many small messages under one long-lived secret, one key for up to 64 of them. Drawing a salt and deriving a key costs
// more than sealing a few hundred bytes does; a series pays for it once.
//
// As a sealed box, one of a series is not committing (sealed-box.ts).
import { concatBytes, type DeriveLabel, equalBytes, parseCiphertext } from "@selkie/entry";
import type { AeadKey, SecretKey } from "./keys.ts";
import type { Plaintext } from "./plaintext.ts";
import type { CryptoProvider, OpenItem } from "./provider.ts";
import { asSealedBytes, boxSaltBytes, type SealedBytes } from "./sealed-box.ts";

/** Boxes that share a salt and so a key; their numbers are the nonces. */
const seriesLength = 64;
const numberAt = boxSaltBytes;
const headBytes = boxSaltBytes + 1;
const tag = 16;

/**
 * One run of numbers under one key, in this memory only.
 *
 * SECURITY: a nonce repeats only if this memory does: two virtual machines resumed from one snapshot both go on with the series in it,
 * and may seal different messages under one key and nonce, up to the end of the series; what they draw after that is only as different as
 * the platform's random bytes are, here as for a sealed box. A copied or restored store has no part in this: whoever opens it draws a
 * salt. Tests: box-series.test.ts "never uses a nonce twice ...", "begins a series of its own ...".
 */
interface Series {
  readonly salt: Uint8Array;
  readonly key: Promise<AeadKey>;
  next: number;
}

/** A box, and what it was sealed with. */
export interface SeriesBox {
  readonly aad: Uint8Array;
  readonly box: Uint8Array;
}

/** Seals and opens boxes under one secret and label; `salt 24 | u8 number | AES-256-GCM(HKDF-Expand(secret, label, salt), nonce number, aad)`. */
export class BoxSeries {
  readonly #crypto: CryptoProvider;
  readonly #secret: SecretKey;
  readonly #label: DeriveLabel;
  #series: Series | null = null;

  constructor(crypto: CryptoProvider, secret: SecretKey, label: DeriveLabel) {
    this.#crypto = crypto;
    this.#secret = secret;
    this.#label = label;
  }

  async seal(aad: Uint8Array, plaintext: Plaintext): Promise<SealedBytes> {
    const series = this.#series ?? this.#begin();
    // Taken before the first await: calls that overlap get different numbers.
    const nonce = series.next++;
    const isLast = series.next === seriesLength;
    if (isLast) this.#series = null;
    const key = await series.key;
    const [ciphertext = new Uint8Array()] = await this.#crypto.sealMany(key, [{ nonce, aad, plaintext }]);
    // Those before it took the key before it did.
    if (isLast) key[Symbol.dispose]();
    return asSealedBytes(concatBytes(series.salt, Uint8Array.of(nonce), ciphertext));
  }

  /** The plaintext, or `null` when the secret, the label, the aad or any byte of the box is another. */
  async open(aad: Uint8Array, box: Uint8Array): Promise<Plaintext | null> {
    const [plaintext] = await this.openMany([{ aad, box }]);
    return plaintext ?? null;
  }

  /** The same of many, in order; one key for boxes that lie beside others of their series. */
  async openMany(boxes: readonly SeriesBox[]): Promise<readonly (Plaintext | null)[]> {
    const runs: { readonly secret: SecretKey; readonly info: readonly [Uint8Array]; readonly items: OpenItem[] }[] = [];
    for (const { aad, box } of boxes.filter(isWhole)) {
      const salt = box.subarray(0, boxSaltBytes);
      const item = { nonce: box[numberAt] ?? 0, aad, ciphertext: parseCiphertext(box.subarray(headBytes)) };
      const run = runs.at(-1);
      if (run !== undefined && equalBytes(run.info[0], salt)) run.items.push(item);
      else runs.push({ secret: this.#secret, info: [salt], items: [item] });
    }
    const opened = (await this.#crypto.openBatches(this.#label, runs)).flat();
    let next = 0;
    return boxes.map((box) => (isWhole(box) ? (opened[next++] ?? null) : null));
  }

  #begin(): Series {
    const salt = this.#crypto.randomBytes(boxSaltBytes);
    this.#series = { salt, key: this.#crypto.deriveAead(this.#secret, this.#label, salt), next: 0 };
    return this.#series;
  }
}

const isWhole = ({ box }: SeriesBox): boolean => box.length >= headBytes + tag;
