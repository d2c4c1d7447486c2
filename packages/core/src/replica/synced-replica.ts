import type {
  AppendResult,
  DatabaseId,
  EntryId,
  ReadLimit,
  TenantId,
  Vector,
  VerifiedEntry,
  VerifiedRun,
  WriterKey,
} from "@selkie/entry";
import type { EntryStore, PartName } from "@selkie/store";

/** What happens around the stored entries of an open database. */
export interface ReplicaHooks {
  /** Seals what the journal holds, so that a reader sees all that is acknowledged to the app. */
  flush(): Promise<void>;
  /** Judges, opens and applies runs that were just stored. */
  applied(runs: readonly VerifiedRun[]): Promise<void>;
  /** Verified entries came that fork from the stored ones: from the forked place on, of which the last is signed. */
  forked(entries: readonly VerifiedEntry[]): void;
}

/**
 * An open database as sync sees it: the stored entries, flushed before they are read and applied after they are stored.
 * SECURITY: A11. What `append` answers depends on the store alone, never on whether anything decrypts.
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

  flush(): Promise<void> {
    return this.#hooks.flush();
  }

  /** Resolves when everything stored so far is applied. */
  applied(): Promise<void> {
    return this.#applying;
  }

  vector(): Promise<Vector> {
    return this.#entries.vector();
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

  async append(runs: readonly VerifiedRun[]): Promise<readonly AppendResult[]> {
    const results = await this.#entries.append(runs);
    for (const [at, run] of runs.entries()) {
      const result = results[at];
      // Where the fork lies before the run, the session asks for earlier entries.
      if (result?.type === "fork" && result.seq >= run.firstSeq)
        this.#hooks.forked(run.entries.slice(result.seq - run.firstSeq));
    }
    const appended = runs.filter((_, at) => results[at]?.type === "appended");
    const apply = (): Promise<void> => this.#hooks.applied(appended);
    this.#applying = this.#applying.then(apply, apply);
    await this.#applying; // back-pressure: a peer can't send faster than this device applies
    return results;
  }
}
