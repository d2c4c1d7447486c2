import { type DatabaseId, toHex } from "@selkie/entry";

/** What ends a connection's databases; one has several where it is opened again while what came before is still stored. */
export class Closers {
  /** By database in hexadecimal. */
  readonly #closers = new Map<string, readonly (() => void)[]>();

  /** Databases that are open. */
  get size(): number {
    return this.#closers.size;
  }

  add(database: DatabaseId, close: () => void): void {
    const name = toHex(database);
    this.#closers.set(name, [...(this.#closers.get(name) ?? []), close]);
  }

  /** The first that was opened is closed. SECURITY: F4. Whoever opens and closes one after the other leaves nothing behind (closers.test.ts). */
  close(database: DatabaseId): void {
    const name = toHex(database);
    const [close, ...left] = this.#closers.get(name) ?? [];
    if (left.length > 0) this.#closers.set(name, left);
    else this.#closers.delete(name);
    close?.();
  }

  closeAll(): void {
    for (const closers of this.#closers.values()) for (const close of closers) close();
    this.#closers.clear();
  }
}
