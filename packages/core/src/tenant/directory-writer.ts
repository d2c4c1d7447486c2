import {
  type DatabaseId,
  type EntryId,
  entryType,
  type VerifiedRun,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import type { Admission } from "../directory/admission.ts";
import { CoreError } from "../errors.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import type { PartDraft } from "../sealing/seal-entry.ts";
import { Serial } from "../serial.ts";
import { type SealedEntries, WriterChain } from "../writer/writer-chain.ts";
import { admissionOf, type TenantContext } from "./tenant-context.ts";

export interface DirectoryWriterContext {
  readonly context: TenantContext;
  readonly database: DatabaseId;
  self(): Admission;
  directoryKey(): KeyVersion;
  frontier(own: WriterKey): readonly EntryId[];
  /** A run is durable. */
  onSealed(run: VerifiedRun): Promise<void>;
}

/** This device's chain in the directory: statements become an entry each time they are made, without a journal. */
export class DirectoryWriter {
  readonly #context: DirectoryWriterContext;
  readonly #sealing = new Serial();
  #chain: Promise<WriterChain> | null = null;
  /** Sealed and perhaps stored: tried again with the same bytes before anything else is sealed. */
  #unfinished: SealedEntries | null = null;

  constructor(context: DirectoryWriterContext) {
    this.#context = context;
  }

  /** Seals the parts as one entry behind a control part, so that the first has index 1; durable when it resolves. */
  write(parts: readonly PartDraft[]): Promise<EntryId> {
    return this.#sealing.run(async () => {
      await this.#finish();
      this.#chain ??= this.#open();
      const chain = await this.#chain;
      this.#unfinished = await chain.seal([parts], this.#context.frontier(await chain.writer()), "always");
      const [entry] = this.#unfinished.run.entries;
      await this.#finish();
      return entry?.id ?? ZERO_ENTRY_ID;
    });
  }

  async #finish(): Promise<void> {
    const sealed = this.#unfinished;
    if (sealed === null) return;
    const { context, database, onSealed } = this.#context;
    const append = [{ tenant: context.tenant, database, run: sealed.run }];
    const [result] = await context.store.commit({ append, put: [sealed.row] });
    if (result?.type !== "appended" && result?.type !== "known")
      throw new CoreError("CHAIN_BROKEN", "this device's own chain does not continue");
    sealed.advance();
    this.#unfinished = null;
    await onSealed(sealed.run);
  }

  #open(): Promise<WriterChain> {
    const { context, database, self, directoryKey } = this.#context;
    const { platform, tenant, store, local, keys } = context;
    return WriterChain.open({
      crypto: platform.crypto,
      tenant,
      database,
      type: entryType.statement,
      entries: store.entries(tenant, database),
      local,
      instance: store.instance,
      deviceSecret: keys.deviceSecret,
      deviceKey: keys.device,
      admission: () => admissionOf(self()),
      directoryKey,
    });
  }
}
