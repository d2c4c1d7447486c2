import { type DatabaseId, type EntryId, entryType, equalBytes, type WriterKey, ZERO_ENTRY_ID } from "@selkie/entry";
import type { PartDraft } from "../sealing/seal-entry.ts";
import { Serial } from "../serial.ts";
import type { VectorSource } from "../writer/seen-heads.ts";
import type { FollowingEntries, SealedEntries, WriterChain } from "../writer/writer-chain.ts";
import { type ChainOwner, commitSealed, openOwnChain } from "./own-chain.ts";

export interface DirectoryWriterContext extends ChainOwner {
  readonly database: DatabaseId;
  frontier(own: WriterKey): readonly EntryId[];
  /** What this device's entries are to say about chains that fork. */
  readonly voices: VectorSource | null;
  /** Whether the directory has ended a chain of this device. */
  isEnded(writer: WriterKey): boolean;
  /** Entries are durable. */
  onSealed(sealed: SealedEntries): Promise<void>;
}

/** This device's chain in the directory: statements become entries when they are made, without a journal. */
export class DirectoryWriter {
  readonly #context: DirectoryWriterContext;
  readonly #sealing = new Serial();
  #chain: WriterChain | null = null;
  /** Sealed and perhaps stored: tried again with the same bytes before anything else is sealed. */
  #unfinished: { readonly sealed: SealedEntries; readonly remove: readonly Uint8Array[] } | null = null;

  constructor(context: DirectoryWriterContext) {
    this.#context = context;
  }

  /**
   * Seals entries, each behind a control part, so that its first part has index 1; all are durable when it resolves, or none.
   *
   * @param remove rows of local state that are gone with the same commit
   * @param following entries behind these; it writes nothing itself
   * @returns the id of the first
   */
  write(
    entries: readonly (readonly PartDraft[])[],
    { remove = [], following }: { readonly remove?: readonly Uint8Array[]; readonly following?: FollowingEntries } = {},
  ): Promise<EntryId> {
    return this.#sealing.run(async () => {
      await this.#finish();
      const chain = await this.open();
      const frontier = this.#context.frontier(await chain.writer());
      const sealed = await chain.seal(entries, frontier, "always", following);
      this.#unfinished = { sealed, remove };
      await this.#finish();
      return sealed.runs[0]?.entries[0]?.id ?? ZERO_ENTRY_ID;
    });
  }

  /** Whether this device writes this chain now. */
  isCurrent(writer: WriterKey): boolean {
    const current = this.#chain?.current ?? null;
    return current !== null && equalBytes(current, writer);
  }

  /** This device's chain as the store has it. */
  async open(): Promise<WriterChain> {
    this.#chain ??= await openOwnChain(
      this.#context,
      this.#context.database,
      entryType.statement,
      this.#context.voices,
    );
    // The rights of this device changed: it goes on with another chain.
    if (this.#chain.current !== null && this.#context.isEnded(this.#chain.current)) await this.#chain.begin();
    return this.#chain;
  }

  async #finish(): Promise<void> {
    if (this.#unfinished === null) return;
    const { sealed, remove } = this.#unfinished;
    const { context, onSealed } = this.#context;
    await commitSealed(context, sealed, remove);
    this.#unfinished = null;
    await onSealed(sealed);
  }
}
