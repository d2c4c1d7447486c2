import { type EntryId, equalBytes, toHex, type WriterKey } from "@selkie/entry";
import type { Admission } from "../directory/admission.ts";
import { docIdOf } from "../document/doc-id.ts";
import type { UnheardChange } from "../document/part-contents.ts";
import { CoreError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import type { WriterChain } from "../writer/writer-chain.ts";
import type { DatabaseEvents } from "./database.ts";
import type { ReceivedChanges } from "./received-changes.ts";

export interface RenewalContext {
  readonly host: { self(): Admission; frontier(): readonly EntryId[] };
  readonly chain: WriterChain;
  readonly journal: Journal;
  readonly received: ReceivedChanges;
  /** Whether this device may seal under a key. @throws CoreError DEVICE_REVOKED */
  mayUse(keyId: Uint8Array): boolean;
  /** Takes up the journal under the chain there is. */
  adopt(): Promise<void>;
  /** Changes of a document were let go. */
  unsent(event: DatabaseEvents["unsent"]): void;
}

/**
 * How a device goes on whose rights changed. Its chain has ended, and it begins another. What it wrote beyond the end, knowing nothing of
 * it, counts nowhere; the device makes it anew on what counts, as it does with what no entry holds yet.
 */
export class Renewal {
  readonly #at: RenewalContext;

  constructor(at: RenewalContext) {
    this.#at = at;
  }

  /**
   * Begins another chain if the one there is has ended, and this device still belongs. A reader's goes on with nothing: it lets go of what it had not sent.
   * What is to be sealed under a key that is lost stays in the journal, and another chain goes on without it.
   * @returns what remains to be done then
   */
  async begin(): Promise<(() => Promise<void>) | null> {
    const { chain, received, journal } = this.#at;
    const [ended, role] = [chain.current, this.#role()];
    const isEnded = ended !== null && received.isEnded(ended);
    const letsGo = role === "reader" && journal.rows.length > 0;
    const isLeft = ({ writer, keyId }: JournalRow) => ended !== null && equalBytes(writer, ended) && this.isLost(keyId);
    if (role === null || !(isEnded || letsGo || journal.sealable.some(isLeft))) return null;
    if (ended !== null) await chain.begin();
    if (role === "reader") return () => this.#letGo();
    return ended === null ? null : () => this.#makeAnew(ended);
  }

  /** Whether a key is not due to this device's user; no key is lost to who is out altogether. */
  isLost(keyId: Uint8Array): boolean {
    return this.#role() !== null && !this.#at.mayUse(keyId);
  }

  async #letGo(): Promise<void> {
    const { journal, received, unsent } = this.#at;
    const rows = Map.groupBy(await journal.clear(), docIdOf);
    if (rows.size === 0) return;
    await received.rebuild(rows.keys());
    for (const [id, { length: changes }] of rows) {
      await received.reload(id);
      unsent({ id, changes });
    }
  }

  async #makeAnew(ended: WriterKey): Promise<void> {
    await this.#journal(ended, await this.#at.received.beyond(ended));
    await this.#takeUp();
  }

  /** Begins another chain for what no entry holds yet: some of it does not pass the gate, and is set aside. */
  async setAside(): Promise<void> {
    await this.#at.chain.begin();
    await this.#takeUp();
  }

  async #takeUp(): Promise<void> {
    const { journal, received, adopt } = this.#at;
    const unsealed = new Set(journal.rows.map(docIdOf));
    if (unsealed.size === 0) return;
    await received.rebuild(unsealed);
    await adopt();
    for (const name of unsealed) await received.reload(name);
  }

  /** Changes that were sealed are back where they were before; those that a run before this one took back already stay. */
  async #journal(writer: WriterKey, changes: readonly UnheardChange[]): Promise<void> {
    const { journal, host } = this.#at;
    const known = new Set(journal.rows.map(({ change }) => toHex(change)));
    const fresh = changes.filter(({ change }) => !known.has(toHex(change.bytes)));
    const frontier = host.frontier();
    await Promise.all(
      fresh.map(({ change, ...row }) => journal.add({ ...row, writer, frontier, counter: null, change: change.bytes })),
    );
  }

  /** What this device may do; null when it is out. */
  #role(): Admission["role"] | null {
    try {
      return this.#at.host.self().role;
    } catch (error) {
      if (error instanceof CoreError) return null;
      throw error;
    }
  }
}
