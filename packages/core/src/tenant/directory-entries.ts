import type { CryptoProvider } from "@selkie/crypto";
import { limits } from "@selkie/entry";
import type { Reference, Statement } from "../directory/statement.ts";
import { encodeStatement } from "../directory/statement-codec.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { draftPermits, draftUserKeys } from "../keys/permit.ts";
import type { UserKeySecret } from "../keys/permit-bundle.ts";
import type { PartDraft } from "../sealing/seal-entry.ts";
import type { KeyGift } from "./due-keys.ts";

/** A control part stands first in every entry of the directory. */
const FIRST_PART = 1;

/** The parts of directory entries in the making: statements in the first, permits behind them, as many to an entry as it takes. */
export class DirectoryEntries {
  readonly #crypto: CryptoProvider;
  readonly #key: KeyVersion;
  readonly #entries: PartDraft[][] = [[]];
  #permits = 0;

  /** @param key the directory key that statements are sealed under */
  constructor(crypto: CryptoProvider, key: KeyVersion) {
    this.#crypto = crypto;
    this.#key = key;
  }

  /** Adds a statement to the entry there is; permits in the same entry may name it. */
  say(statement: Statement): Reference & { readonly type: "part" } {
    const entry = this.#last();
    const index = FIRST_PART + entry.length;
    entry.push({ kind: "statement", key: this.#key, plaintext: encodeStatement(statement) });
    return { type: "part", index };
  }

  /** Gives key versions. Whoever is named by a part of the first entry must be among the first of the first gift. */
  give({ to, versions, history }: KeyGift): void {
    for (let rest = to; rest.length > 0; ) {
      const room = limits.permitsPerEntry - this.#permits;
      if (room === 0) {
        this.#entries.push([]);
        this.#permits = 0;
        continue;
      }
      const some = rest.slice(0, room);
      const names = versions.map(({ keyId, version }) => ({ keyId, version }));
      this.say({ type: "permit", history, versions: names, to: some.map(({ recipient }) => recipient) });
      this.#last().push(...draftPermits(this.#crypto, some, versions, history));
      this.#permits += some.length;
      rest = rest.slice(some.length);
    }
  }

  /**
   * Gives a person's keys to the person's devices, in the entry there is: what names the keys stands there too.
   * @param devices KEM keys, at most 64 with the permits that the entry has
   */
  givePerson(devices: readonly { readonly kem: Uint8Array }[], secrets: readonly UserKeySecret[]): void {
    this.#last().push(...draftUserKeys(this.#crypto, devices, secrets));
    this.#permits += devices.length;
  }

  /** The parts of each entry, in order. */
  finish(): readonly (readonly PartDraft[])[] {
    return this.#entries;
  }

  #last(): PartDraft[] {
    return this.#entries.at(-1) ?? [];
  }
}
