import { asPlaintext } from "@selkie/crypto";
import { concatBytes, type DatabaseId, toHex, type VerifiedEntry } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { DirectoryView } from "../directory/directory-view.ts";
import { type ForkStatement, idsOf, proveFork } from "../directory/fork.ts";
import { decodeStatement, encodeStatement } from "../directory/statement-codec.ts";
import { CoreError } from "../errors.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { rowKind } from "../local/local-state.ts";
import { Serial } from "../serial.ts";
import { DirectoryEntries } from "./directory-entries.ts";
import type { DirectoryWriter } from "./directory-writer.ts";
import type { TenantContext } from "./tenant-context.ts";

export interface ForkProofsContext {
  readonly context: TenantContext;
  readonly directory: DatabaseId;
  readonly writer: Pick<DirectoryWriter, "write">;
  view(): DirectoryView;
  /** @throws CoreError KEY_UNKNOWN */
  directoryKey(): KeyVersion;
  /** Makes the directory's key fit. @throws CoreError DEVICE_REVOKED */
  settle(): Promise<void>;
}

/** Rivals for one place that are proven. */
const MAX_RIVALS = 8;

interface Pending {
  readonly row: Uint8Array;
  readonly statement: ForkStatement;
}

/**
 * Proofs of forks that this device has met, on their way into the directory, from which every replica learns of them.
 * INVARIANT: a proof is durable before anything else happens, and gone only with the entry that says it (d1-equivocation.test.ts).
 */
export class ForkProofs {
  readonly #at: ForkProofsContext;
  readonly #working = new Serial();
  readonly #pending = new Map<string, Pending>();

  constructor(at: ForkProofsContext) {
    this.#at = at;
  }

  /** Proofs that were met and not published before. */
  async load(): Promise<void> {
    const { local } = this.#at.context;
    for await (const { key, value } of local.range(rowKind.fork, this.#at.directory)) {
      const statement = value === null ? null : decodeStatement(asPlaintext(value));
      if (statement?.type === "fork") this.#pending.set(toHex(key), { row: key, statement });
    }
  }

  /** Entries came that fork from what the store holds; of them the last is signed. Resolves when the proof is durable; never rejects. */
  async met(entries: EntryStore, theirs: readonly VerifiedEntry[]): Promise<void> {
    try {
      const statement = await proveFork(entries, theirs);
      if (statement === null || this.#isKnown(statement)) return;
      const { local, store } = this.#at.context;
      const row = local.key(rowKind.fork, this.#at.directory, concatBytes(statement.database, statement.writer));
      await store.commit({ put: [await local.seal(row, encodeStatement(statement))] });
      this.#pending.set(toHex(row), { row, statement });
      void this.#run(() => this.#publish());
    } catch (error) {
      this.#at.context.platform.report(error);
    }
  }

  /** The directory changed: what could not be said before perhaps can be now. Never rejects. */
  publish(): void {
    if (this.#pending.size > 0) void this.#run(() => this.#publish());
  }

  idle(): Promise<void> {
    return this.#working.idle();
  }

  async #publish(): Promise<void> {
    const { context, writer, directoryKey, settle } = this.#at;
    for (const [name, { row, statement }] of this.#pending) {
      try {
        if (this.#isKnown(statement)) await context.store.commit({ remove: [row] });
        else {
          await settle();
          const draft = new DirectoryEntries(context.platform.crypto, directoryKey());
          draft.say(statement);
          await writer.write(draft.finish(), { remove: [row] });
        }
        this.#pending.delete(name);
      } catch (error) {
        if (!(error instanceof CoreError)) throw error;
        return; // not admitted yet, or no more: it stays until the directory says something else
      }
    }
  }

  /** SECURITY: who signs a thousand entries at each of a thousand places is proven to have signed a few at two. Test: d1-equivocation.test.ts. */
  #isKnown(statement: ForkStatement): boolean {
    const { database, writer, seq } = statement;
    const known = this.#at.view().forkOf(database, writer);
    if (known === undefined || seq < known.seq) return false;
    if (seq > known.seq) return known.isTorn;
    if (known.rivals.length >= MAX_RIVALS) return true;
    const { crypto } = this.#at.context.platform;
    return statement.branches.every((branch) => {
      const [first] = idsOf(crypto, statement, branch);
      return first !== undefined && known.rivalOf.has(toHex(first));
    });
  }

  #run(work: () => Promise<void>): Promise<void> {
    return this.#working.run(work).catch(this.#at.context.platform.report);
  }
}
