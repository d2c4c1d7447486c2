// A connection inside one process: for two stores in one program, and for simulations.
import { SyncError } from "../sync-error.ts";
import { FrameQueue } from "./frame-queue.ts";
import { MAX_FRAME_BYTES, type Transport } from "./transport.ts";

/** Bytes that one direction holds before `send` waits. */
const HIGH_WATER_BYTES = 262_144;

/** Two transports, each delivering what the other sends. Frames are handed over, not copied. */
export function pipe(): readonly [Transport, Transport] {
  const there = new FrameQueue(HIGH_WATER_BYTES);
  const back = new FrameQueue(HIGH_WATER_BYTES);
  return [new PipeEnd(there, back), new PipeEnd(back, there)];
}

class PipeEnd implements Transport {
  readonly #out: FrameQueue;
  readonly #in: FrameQueue;

  constructor(out: FrameQueue, incoming: FrameQueue) {
    this.#out = out;
    this.#in = incoming;
  }

  async send(frame: Uint8Array): Promise<void> {
    if (frame.length > MAX_FRAME_BYTES) throw new SyncError("FRAME_TOO_LARGE", "a frame is above 8 MiB");
    await this.#out.push(frame);
  }

  async *receive(): AsyncIterable<Uint8Array> {
    try {
      for (let frame = await this.#in.shift(); frame !== null; frame = await this.#in.shift()) yield frame;
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    this.#out.end();
    this.#in.abandon();
  }
}
