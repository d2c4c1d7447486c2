import type { DirectoryView } from "../directory/directory-view.ts";
import { isName } from "../directory/name.ts";
import { hexOf } from "../hex.ts";
import { isForUs } from "./key-care.ts";
import type { StatementContext } from "./statement-context.ts";
import { writeStatements } from "./statement-work.ts";

/** Something to be sealed under a key. */
interface Keyed {
  readonly keyId: Uint8Array;
}

/**
 * What has to be right before something is sealed in a database: the directory says that there is one, and the keys are fit. Every flush
 * asks, so the answer is remembered: as long as this device has read nothing new, it is one comparison, and one more for each document.
 * SECURITY: nothing is sealed for a device after its rights ended (membership.test.ts "P-11 ...").
 */
export class WriteCheck {
  readonly #at: StatementContext;
  readonly #database: string;
  /** The last view that was found to name the database and a fit directory key, and the keys found fit in it. */
  #view: DirectoryView | null = null;
  #last: Uint8Array | null = null;
  readonly #fit = new Set<string>();

  constructor(at: StatementContext, database: string) {
    this.#at = at;
    this.#database = database.normalize("NFC");
  }

  /**
   * Whether nothing has to be done first. The keys are taken in the same tick: in the next one somebody may be out.
   * @throws CoreError DEVICE_REVOKED | DIRECTORY_UNKNOWN
   */
  isReady(writes: readonly Keyed[]): boolean {
    const view = this.#at.view();
    if (this.#view !== view && !this.#look(view)) return false;
    return writes.every(({ keyId }) => keyId === this.#last || this.#isFit(keyId));
  }

  /** Does what has to be done first. @throws CoreError DEVICE_REVOKED | DIRECTORY_UNKNOWN */
  async prepare(writes: readonly Keyed[]): Promise<void> {
    await this.#at.settle(writes.map(({ keyId }) => keyId));
    const view = this.#at.view();
    if (!this.#isNamed(view))
      await writeStatements(this.#at, {
        statements: [{ type: "database", name: this.#database }],
        rotate: [],
        give: () => [],
      });
  }

  /** Whether a key is fit, whatever else has to be done: so much is asked before anything is written. @throws CoreError DEVICE_REVOKED */
  isFit(keyId: Uint8Array): boolean {
    const isKnown = this.#view === this.#at.view() && keyId === this.#last;
    return isKnown || !isForUs(this.#held(), this.#at.self(), keyId);
  }

  /** Makes a key fit, and says nothing else. @throws CoreError DEVICE_REVOKED */
  async settle(keyId: Uint8Array): Promise<void> {
    await this.#at.settle([keyId]);
  }

  #look(view: DirectoryView): boolean {
    this.#view = null;
    this.#last = null;
    this.#fit.clear();
    const { found } = view;
    if (found === null || !this.#isNamed(view) || !this.#isFit(found.directoryKey.keyId)) return false;
    this.#view = view;
    return true;
  }

  #isFit(keyId: Uint8Array): boolean {
    const name = hexOf(keyId);
    const isFit = this.#fit.has(name) || !isForUs(this.#held(), this.#at.self(), keyId);
    if (!isFit) return false;
    this.#fit.add(name);
    this.#last = keyId;
    return true;
  }

  /** What readers write counts for nothing, and not every name that was ever opened is one to say. */
  #isNamed(view: DirectoryView): boolean {
    const mayName = this.#at.self().role !== "reader" && isName(this.#database);
    return !mayName || view.databases.includes(this.#database);
  }

  #held() {
    return { view: this.#at.view(), ring: this.#at.context.ring };
  }
}
