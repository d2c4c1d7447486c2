import { CoreError } from "../errors.ts";
import type { Platform } from "../platform.ts";

/** How the entries of a database are read: `pause` is called after each few, with how many they were. */
export type Load = (pause: (entries: number) => Promise<void>) => Promise<void>;

export interface LoadingContext {
  readonly platform: Pick<Platform, "scheduler" | "report">;
  readonly load: Load;
  /** So many entries were read so far. */
  onProgress(entries: number): void;
  /** Everything was: nothing else goes on before this has ended. */
  onLoaded(): Promise<void>;
  /** Follows, behind whatever else goes on. */
  verify(pause: () => Promise<void>): Promise<void>;
}

/** So long whoever opens a database has before its entries are read: what is on the first page is shown by then. */
const BEGIN_MS = 50;

/**
 * Reads the entries of a database, at once or behind what projections show of it. In the background it gives way to everything else after
 * every few entries, until somebody can't go on without them.
 */
export class Loading {
  readonly #at: LoadingContext;
  #loaded: Promise<void> | null = null;
  #isDone = false;
  #hasFailed = false;
  #isStopped = false;
  #isUrgent = false;
  #verifying: Promise<void> = Promise.resolve();
  #entries = 0;
  /** Ends the pause there is. */
  #goOn: () => void = () => undefined;

  constructor(at: LoadingContext) {
    this.#at = at;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Whether they could not be read once: nobody may ever correct what is shown of them. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Begins, and gives way. */
  begin(): void {
    this.#at.platform.scheduler.after(BEGIN_MS, () => {
      if (!this.#isStopped) void this.#load().catch((error: unknown) => this.#failed(error));
    });
  }

  /** Resolves when all entries are read; nothing else goes first. @throws CoreError CLOSED, and what reading them threw: it is tried again then */
  whole(): Promise<void> {
    this.#isUrgent = true;
    this.#goOn();
    return this.#load();
  }

  /** The same for whoever can wait. */
  async inTime(): Promise<void> {
    if (this.#isDone) return;
    await this.#load();
  }

  /** Resolves when what was read is verified. @throws CoreError CLOSED, and what reading threw */
  async verified(): Promise<void> {
    await this.whole();
    this.#isUrgent = true;
    this.#goOn();
    await this.#verifying;
  }

  /** Resolves when nothing is read any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#goOn();
    // Whoever waits for these has the rejections.
    await this.#loaded?.catch(() => undefined);
    await this.#verifying.catch(() => undefined);
  }

  #load(): Promise<void> {
    this.#loaded ??= this.#run();
    return this.#loaded;
  }

  async #run(): Promise<void> {
    if (this.#isStopped) throw closed();
    this.#entries = 0;
    try {
      await this.#at.load((entries) => this.#pause(entries));
    } catch (error) {
      this.#hasFailed = true;
      this.#loaded = null; // whoever needs them next tries again
      throw error;
    }
    try {
      await this.#at.onLoaded();
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    }
    this.#isDone = true;
    this.#isUrgent = false;
    this.#verifying = this.#at.verify(() => this.#pause(0));
    this.#verifying.catch((error: unknown) => this.#failed(error));
  }

  #failed(error: unknown): void {
    if (!this.#isStopped) this.#at.platform.report(error);
  }

  async #pause(entries: number): Promise<void> {
    this.#entries += entries;
    if (entries > 0) this.#at.onProgress(this.#entries);
    if (!this.#isUrgent && !this.#isStopped)
      await new Promise<void>((resolve) => {
        this.#goOn = resolve;
        this.#at.platform.scheduler.after(0, resolve);
      });
    if (this.#isStopped) throw closed();
  }
}

const closed = (): CoreError => new CoreError("CLOSED", "the database was closed");
