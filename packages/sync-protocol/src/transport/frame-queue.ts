// Frames on their way from one task to another, with back-pressure.
import { SyncError } from "../sync-error.ts";

/** A queue of frames with one reader. Writers wait while it holds more than its high-water mark. */
export class FrameQueue {
  readonly #highWaterBytes: number;
  #frames: Uint8Array[] = [];
  #next = 0;
  #bytes = 0;
  #state: "open" | "ended" | "abandoned" = "open";
  #failure: SyncError | null = null;
  #wakeReader: (() => void) | null = null;
  #wakeWriters: (() => void)[] = [];

  constructor(highWaterBytes: number) {
    this.#highWaterBytes = highWaterBytes;
  }

  /** Bytes that wait to be read. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a frame at once; resolves when the queue is at most at its mark. @throws SyncError `TRANSPORT_CLOSED` */
  async push(frame: Uint8Array): Promise<void> {
    if (this.#state !== "open") throw closed();
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#wakeReader?.();
    while (this.#bytes > this.#highWaterBytes && !this.#isAbandoned()) {
      await new Promise<void>((resolve) => this.#wakeWriters.push(resolve));
    }
    if (this.#isAbandoned()) throw closed();
  }

  /** The next frame; null when the queue has ended and is empty. Throws the failure it ended with, if any. */
  async shift(): Promise<Uint8Array | null> {
    for (;;) {
      const frame = this.#take();
      if (frame !== null) return frame;
      if (this.#failure !== null) throw this.#failure;
      if (this.#state !== "open") return null;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
      this.#wakeReader = null;
    }
  }

  /** No frame follows; those queued can still be read. */
  end(failure: SyncError | null = null): void {
    if (this.#state !== "open") return;
    this.#state = "ended";
    this.#failure = failure;
    this.#wake();
  }

  /** Nobody will read: drops what is queued, and fails writers. */
  abandon(): void {
    this.#state = "abandoned";
    this.#frames = [];
    this.#next = 0;
    this.#bytes = 0;
    this.#wake();
  }

  #isAbandoned(): boolean {
    return this.#state === "abandoned";
  }

  #take(): Uint8Array | null {
    const frame = this.#frames[this.#next];
    if (frame === undefined) return null;
    this.#next += 1;
    if (this.#next === this.#frames.length || this.#next > 1_024) {
      this.#frames = this.#frames.slice(this.#next);
      this.#next = 0;
    }
    this.#bytes -= frame.length;
    if (this.#bytes <= this.#highWaterBytes) this.#wake();
    return frame;
  }

  #wake(): void {
    this.#wakeReader?.();
    const writers = this.#wakeWriters;
    this.#wakeWriters = [];
    for (const wake of writers) wake();
  }
}

function closed(): SyncError {
  return new SyncError("TRANSPORT_CLOSED", "the connection is closed");
}
