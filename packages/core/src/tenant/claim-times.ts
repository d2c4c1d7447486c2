import { concatBytes, type DatabaseId, fromHex, toHex } from "@selkie/entry";
import type { Store } from "@selkie/store";
import { type LocalState, rowKind } from "../local/local-state.ts";

export interface ClaimTimesContext {
  readonly store: Pick<Store, "commit">;
  readonly local: LocalState;
  readonly directory: DatabaseId;
}

/** Since when, in ms by this device's clock, and whether its word holds nothing up any more. */
export interface ClaimTime {
  readonly since: number;
  readonly lapsed: boolean;
}

/** The person's id. */
const NAME_BYTES = 32;
const RECORD_BYTES = NAME_BYTES + 9;

/** Since when somebody's word has waited to come true, over restarts: else an app that is closed every evening would wait for ever. */
export class ClaimTimes {
  readonly #at: ClaimTimesContext;
  /** By person, in hex. */
  readonly #times = new Map<string, ClaimTime>();
  #isSaved = true;

  constructor(at: ClaimTimesContext) {
    this.#at = at;
  }

  async load(): Promise<void> {
    const row = (await this.#at.local.recall(this.#key())) ?? new Uint8Array();
    for (let from = 0; from + RECORD_BYTES <= row.length; from += RECORD_BYTES) {
      const since = new DataView(row.buffer, row.byteOffset + from + NAME_BYTES).getFloat64(0);
      const lapsed = row[from + RECORD_BYTES - 1] === 1;
      this.#times.set(toHex(row.subarray(from, from + NAME_BYTES)), { since, lapsed });
    }
  }

  get(person: string): ClaimTime | undefined {
    return this.#times.get(person);
  }

  set(person: string, time: ClaimTime): void {
    this.#times.set(person, time);
    this.#isSaved = false;
  }

  forget(person: string): void {
    if (this.#times.delete(person)) this.#isSaved = false;
  }

  /** Writes down what changed. */
  async save(): Promise<void> {
    if (this.#isSaved) return;
    this.#isSaved = true;
    const records = [...this.#times].map(([name, { since, lapsed }]) => {
      const record = new Uint8Array(RECORD_BYTES);
      record.set(fromHex(name));
      new DataView(record.buffer).setFloat64(NAME_BYTES, since);
      record[RECORD_BYTES - 1] = lapsed ? 1 : 0;
      return record;
    });
    const key = this.#key();
    await this.#at.store.commit({ put: [await this.#at.local.seal(key, concatBytes(...records))] });
  }

  #key(): Uint8Array {
    return this.#at.local.key(rowKind.claims, this.#at.directory);
  }
}
