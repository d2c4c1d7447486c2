import {
  type AppendResult,
  type DatabaseId,
  type EntryId,
  equalBytes,
  fromHex,
  parseWriterKey,
  partKind,
  type ReadLimit,
  type TenantId,
  type Vector,
  type VerifiedEntry,
  type VerifiedRun,
  type Wanted,
  type WriterKey,
} from "@selkie/entry";
import { type EntryStore, type PartName, readEntry } from "@selkie/store";
import type { CoreError } from "../errors.ts";
import { isHold } from "../hold-code.ts";
import type { EntryRefusalCode } from "./delivery.ts";
import type { EntryRoom } from "./entry-room.ts";
import type { MissingParts } from "./missing-parts.ts";
import type { NamedEntries } from "./named-entries.ts";
import type { OtherBranches } from "./other-branches.ts";

/** What a relay is told of the parts that are wanted; null for all. */
export interface Wants {
  readonly usual: Wanted | null;
  /** While parts are missing here. */
  readonly lacking: Wanted | null;
}

/** What happens around the stored entries of an open database. */
export interface ReplicaHooks {
  /** Of the tenant; null for the directory itself. */
  readonly directory: SyncedReplica | null;
  /** While entries of the database were not read yet: resolves when they are. Null when they are. */
  ready(): Promise<void> | null;
  /** Seals what the journal holds, so that a reader sees all that is acknowledged to the app. */
  flush(): Promise<void>;
  /** Judges, opens and applies runs that were just stored. */
  applied(runs: readonly VerifiedRun[]): Promise<void>;
  /**
   * Verified entries came that fork from the stored ones: from the forked place on, of which the last is signed. Resolves when that is
   * proven and kept.
   */
  forked(entries: readonly VerifiedEntry[]): Promise<void>;
  /** The entries that name the branches of chains that count. */
  readonly named: NamedEntries;
  /** Remembers what came of other branches; of the directory only, whose entries name others. */
  readonly branches?: Pick<OtherBranches, "meet">;
  /** What is held without parts that should be here. */
  readonly missing: MissingParts;
  /** Whether this device wrote a chain, as far as it was read. */
  isOwn(writer: WriterKey): boolean;
  /** Which parts relays are to send; null where that is never said: all. */
  wants(): Promise<Wants | null>;
  /** For what counts for nothing. */
  readonly room: Pick<EntryRoom, "refusals" | "tryAgain" | "forget">;
  /** Connections find out what is missing here. */
  compare(): void;
  /** Somebody else is connected, and has given what they have of it: once for each connection. */
  reached(): void;
  /** Puts a run in the place of what is stored from a seq on: that is of a branch that does not count. Null where it has to stay. */
  replace(run: VerifiedRun, from: number): Promise<AppendResult | null>;
}

const ONE_RUN = { entries: 1_024, bytes: 2 ** 20 };

/**
 * An open database as sync sees it: the stored entries, flushed before they are read and applied after they are stored.
 * SECURITY: A11. What `append` answers depends on the store alone, never on whether anything decrypts. Test: a11-no-oracle.test.ts.
 */
export class SyncedReplica implements EntryStore {
  readonly #entries: EntryStore;
  readonly #hooks: ReplicaHooks;
  #applying: Promise<void> = Promise.resolve();

  constructor(entries: EntryStore, hooks: ReplicaHooks) {
    this.#entries = entries;
    this.#hooks = hooks;
  }

  get tenant(): TenantId {
    return this.#entries.tenant;
  }

  get database(): DatabaseId {
    return this.#entries.database;
  }

  /** What the entries of this database name entries of; null for the directory itself. */
  get directory(): SyncedReplica | null {
    return this.#hooks.directory;
  }

  flush(): Promise<void> {
    return this.#hooks.flush();
  }

  /** Somebody else is connected, and has given what they have of it: once for each connection. */
  reached(): void {
    this.#hooks.reached();
  }

