import { ByteWriter, type DatabaseId, type EntryId, toHex } from "@selkie/entry";
import type { Store } from "@selkie/store";
import { CoreError } from "../errors.ts";
import { type LocalState, rowKind } from "../local/local-state.ts";
import { Serial } from "../serial.ts";

/** How many bytes of parts are kept of a database, 64 MiB if nothing else is said. @throws CoreError VALUE_UNSUPPORTED */
export function partBudget(bytes: number = 64 * 2 ** 20): number {
  if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw new CoreError("VALUE_UNSUPPORTED", "a cache has a whole number of bytes");
}

export interface PartCacheContext {
  readonly database: DatabaseId;
  readonly store: Store;
  readonly local: LocalState;
  /** How many bytes of parts it keeps at most. */
  readonly budget: number;
  /** What could not be kept. */
  report(error: unknown): void;
}

/** By name, the one used longest ago first. */
type Sizes = Map<string, { readonly key: Uint8Array; readonly bytes: number }>;

/** A part, by its entry. */
export interface CachedPart {
  readonly entry: EntryId;
  readonly index: number;
}

/**
 * Parts that were asked for one by one, sealed once more under the device's local key, until others need their room: what was used last
 * stays. It may lose anything at any time: what is gone, or damaged, is asked for again.
 */
export class PartCache {
  readonly #at: PartCacheContext;
  readonly #working = new Serial();
  /** Null until it is first needed. */
  #sizes: Sizes | null = null;
  #bytes = 0;

  constructor(at: PartCacheContext) {
    this.#at = at;
  }

  /** How many bytes of parts it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Undefined where it is not here, or damaged. */
  async get(part: CachedPart): Promise<Uint8Array | undefined> {
    await this.#working.run(() => this.#load());
    const key = this.#keyOf(part);
    const size = this.#sizes?.get(toHex(key));
    if (size === undefined) return undefined;
    const value = await this.#at.local.recall(key);
    if (value !== undefined && this.#sizes?.delete(toHex(key)) === true) this.#sizes.set(toHex(key), size);
    return value;
  }

  /** Keeps parts, and lets go of others as far as these need room. */
  put(parts: readonly (CachedPart & { readonly ciphertext: Uint8Array })[]): Promise<void> {
    return this.#working.run(async () => {
      const sizes = await this.#load();
      const { local, store, budget } = this.#at;
      const put = new Map<string, Awaited<ReturnType<LocalState["seal"]>>>();
      const remove = new Map<string, Uint8Array>();
      for (const part of parts) {
        if (part.ciphertext.length > budget) continue;
        const key = this.#keyOf(part);
        this.#forget(sizes, toHex(key));
        sizes.set(toHex(key), { key, bytes: part.ciphertext.length });
        this.#bytes += part.ciphertext.length;
        put.set(toHex(key), await local.seal(key, part.ciphertext));
        for (const [name, oldest] of sizes) {
          if (this.#bytes <= budget) break;
          this.#forget(sizes, name);
          if (!put.delete(name)) remove.set(name, oldest.key);
        }
      }
      for (const name of put.keys()) remove.delete(name);
      try {
        await store.commit({ put: [...put.values()], remove: [...remove.values()] });
      } catch (error) {
        this.#sizes = null; // nobody knows what of it was written
        this.#at.report(error); // what was asked for is good without being kept
      }
    });
  }

  /** Lets go of parts. */
  drop(parts: Iterable<CachedPart>): Promise<void> {
    return this.#working.run(async () => {
      const sizes = await this.#load();
      const gone = [...parts].map((part) => this.#keyOf(part)).filter((key) => sizes.has(toHex(key)));
      for (const key of gone) this.#forget(sizes, toHex(key));
      if (gone.length > 0) await this.#at.store.commit({ remove: gone });
    });
  }

  /** Until what is under way has ended. */
  close(): Promise<void> {
    return this.#working.idle();
  }

  /** What is damaged is dropped, and what is more than the budget that there is now. */
  async #load(): Promise<Sizes> {
    if (this.#sizes !== null) return this.#sizes;
    const { local, database, store, budget } = this.#at;
    const sizes: Sizes = new Map();
    const remove: Uint8Array[] = [];
    let total = 0;
    for await (const { key, value } of local.range(rowKind.parts, database)) {
      if (value === null || total + value.length > budget) remove.push(key);
      else {
        sizes.set(toHex(key), { key, bytes: value.length });
        total += value.length;
      }
    }
    if (remove.length > 0) await store.commit({ remove });
    [this.#sizes, this.#bytes] = [sizes, total];
    return sizes;
  }

  #forget(sizes: Sizes, name: string): void {
    this.#bytes -= sizes.get(name)?.bytes ?? 0;
    sizes.delete(name);
  }

  #keyOf(part: CachedPart): Uint8Array {
    return cachedKey(this.#at, part);
  }
}

/** The key of a part's row. */
export function cachedKey(
  { local, database }: Pick<PartCacheContext, "local" | "database">,
  { entry, index }: CachedPart,
): Uint8Array {
  return local.key(rowKind.parts, database, new ByteWriter(34).bytes(entry).u16(index).finish());
}

/** All parts that are kept of a database. */
export async function cachedKeys({
  local,
  database,
}: Pick<PartCacheContext, "local" | "database">): Promise<readonly Uint8Array[]> {
  const keys: Uint8Array[] = [];
  for await (const { key } of local.range(rowKind.parts, database)) keys.push(key);
  return keys;
}
