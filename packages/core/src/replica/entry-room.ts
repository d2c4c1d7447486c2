import {
  entrySize,
  fromHex,
  limits,
  parseWriterKey,
  runSize,
  toHex,
  type VerifiedEntry,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import { type EntryStore, readEntry } from "@selkie/store";
import type { Admission } from "../directory/admission.ts";
import type { EntryRefusalCode } from "./delivery.ts";

/** How much is kept of what counts for nothing. */
export interface Most {
  readonly bytes: number;
  /** Chains of which no entry counts. */
  readonly chains: number;
}

/** Beyond the ends of one device's chains, so that it can be readmitted. */
export const MOST_BEYOND: Most = { bytes: 16 * 2 ** 20, chains: 256 };
/** Of all chains together whose authors nobody let in, as far as is known here. */
export const MOST_OF_STRANGERS: Most = { bytes: 16 * 2 ** 20, chains: 1_024 };
/** In a database: a vector has no more, and this device is to have room for chains of its own. */
export const MOST_CHAINS: number = limits.vectorWriters - 1_024;

const SLICE = { entries: 256, bytes: limits.runBytes };
/** The account of chains of which nobody knows a device that was let in. */
const STRANGERS = "";

export interface EntryRoomContext {
  readonly entries: Pick<EntryStore, "read" | "vector">;
  /** Whose the chains are that these first entries begin, as far as the directory lets them in; by writer in hex. */
  authorsOf(firsts: readonly VerifiedEntry[]): Promise<ReadonlyMap<string, Admission>>;
  /** The same of a chain that is held. */
  authorOf(writer: WriterKey): Admission | null;
  /** The last seq of an author's chain that cuts let stand: all of it where nobody cut it, or where it is this device's own. */
  cut(writer: WriterKey, author: Admission): number;
  /** What is kept beyond the cuts of one device, and of strangers, and how many chains of anybody. */
  most(): { readonly beyond: Most; readonly ofStrangers: Most; readonly chains: number };
}

/** Where what counts for nothing of a chain is counted. */
interface Account {
  /** The device in hex. */
  readonly name: string;
  /** The last seq that counts; -1 for none. */
  readonly end: number;
}

/** How far a chain was counted beyond its end. */
interface Counted {
  readonly end: number;
  readonly next: number;
  readonly bytes: number;
}

/** What is kept now. */
interface Kept {
  /** By account. */
  readonly sums: Map<string, Most>;
  /** Of whomever. */
  chains: number;
}

/**
 * The room for what counts for nothing: what lies beyond the cuts of chains, and chains of which nobody knows who let their authors in.
 * SECURITY: D9, D12. Who was revoked, or never let in, fills no disk, however many chains it begins (entry-room.test.ts).
 */
export class EntryRoom {
  readonly #at: EntryRoomContext;
  /** By writer. */
  readonly #counted = new Map<string, Counted>();
  /** Null until it is counted anew. */
  #kept: Promise<Kept> | null = null;
  #hasRefused = false;

  constructor(at: EntryRoomContext) {
    this.#at = at;
  }

  /** Why each of these runs is not kept, if so. What counts always is, also where its run goes on beyond the end. */
  async refusals(runs: readonly VerifiedRun[]): Promise<readonly (EntryRefusalCode | null)[]> {
    const { authorOf, authorsOf } = this.#at;
    const accounts = runs.map(({ writer }) => this.#accountOf(writer, authorOf(writer)));
    if (runs.every((run, at) => counts(run, accounts[at] ?? null))) return runs.map(() => null);
    const held = new Set<string>();
    for (const { writer } of runs) if (await this.#holds(writer, 0)) held.add(toHex(writer));
    const authors = await authorsOf(runs.flatMap((run) => (held.has(toHex(run.writer)) ? [] : firstOf(run))));
    this.#kept ??= this.#count();
    const kept = await this.#kept;
    const refusals: (EntryRefusalCode | null)[] = [];
    for (const [at, run] of runs.entries()) {
      const author = authors.get(toHex(run.writer));
      const account = author === undefined ? (accounts[at] ?? null) : this.#accountOf(run.writer, author);
      const isHere = held.has(toHex(run.writer)) && (await this.#holds(run.writer, lastOf(run)));
      const refusal = isHere ? null : this.#take(run, account, kept, held);
      if (refusal !== null) this.#hasRefused = true;
      refusals.push(refusal);
    }
    return refusals;
  }

  /**
   * The directory changed: other chains may count than before.
   * @returns whether something was refused since this was last asked, whose author may have been let in meanwhile
   */
  tryAgain(): boolean {
    const hasRefused = this.#hasRefused;
    this.#hasRefused = false;
    this.#kept = null;
    return hasRefused;
  }

  /** A chain was dropped or replaced from some place on. */
  forget(writer: WriterKey): void {
    this.#counted.delete(toHex(writer));
    this.#kept = null;
  }

  /** @param held writers of chains that are here, in hex, with those that are taken */
  #take(run: VerifiedRun, account: Account | null, kept: Kept, held: Set<string>): EntryRefusalCode | null {
    const writer = toHex(run.writer);
    const isNew = !held.has(writer);
    const { beyond, ofStrangers, chains } = this.#at.most();
    if (isNew && kept.chains >= chains) return "TOO_MANY_CHAINS";
    if (account !== null && !counts(run, account)) {
      const sum = kept.sums.get(account.name) ?? { bytes: 0, chains: 0 };
      const after = { bytes: sum.bytes + runSize(run), chains: sum.chains + (isNew ? 1 : 0) };
      const isStrange = account.name === STRANGERS;
      const most = isStrange ? ofStrangers : beyond;
      if (after.bytes > most.bytes || after.chains > most.chains) return isStrange ? "WRITER_REFUSED" : "BEYOND_CUT";
      kept.sums.set(account.name, after);
    }
    if (isNew) {
      held.add(writer);
      kept.chains += 1;
    }
    return null;
  }

  async #holds(writer: WriterKey, seq: number): Promise<boolean> {
    return (await readEntry(this.#at.entries, writer, seq)) !== null;
  }

  /** Null where all of a chain counts. */
  #accountOf(writer: WriterKey, author: Admission | null): Account | null {
    if (author === null) return { name: STRANGERS, end: -1 };
    const end = this.#at.cut(writer, author);
    return end === Number.POSITIVE_INFINITY ? null : { name: toHex(author.device), end };
  }

  async #count(): Promise<Kept> {
    const sums = new Map<string, Most>();
    const held = await this.#at.entries.vector();
    for (const [name, { seq }] of held) {
      const writer = parseWriterKey(fromHex(name));
      const account = this.#accountOf(writer, this.#at.authorOf(writer));
      if (account === null) {
        this.#counted.delete(name);
        continue;
      }
      const { bytes, chains } = sums.get(account.name) ?? { bytes: 0, chains: 0 };
      const more = await this.#beyond(writer, account.end, seq);
      sums.set(account.name, { bytes: bytes + more, chains: chains + (account.end < 0 ? 1 : 0) });
    }
    return { sums, chains: held.size };
  }

  async #beyond(writer: WriterKey, end: number, last: number): Promise<number> {
    const name = toHex(writer);
    const known = this.#counted.get(name);
    let { next, bytes } = known?.end === end ? known : { next: end + 1, bytes: 0 };
    while (next <= last) {
      const run = await this.#at.entries.read(writer, next, SLICE);
      if (run === null) break;
      for (const entry of run.entries) bytes += entrySize(entry);
      next += run.entries.length;
    }
    this.#counted.set(name, { end, next, bytes });
    return bytes;
  }
}

/** Whether some of a run counts, as far as its account says. */
const counts = ({ firstSeq }: VerifiedRun, account: Account | null): boolean =>
  account === null || firstSeq <= account.end;

const lastOf = ({ firstSeq, entries }: VerifiedRun): number => firstSeq + entries.length - 1;

/** The entry that begins a chain. */
function firstOf({ firstSeq, entries: [first] }: VerifiedRun): readonly VerifiedEntry[] {
  return firstSeq === 0 && first !== undefined ? [first] : [];
}
