import { createHash } from "node:crypto";

/** Everything that happened, as one hash: equal for two runs exactly when they did the same at the same times. */
export class Trace {
  readonly #hash = createHash("sha256");
  #count = 0;

  get count(): number {
    return this.#count;
  }

  note(at: number, what: string, bytes: Uint8Array = new Uint8Array()): void {
    this.#count += 1;
    this.#hash.update(`${at} ${what} ${bytes.length}\n`).update(bytes);
  }

  digest(): string {
    return this.#hash.copy().digest("hex");
  }
}
