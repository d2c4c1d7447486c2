import type { AppendResult, DatabaseId, VerifiedRun } from "@selkie/entry";
import { isOf } from "../directory/admission.ts";
import { SetBack } from "../replica/set-back.ts";
import { Serial } from "../serial.ts";
import type { SealedEntries } from "../writer/writer-chain.ts";
import type { DirectoryLog, DirectoryNews } from "./directory-log.ts";
import type { DirectoryWriter } from "./directory-writer.ts";
import type { Alarm } from "./tenant.ts";
import type { TenantContext } from "./tenant-context.ts";

export interface DirectoryReaderContext {
  readonly context: TenantContext;
  readonly directory: DatabaseId;
  readonly log: DirectoryLog;
  readonly writer: DirectoryWriter;
  /** Something was read: lets everything go on that waited for it. The next batch is read after. */
  handOn(news: DirectoryNews): Promise<void>;
  /** Entries were sealed: connections send them. */
  announce(): void;
  /** Less of a chain is here than there seemed to be: connections find out what is missing. */
  compare(): void;
  alarm(alarm: Alarm): void;
}

/** Reads directory entries, from the store, from others and from this device, one batch after the other. */
export class DirectoryReader {
  readonly #at: DirectoryReaderContext;
  readonly #setBack: SetBack;
  readonly #reading = new Serial();

  constructor(at: DirectoryReaderContext) {
    this.#at = at;
    const { context, directory, log, alarm } = at;
    this.#setBack = new SetBack({
      ...{ database: directory, alarm },
      isOwn: (writer) => isOf(log.admissionOf(writer), context.keys.device.publicKey),
    });
  }

  /** Everything the store holds. */
  all(): Promise<void> {
    return this.#read(() => this.#at.log.all());
  }

  /** What others sent was stored. Never rejects. */
  async received(runs: readonly VerifiedRun[]): Promise<void> {
    const { context, log } = this.#at;
    await this.#read(() => log.read(runs)).catch(context.platform.report);
    this.#setBack.received(runs);
  }

  /** Statements that this device made are durable. */
  async sealed(sealed: SealedEntries): Promise<void> {
    const { log, announce } = this.#at;
    await this.#read(() => log.own(sealed));
    announce();
  }

  /** A run takes the place of what is stored from a seq on: that is of a branch that does not count. */
  async replace(run: VerifiedRun, from: number): Promise<AppendResult | null> {
    const { context, directory, log, writer, compare } = this.#at;
    const { store, tenant } = context;
    if (writer.isCurrent(run.writer)) return null; // this device begins another chain when it next writes
    let result: AppendResult = { type: "known" };
    await this.#read(() =>
      log.replace(async () => {
        const drop = [{ tenant, database: directory, writer: run.writer, from }];
        [result = result] = await store.commit({ drop, append: [{ tenant, database: directory, run }] });
      }),
    );
    compare();
    return result;
  }

  idle(): Promise<void> {
    return this.#reading.idle();
  }

  #read(read: () => Promise<DirectoryNews>): Promise<void> {
    return this.#reading.run(async () => this.#at.handOn(await read()));
  }
}
