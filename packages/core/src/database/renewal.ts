import { type EntryId, equalBytes, toHex, type WriterKey } from "@selkie/entry";
import type { Admission } from "../directory/admission.ts";
import { type DocId, docIdOf, placeOf } from "../document/doc-id.ts";
import type { UnheardChange } from "../document/part-contents.ts";
import { CoreError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import { alsoReplaced } from "../sealing/change-part.ts";
import type { WriterChain } from "../writer/writer-chain.ts";
import type { DatabaseEvents } from "./database.ts";
import type { Beyond } from "./own-chains.ts";
import type { GoOn, ReceivedChanges } from "./received-changes.ts";

export interface RenewalContext {
  readonly host: { self(): Admission; frontier(): readonly EntryId[] };
  readonly chain: WriterChain;
  readonly journal: Journal;
  readonly received: Pick<ReceivedChanges, "own" | "renew" | "rebuild">;
  /** Whether this device may seal under a key. @throws CoreError DEVICE_REVOKED */
  mayUse(keyId: Uint8Array): boolean;
  /** Takes up the journal under the chain there is. */
  readonly adopt: GoOn;
  /** Says what was let go, and which copies are gone. */
  tell<Type extends "unsent" | "copyLost">(type: Type, event: DatabaseEvents[Type]): void;
}

const NOTHING: Beyond = { changes: [], copies: new Set() };

/**
 * How a device goes on whose rights changed. Its chain has ended, and it begins another. What it wrote beyond the end, knowing nothing of
 * it, counts nowhere; the device makes it anew on what counts, as it does with what no entry holds yet.
 * INVARIANT: `run` and `setAside` run while nothing is edited or sealed: no change is of a chain that was left behind, or made on what is
 * about to be made anew. Test: renewal.test.ts "... while its chain is renewed ...".
 */
export class Renewal {
  readonly #at: RenewalContext;
  #isDue = false;
  /** Where something waits that this device might not make anew when it was looked at last. */
  #barred: readonly DocId[] = [];

  constructor(at: RenewalContext) {
    this.#at = at;
  }

  /** Whether the chain there is has to be left, as of when it was last looked: nothing is sealed into it any more. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /**
   * Looks whether the chain there is has ended, or holds a journal that it can't seal, while this device still belongs; or changes that
   * build on something that counts no more: everybody holds back what an actor makes behind these.
   * A reader lets go of what it had not sent. What is to be sealed under a key that is lost stays in the journal.
   */
  look(): boolean {
    const { chain, received, journal } = this.#at;
    const [writer, role] = [chain.current, this.#role()];
    const isLeft = (row: JournalRow) => writer !== null && equalBytes(row.writer, writer) && this.isLost(row.keyId);
    const hasEnded = writer !== null && (received.own.isEnded(writer) || received.own.hasWaiting(writer));
    const letsGo = role === "reader" && !journal.isEmpty;
    this.#isDue = role !== null && (hasEnded || letsGo || journal.sealable.some(isLeft));
    return this.#isDue;
  }

  /** Whether something waits that this device may make anew again, and might not when it was looked at last. */
  get isFreed(): boolean {
    return this.#barred.some((name) => this.mayWrite(placeOf(name).keyId));
  }

  /** Begins another chain if that is still due, and goes on in it; a reader's goes on with nothing. */
  async run(): Promise<void> {
    const { chain, journal, received, tell } = this.#at;
    const isReader = this.#role() === "reader";
    this.bar();
    if (!this.look()) {
      const isLeft = received.own.notRemade().size > 0 || journal.aside.length > 0;
      if (this.#role() !== null && !isReader && isLeft) await this.#takeUp();
      else await received.rebuild([]); // what waited for this
      return;
    }
    const ended = chain.current;
    const { changes, copies } =
      ended === null || !received.own.isEnded(ended) ? NOTHING : await received.own.beyond(ended);
    if (ended !== null && !isReader) await this.#journal(ended, changes);
    if (ended !== null) await chain.begin();
    await (isReader ? this.#letGo(changes) : this.#takeUp());
    for (const id of copies) tell("copyLost", { id });
    this.look(); // the directory may have changed meanwhile
  }

  /** Remembers what waits that this device may not make anew. */
  bar(): void {
    this.#barred = [...this.#at.received.own.notRemade()].filter((name) => !this.mayWrite(placeOf(name).keyId));
  }

  /** Begins another chain for what no entry holds yet: some of it does not pass the gate, and is set aside. */
  async setAside(): Promise<void> {
    await this.#at.chain.begin();
    await this.#takeUp();
  }

  /** Whether a key is not due to this device's user; no key is lost to who is out altogether. */
  isLost(keyId: Uint8Array): boolean {
    return this.#role() !== null && !this.#at.mayUse(keyId);
  }

  /** Whether this device may make changes under a key. */
  mayWrite(keyId: Uint8Array): boolean {
    const role = this.#role();
    return role !== null && role !== "reader" && this.#at.mayUse(keyId);
  }

  async #letGo(beyond: readonly UnheardChange[]): Promise<void> {
    const { journal, received, tell } = this.#at;
    const cleared = await journal.clear();
    const rows = Map.groupBy(
      cleared.filter((row) => !received.own.hasRemade(row)),
      docIdOf,
    );
    await received.renew(new Set([...rows.keys(), ...beyond.map(docIdOf)]), async () => undefined);
    for (const [id, { length: changes }] of rows) tell("unsent", { id, changes });
  }

  async #takeUp(): Promise<void> {
    const { journal, received, adopt } = this.#at;
    await received.renew(new Set([...journal.rows.map(docIdOf), ...received.own.notRemade()]), adopt);
  }

  /**
   * Changes that were sealed are back where they were before; those that a run before this one took back already stay. The next chain says
   * that it stands for these: else they count twice when a readmit makes this one longer.
   */
  async #journal(writer: WriterKey, changes: readonly UnheardChange[]): Promise<void> {
    const { journal, host } = this.#at;
    const known = new Set(journal.rows.map(({ change }) => toHex(change)));
    // What it was made from may count again: then it is not to be made anew (stand-ins.ts).
    const standing = new Set(changes.filter(({ replaces = [] }) => replaces.length > 0).map(docIdOf));
    const fresh = changes.filter((one) => !known.has(toHex(one.change.bytes)) && !standing.has(docIdOf(one)));
    const frontier = host.frontier();
    await Promise.all(
      fresh.map(({ change, replaces = [], ...row }) => {
        const all = alsoReplaced(replaces, { writer, seq: change.seq, last: change.seq });
        return journal.add({ ...row, writer, frontier, counter: null, replaces: all, change: change.bytes });
      }),
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
