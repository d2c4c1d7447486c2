// Places for a client's data: directories with a KeyBag that opens fast, and memory that outlives a crash.
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClientStore } from "@selkie/client";
import { argon2Limits } from "@selkie/crypto";
import { KeyBag } from "@selkie/keybag";
import { MemoryDisk, memoryStore, type Store } from "@selkie/store";

/** The password of every client in these suites. */
export const PASSWORD = "correct horse";

/** A sealed, empty KeyBag whose password costs as little as the format allows. */
export async function cheapKeyBag(): Promise<Uint8Array> {
  const kdf = { memory: argon2Limits.memory.floor, passes: 2, lanes: 1 };
  using bag = await KeyBag.create(PASSWORD, { kdf });
  return bag.save();
}

/** A directory for a client, gone when it is disposed of. */
export interface Directory extends AsyncDisposable {
  readonly path: string;
}

/** A new directory that holds a cheap KeyBag and nothing else. */
export async function newDirectory(): Promise<Directory> {
  const path = await mkdtemp(join(tmpdir(), "selkie-client-"));
  await writeFile(join(path, "keybag"), await cheapKeyBag());
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The content of every file below a directory, in hex, by name. */
export function filesIn(directory: string): ReadonlyMap<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return new Map(
    files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), "hex")]),
  );
}

/** Memory for a client that outlives a crash of it; `wrap` may put something between the client and the store. */
export class MemoryPlace implements ClientStore {
  readonly disk: MemoryDisk;
  #keyBag: Uint8Array | null;
  readonly #wrap: (store: Store) => Store;

  constructor(keyBag: Uint8Array | null, options: { disk?: MemoryDisk; wrap?: (store: Store) => Store } = {}) {
    this.disk = options.disk ?? new MemoryDisk();
    this.#keyBag = keyBag;
    this.#wrap = options.wrap ?? ((store) => store);
  }

  /** Another client's view of the same memory, for instance through another wrapper. */
  again(wrap?: (store: Store) => Store): MemoryPlace {
    return new MemoryPlace(this.#keyBag, { disk: this.disk, ...(wrap === undefined ? {} : { wrap }) });
  }

  /** What copying a directory makes of it. */
  copy(): MemoryPlace {
    return new MemoryPlace(this.#keyBag, { disk: this.disk.copy() });
  }

  async readKeyBag(): Promise<Uint8Array | null> {
    return this.#keyBag;
  }

  async open(crypto: Parameters<ClientStore["open"]>[0]): ReturnType<ClientStore["open"]> {
    const inner = memoryStore({ verifier: crypto, random: (length) => crypto.randomBytes(length), disk: this.disk });
    return {
      store: this.#wrap(inner),
      writeKeyBag: async (sealed) => {
        this.#keyBag = sealed.slice();
      },
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    };
  }
}
