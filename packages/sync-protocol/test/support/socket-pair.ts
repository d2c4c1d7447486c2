// Two sockets with the standard WebSocket interface, joined without a network: for platforms that cannot listen.
import type { Scheduler, WebSocketLike } from "../../src/index.ts";

/** Timers of the platform. */
export const platformScheduler: Scheduler = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export function socketPair(): readonly [JoinedSocket, JoinedSocket] {
  const left = new JoinedSocket();
  const right = new JoinedSocket();
  left.join(right);
  right.join(left);
  return [left, right];
}

interface SocketEvent {
  readonly data: unknown;
  readonly code: number;
}

/** Delivers in order, each frame in a task of its own, as an event loop does. */
export class JoinedSocket implements WebSocketLike {
  binaryType = "blob";
  readyState = 1;
  bufferedAmount = 0;
  readonly extensions = "";
  readonly #listeners: { readonly type: string; readonly listener: (event: SocketEvent) => void }[] = [];
  #other: JoinedSocket | null = null;

  addEventListener(type: string, listener: (event: SocketEvent) => void): void {
    this.#listeners.push({ type, listener });
  }

  join(other: JoinedSocket): void {
    this.#other = other;
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    if (this.readyState > 1) return;
    const copy = data.slice();
    this.bufferedAmount += copy.length;
    this.#later(() => {
      this.bufferedAmount -= copy.length;
      const data = this.#other?.binaryType === "arraybuffer" ? copy.buffer : new Blob([copy]);
      if (this.#other?.readyState === 1) this.#other.emit("message", { data, code: 0 });
    });
  }

  close(code = 1005): void {
    if (code !== 1005 && code !== 1000 && (code < 3000 || code > 4999)) {
      throw new DOMException("invalid code", "InvalidAccessError");
    }
    if (this.readyState > 1) return;
    this.readyState = 2;
    this.#later(() => {
      this.#other?.ended(code);
      this.ended(code);
    });
  }

  ended(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit("close", { data: null, code });
  }

  emit(type: string, event: SocketEvent): void {
    for (const item of this.#listeners) if (item.type === type) item.listener(event);
  }

  #later(task: () => void): void {
    const { port1, port2 } = channel;
    tasks.push(task);
    port1.onmessage = () => {
      const next = tasks.shift();
      next?.();
      if (tasks.length === 0) unref(port1);
    };
    port2.postMessage(0);
  }
}

const channel = new MessageChannel();
const tasks: (() => void)[] = [];

/** In Node an idle port would keep the process alive. */
function unref(port: MessagePort): void {
  if ("unref" in port && typeof port.unref === "function") port.unref();
}