  /** Resolves when everything stored so far is applied. */
  applied(): Promise<void> {
    return this.#applying;
  }

  /** A chain of which another branch counts than is stored is as if it had not come: so that others send it from the start. */
  async vector(): Promise<Vector> {
    const ready = this.#hooks.ready();
    if (ready !== null) await ready;
    const vector = await this.#entries.vector();
    const { lost } = this.#hooks.named;
    return lost.size === 0 ? vector : new Map([...vector].filter(([writer]) => !lost.has(writer)));
  }

  /** Whether this device wrote a chain. @param writer in hexadecimal */
  isOwn(writer: string): boolean {
    return this.#hooks.isOwn(parseWriterKey(fromHex(writer)));
  }

  async wholeVector(): Promise<Vector | null> {
    const ready = this.#hooks.ready();
    if (ready !== null) await ready;
    return this.#hooks.missing.whole(() => this.vector());
  }

  /** Which parts relays are to send; null where that is never said. */
  async wants(): Promise<Wants | null> {
    const ready = this.#hooks.ready();
    if (ready !== null) await ready;
    return this.#hooks.wants();
  }

  /** From where on parts are missing, as a text; empty where none are. */
  async lacking(): Promise<string> {
    const ready = this.#hooks.ready();
    if (ready !== null) await ready;
    return this.#hooks.missing.lacking();
  }

  /** Whoever has them was asked for the parts that are missing: announces those that did not come. */
  announceMissing(): Promise<void> {
    return this.#hooks.missing.announceAll();
  }

  position(): Promise<number> {
    return this.#entries.position();
  }

  read(writer: WriterKey, from: number, limit: ReadLimit): Promise<VerifiedRun | null> {
    return this.#entries.read(writer, from, limit);
  }

  readAfter(position: number, limit: ReadLimit): ReturnType<EntryStore["readAfter"]> {
    return this.#entries.readAfter(position, limit);
  }

  find(id: EntryId): Promise<VerifiedEntry | undefined> {
    return this.#entries.find(id);
  }

  scan(): AsyncIterable<VerifiedRun> {
    return this.#entries.scan();
  }

  retire(parts: readonly PartName[]): Promise<number> {
    return this.#entries.retire(parts);
  }

  unretire(parts: readonly PartName[]): Promise<void> {
    return this.#entries.unretire(parts);
  }

  async append(runs: readonly VerifiedRun[]): Promise<readonly AppendResult[]> {
    const ready = this.#hooks.ready();
    if (ready !== null) await ready;
    const refusals = await this.#hooks.room.refusals(runs);
    if (refusals.every((code) => code === null)) return this.#append(runs);
    const results = await this.#append(runs.filter((_, at) => refusals[at] === null));
    let nth = 0;
    return refusals.map((code) => (code === null ? (results[nth++] ?? LOST) : { type: "refused", code }));
  }

