import { pipe, SyncError, type Transport } from "@selkie/sync-protocol";

/** Bytes under way before `send` waits. */
const HIGH_WATER_BYTES = 262_144;

/** What carries the frames of one end. */
export interface Wire {
  /** Takes a frame; calls back when it has arrived. */
  carry(frame: Uint8Array, arrived: () => void): void;
  /** This end closes: the other learns of it after the frames before. */
  hangUp(): void;
}

/** One end of a simulated connection. */
export class SimTransport implements Transport {
  readonly #wire: Wire;
  readonly #feed: Transport;
  readonly #frames: Transport;
  #state: "open" | "closed" | "broken" = "open";
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(wire: Wire) {
    this.#wire = wire;
    [this.#feed, this.#frames] = pipe();
  }

  async send(frame: Uint8Array): Promise<void> {
    if (this.#state !== "open") throw lost();
    this.#underWay += frame.length;
    this.#wire.carry(frame.slice(), () => {
      this.#underWay -= frame.length;
      this.#wake();
    });
    while (this.#underWay > HIGH_WATER_BYTES && this.#isOpen()) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (!this.#isOpen()) throw lost();
  }

  async *receive(): AsyncIterable<Uint8Array> {
    yield* this.#frames.receive();
    if (this.#state === "broken") throw lost();
  }

  async close(): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "closed";
    this.#wire.hangUp();
    await this.#frames.close();
    this.#wake();
  }

  /** A frame from the other end. */
  deliver(frame: Uint8Array): void {
    // The queue refuses when this end has closed in the meantime: the frame is lost, as on any connection.
    this.#feed.send(frame).catch(() => undefined);
  }

  /** The other end closed, or the connection broke. */
  end(how: "closed" | "broken"): void {
    if (this.#state === "open") this.#state = how;
    void this.#feed.close();
    this.#wake();
  }

  #isOpen(): boolean {
    return this.#state === "open";
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function lost(): SyncError {
  return new SyncError("TRANSPORT_CLOSED", "the simulated connection is gone");
}
