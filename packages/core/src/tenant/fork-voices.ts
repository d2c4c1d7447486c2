import { compareBytes, type DatabaseId, type EntryId, equalBytes, toHex, type WriterKey } from "@selkie/entry";
import { readEntry } from "@selkie/store";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { ProvenFork } from "../directory/proven-forks.ts";
import { CoreError } from "../errors.ts";
import type { WriterHead } from "../sealing/control-part.ts";
import { Serial } from "../serial.ts";
import type { VectorSource } from "../writer/seen-heads.ts";
import type { DirectoryWriter } from "./directory-writer.ts";
import { rightsOf } from "./own-membership.ts";
import type { TenantContext } from "./tenant-context.ts";

/** Heads in one vector; the others follow in the next. */
const MAX_HEADS = 64;

export interface ForkVoicesContext {
  readonly context: Pick<TenantContext, "store" | "tenant" | "platform">;
  readonly writer: () => Pick<DirectoryWriter, "write">;
  view(): DirectoryView;
  /** @throws CoreError DIRECTORY_UNKNOWN | DEVICE_REVOKED */
  self(): Admission;
}

/**
 * An admin's device says in the directory, of each chain that is proven to fork, which of the rivals it received: the first that came, for
 * a store takes no second one. It says so once; what counts is the first that it said.
 */
export class ForkVoices implements VectorSource {
  readonly #at: ForkVoicesContext;
  readonly #working = new Serial();
  /** Heads to be said, by writer. */
  readonly #pending = new Map<string, WriterHead>();
  /** Chains of which this device has said what it received, or is about to. */
  readonly #said = new Set<string>();

  constructor(at: ForkVoicesContext) {
    this.#at = at;
  }

  due(own: WriterKey): readonly WriterHead[] | null {
    const others = [...this.#pending.values()].filter(({ writer }) => !equalBytes(writer, own));
    return others.length === 0 ? null : others.sort((a, b) => compareBytes(a.writer, b.writer)).slice(0, MAX_HEADS);
  }

  told(_own: WriterKey, heads: readonly WriterHead[]): void {
    for (const { writer } of heads) this.#pending.delete(toHex(writer));
  }

  /** The directory changed: perhaps it proves a fork about which nothing was said yet. Never rejects. */
  speak(): void {
    if (this.#at.view().forks.length === 0) return;
    void this.#working.run(() => this.#speak()).catch(this.#at.context.platform.report);
  }

  idle(): Promise<void> {
    return this.#working.idle();
  }

  async #speak(): Promise<void> {
    for (const fork of this.#at.view().forks) await this.#note(fork);
    try {
      for (let left = -1; this.#pending.size > 0 && this.#pending.size !== left; ) {
        left = this.#pending.size;
        await this.#at.writer().write([[]]); // the control part of an entry says it, and nothing else is to be said
      }
    } catch (error) {
      if (!(error instanceof CoreError)) throw error; // not admitted yet, or no more
    }
  }

  async #note(fork: ProvenFork): Promise<void> {
    const { database, writer, seq } = fork;
    const name = `${toHex(database)}/${toHex(writer)}`;
    if (this.#said.has(name) || fork.isTorn || seq === 0 || !this.#mayDecide(fork)) return;
    const id = await this.#received(database, writer, seq);
    if (id === null || !fork.rivals.some((rival) => equalBytes(rival, id))) return;
    this.#said.add(name);
    this.#pending.set(toHex(writer), { writer, seq, id });
  }

  /** Whether it is an admin whose voice has not been heard. Whether it may revoke that very writer is judged by whoever hears it. */
  #mayDecide(fork: ProvenFork): boolean {
    const own = rightsOf(this.#at);
    return own?.role === "admin" && !this.#at.view().hasVoice(own.user, fork);
  }

  async #received(database: DatabaseId, writer: WriterKey, seq: number): Promise<EntryId | null> {
    const { store, tenant } = this.#at.context;
    return (await readEntry(store.entries(tenant, database), writer, seq))?.id ?? null;
  }
}