  /** The directory changed: what there was no room for may count now, and is asked for again. */
  reconsider(): void {
    if (this.#hooks.room.tryAgain()) this.#hooks.compare();
  }

  async #append(runs: readonly VerifiedRun[]): Promise<readonly AppendResult[]> {
    const results = [...(await this.#store(runs))];
    let isReplaced = false;
    for (const [at, run] of runs.entries()) {
      // What one run has replaced the next may go on from.
      if (isReplaced && results[at]?.type === "fork") [results[at] = LOST] = await this.#store([run]);
      const result = results[at];
      if (result?.type !== "fork") continue;
      const met = await this.#meet(run, result);
      isReplaced ||= met !== result;
      results[at] = met;
    }
    const appended = runs.filter((_, at) => results[at]?.type === "appended");
    for (const run of appended) await this.#hooks.missing.appended(run);
    const apply = (): Promise<void> => this.#hooks.applied(appended);
    this.#applying = this.#applying.then(apply, apply);
    await this.#applying; // back-pressure: a peer can't send faster than this device applies
    return results;
  }

  /** SECURITY: what holds another entry in the place of one that is named is taken in nowhere (forks.test.ts "D9 ..."). */
  async #store(runs: readonly VerifiedRun[]): Promise<readonly AppendResult[]> {
    const { named, missing } = this.#hooks;
    // SECURITY: K-8. Taken without what it says, an entry of the directory would not be asked for again. Permits that are missing are: a
    // relay leaves out those for others (packages/sim/test/attacks/a1-permits-on-the-wire.test.ts).
    if (runs.some(isIncomplete)) {
      const results: AppendResult[] = [];
      for (const run of runs) results.push(isIncomplete(run) ? MISSING : ((await this.#store([run]))[0] ?? LOST));
      for (const run of runs.filter(isIncomplete))
        for (const entry of run.entries.filter(lacksStatements)) missing.announce(entry);
      return results;
    }
    if (!runs.some((run) => named.compare(run) === "other")) return this.#entries.append(runs);
    const results: AppendResult[] = [];
    for (const run of runs) {
      const [result = LOST] =
        named.compare(run) !== "other" || (await this.#holds(run)) ? await this.#entries.append([run]) : [LOST];
      results.push(result);
    }
    return results;
  }

  /** Whether something is held at the place that decides: then the store tells where the run forks from it. */
  async #holds({ writer }: VerifiedRun): Promise<boolean> {
    const seq = this.#hooks.named.get(writer)?.seq ?? 0;
    return (await readEntry(this.#entries, writer, seq)) !== null;
  }

  /** A run forks from what is stored: it takes the place of that where it is of the branch that counts. */
  async #meet(run: VerifiedRun, fork: Extract<AppendResult, { type: "fork" }>): Promise<AppendResult> {
    const { named, forked, replace, branches, room } = this.#hooks;
    await branches?.meet(run, fork.seq);
    // Where the fork lies before the run, the session asks for earlier entries.
    if (fork.seq < run.firstSeq) {
      named.learn(run);
      return fork;
    }
    await forked(run.entries.slice(fork.seq - run.firstSeq));
    if (!(await this.#isBetter(run, fork.seq))) return fork;
    const dropped = await this.#entries.read(run.writer, fork.seq, ONE_RUN);
    const replaced = await replace(run, fork.seq);
    if (replaced === null) return fork;
    room.forget(run.writer);
    if (dropped !== null) await branches?.meet(dropped, fork.seq);
    return replaced;
  }

  /** It holds what is named; or it leads elsewhere than what is stored, of which that is known to be wrong. */
  async #isBetter(run: VerifiedRun, from: number): Promise<boolean> {
    const named = this.#hooks.named.get(run.writer);
    if (named === null || named.seq < from) return false;
    const likeness = this.#hooks.named.compare(run);
    if (likeness !== "elsewhere") return likeness === "same";
    const held = await readEntry(this.#entries, run.writer, named.seq);
    return held !== null && !equalBytes(held.id, named.id);
  }
}

/** A part of the directory is withheld. */
const MISSING: AppendResult = { type: "refused", code: "PART_MISSING" satisfies EntryRefusalCode };
/** It is of a branch that does not count. */
const LOST: AppendResult = { type: "refused", code: "BRANCH_LOST" satisfies EntryRefusalCode };

/** What an entry of the directory says is only ever taken whole. */
function isIncomplete({ entries }: VerifiedRun): boolean {
  return entries.some(lacksStatements);
}

function lacksStatements({ parts }: VerifiedEntry): boolean {
  return parts.some(({ type, kind }) => type === "hole" && kind === partKind.statement);
}

/** @returns why what is written in the database has to wait in its journal, if so */
export async function flushOrHold(replica: Pick<SyncedReplica, "flush">): Promise<CoreError | null> {
  try {
    await replica.flush();
    return null;
  } catch (error) {
    if (isHold(error)) return error;
    throw error;
  }
}
