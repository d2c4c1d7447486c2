// Bytes that come in pieces of any size, taken in the sizes that are needed.
import { free } from "./free.ts";

/** Reads pieces. What it gives is good until it is asked for more, or disposed of. */
export class PieceReader implements AsyncDisposable {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #areOwn: boolean;
  #piece: Uint8Array = new Uint8Array();
  #at = 0;

  /** @param areOwn whether nobody else has the pieces: then their memory is given back */
  constructor({ pieces, areOwn }: { readonly pieces: AsyncIterable<Uint8Array>; readonly areOwn: boolean }) {
    this.#pieces = pieces[Symbol.asyncIterator]();
    this.#areOwn = areOwn;
  }

  /** The next bytes: fewer than asked for only at the end. What lies in one piece is not copied. */
  async next(length: number): Promise<Uint8Array> {
    await this.#advance();
    const first = this.#take(length);
    if (first.length === length || first.length === 0) return first;
    const bytes = new Uint8Array(length);
    bytes.set(first);
    let filled = first.length;
    while (filled < length && (await this.#advance())) {
      const taken = this.#take(length - filled);
      bytes.set(taken, filled);
      filled += taken.length;
    }
    return bytes.subarray(0, filled);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#free();
    await this.#pieces.return?.();
  }

  #take(length: number): Uint8Array {
    const taken = this.#piece.subarray(this.#at, this.#at + length);
    this.#at += taken.length;
    return taken;
  }

  /** To the next piece, once this one is used up. @returns false when there is none */
  async #advance(): Promise<boolean> {
    while (this.#at === this.#piece.length) {
      this.#free();
      const next = await this.#pieces.next();
      if (next.done === true) return false;
      this.#piece = next.value;
    }
    return true;
  }

  #free(): void {
    if (this.#areOwn) free(this.#piece);
    this.#piece = new Uint8Array();
    this.#at = 0;
  }
}
