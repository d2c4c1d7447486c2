// WebSockets (RFC 6455) as transports: the browser's, Node's global one, and those of `ws` behave alike here.
import type { Scheduler } from "../scheduler.ts";
import { SyncError } from "../sync-error.ts";
import { FrameQueue } from "./frame-queue.ts";
import { MAX_FRAME_BYTES, type Transport } from "./transport.ts";

/** The part of the standard WebSocket interface that is used. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly extensions: string;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number }) => void): void;
}

/** What the sockets of `ws` can do beyond the standard: make the peer wait. */
interface PausableWebSocket extends WebSocketLike {
  pause(): void;
  resume(): void;
}

/** What {@link webSocketTransport} needs. */
export interface WebSocketTransportOptions {
  /** The standard has no event for "sent", so a full buffer is looked at again after a while. */
  readonly scheduler: Scheduler;
}

const OPEN = 1;
const CLOSING = 2;
/** `send` waits while the socket holds more than this. */
const HIGH_WATER_BYTES = 1_048_576;
/** A peer waits while more than this is not taken, if the socket can make it wait. */
const PAUSE_BYTES = 1_048_576;
/** More than this that nobody takes ends the connection: the standard interface cannot make a peer wait. */
const MAX_WAITING_BYTES = 4 * MAX_FRAME_BYTES;
const FIRST_LOOK_MS = 2;
const LONGEST_LOOK_MS = 50;
/** RFC 6455 section 7.4.1; the browser's interface lets an app close with 1000 and 3000 to 4999 only, so ours are there. */
const closeCode = { normal: 1000, goingAway: 1001, noStatus: 1005, notBinary: 4003, overflow: 4009 } as const;

/** A transport over an open WebSocket, or one that is opening: frames sent meanwhile wait. */
export function webSocketTransport(socket: WebSocketLike, options: WebSocketTransportOptions): Transport {
  return new WebSocketTransport(socket, options.scheduler);
}

class WebSocketTransport implements Transport {
  readonly #socket: WebSocketLike;
  readonly #scheduler: Scheduler;
  readonly #incoming = new FrameQueue(PAUSE_BYTES);
  readonly #opened: Promise<void>;
  readonly #closed: Promise<void>;
  #isClosed = false;

  constructor(socket: WebSocketLike, scheduler: Scheduler) {
    this.#socket = socket;
    this.#scheduler = scheduler;
    socket.binaryType = "arraybuffer";
    this.#closed = new Promise((resolve) => {
      socket.addEventListener("close", (event: { readonly code: number }) => {
        this.#end(event.code);
        resolve();
      });
    });
    this.#opened = socket.readyState === OPEN ? Promise.resolve() : this.#whenOpen();
    socket.addEventListener("message", (event: { readonly data: unknown }) => this.#take(event.data));
    // The close event that follows says the same; without a listener `ws` would throw.
    socket.addEventListener("error", () => undefined);
  }

  async send(frame: Uint8Array): Promise<void> {
    if (frame.length > MAX_FRAME_BYTES) throw new SyncError("FRAME_TOO_LARGE", "a frame is above 8 MiB");
    // An open socket takes the frame at once, so that what is sent just before closing still goes out.
    if (this.#socket.readyState !== OPEN) await this.#opened;
    this.#checkOpen();
    this.#socket.send(plain(frame));
    for (
      let wait = FIRST_LOOK_MS;
      this.#socket.bufferedAmount > HIGH_WATER_BYTES;
      wait = Math.min(2 * wait, LONGEST_LOOK_MS)
    ) {
      await this.#pause(wait);
      this.#checkOpen();
    }
  }

  async *receive(): AsyncIterable<Uint8Array> {
    try {
      for (let frame = await this.#incoming.shift(); frame !== null; frame = await this.#incoming.shift()) yield frame;
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    this.#incoming.abandon();
    if (!this.#isClosed && this.#socket.readyState < CLOSING) this.#socket.close(closeCode.normal);
  }

  #whenOpen(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.addEventListener("open", () => resolve());
    void this.#closed.then(resolve);
    return promise;
  }

  #take(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) {
      this.#fail(closeCode.notBinary, new SyncError("BAD_MESSAGE", "a text frame"));
      return;
    }
    if (data.byteLength > MAX_FRAME_BYTES || this.#incoming.bytes + data.byteLength > MAX_WAITING_BYTES) {
      this.#fail(
        closeCode.overflow,
        new SyncError("TRANSPORT_OVERFLOW", "more arrived than is held for this connection"),
      );
      return;
    }
    const taken = this.#incoming.push(new Uint8Array(data));
    if (this.#incoming.bytes > PAUSE_BYTES && canPause(this.#socket)) {
      const socket = this.#socket;
      socket.pause();
      taken.finally(() => socket.resume()).catch(() => undefined);
    }
    // Once this side has closed, a frame that still arrives is nobody's.
    taken.catch(() => undefined);
  }

  #fail(code: number, failure: SyncError): void {
    this.#incoming.end(failure);
    this.#socket.close(code);
  }

  #end(code: number): void {
    this.#isClosed = true;
    const isOrderly = code === closeCode.normal || code === closeCode.goingAway || code === closeCode.noStatus;
    this.#incoming.end(
      isOrderly ? null : new SyncError("TRANSPORT_CLOSED", `the connection broke (close code ${code})`),
    );
  }

  #checkOpen(): void {
    if (this.#isClosed || this.#socket.readyState !== OPEN) {
      throw new SyncError("TRANSPORT_CLOSED", "the connection is closed");
    }
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#scheduler.after(ms, resolve);
    await Promise.race([promise, this.#closed]);
    cancel();
  }
}

function canPause(socket: WebSocketLike): socket is PausableWebSocket {
  return "pause" in socket && "resume" in socket;
}

function plain(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  return frame.buffer instanceof ArrayBuffer ? (frame as Uint8Array<ArrayBuffer>) : frame.slice();
}
